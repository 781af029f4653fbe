"""Brings a version to the app and stays until it runs; where it does not, brings back the one that ran before."""

import enum
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infra.rollout import app as azure
from infra.rollout import pack
from infra.rollout.releases import Releases
from infra.rollout.smoke import smoke
from infra.rollout.watch import Health, Patience, look, watch
from infra.rollout.words import Failed, Refused, say


class Ending(enum.IntEnum):
    """How a command ended; the numbers are its exit codes."""

    DONE = 0
    BACK = 1
    """It failed, and what ran before runs again (watch and smoke: a check failed)."""
    REFUSED = 2
    """Nothing was changed."""
    BROKEN = 3
    """It failed, and what ran before could not be brought back: somebody must look at once."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployment works with. ``first``: there is nothing to go back to, and that is known."""

    app: azure.App
    origin: str
    releases: Releases
    patience: Patience
    token: str | None
    first: bool = False


def deploy(on: Deployment, package: Path) -> Ending:
    """Publish a package, wait for it and try it; roll back when it does not work. Raises ``Refused``."""
    made = pack.read(package)
    before = look(on.origin)
    say(f"running now: {before}")
    there = on.releases.all()
    _check_way_back(on, before, made.version, [each.version for each in there])
    on.releases.keep(package, made.version, there)
    with tempfile.TemporaryDirectory(prefix="lockstep-") as folder:
        back = None
        if before.version in {each.version for each in there}:
            back = on.releases.fetch(before.version, Path(folder))
        try:
            say(f"publishing {made.version}")
            azure.publish(on.app, package, on.patience.interval)
            bring_up(on, package)
        except Failed as problem:
            say(f"FAILED: {problem}")
            return _roll_back(on, back)
        except KeyboardInterrupt:
            return _interrupted(on, before)
    return _said(on, Ending.DONE)


def bring_up(on: Deployment, package: Path) -> None:
    """Wait until the package's version runs with its functions, then do the smoke test. Raises ``Failed``."""
    made = pack.read(package)
    watch(on.origin, made.version, on.patience, lambda: azure.functions(on.app), made.functions)
    smoke(on.origin, on.token)


def switch(on: Deployment, version: str) -> Ending:
    """Publish a release that was deployed before, and wait for it. Raises ``Refused``."""
    say(f"running now: {look(on.origin)}")
    with tempfile.TemporaryDirectory(prefix="lockstep-") as folder:
        package = on.releases.fetch(version, Path(folder))
        return _roll_back(on, package, Ending.DONE)


def previous(on: Deployment) -> str:
    """Return the release before the one that runs. Raises ``Refused`` when that cannot be told."""
    running = look(on.origin)
    versions = [each.version for each in on.releases.all()]
    if running.version not in versions:
        raise Refused(f"What runs is no release ({running}), so what was before it is not known: name it with --to.")
    place = versions.index(running.version)
    if place == 0:
        raise Refused(f"{running.version} is the oldest release: there is nothing before it.")
    return versions[place - 1]


def _check_way_back(on: Deployment, before: Health, new: str, there: list[str]) -> None:
    """Refuse to begin what could not be undone."""
    if before.version in there:
        if before.version == new:
            say(f"{new} runs already and is published again")
        return
    problem = f"no version of ours answers at {on.origin}"
    if before.version:
        problem = f"the package of {before.version}, which runs now, is not among the releases"
    if not on.first:
        raise Refused(f"There would be no way back: {problem}. If this is the first deployment, say --first.")
    say(f"there is no way back: {problem} (--first)")


def _roll_back(on: Deployment, package: Path | None, well: Ending = Ending.BACK) -> Ending:
    """Publish what ran before and wait until it answers; say in the end what does run.

    Raises ``Refused`` when it was asked for by hand (``well``: ``DONE``) and nothing was changed.
    """
    if package is None:
        say("there is no package to go back to")
        return _said(on, Ending.BROKEN)
    made = pack.read(package)
    say(f"going back to {made.version}" if well is Ending.BACK else f"publishing {made.version}")
    try:
        azure.publish(on.app, package, on.patience.interval)
        watch(on.origin, made.version, on.patience, lambda: azure.functions(on.app), made.functions)
    except (Failed, Refused) as problem:
        if well is Ending.DONE and isinstance(problem, Refused):
            raise
        say(f"FAILED: {problem}")
        return _said(on, Ending.BROKEN)
    except KeyboardInterrupt:
        say("\ninterrupted")
        return _said(on, Ending.BROKEN)
    return _said(on, well)


def _interrupted(on: Deployment, before: Health) -> Ending:
    """Say how things are, and change nothing more: whoever cancels a pipeline's job gives it some seconds only."""
    say(f"\ninterrupted; running now: {look(on.origin)}")
    back = f" --to {before.version}" if before.version else ""
    say(f"To go back: python -m infra.rollout rollback --app {on.app.name} --resource-group {on.app.group}{back}")
    return Ending.BROKEN


def _said(on: Deployment, ending: Ending) -> Ending:
    words = {
        Ending.DONE: "done",
        Ending.BACK: "the deployment FAILED and was rolled back",
        Ending.BROKEN: "FAILED, and not rolled back: look at the app now (docs/release.md)",
    }
    say(f"{words[ending]}; running now: {look(on.origin)}")
    return ending
