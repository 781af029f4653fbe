"""Brings a version to the app and stays until it runs; where it does not, brings back the one that ran before."""

import enum
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from infra.rollout import app as azure
from infra.rollout import pack
from infra.rollout.releases import Releases
from infra.rollout.smoke import smoke
from infra.rollout.watch import Health, Patience, look, watch
from infra.rollout.words import Failed, Refused, say

_STAND_BY_SECONDS = 600


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
    before = _running(on)
    say(f"running now: {before}")
    there = on.releases.all()
    _check_way_back(on, before, made.version, [each.version for each in there])
    if before.status == "ok":
        _mark(on, before.version)
    on.releases.keep(package, made.version, there)
    with tempfile.TemporaryDirectory(prefix="lockstep-") as folder:
        back = None
        if before.version in {each.version for each in there}:
            back = on.releases.fetch(before.version, Path(folder))
        try:
            say(f"publishing {made.version}")
            azure.publish(on.app, package, on.patience.interval)
            watch(on.origin, made.version, on.patience, lambda: azure.functions(on.app), made.functions)
            smoke(on.origin, on.token)
        except Refused:  # nothing was taken
            raise
        except KeyboardInterrupt:
            return _interrupted(on, before)
        except Exception as problem:  # noqa: BLE001 - whatever it is: a version that is not known to work must not stay
            say(f"FAILED: {_words(problem)}")
            return _roll_back(on, back)
    _mark(on, made.version)
    return _said(on, Ending.DONE)


def _running(on: Deployment) -> Health:
    """Read which version runs; a cold start may take longer than one look."""
    for _ in range(2):
        found = look(on.origin)
        if found.version:
            return found
        time.sleep(on.patience.interval)
    return look(on.origin)


def _mark(on: Deployment, version: str) -> None:
    """Write down that a version came up. Trouble with that is told and spoils nothing else."""
    try:
        for each in on.releases.all():
            if each.version == version and not each.ran:
                on.releases.mark(each)
    except Refused as problem:
        say(f"{version} could not be marked as one that came up, so a rollback to it must name it: {problem}")


def _words(problem: Exception) -> str:
    return str(problem) if isinstance(problem, Failed | Refused) else repr(problem)


def switch(on: Deployment, version: str) -> Ending:
    """Publish a release that was deployed before, and wait for it. Raises ``Refused``."""
    say(f"running now: {look(on.origin)}")
    with tempfile.TemporaryDirectory(prefix="lockstep-") as folder:
        package = on.releases.fetch(version, Path(folder))
        return _roll_back(on, package, Ending.DONE)


def previous(on: Deployment) -> str:
    """Return the last release before the one that runs which came up. Raises ``Refused`` when that cannot be told."""
    running = _running(on)
    there = on.releases.all()
    now = next((each for each in there if each.version == running.version), None)
    if now is None:
        raise Refused(f"What runs is no release ({running}), so what was before it is not known: name it with --to.")
    before = [each.version for each in there[: there.index(now)] if each.ran]
    if not before:
        raise Refused(f"No release before {running.version} is known to have come up: name one with --to.")
    return before[-1]


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
        azure.publish(on.app, package, on.patience.interval, _STAND_BY_SECONDS if well is Ending.BACK else 0)
        watch(on.origin, made.version, on.patience, lambda: azure.functions(on.app), made.functions)
    except KeyboardInterrupt:
        say("\ninterrupted")
        return _said(on, Ending.BROKEN)
    except Exception as problem:
        if well is Ending.DONE and isinstance(problem, Refused):
            raise
        say(f"FAILED: {_words(problem)}")
        return _said(on, Ending.BROKEN)
    _mark(on, made.version)
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
