"""The sweeper: sends jobs again for outbox rows and links that are behind and not in flight.

A crash between any two steps costs time, never a change: what was committed is in the outbox until every enabled
connection has acknowledged it, and what a connection could not finish has a clock in its own partition.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.contract import ObjectKind
from provisioning.connections.connection import Connection
from provisioning.directory.declared import DeclaredAttributes
from provisioning.directory.directory import Directory
from provisioning.directory.keys import kind_of
from provisioning.directory.outbox import PARTITIONS, OutboxRow
from provisioning.engine.circuit import Circuits
from provisioning.engine.jobs import HUB, Job, JobSender, JobType, index_job, jobs_of
from provisioning.engine.link_store import LinkStore
from provisioning.engine.links import due_key, link_key
from provisioning.engine.retries import doubling
from provisioning.storage.entities import Changed, Entity, Exists, Missing, ascending, delete, etag_of, insert, merge

log = logging.getLogger(__name__)

_PAGE = 1000
_BATCH = 100
_IN_FLIGHT = timedelta(minutes=5)
"""How long a row that was sent for its clock is left alone before it is due again."""


_STALLED = timedelta(minutes=10)
"""After this an index job that has not come on is taken for lost: a killed instance's message is back by then."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did: rows sent again, rows removed as done, clocks that rang, count rows folded."""

    sent: int = 0
    removed: int = 0
    due: int = 0
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Sweeper:
    """One pass over outbox, clocks and index jobs. ``grace`` is how long a change's first jobs are given."""

    directory: Directory
    links: LinkStore
    circuits: Circuits
    sender: JobSender
    active: Callable[[], Awaitable[Sequence[Connection]]]
    grace: timedelta
    declared: DeclaredAttributes

    async def sweep(self, *, budget: float = 45.0) -> Swept:
        """Sweep until all is looked at, or ``budget`` seconds are gone: the next timer goes on."""
        end = time.monotonic() + budget
        connections = list(await self.active())
        now = datetime.now(UTC)
        stopped = {each.id for each in connections if (await self.circuits.get(each.id, fresh=True)).stops(each, now)}
        ids = [each.id for each in connections]
        running = [each for each in ids if each not in stopped]
        # Side by side: the backlog of one that stands still must not keep clocks from ringing, nor counts from folding.
        swept, rang, folded = await asyncio.gather(
            asyncio.gather(*(self._outbox(kind, ids, stopped, end) for kind in PARTITIONS)),
            asyncio.gather(*(self._clocks(connection, end) for connection in running)),
            self._fold(end),
        )
        await self.sender.send([index_job(each) for each in await self.declared.stalled(_STALLED)])
        return Swept(sum(each.sent for each in swept), sum(each.removed for each in swept), sum(rang), folded)

    async def _fold(self, end: float) -> int:
        """Fold the rows that tell how many resources there are, so that counting stays one round trip."""
        folded = 0
        for kind in PARTITIONS:
            while time.monotonic() < end and (rows := await self.directory.counts.fold(kind)):
                folded += rows
        return folded

    async def _outbox(self, kind: ObjectKind, connections: Sequence[str], stopped: set[str], end: float) -> Swept:
        behind, total = "", Swept()
        while time.monotonic() < end:
            rows = await self.directory.outbox.oldest(kind, _PAGE, behind)
            if not rows:
                break
            behind = rows[-1].announcement.generation
            known = await asyncio.gather(
                *(self._acknowledged(each, kind, rows[0], rows[-1]) for each in (*connections, HUB))
            )
            acknowledged = dict(zip((*connections, HUB), known, strict=True))
            done: list[OutboxRow] = []
            late: list[tuple[OutboxRow, list[str]]] = []
            for row in rows:
                concerned = [*connections, *([HUB] if row.announcement.deleted else [])]
                missing = [each for each in concerned if row.announcement.generation not in acknowledged[each]]
                if not missing:
                    done.append(row)
                elif self._late(row) and (free := [each for each in missing if each not in stopped]):
                    late.append((row, free))
            await self._send_again(kind, late)
            await self._remove(kind, done, acknowledged)
            total = Swept(total.sent + len(late), total.removed + len(done))
            if len(rows) < _PAGE:
                break
        return total

    def _late(self, row: OutboxRow) -> bool:
        wait = doubling(self.grace, max(self.grace, timedelta(minutes=10)), row.times + 1)
        return datetime.now(UTC) - (row.sent_again or row.made) > wait

    async def _acknowledged(self, connection: str, kind: ObjectKind, first: OutboxRow, last: OutboxRow) -> set[str]:
        prefix = f"k:{PARTITIONS[kind]}:"
        rows = self.links.table.scan(
            connection,
            prefix + first.announcement.generation,
            prefix + last.announcement.generation + "\x20",
            select=["RowKey"],
        )
        return {row["RowKey"].removeprefix(prefix) async for row in rows}

    async def _send_again(self, kind: ObjectKind, late: Sequence[tuple[OutboxRow, list[str]]]) -> None:
        for start in range(0, len(late), _BATCH):
            chunk = late[start : start + _BATCH]
            await self.directory.outbox.mark_sent(kind, [row for row, _ in chunk])
            jobs = [job for row, missing in chunk for job in jobs_of(row.announcement, missing, swept=True)]
            await self.sender.send([job for job in jobs if job.connection != HUB or job.type is JobType.FORGET])

    async def _remove(self, kind: ObjectKind, done: Sequence[OutboxRow], acknowledged: dict[str, set[str]]) -> None:
        """Remove rows that all have acknowledged, then the acknowledgements; a crash between leaves only those."""
        for start in range(0, len(done), _BATCH):
            await self.directory.outbox.remove(kind, done[start : start + _BATCH])
        generations = {row.announcement.generation for row in done}
        for connection, known in acknowledged.items():
            keys = [f"k:{PARTITIONS[kind]}:{generation}" for generation in sorted(known & generations)]
            for start in range(0, len(keys), _BATCH):
                with contextlib.suppress(Missing):  # tidy removes what is left
                    await self.links.table.transact([delete(connection, key) for key in keys[start : start + _BATCH]])

    async def _clocks(self, connection: str, end: float) -> int:
        """Send the jobs of a connection's rows that are due, and wind their clocks so that they ring once."""
        rang = 0
        while time.monotonic() < end:
            now = datetime.now(UTC)
            due = await self.links.table.query(connection, "d:", f"d:{ascending(now)}", limit=200)
            for row in due:
                rang += await self._ring(connection, row)
            if len(due) < 200:
                break
        return rang

    async def _ring(self, connection: str, row: Entity) -> bool:
        key = row["RowKey"].split(":", 2)[2]
        stored = await self.links.table.get(connection, key)
        old = delete(connection, row["RowKey"])
        try:
            if stored is None or stored.get("due") != row["RowKey"]:
                await self.links.table.transact([old])
                return False
            if stored["lease"] and stored["leasedUntil"] > datetime.now(UTC):
                return False  # a job is at it and will set the clock itself
            wound = due_key(datetime.now(UTC) + _IN_FLIGHT, key)
            await self.links.table.transact(
                [
                    merge({"PartitionKey": connection, "RowKey": key, "due": wound}, etag_of(stored)),
                    insert({**row, "RowKey": wound}),  # with all that it tells to those who count
                    old,
                ]
            )
        except (Changed, Missing, Exists):
            return False
        if key.startswith("m:"):
            job = Job(
                JobType.MEMBERS, connection, ObjectKind.GROUP, stored["group"], members=(stored["member"],), due=True
            )
        else:
            resource = key.removeprefix(link_key(""))
            job = Job(JobType.CONVERGE, connection, kind_of(resource) or ObjectKind.USER, resource, due=True)
        await self.sender.send([job])
        return True

    async def tidy(self) -> int:
        """Remove acknowledgements whose outbox rows are gone (a late duplicate wrote them again); returns how many."""
        removed = 0
        for connection in (*(each.id for each in await self.active()), HUB):
            for kind, partition in PARTITIONS.items():
                oldest = await self.directory.outbox.oldest(kind, 1)
                last = oldest[0].announcement.generation if oldest else ascending(datetime.now(UTC) - self.grace)
                prefix = f"k:{partition}:"
                while rows := await self.links.table.query(
                    connection, prefix, prefix + last, select=["RowKey"], limit=100
                ):
                    with contextlib.suppress(Missing):  # the sweeper removed some: those that are left are read again
                        await self.links.table.transact([delete(connection, row["RowKey"]) for row in rows])
                        removed += len(rows)
        return removed
