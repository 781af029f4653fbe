"""Terraform: the real program's init, validate and test, against providers that know their schemas only."""

import json
from collections.abc import Iterator

from infra.checks.checkout import Checkout
from infra.checks.findings import Result
from infra.checks.terraform.session import ROOTS, Answer
from infra.checks.terraform.session import run as terraform


def run(checkout: Checkout) -> Result:
    """Check the three roots."""
    answers = terraform(checkout, ROOTS, tests=True)
    findings = [finding for answer in answers for finding in answer.diagnostics()]
    passed = sum(passed_runs(answer) for answer in answers)
    return Result(f"{len(ROOTS)} roots, {passed} test runs passed", tuple(findings))


def passed_runs(answer: Answer) -> int:
    """Return how many runs of a test passed."""
    if answer.name != "test":
        return 0
    return sum(line.get("test_run", {}).get("status") == "pass" for line in lines(answer))


def lines(answer: Answer) -> Iterator[dict[str, dict[str, str]]]:
    """Return what terraform said line by line."""
    for line in answer.out.splitlines():
        if line.startswith("{"):
            yield json.loads(line)
