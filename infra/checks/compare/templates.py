"""Bicep against Terraform: the same resources with the same values, in each environment."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.checks.deployment import Deployed
from infra.checks.findings import Finding


@dataclass(frozen=True, slots=True)
class Accepted:
    """A difference that is meant: a kind, the beginning of a path in it, and why. One that is gone is a finding."""

    kind: str
    path: str
    why: str


ACCEPTED = (Accepted("", "tags.managed-by", "each template says its own name"),)

TAKEN_ANYWAY = {
    ".tag": "Default",
}
"""Values that Azure takes where they are not written: a path's end, and the value."""


@dataclass(slots=True)
class Used:
    """Which accepted differences were met."""

    met: set[Accepted]

    def accepts(self, each: Deployed, path: str) -> bool:
        """Whether a difference is meant."""
        for one in ACCEPTED:
            if one.kind in ("", each.kind) and path.startswith(one.path):
                self.met.add(one)
                return True
        return False


def compared(bicep: list[Deployed], terraform: list[Deployed], environment: str, used: Used) -> Iterator[Finding]:
    """Return every difference between what the templates deploy."""
    yield from twice(bicep, "Bicep")
    yield from twice(terraform, "Terraform")
    there = {each.key: each for each in terraform}
    here = {each.key: each for each in bicep}
    for key, one in here.items():
        other = there.get(key)
        if other is not None:
            yield from differences(one, other, environment, used)
        else:
            yield Finding(one.place, f"{one} is in Bicep, not in Terraform ({environment})")
    for key, other in there.items():
        if key not in here:
            yield Finding(other.place, f"{other} is in Terraform, not in Bicep ({environment})")


def twice(resources: list[Deployed], where: str) -> Iterator[Finding]:
    """Return resources that are there twice: the second is not compared."""
    seen = set()
    for each in resources:
        if each.key in seen:
            yield Finding(each.place, f"{each} is in {where} twice")
        seen.add(each.key)


def differences(one: Deployed, other: Deployed, environment: str, used: Used) -> Iterator[Finding]:
    """Return the values in which a resource differs."""
    for path in sorted(one.values.keys() | other.values.keys()):
        mine, theirs = effective(one.values, path), effective(other.values, path)
        if not same(mine, theirs) and not used.accepts(one, path):
            yield Finding(
                one.place,
                f"{one}: {path} is {shown(mine)} in Bicep, {shown(theirs)} in Terraform ({other.place}; {environment})",
            )


def same(mine: Any, theirs: Any) -> bool:
    """Whether two values are equal; ids of resources may be spelt in either case."""
    if isinstance(mine, str) and isinstance(theirs, str) and "«" in mine and "«" in theirs:
        return mine.lower() == theirs.lower()
    return bool(mine == theirs)


def effective(values: dict[str, Any], path: str) -> Any:
    """Return a value, or what Azure takes where it is not written."""
    return values.get(path, next((value for end, value in TAKEN_ANYWAY.items() if path.endswith(end)), None))


def shown(value: Any) -> str:
    """Return a value as it is shown, cut where it is long."""
    text = "not written" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


def gone(used: Used) -> Iterator[Finding]:
    """Return the accepted differences that no environment has any more."""
    for each in ACCEPTED:
        if each not in used.met:
            words = f"the accepted difference {each.kind} {each.path}".strip()
            yield Finding("infra/checks/compare/templates.py", f"{words} is gone: remove it from the list")
