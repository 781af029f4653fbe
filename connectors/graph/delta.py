"""The items of a delta query's page as the contract's changes. Pure.

An item holds the id and, on later rounds, at least what changed; ``@removed`` tells that the object went: ``changed``
into the deleted items, ``deleted`` for good. Relationships come as ``members@delta`` and ``manager@delta``.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from connectors.contract import Account, Change, MemberChange, ObjectKind, Reading, Reference, Value
from connectors.errors import Rejected
from connectors.graph.attributes import DEFAULTS, NAME, values_of
from connectors.graph.catalogue import MANAGER, OWNERS
from connectors.graph.cursor import mark

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP

MARKS: Mapping[ObjectKind, tuple[str, ...]] = {
    USER: ("userType", "onPremisesSyncEnabled"),
    GROUP: ("groupTypes", "mailEnabled", "securityEnabled", "onPremisesSyncEnabled"),
}
"""Read in any case: they tell guests, dynamic groups, and what directory synchronisation is the master of."""

MOST_ACCOUNTS = 500
MOST_MEMBERS = 5_000
"""What one page of the contract holds at most."""


@dataclass(frozen=True, slots=True)
class Portion:
    """What one page tells."""

    changes: tuple[Change, ...] = ()
    members: tuple[MemberChange, ...] = ()


def selection(kind: ObjectKind, reading: Reading) -> tuple[str, ...]:
    """Return the properties to ask for. Delta queries track those alone, so the order does not matter but the set does.

    A dotted name is one member of a property. Raises ``Rejected`` for what is no name.
    """
    wanted = reading.attributes.get(kind) or tuple(mapping.target for mapping in DEFAULTS[kind].mappings)
    names = {name.partition(".")[0] for name in wanted} - {OWNERS}
    for name in names:
        if not (name.isascii() and name.replace("_", "").isalnum() and len(name) <= 200):
            raise Rejected(f"{name[:40]!r} is no attribute.", code="graph.attribute", fix="Correct the mapping.")
    names |= {"id", NAME[kind], *MARKS[kind]} | ({"accountEnabled"} if kind is USER else set())
    if kind is GROUP and reading.memberships:
        names.add("members")
    return tuple(sorted(names))


def portions(
    kind: ObjectKind, items: Iterable[Any], names: tuple[str, ...], *, first: bool, told: Set[str] = frozenset()
) -> list[Portion]:
    """Return what a page of Graph tells, in portions that are not too large; one at least.

    ``first``: the page is of a first round, whose items hold all that is set; but an item that is repeated need not
    repeat its relationships. ``told`` are those of the page before (``cursor.mark``).
    """
    changes: list[Change] = []
    links: dict[str, dict[str, bool]] = {}
    seen = set(told)
    for item in sound(items):
        change = change_of(kind, item, names, first=first and mark(item["id"]) not in seen)
        seen.add(mark(item["id"]))
        if change is not None:
            changes.append(change)
        for member, linked in _links(item.get("members@delta")):
            links.setdefault(item["id"], {})[member] = linked
    accounts = [tuple(changes[at : at + MOST_ACCOUNTS]) for at in range(0, len(changes), MOST_ACCOUNTS)] or [()]
    first_members, *more_members = _member_portions(links) or [()]
    return [
        *(Portion(part) for part in accounts[:-1]),
        Portion(accounts[-1], first_members),
        *(Portion(members=part) for part in more_members),
    ]


def sound(items: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the items that have an id."""
    return [item for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)]


def change_of(kind: ObjectKind, item: Mapping[str, Any], names: tuple[str, ...], *, first: bool) -> Change | None:
    """Return what an item tells of the object itself, ``None`` where it tells of its members only."""
    if "@removed" in item:
        removed = item["@removed"]
        reason = removed.get("reason") if isinstance(removed, dict) else None
        return Change(Account(kind, item["id"], ""), gone=True, restorable=reason == "changed")
    present = tuple(name for name in names if name in item and name not in ("id", "members"))
    managed = kind is USER and f"{MANAGER}@delta" in item
    if not present and not managed:
        return None
    values: dict[str, Value] = values_of(kind, item, present)
    for name in MARKS[kind]:
        if name in item:
            mark = item[name]
            values[name] = tuple(map(str, mark)) if isinstance(mark, list) else mark
    if managed:
        managers = [other for other, linked in _links(item[f"{MANAGER}@delta"]) if linked]
        values[MANAGER] = Reference(USER, managers[-1]) if managers else None
    enabled = item.get("accountEnabled")
    active = enabled if kind is USER and isinstance(enabled, bool) else None
    account = Account(kind, item["id"], str(item.get(NAME[kind]) or ""), values, active)
    return Change(account, partial=not first or NAME[kind] not in item)


def _links(given: object) -> list[tuple[str, bool]]:
    """Return the other ends of a relationship, and whether each is there from now on."""
    ends = [end for end in given if isinstance(end, dict)] if isinstance(given, list) else []
    return [(end["id"], "@removed" not in end) for end in ends if isinstance(end.get("id"), str)]


def _member_portions(links: Mapping[str, Mapping[str, bool]]) -> list[tuple[MemberChange, ...]]:
    """Return the changes of members, a large group's in several parts."""
    told: list[tuple[MemberChange, ...]] = []
    part: list[MemberChange] = []
    room = MOST_MEMBERS
    for group, members in links.items():
        pairs = list(members.items())
        while pairs:
            taken, pairs = pairs[:room], pairs[room:]
            added = tuple(member for member, linked in taken if linked)
            removed = tuple(member for member, linked in taken if not linked)
            part.append(MemberChange(group, added, removed))
            room -= len(taken)
            if not room:
                told.append(tuple(part))
                part, room = [], MOST_MEMBERS
    return [*told, tuple(part)] if part else told
