"""What a group PATCH does to attributes and what it does to memberships, told apart. Pure.

Memberships never go through the PATCH engine of scim2-models, which needs the whole list in memory and is linear in it
for every operation. Here they become the ids to add and to remove, or the whole new set.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scim2_models import InvalidPathException, InvalidValueException, MutabilityException, ScimFilter
from scim2_models.path import CompareOperator, Comparison, LogicalExpr, LogicalOperator

from provisioning.scim.dialect_patch import Operation

LONGEST_ID = 256

_MEMBERS = re.compile(
    r"(?:urn:[^\[]+:)?members(?:\[(?P<condition>.*)\])?(?:\.(?P<part>[^.\]]+))?", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """What becomes of a group's members. ``everyone`` is the whole new set, or ``None`` where the rest stays.

    ``add`` and ``remove`` are without duplicates, in the order they came, and empty where ``everyone`` is set.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    everyone: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return bool(self.add or self.remove or self.everyone is not None)


def split(operations: Iterable[Operation]) -> tuple[list[Operation], MembershipChange]:
    """Return the operations on other attributes, and what all operations on ``members`` do together, in their order.

    ``operations`` are normalised (``dialect_patch.normal_operations``). Raises ``InvalidPathException`` for a path that
    selects members by anything but their value, ``InvalidFilterException`` where its condition is none, and
    ``MutabilityException`` for one into a member.
    """
    attributes: list[Operation] = []
    everyone: dict[str, None] | None = None
    add: dict[str, None] = {}
    remove: dict[str, None] = {}
    for operation in operations:
        path = _MEMBERS.fullmatch(operation.get("path") or "")
        if path is None:
            attributes.append(operation)
            continue
        clears, out, into = _effect(operation, path)
        if clears:
            everyone, add, remove = {}, {}, {}
        for member in out:
            remove[member] = None
            add.pop(member, None)
            if everyone is not None:
                everyone.pop(member, None)
        for member in into:
            add[member] = None
            remove.pop(member, None)
            if everyone is not None:
                everyone[member] = None
    if everyone is not None:
        return attributes, MembershipChange(everyone=tuple(everyone))
    return attributes, MembershipChange(tuple(add), tuple(remove))


def member_ids(values: Any) -> list[str]:
    """Return the ids of normalised member values, without duplicates. Raises ``InvalidValueException``."""
    ids: dict[str, None] = {}
    for value in values or ():
        member = value.get("value") if isinstance(value, Mapping) else value
        # Not printable: control characters, and surrogates without their other half, which no storage can encode.
        if not isinstance(member, str) or not 0 < len(member) <= LONGEST_ID or not member.isprintable():
            raise InvalidValueException(
                detail=f"Each member needs the id of a user or group as its value, of at most {LONGEST_ID} characters"
            )
        ids[member] = None
    return list(ids)


def _effect(operation: Operation, path: re.Match[str]) -> tuple[bool, Sequence[str], Sequence[str]]:
    """Return whether an operation first takes everybody out, whom it then takes out, and whom it puts in."""
    if path["part"]:
        raise MutabilityException(detail="A member's sub-attributes cannot be changed: remove the member and add it")
    selected = None if path["condition"] is None else _selected(path["condition"])
    value = operation.get("value")
    values = member_ids(value if isinstance(value, list) else [value]) if value is not None else []
    match operation["op"]:
        case "remove":
            if selected is not None:
                return False, selected, ()
            return value is None, values, ()
        case "replace":
            return selected is None, selected or (), values
        case _:
            return False, (), values


def _selected(condition: str) -> list[str]:
    """Return the ids that ``value eq "a" or value eq "b"`` names."""
    node = ScimFilter(condition).ast
    terms = node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_ else (node,)
    ids = []
    for term in terms:
        if not (
            isinstance(term, Comparison)
            and term.op == CompareOperator.eq
            and str(term.attr_path).lower() == "value"
            and isinstance(term.value, str)
        ):
            raise InvalidPathException(
                detail='Members can be selected by their value only, such as members[value eq "u-1"]'
            )
        ids.append(term.value)
    return member_ids(ids)
