"""Bicep: ../shared/checks/bicep_check.py over every template: syntax, names, resource types, properties, modules."""

import re
from collections.abc import Iterator

from infra.checks.checkout import Checkout
from infra.checks.findings import Finding, Result, Unreadable

PATH = re.compile(r"line (\d+): .* has no property path (\w+)")
LINE = re.compile(r"line (\d+): (.*)", re.DOTALL)


def run(checkout: Checkout) -> Result:
    """Check every *.bicep file. Warnings are findings, but for what the published types do not have yet."""
    checker = checkout.bicep_check
    types = checker.Types(str(checkout.types))
    files = sorted((checkout.root / "infra/bicep").rglob("*.bicep"))
    if not files:
        raise Unreadable("infra/bicep has no *.bicep")
    findings: list[Finding] = []
    for file in files:
        checked = checker.Check(types, str(file)).run()
        lines = file.read_text().splitlines()
        messages = [*checked.errs, *filter(counts, checked.warns)]
        findings += found(checkout.place(file), [each for each in messages if not inside_another(each, lines)])
    return Result(f"{len(files)} files", tuple(findings))


def counts(warning: str) -> bool:
    """Whether a warning is a fault: not where the checker itself says that the service takes it."""
    return "accepted by the service" not in warning


def inside_another(message: str, lines: list[str]) -> bool:
    """Whether the message is about ``a::b``, a resource declared inside another: the checker takes b for a property."""
    match = PATH.match(message)
    return match is not None and f"::{match[2]}" in lines[int(match[1]) - 1]


def found(place: str, messages: list[str]) -> Iterator[Finding]:
    """Return messages with the line in the place."""
    for message in messages:
        match = LINE.match(message)
        yield Finding(f"{place}:{match[1]}", match[2]) if match else Finding(place, message)
