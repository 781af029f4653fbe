"""The counts that say whether the hub keeps up: what waits, what is behind, what is stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioning.connections.connection import Connection
from provisioning.directory.outbox import PARTITIONS, Outbox
from provisioning.engine.circuit import Circuits, ConnectionState, Health
from provisioning.engine.link_store import LinkStore
from provisioning.engine.links import LinkStatus
from provisioning.sources.source import Warned
from provisioning.sources.sources import Sources
from provisioning.sources.tally import RefusedCalls
from provisioning.storage.entities import after
from provisioning.storage.store import Queue

MOST = 1000
"""Counts end here: more is "many" to whoever looks, and each 1,000 is one round trip."""


@dataclass(frozen=True, slots=True)
class Behind:
    """A link or membership that is behind: how it stands, and since when, where that was noted."""

    status: LinkStatus
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How the hub is doing. ``outbox`` are changes that not every connection has taken over yet.

    ``expiring`` and ``expired`` are credentials of enabled sources; ``refused`` are the calls of the last hour.
    """

    jobs_waiting: int
    poison: int
    outbox: int
    links_behind: int
    escrowed: int
    waiting: int
    parked: int
    unavailable: tuple[str, ...]
    quarantined: tuple[str, ...]
    expiring: tuple[Warned, ...]
    expired: tuple[Warned, ...]
    refused: tuple[RefusedCalls, ...]


@dataclass(frozen=True, slots=True)
class HealthCounts:
    """Counts from the queues, the outbox and the clocks; links that are in step are not read."""

    jobs: Queue
    poison: Queue
    outbox: Outbox
    links: LinkStore
    circuits: Circuits
    active: Callable[[], Awaitable[Sequence[Connection]]]
    sources: Sources

    async def counts(self) -> Counts:
        """Return the counts of this moment, each at most 1,000 for a connection."""
        connections = await self.active()
        jobs, poison, pending, statuses, states, ((expiring, expired), refused) = await asyncio.gather(
            self.jobs.length(),
            self.poison.length(),
            asyncio.gather(*(self.outbox.oldest(kind, MOST) for kind in PARTITIONS)),
            asyncio.gather(*(self.behind(each.id) for each in connections)),
            asyncio.gather(*(self.circuits.get(each.id, fresh=True) for each in connections)),
            asyncio.gather(self.sources.expiring(), self.sources.refused_calls()),
        )
        found = [each.status for some in statuses for each in some]
        return Counts(
            jobs_waiting=jobs,
            poison=poison,
            outbox=sum(len(rows) for rows in pending),
            links_behind=len(found),
            escrowed=found.count(LinkStatus.ESCROWED),
            waiting=found.count(LinkStatus.WAITING),
            parked=found.count(LinkStatus.PARKED),
            unavailable=_named(connections, states, Health.UNAVAILABLE),
            quarantined=_named(connections, states, Health.QUARANTINED),
            expiring=expiring,
            expired=expired,
            refused=refused,
        )

    async def behind(self, connection: str) -> list[Behind]:
        """Return what is behind in a connection: whatever is has a clock. One round trip."""
        due = await self.links.table.query(connection, "d:", after("d:"), select=["status", "since"], limit=MOST)
        return [Behind(LinkStatus(row["status"]), row.get("since")) for row in due if row.get("status")]


def _named(connections: Sequence[Connection], states: Sequence[ConnectionState], health: Health) -> tuple[str, ...]:
    return tuple(connection.id for connection, state in zip(connections, states, strict=True) if state.status is health)
