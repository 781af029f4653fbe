"""Memberships: one row for each (group, member) and its reverse, never a list.

``m:{group}:{member}`` answers "who is in", ``r:{member}:{group}`` "where is this one in". Adding and removing cost by
what changes: 49 members, their reverse rows, the group's new generation and the outbox row are one transaction.

A member need not be a resource of the hub: what is sent is kept, and waits in each connection for an account of its
own (Entra sends a group's members only after the users, but other clients do not promise that).
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from connectors.contract import ObjectKind
from provisioning.directory.keys import encode, kind_of
from provisioning.directory.nesting import PARTITION, Known, Nesting
from provisioning.directory.resources import ResourceChanged
from provisioning.storage.entities import (
    MAX_OPERATIONS,
    Changed,
    Entity,
    Exists,
    Missing,
    Operation,
    after,
    delete,
    upsert,
)
from provisioning.storage.store import Table

MEMBERS_PER_TRANSACTION = 49
TRIES = 16
"""How often a transaction is tried again that somebody else was in the way of."""

_LONGEST_PAUSE = 0.64
"""Seconds. Pauses are drawn between nothing and a bound that doubles, so that those who collided come apart."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One member who comes (``adding``) or goes. ``display`` is the name that the client gave for one who comes."""

    member: str
    adding: bool
    display: str = ""


class Touched(NamedTuple):
    """What a change of memberships leaves on the group itself."""

    generation: str
    modified: datetime
    etag: str


def edits(add: Iterable[str], remove: Iterable[str], displays: Mapping[str, str] | None = None) -> list[Edit]:
    """Return the edits of a change, each member once: groups that come first, so that few transactions need a guard."""
    shown = displays or {}
    added = dict.fromkeys(add)
    coming = [Edit(member, adding=True, display=shown.get(member, "")) for member in added]
    coming.sort(key=lambda edit: kind_of(edit.member) is not ObjectKind.GROUP)
    return coming + [Edit(member, adding=False) for member in dict.fromkeys(remove) if member not in added]


