"""Reads, leases and settles links: every write is one transaction in the connection's partition.

One writer per link: a job takes a lease by a conditional write on the row it has read, and settles conditionally on
that write. Who finds the row changed reads again; who finds it leased comes back later.
"""

import contextlib
import dataclasses
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from provisioning.directory.outbox import PARTITIONS
from provisioning.engine.jobs import Job
from provisioning.engine.links import (
    TABLE,
    Link,
    LinkStatus,
    MemberLink,
    Problem,
    acknowledgement_key,
    due_key,
    link_key,
    member_key,
    noted,
)
from provisioning.reports.entries import Entry
from provisioning.storage.entities import (
    Changed,
    Entity,
    Exists,
    Missing,
    Operation,
    after,
    delete,
    insert,
    replace,
    upsert,
)
from provisioning.storage.store import Storage, Table

_MOST_WAITERS = 300
"""Bound of one property. Who is pushed out is looked at by its own clock, only later."""


class LinkBusy(Exception):
    """Another job holds the link, or took it while this one looked. ``retry_in`` is in seconds, 1 to 3.

    Jobs take milliseconds as a rule: it is not the rest of the lease that is waited for, but the job that holds it.
    """

    def __init__(self, left: float = 0.0) -> None:
        super().__init__("The link is held by another job.")
        self.retry_in = min(3.0, max(1.0, left / 20))


class LeaseLost(Exception):
    """The lease ran out and another job took the link over; what was done will be seen by that one."""


class OwnedByAnother(Exception):
    """The account is linked to another resource already."""


