"""Measuring: once a minute one instance tells by gauges and a log line what waits, is behind and has stopped."""

import asyncio
import contextlib
import logging
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.errors import ConnectorError
from provisioning.connections.connection import Connection
from provisioning.connections.secrets import Secrets, is_reference
from provisioning.directory.outbox import PARTITIONS
from provisioning.engine.circuit import ConnectionState, Health
from provisioning.engine.health import MOST, Behind, HealthCounts
from provisioning.telemetry import catalogue
from provisioning.telemetry.metrics import record

log = logging.getLogger(__name__)

VAULT = "vault:"

CREDENTIALS_EVERY = 10
"""Minutes between two looks at credentials: they end on a day, and a row for each a minute would be dear."""

_NOBODY_ASKS = timedelta(minutes=15)
"""After this nobody has asked an unavailable system again: the circuit's 5 minutes, and the sweeper's 10."""

type Told = dict[str, int]
"""What the line in the log has of a part."""


@dataclass(frozen=True, slots=True)
class Measuring:
    """Reads what the health page counts, and records it. ``secrets`` know when those of a vault end."""

    health: HealthCounts
    secrets: Secrets

    async def measure(self, now: datetime | None = None) -> None:
        """Record every gauge: 5 round trips, 2 for each connection, 2 at most for connections and sources.
        Every ten minutes one more for each secret of the vault.

        Ages are in seconds. One of 0 says that nothing waits: a gauge that fell silent would keep an alert waiting.
        What can be read is told, whatever else cannot; the first failure is raised then.
        """
        now = now or datetime.now(UTC)
        parts = [self._queues(now), self._outbox(now), self._connections(now)]
        if now.minute % CREDENTIALS_EVERY == 0:
            parts.append(self._sources(now))
        told, failures = _apart(await asyncio.gather(*parts, return_exceptions=True))
        fields = {name: value for part in told for name, value in part.items()}
        log.info("hub measured", extra={"fields": {**fields, **({"failures": len(failures)} if failures else {})}})
        if failures:
            raise failures[0]

    async def _queues(self, now: datetime) -> Told:
        health = self.health
        waiting, poison, first = await asyncio.gather(
            health.jobs.length(), health.poison.length(), health.jobs.waits_since()
        )
        age = _age(now, [first])
        record(catalogue.QUEUE_WAITING, waiting)
        record(catalogue.QUEUE_POISON, poison)
        record(catalogue.QUEUE_OLDEST, age)
        return {"waiting": waiting, "poison": poison, "queue_oldest": round(age)}

    async def _outbox(self, now: datetime) -> Told:
        some = await asyncio.gather(*(self.health.outbox.oldest(kind, MOST) for kind in PARTITIONS))
        pending = [row.made for rows in some for row in rows]
        age = _age(now, pending)
        record(catalogue.OUTBOX_PENDING, len(pending))
        record(catalogue.OUTBOX_OLDEST, age)
        return {"outbox": len(pending), "outbox_oldest": round(age)}

    async def _connections(self, now: datetime) -> Told:
        connections = await self.health.active()
        each = asyncio.gather(*(self._connection(one, now) for one in connections), return_exceptions=True)
        told, failures = _apart(await each)
        if now.minute % CREDENTIALS_EVERY == 0:
            await self._vault(connections, now)
        if failures:
            raise failures[0]
        return {
            "behind": sum(behind for behind, _, _ in told),
            "links_oldest": round(max((age for _, age, _ in told), default=0)),
            "connections": len(connections),
            "stopped": sum(stopped for _, _, stopped in told),
        }

    async def _connection(self, connection: Connection, now: datetime) -> tuple[int, float, bool]:
        """Return how many links are behind, for how long the first of them, and whether the connection is stopped."""
        late, state = await asyncio.gather(
            self.health.behind(connection.id), self.health.circuits.get(connection.id, fresh=True)
        )
        for status, count in Counter(each.status for each in late).items():
            record(catalogue.LINKS_BEHIND, count, connection=connection.id, status=status.value)
        age, stopped = _age(now, [each.since for each in late]), _stands_still(state, late, now)
        record(catalogue.LINKS_OLDEST, age, connection=connection.id)
        if stopped:
            record(catalogue.CONNECTIONS_STOPPED, connection=connection.id, health=state.status.value)
        return len(late), age, stopped

    async def _sources(self, now: datetime) -> Told:
        for source in await self.health.sources.list():
            ends = [each.expires for each in (*source.tokens, *source.secrets) if each.expires is not None]
            if source.enabled and ends:
                record(catalogue.CREDENTIALS_DAYS_LEFT, _days(now, min(ends)), name=source.id, kind="source")
        return {}

    async def _vault(self, connections: Sequence[Connection], now: datetime) -> None:
        """Tell of the secrets that connections name now: what one named before ends without a word."""
        references = {each for one in connections for each in _references(one)}
        await asyncio.gather(*map(self._look_up, references))
        for name, end in self.secrets.expiring().items():
            if f"{VAULT}{name}" in references:
                record(catalogue.CREDENTIALS_DAYS_LEFT, _days(now, end), name=name, kind="vault")

    async def _look_up(self, reference: str) -> None:
        """Have a secret known: what nobody has read yet in this process would not be told of."""
        with contextlib.suppress(ConnectorError):
            await self.secrets.resolve(reference, CREDENTIALS_EVERY * 60)


def _references(connection: Connection) -> Iterator[str]:
    for value in connection.settings.values():
        if isinstance(value, str) and value.startswith(VAULT) and is_reference(value):
            yield value


def _apart[T](results: Sequence[T | BaseException]) -> tuple[list[T], list[BaseException]]:
    """Return what went well, and what failed."""
    well = [each for each in results if not isinstance(each, BaseException)]
    return well, [each for each in results if isinstance(each, BaseException)]


def _stands_still(state: ConnectionState, late: Sequence[Behind], now: datetime) -> bool:
    """Tell whether a connection is stopped and something waits for it.

    The circuit of one whose waiting changes have come to nothing, as that of a user who was deleted meanwhile, stays
    open until the next change: an alert would stand for days in a quiet tenant. Quarantine ends by people only.
    """
    if state.status is not Health.UNAVAILABLE or late or state.until is None:
        return state.status is not Health.OK
    return state.until + _NOBODY_ASKS > now


def _age(now: datetime, moments: Sequence[datetime | None]) -> float:
    known = [each for each in moments if each is not None]
    return max(0.0, (now - min(known)).total_seconds()) if known else 0.0


def _days(now: datetime, end: datetime) -> float:
    return math.floor((end - now).total_seconds() / 86_400)