def room(before: Sequence[Operation], changes: Sequence[Edit]) -> int:
    """Return how many of the edits fit into a transaction behind other operations."""
    guard = 1 if any(_nests(edit) for edit in changes[:MEMBERS_PER_TRANSACTION]) else 0
    return max(0, min(MEMBERS_PER_TRANSACTION, (MAX_OPERATIONS - len(before) - guard) // 2))


class Memberships:
    """Reads memberships, and changes the rows of a group within a transaction."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.nesting = Nesting(table)

    async def contains(self, group_id: str, member_id: str) -> bool:
        """Tell whether somebody is directly in a group; one round trip."""
        return await self._table.get(PARTITION, f"m:{encode(group_id)}:{encode(member_id)}") is not None

    async def members(self, group_id: str, behind: str = "") -> AsyncIterator[str]:
        """Stream the ids of a group's direct members in key order, behind an id; one round trip for 1,000."""
        prefix = f"m:{encode(group_id)}:"
        first = f"{prefix}{encode(behind)}\x20" if behind else prefix
        async for row in self._table.scan(PARTITION, first, after(prefix), select=["member"]):
            yield row["member"]

    async def sample(self, group_id: str, count: int, *, each_type: bool = False) -> list[str]:
        """Return the first ``count`` direct members, or of each type (user, group, other); one round trip, or five."""
        prefix = f"m:{encode(group_id)}:"
        users, groups = f"{prefix}u-", f"{prefix}g-"
        ranges = [(prefix, after(prefix))]
        if each_type:
            ranges = [(prefix, groups), (groups, after(groups)), (after(groups), users), (users, after(users))]
            ranges.append((after(users), after(prefix)))
        found = await asyncio.gather(
            *(self._table.query(PARTITION, *span, select=["member"], limit=count) for span in ranges)
        )
        return [row["member"] for rows in found for row in rows]

    async def shown(self, group_id: str) -> AsyncIterator[tuple[str, str]]:
        """Stream the direct members as ``members`` does, each with the name that its client gave, or ""."""
        prefix = f"m:{encode(group_id)}:"
        async for row in self._table.scan(PARTITION, prefix, after(prefix), select=["member", "display"]):
            yield row["member"], row.get("display") or ""

    async def groups_of(self, member_id: str, behind: str = "") -> AsyncIterator[str]:
        """Stream the ids of the groups that somebody is directly in, behind an id; one round trip for 1,000."""
        prefix = f"r:{encode(member_id)}:"
        first = f"{prefix}{behind}\x20" if behind else prefix
        async for row in self._table.scan(PARTITION, first, after(prefix), select=["RowKey"]):
            yield row["RowKey"].rpartition(":")[2]

    async def all_groups_of(self, member_id: str, known: Known | None = None) -> AsyncIterator[tuple[str, bool]]:
        """Stream the groups that somebody is in, directly (``True``) or through others; see ``Nesting.above``."""
        async for found in self.nesting.above(member_id, known):
            yield found

    async def nested_groups(self, group_id: str) -> AsyncIterator[str]:
        """Stream the groups in a group, directly or through others; see ``Nesting.below``."""
        async for found in self.nesting.below(group_id):
            yield found

    async def difference(self, group_id: str, wanted: Mapping[str, str]) -> list[Edit]:
        """Return what makes the members these and no others; ``wanted`` has the name to show for each, or "".

        The rows are read once, page by page; what is kept of them is only who has to go.
        """
        coming, going = dict(wanted), list[str]()
        async for member, display in self.shown(group_id):
            if member not in wanted:
                going.append(member)
            elif wanted[member] == display:
                del coming[member]
        return edits(coming, going, coming)

    async def transact(self, before: Sequence[Operation], group_id: str, changes: Sequence[Edit]) -> list[str]:
        """Do ``before`` and the edits in one transaction, and return the new ETags.

        One round trip, and when somebody was removed who is not in, two more. With groups among those who come also
        the walk of ``Nesting.guard``. Raises ``Circle``, and what ``before`` may raise.
        """
        left = list(changes)
        for attempt in range(TRIES):
            guard = await self.nesting.guard(group_id, [edit.member for edit in left if _nests(edit)])
            operations = [*before, *guard, *(row for edit in left for row in _rows(group_id, edit))]
            if not operations:
                return []
            try:
                return await self._table.transact(operations)
            except (Missing, Changed, Exists) as refused:
                if refused.index < len(before):
                    raise
                if isinstance(refused, Missing):
                    left = await self._without(group_id, left, (refused.index - len(before) - len(guard)) // 2)
                else:
                    pause = random.uniform(0, min(0.02 * 2**attempt, _LONGEST_PAUSE))  # noqa: S311 - no secret
                    await asyncio.sleep(pause)
        raise ResourceChanged(f"The memberships of group {group_id} are being changed all the time.")

    async def _without(self, group_id: str, changes: Sequence[Edit], missing: int) -> list[Edit]:
        """Return the edits without the one that found its row missing, and without others that would find so too."""
        left = [edit for position, edit in enumerate(changes) if position != missing]
        going = [edit.member for edit in left if not edit.adding]
        there = await asyncio.gather(*(self.contains(group_id, member) for member in going))
        gone = {member for member, stands in zip(going, there, strict=True) if not stands}
        return [edit for edit in left if edit.member not in gone]

    async def forget_group(self, group_id: str) -> None:
        """Remove every membership of a group that was deleted; may be repeated after a crash."""
        members = [member async for member in self.members(group_id)]
        for start in range(0, len(members), MEMBERS_PER_TRANSACTION):
            await self.drop(group_id, members[start : start + MEMBERS_PER_TRANSACTION])

    async def drop(self, group_id: str, members: Sequence[str]) -> None:
        """Delete up to 49 membership rows and their reverses, leaving out those that are gone already."""
        await self.transact([], group_id, edits((), members))


def group_touch(group_id: str, generation: str, now: datetime, etag: str | None) -> Operation:
    """Return the operation that gives a group a new generation. Without ``etag`` a late writer does no harm."""
    properties: Entity = {
        "PartitionKey": PARTITION,
        "RowKey": f"d:{encode(group_id)}",
        "generation": generation,
        "modified": now,
    }
    return Operation("merge", properties, etag)


def _nests(edit: Edit) -> bool:
    return edit.adding and kind_of(edit.member) is ObjectKind.GROUP


def _rows(group_id: str, edit: Edit) -> tuple[Operation, Operation]:
    """Return the operations on a membership and its reverse. One who comes twice stays in, under the last name."""
    group, member = encode(group_id), encode(edit.member)
    forth, back = f"m:{group}:{member}", f"r:{member}:{group}"
    if not edit.adding:
        return delete(PARTITION, forth), delete(PARTITION, back)
    entity: Entity = {"PartitionKey": PARTITION, "RowKey": forth, "member": edit.member}
    if edit.display:
        entity["display"] = edit.display
    return upsert(entity), upsert({"PartitionKey": PARTITION, "RowKey": back})