class LinkStore:
    """The links of every connection. ``term`` is how long a lease holds."""

    def __init__(self, storage: Storage, term: timedelta) -> None:
        self._table: Table = storage.table(TABLE)
        self.term = term

    @property
    def table(self) -> Table:
        """The table, for what shares the partition: the report, the circuit, the sweeper."""
        return self._table

    async def get(self, connection: str, resource_id: str) -> Link | None:
        """Return a link; one round trip."""
        entity = await self._table.get(connection, link_key(resource_id))
        return Link.of(entity) if entity else None

    async def member(self, connection: str, group_id: str, member_id: str) -> MemberLink | None:
        """Return a membership as last applied; one round trip."""
        entity = await self._table.get(connection, member_key(group_id, member_id))
        return MemberLink.of(entity) if entity else None

    async def waiting_members(self, connection: str, group_id: str) -> list[str]:
        """Return the members of a group whose membership is not as wanted; one round trip for 1,000 members."""
        prefix = f"m:{group_id}:"
        rows = self._table.scan(connection, prefix, after(prefix), select=["member", "status"])
        return [row["member"] async for row in rows if row["status"] != LinkStatus.APPLIED]

    async def owner(self, connection: str, remote_id: str) -> str | None:
        """Return the resource that owns an account; one round trip."""
        row = await self._table.get(connection, _claim_key(remote_id))
        return row["resource"] if row else None

    async def lease(self, link: Link, *, intent: Sequence[tuple[str, str]] = ()) -> Link:
        """Take the link for a job; one round trip. Raises ``LinkBusy``.

        The link has no etag when it is not stored yet. ``intent`` is noted with the lease, behind what is noted there.
        """
        now = datetime.now(UTC)
        if left := link.lease_left(now):
            raise LinkBusy(left)
        held = dataclasses.replace(
            link, lease=secrets.token_hex(8), leased_until=now + self.term, intent=noted(link.intent, intent)
        )
        try:
            write = replace(held.entity(), link.etag) if link.etag else insert(held.entity())
            (etag,) = await self._table.transact([write])
        except (Changed, Exists, Missing) as error:
            raise LinkBusy from error
        return dataclasses.replace(held, etag=etag)

    async def settle(
        self,
        before: Link,
        link: Link,
        entries: Sequence[Entry],
        job: Job,
        *,
        due: datetime | None = None,
        acknowledge: bool = True,
    ) -> tuple[str, ...]:
        """Write what became of a leased link, its entries, its clock and the acknowledgement; one round trip.

        ``before`` is the link as it was leased. Returns who waited for an account that the link has now and had not
        before, those included who came while it was leased: they are noted no longer, and the caller wakes them.
        Raises ``LeaseLost`` and ``OwnedByAnother``.
        """
        settled = dataclasses.replace(
            link, lease="", leased_until=None, due=due_key(due, link.key) if due else "", changed=datetime.now(UTC)
        )
        rest = [
            *_claim_moves(before, settled),
            *(operation for entry in entries for operation in entry.rows()),
            *(acknowledgement(job) if acknowledge else ()),
        ]
        current = before
        for _ in range(10):
            waiters = tuple(dict.fromkeys((*before.waiters, *current.waiters)))
            appeared = bool(settled.remote_id) and settled.remote_id != before.remote_id
            merged = dataclasses.replace(settled, waiters=() if appeared else waiters)
            moves = _clock_moves(current.due, settled)
            try:
                await self._table.transact([replace(merged.entity(), current.etag), *moves, *rest])
            except Changed:
                # A waiter was added, or the sweeper moved the clock, while the link was leased: neither is lost.
                stored = await self.get(before.connection, before.resource_id)
                if stored is None or stored.lease != before.lease:
                    raise LeaseLost from None
                current = stored
            except Exists as exists:
                raise OwnedByAnother from exists
            else:
                return waiters if appeared else ()
        raise LeaseLost

    async def release(self, link: Link) -> None:
        """Give a lease back without any change, as far as it is still held."""
        try:
            await self._table.transact(
                [replace(dataclasses.replace(link, lease="", leased_until=None).entity(), link.etag)]
            )
        except (Changed, Missing):
            return

    async def let_go(self, link: Link, status: LinkStatus) -> None:
        """Forget the account of a link: its owner is deleted (``DELETED``), or it is not there any more (``NEW``).

        Another resource may then have the account, or the link find or make one anew. Who changed it first wins.
        """
        if not link.remote_id:
            return
        free = dataclasses.replace(link.without_account(remembered=status is LinkStatus.NEW), status=status)
        if status is LinkStatus.DELETED:  # nothing is left to be done here: what was refused before is settled
            free = dataclasses.replace(free, problem=Problem(), attempts=0, due="", since=None)
        moves = [*_clock_moves(link.due, free), *_claim_moves(link, free)]
        with contextlib.suppress(Changed, Missing):
            await self._table.transact([replace(free.entity(), link.etag), *moves])

    async def forget_members(self, connection: str, group_id: str) -> None:
        """Remove the memberships of a group whose account is deleted, and their clocks; a round trip for each 50."""
        prefix = f"m:{group_id}:"
        while rows := await self._table.query(connection, prefix, after(prefix), select=["RowKey", "due"], limit=50):
            keys = [key for row in rows for key in (row["RowKey"], row["due"]) if key]
            await self._table.transact([delete(connection, key) for key in keys])

    async def add_waiter(self, link: Link, row_key: str) -> bool:
        """Note on a link that a row waits for its account. ``link`` may be one that is not stored yet.

        Returns false, without noting, when the account has appeared meanwhile: then the row need not wait.
        """
        for _ in range(20):
            current = await self.get(link.connection, link.resource_id) or dataclasses.replace(link, etag="")
            if current.remote_id:
                return False
            if row_key in current.waiters:
                return True
            waiting = dataclasses.replace(current, waiters=(*current.waiters, row_key)[-_MOST_WAITERS:])
            try:
                write = replace(waiting.entity(), current.etag) if current.etag else insert(waiting.entity())
                await self._table.transact([write])
            except (Changed, Exists):
                continue
            return True
        return True

    async def claim_members(self, members: Sequence[MemberLink]) -> tuple[list[MemberLink], list[MemberLink]]:
        """Lease memberships of one connection; one round trip when none is busy. Returns those taken and those busy."""
        now = datetime.now(UTC)
        busy = [member for member in members if member.lease_left(now)]
        free = [member for member in members if not member.lease_left(now)]
        while free:
            held = [
                dataclasses.replace(member, lease=secrets.token_hex(8), leased_until=now + self.term) for member in free
            ]
            try:
                etags = await self._table.transact(
                    [replace(new.entity(), new.etag) if new.etag else insert(new.entity()) for new in held]
                )
            except (Changed, Exists, Missing) as conflict:
                busy.append(free.pop(conflict.index))
                continue
            return [dataclasses.replace(new, etag=etag) for new, etag in zip(held, etags, strict=True)], busy
        return [], busy

    async def settle_members(
        self,
        settled: Sequence[tuple[MemberLink, MemberLink | None, datetime | None]],
        entries: Sequence[Entry],
        acknowledged: Sequence[Operation],
    ) -> None:
        """Write what became of leased memberships: (as leased, as it stands or ``None`` for out, due).

        One round trip as long as rows and entries fit into a transaction. Raises ``LeaseLost``.
        """
        operations: list[Operation] = []
        for before, now, due in settled:
            if now is None:
                operations += [
                    delete(before.connection, before.key, before.etag),
                    *([delete(before.connection, before.due)] if before.due else []),
                ]
            else:
                stands = dataclasses.replace(now, lease="", leased_until=None, due=due_key(due, now.key) if due else "")
                operations += [
                    replace(stands.entity(), before.etag),
                    *_clock_moves(before.due, stands),
                ]
        operations += [operation for entry in entries for operation in entry.rows()]
        try:
            await self._table.transact([*operations, *acknowledged])
        except (Changed, Missing) as error:
            raise LeaseLost from error

    async def write(self, operations: Sequence[Operation]) -> None:
        """Write report entries, acknowledgements or clocks alone; one round trip."""
        if operations:
            await self._table.transact(operations)


def acknowledgement(job: Job) -> list[Operation]:
    """Return the operation that tells the sweeper that this connection has taken over the change of a job."""
    if not job.generation:
        return []
    key = acknowledgement_key(PARTITIONS[job.kind], job.generation)
    return [upsert({"PartitionKey": job.connection, "RowKey": key})]


def _claim_key(remote_id: str) -> str:
    return f"a:{remote_id}"


def clock(row: Link | MemberLink) -> Entity:
    """Return the due row of a link or membership. It tells what counting would else read the links for."""
    since = row.since or datetime.now(UTC)
    return {"PartitionKey": row.connection, "RowKey": row.due, "status": row.status.value, "since": since}


def _clock_moves(old: str, row: Link | MemberLink) -> list[Operation]:
    """Return the operations that move a clock; its key and the row that it wakes change in the same transaction."""
    if old == row.due:
        return []
    return [
        *([insert(clock(row))] if row.due else []),
        *([delete(row.connection, old)] if old else []),
    ]


def _claim_moves(before: Link, after_: Link) -> list[Operation]:
    moves: list[Operation] = []
    if before.remote_id != after_.remote_id:
        if after_.remote_id:
            key = {"PartitionKey": after_.connection, "RowKey": _claim_key(after_.remote_id)}
            moves.append(insert({**key, "resource": after_.resource_id}))
        if before.remote_id:
            moves.append(delete(before.connection, _claim_key(before.remote_id)))
    return moves
