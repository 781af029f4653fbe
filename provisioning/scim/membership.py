"""What a group PATCH does to attributes and what it does to memberships, told apart. Pure.

Memberships never go through the PATCH engine of scim2-models, which needs the whole list in memory and is linear in it
for every operation. Here they become the ids to add and to remove, or the whole new set.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scim2_models import InvalidPathException, InvalidValueException, MutabilityException, ScimFilter
from scim2_models.path import CompareOperator, Comparison, LogicalExpr, LogicalOperator

from provisioning.scim.dialect.patches import Operation
from provisioning.scim.limits import LONGEST_ID

LONGEST_DISPLAY = 256

_MEMBERS = re.compile(
    r"(?:urn:[^\[]+:)?members(?:\[(?P<condition>.*)\])?(?:\.(?P<part>[^.\]]+))?", re.IGNORECASE | re.DOTALL
)

_UNSTORABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """What becomes of a group's members. ``everyone`` is the whole new set, or ``None`` where the rest stays.

    ``add`` and ``remove`` are without duplicates, in the order they came, and empty where ``everyone`` is set.
    ``displays`` has the names that were sent for some of those who come: they are kept and shown as they are.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    everyone: tuple[str, ...] | None = None
    displays: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.add or self.remove or self.everyone is not None)


def split(operations: Iterable[Operation]) -> tuple[list[Operation], MembershipChange]:
    """Return the operations on other attributes, and what all operations on ``members`` do together, in their order.

    ``operations`` are normalised (``patches.normal_operations``). Raises ``InvalidPathException`` for a path that
    selects members by anything but their value, ``InvalidFilterException`` where its condition is none, and
    ``MutabilityException`` for one into a member.
    """
    attributes: list[Operation] = []
    everyone: dict[str, str] | None = None
    add: dict[str, str] = {}
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
        for member, display in into.items():
            add[member] = display
            remove.pop(member, None)
            if everyone is not None:
                everyone[member] = display
    if everyone is not None:
        return attributes, everyone_of(everyone)
    return attributes, MembershipChange(tuple(add), tuple(remove), displays=_given(add))


def everyone_of(members: Mapping[str, str]) -> MembershipChange:
    """Return the change that makes the members these and no others."""
    return MembershipChange(everyone=tuple(members), displays=_given(members))


def named_members(values: Any) -> dict[str, str]:
    """Return the ids of normalised member values, each with the name that was sent for it, or "".

    Raises ``InvalidValueException``.
    """
    named: dict[str, str] = {}
    for value in values or ():
        if isinstance(value, Mapping):
            value = {str(name).lower(): part for name, part in value.items()}
        member = value.get("value") if isinstance(value, dict) else value
        # Not printable: control characters, and surrogates without their other half, which no storage can encode.
        if not isinstance(member, str) or not 0 < len(member) <= LONGEST_ID or not member.isprintable():
            raise InvalidValueException(
                detail=f"Each member needs the id of a user or group as its value, of at most {LONGEST_ID} characters"
            )
        named[member] = _display(value)
    return named


def _display(value: Any) -> str:
    display = value.get("display") if isinstance(value, dict) else None
    if display is None:
        return ""
    if not isinstance(display, str) or len(display) > LONGEST_DISPLAY or _UNSTORABLE.search(display):
        raise InvalidValueException(
            detail=f"A member's display is a text of at most {LONGEST_DISPLAY} characters, without control characters"
        )
    return display


def _given(members: Mapping[str, str]) -> dict[str, str]:
    return {member: display for member, display in members.items() if display}


def _effect(operation: Operation, path: re.Match[str]) -> tuple[bool, Iterable[str], Mapping[str, str]]:
    """Return whether an operation first takes everybody out, whom it then takes out, and whom it puts in."""
    if path["part"]:
        raise MutabilityException(detail="A member's sub-attributes cannot be changed: remove the member and add it")
    selected = None if path["condition"] is None else _selected(path["condition"])
    value = operation.get("value")
    values = named_members(value if isinstance(value, list) else [value]) if value is not None else {}
    match operation["op"]:
        case "remove":
            if selected is not None:
                return False, selected, {}
            return value is None, values, {}
        case "replace":
            return selected is None, selected or (), values
        case _:
            return False, (), values


def _selected(condition: str) -> Iterable[str]:
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
    return named_members(ids)
