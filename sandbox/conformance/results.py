"""What a suite's own output says, read into one shape. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PASSED = ("SUCCESS", "COMPLIANT", "ACCEPTABLE")
_STATUS = re.compile(r"(SUCCESS|COMPLIANT|ACCEPTABLE|DEVIATION|ERROR|CRITICAL|SKIPPED) (?P<check>\S+)$")
_OKTA_TOTAL = re.compile(r"(\d+) passed, (\d+) failed$", re.MULTILINE)
_CASES = re.compile(r"^  (\d+) generated(?:, (\d+) passed)?", re.MULTILINE)
_ST_END = re.compile(r"^=+ (.*) in [\d.]+s =+$", re.MULTILINE)
_ST_OPERATION = re.compile(r"_+ (\S.*\S) _+")


class Unreadable(ValueError):
    """The suite did not come to its end: its output holds no result."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one suite went. ``failures`` says each failed check in words."""

    passed: int
    failures: tuple[str, ...]

    @property
    def failed(self) -> int:
        """How many checks failed."""
        return len(self.failures)


def of_newman(report: str) -> Result:
    """Read newman's JSON report: assertions, and requests and scripts that failed. Raises ``Unreadable``."""
    run = _json(report)["run"]
    assertions: Mapping[str, int] = run["stats"]["assertions"]
    failures = tuple(
        f"{each.get('source', {}).get('name', '-')}: {each['error'].get('test', each['error']['name'])}: "
        f"{each['error']['message']}"
        for each in run["failures"]
    )
    return Result(assertions["total"] - assertions["failed"], failures)


def of_okta(output: str) -> Result:
    """Read the lines of the runner of Okta's specification. Raises ``Unreadable``."""
    total = _OKTA_TOTAL.search(output)
    if total is None:
        raise Unreadable
    said = [line.removeprefix("FAIL ") for line in output.splitlines() if line.startswith("FAIL ")]
    missing = int(total[2]) - len(said)
    return Result(int(total[1]), (*said, *["a check that is not named"] * missing))


def of_scim2_tester(output: str) -> Result:
    """Read the lines of ``scim2 test``: a status and the check's name, and the reason below. Raises ``Unreadable``."""
    passed, failures, open_failure = 0, list[str](), False
    for line in output.splitlines():
        status = _STATUS.match(line)
        if status is not None:
            open_failure = status[1] not in (*_PASSED, "SKIPPED")
            passed += status[1] in _PASSED
            if open_failure:
                failures.append(f"{status[1]} {status['check']}")
        elif open_failure and line.startswith("  "):
            failures[-1] += f": {line.strip()}"
    if not passed + len(failures):
        raise Unreadable
    return Result(passed, tuple(failures))


def of_scim_sanity(output: str) -> Result:
    """Read the JSON of ``scim-sanity probe --json-output``; what it skips counts as nothing. Raises ``Unreadable``."""
    checks: list[Mapping[str, Any]] = _json(output)["results"]
    failures = tuple(
        f"{each['name']}: {each.get('message', '')}" for each in checks if each["status"] not in {"pass", "skip"}
    )
    return Result(sum(each["status"] == "pass" for each in checks), failures)


def of_schemathesis(output: str) -> Result:
    """Read the lines of ``st run``: the number of cases, and each operation's failures. Raises ``Unreadable``."""
    total, end = _CASES.search(output), _ST_END.search(output)
    if total is None or end is None:
        raise Unreadable
    failures, operation = list[str](), ""
    for line in output.splitlines():
        if header := _ST_OPERATION.fullmatch(line):
            operation = header[1]
        elif line.startswith("- ST"):
            failures.append(f"{operation}: {line.removeprefix('- ')}")
        elif failures and line.startswith("    curl "):
            failures[-1] += f": {line.strip()}"
    if not failures and re.search("failure|error", end[1]):
        failures.append(end[1])
    return Result(int(total[2] or 0), tuple(failures))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Unreadable from error
