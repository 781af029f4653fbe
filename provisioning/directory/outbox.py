"""Outbox rows: the durable promise that a change will be looked at, written in the transaction of the change.

A row says which resource changed, and for a membership change which members, so that the jobs can be sent again when
their messages were lost. ``provisioning.engine.sweeper`` sends and removes; nothing else deletes an outbox row.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.contract import ObjectKind
from provisioning.directory.keys import generation_time
from provisioning.storage.entities import Entity, Operation, after, delete, insert, merge
from provisioning.storage.store import Table

PARTITIONS = {ObjectKind.USER: "users", ObjectKind.GROUP: "groups"}


@dataclass(frozen=True, slots=True)
class Announcement:
    """One committed change: what the jobs are made from. ``members`` is set for a change of memberships alone."""

    kind: ObjectKind
    resource_id: str
    generation: str
    correlation: str = ""
    members: tuple[str, ...] = ()
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An announcement as it is stored. ``sent_again``: when the sweeper last sent its jobs; ``times``: how often."""

    announcement: Announcement
    sent_again: datetime | None = None
    times: int = 0
    etag: str = field(default="", compare=False)

    @property
    def made(self) -> datetime:
        """When the change was committed."""
        return generation_time(self.announcement.generation)


def outbox_row(announcement: Announcement) -> Operation:
    """Return the operation that belongs into the transaction of the change."""
    return insert(
        {
            "PartitionKey": PARTITIONS[announcement.kind],
            "RowKey": f"o:{announcement.generation}",
            "resource": announcement.resource_id,
            "correlation": announcement.correlation,
            "members": json.dumps(announcement.members),
            "deleted": announcement.deleted,
        },
        own=True,
    )


class Outbox:
    """Reads, marks and removes outbox rows."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def oldest(self, kind: ObjectKind, limit: int = 1000, behind: str = "") -> list[OutboxRow]:
        """Return the oldest rows of a partition, behind the generation ``behind``; one round trip for 1,000."""
        first = f"o:{behind}\x20" if behind else "o:"
        return [
            _row(kind, entity) for entity in await self._table.query(PARTITIONS[kind], first, after("o:"), limit=limit)
        ]

    async def mark_sent(self, kind: ObjectKind, rows: Sequence[OutboxRow]) -> None:
        """Note that the jobs of up to 100 rows were sent again now."""
        now = datetime.now(UTC)
        await self._table.transact(
            [
                merge(
                    {
                        "PartitionKey": PARTITIONS[kind],
                        "RowKey": f"o:{row.announcement.generation}",
                        "sentAgain": now,
                        "times": row.times + 1,
                    }
                )
                for row in rows
            ]
        )

    async def remove(self, kind: ObjectKind, rows: Sequence[OutboxRow]) -> None:
        """Delete up to 100 rows: every connection has durably taken over their changes."""
        await self._table.transact([delete(PARTITIONS[kind], f"o:{row.announcement.generation}") for row in rows])


def _row(kind: ObjectKind, entity: Entity) -> OutboxRow:
    return OutboxRow(
        Announcement(
            kind,
            entity["resource"],
            entity["RowKey"].removeprefix("o:"),
            entity.get("correlation", ""),
            tuple(json.loads(entity.get("members") or "[]")),
            bool(entity.get("deleted")),
        ),
        entity.get("sentAgain"),
        int(entity.get("times", 0)),
    )
