"""Memberships: one row for each (group, member) and its reverse, never a list.

``m:{group}:{member}`` answers "who is in", ``r:{member}:{group}`` "where is this one in". Adding and removing cost by
what changes: 49 members, their reverse rows, the group's new generation and the outbox row are one transaction.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime

from provisioning.directory.entities import Changed, Entity, Missing, Operation, after, delete, upsert
from provisioning.directory.keys import encode
from provisioning.directory.store import Table

PARTITION = "groups"
MEMBERS_PER_TRANSACTION = 49


def member_rows(group_id: str, member_id: str) -> tuple[Entity, Entity]:
    """Return the row of a membership and its reverse."""
    member = encode(member_id)
    return (
        {"PartitionKey": PARTITION, "RowKey": f"m:{group_id}:{member}", "member": member_id},
        {"PartitionKey": PARTITION, "RowKey": f"r:{member}:{group_id}"},
    )


def add_rows(group_id: str, members: Iterable[str]) -> list[Operation]:
    """Return the operations that put members in; one who is in already stays in."""
    return [upsert(row) for member in members for row in member_rows(group_id, member)]


def remove_rows(group_id: str, members: Iterable[str]) -> list[Operation]:
    """Return the operations that take members out. They fail with ``Missing`` for one who is not in."""
    return [delete(row["PartitionKey"], row["RowKey"]) for member in members for row in member_rows(group_id, member)]


class Memberships:
    """Reads memberships, and removes what is left of a group that is gone."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def contains(self, group_id: str, member_id: str) -> bool:
        """Tell whether somebody is in a group; one round trip."""
        return await self._table.get(PARTITION, f"m:{group_id}:{encode(member_id)}") is not None

    async def members(self, group_id: str) -> AsyncIterator[str]:
        """Stream the ids of a group's direct members in key order; one round trip for 1,000."""
        prefix = f"m:{group_id}:"
        async for row in self._table.scan(PARTITION, prefix, after(prefix), select=["member"]):
            yield row["member"]

    async def groups_of(self, member_id: str) -> AsyncIterator[str]:
        """Stream the ids of the groups that somebody is directly in; one round trip for 1,000."""
        prefix = f"r:{encode(member_id)}:"
        async for row in self._table.scan(PARTITION, prefix, after(prefix), select=["RowKey"]):
            yield row["RowKey"].rpartition(":")[2]

    async def forget_group(self, group_id: str) -> None:
        """Remove every membership of a group that was deleted; may be repeated after a crash."""
        members = [member async for member in self.members(group_id)]
        for start in range(0, len(members), MEMBERS_PER_TRANSACTION):
            await self.drop(group_id, members[start : start + MEMBERS_PER_TRANSACTION])

    async def drop(self, group_id: str, members: Sequence[str]) -> None:
        """Delete up to 49 membership rows and their reverses, leaving out those that are gone already."""
        await transact_removing(self._table, [], group_id, members)


async def transact_removing(
    table: Table, before: Sequence[Operation], group_id: str, members: Sequence[str]
) -> list[str]:
    """Do ``before`` and take members out in one transaction, leaving out those who are not in.

    One round trip when all of them are in, as they nearly always are; one more for each that is not.
    """
    left = list(members)
    while True:
        try:
            return await table.transact([*before, *remove_rows(group_id, left)]) if before or left else []
        except Missing as missing:
            position = missing.index - len(before)
            if position < 0:
                raise
            del left[position // 2]
        except Changed as changed:
            if changed.index >= len(before):
                continue
            raise


def group_touch(group_id: str, generation: str, etag: str | None) -> Operation:
    """Return the operation that gives a group a new generation. Without ``etag`` a late writer does no harm."""
    properties: Entity = {
        "PartitionKey": PARTITION,
        "RowKey": f"d:{group_id}",
        "generation": generation,
        "modified": datetime.now(UTC),
    }
    return Operation("merge", properties, etag)
