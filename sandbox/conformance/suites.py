"""The suites: where each comes from, in which profile of a source it is run, its command, and what it must show."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.conformance.results import (
    Result,
    of_newman,
    of_okta,
    of_schemathesis,
    of_scim2_tester,
    of_scim_sanity,
)
from sandbox.services import LOCAL, ROOT

SHARED = ROOT.parent / "shared"
"""Third-party suites that are not ours to publish lie beside the project; where they do not, they are left out."""

TOOLS = LOCAL / "suites"
"""The suites' programs, by the lock files of this room and apart from our own. ``sandbox/setup.sh suites`` makes it."""

DESCRIPTION = ROOT / "docs/scim-openapi.json"

DRAWN_SECONDS = 20

NEWMAN = TOOLS / "npm/node_modules/newman/bin/newman.js"

type Command = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Run:
    """What a suite is given: the SCIM base URL, the source's token, a folder for its files, and ``shared``.

    ``slowest`` is the limit of a response time in milliseconds, where a suite has one; ``None`` leaves the suite's own.
    ``seconds`` is how long a suite looks that could look for ever; without it, it draws the same cases every time.
    """

    url: str
    token: str
    folder: Path
    shared: Path = SHARED
    slowest: int | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """One public suite. ``source`` is what the admin API is told about the source that it calls as.

    ``commands`` are run one after the other; the last one's report is the file ``report`` in the run's folder, or what
    it printed. ``least`` is how many checks there were when this was written: a suite that runs fewer has not run.
    """

    name: str
    title: str
    source: Mapping[str, Any]
    profile_words: str
    least: int
    commands: Callable[[Run], Sequence[Command]]
    read: Callable[[str], Result]
    report: str = ""
    environment: Callable[[Run], Mapping[str, str]] = lambda _: {}
    shared: Sequence[str] = ()

    def missing(self, shared: Path) -> list[Path]:
        """Return what the suite needs of ``shared`` and what is not there."""
        return [shared / each for each in self.shared if not (shared / each).exists()]


_PREPARE, _COLLECTION = "checks/prep_ms_collection.py", "data/ms-scim-tests.postman_collection.json"
_OKTA_RUNNER, _OKTA_SPEC = "checks/okta_spec_runner.py", "data/okta-scim20-spec-test.json"
_NEWMAN_REPORT = "newman.json"


def _microsoft(run: Run) -> Sequence[Command]:
    prepared = run.folder / "collection.json"
    given = ["--env-var", f"BaseUrl={run.url}", "--env-var", f"token={run.token}"]
    report: Command = ("--reporters", "json", "--reporter-json-export", run.folder / _NEWMAN_REPORT)
    return (
        [sys.executable, run.shared / _PREPARE, run.shared / _COLLECTION, prepared],
        ["node", NEWMAN, "run", prepared, *given, *report],
    )


def _okta(run: Run) -> Sequence[Command]:
    slowest = [] if run.slowest is None else ["--max-ms", str(run.slowest)]
    return ([sys.executable, run.shared / _OKTA_RUNNER, run.shared / _OKTA_SPEC, run.url, run.token, *slowest],)


def _scim2_tester(run: Run) -> Sequence[Command]:
    return ([TOOLS / "bin/scim2", "-u", run.url, "test"],)


def _scim_sanity(run: Run) -> Sequence[Command]:
    options = ["--token", run.token, "--i-accept-side-effects", "--strict", "--json-output"]
    return ([TOOLS / "bin/scim-sanity", "probe", run.url, *options],)


def _schemathesis(run: Run) -> Sequence[Command]:
    drawn: Command = ("--generation-deterministic",) if run.seconds is None else ()
    # Entra's leniencies take much that the description has not; /Me is answered with 501, as it says.
    left_out = ("--exclude-checks", "negative_data_rejection,positive_data_acceptance", "--exclude-path", "/Me")
    budget = ("--max-time", str(run.seconds or DRAWN_SECONDS))
    header = ("--header", f"Authorization: Bearer {run.token}")
    command = (TOOLS / "bin/st", "run", DESCRIPTION, "--url", run.url, *header, "--no-color", "--continue-on-failure")
    return ([*command, *left_out, *budget, *drawn],)


SUITES = (
    Suite(
        name="microsoft",
        title="Microsoft's Postman collection",
        source={"profile": {"patch_answers_resource": False}},
        profile_words="PATCH answers 204",
        least=107,
        commands=_microsoft,
        read=of_newman,
        report=_NEWMAN_REPORT,
        shared=(_PREPARE, _COLLECTION),
    ),
    Suite(
        name="okta",
        title="Okta's SCIM 2.0 specification test",
        source={},
        profile_words="default",
        least=91,
        commands=_okta,
        read=of_okta,
        shared=(_OKTA_RUNNER, _OKTA_SPEC),
    ),
    Suite(
        name="scim2-tester",
        title="scim2-tester",
        source={},
        profile_words="default",
        least=133,
        commands=_scim2_tester,
        read=of_scim2_tester,
        environment=lambda run: {"SCIM_CLI_HEADERS": f"Authorization: Bearer {run.token}"},
    ),
    Suite(
        name="scim-sanity",
        title="scim-sanity, strict",
        source={"profile": {"patch_answers_resource": True}},
        profile_words="PATCH answers 200 with the resource",
        least=28,
        commands=_scim_sanity,
        read=of_scim_sanity,
    ),
)
"""The conformance suites, in the order in which they are run."""

SCHEMATHESIS = Suite(
    name="schemathesis",
    title="schemathesis, over docs/scim-openapi.json",
    source={},
    profile_words="default",
    least=50,
    commands=_schemathesis,
    read=of_schemathesis,
)
"""No suite with an end of its own: random requests by the OpenAPI description, and every answer compared with it."""
