"""Measuring: once a minute one instance tells by gauges and a log line what waits, is behind and has stopped."""

import asyncio
import contextlib
import logging
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.errors import ConnectorError
from provisioning.connections.connection import Connection
from provisioning.connections.secrets import Secrets, is_reference
from provisioning.directory.outbox import PARTITIONS
from provisioning.engine.circuit import ConnectionState, Health
from provisioning.engine.health import MOST, Behind, HealthCounts
from provisioning.telemetry import catalogue
from provisioning.telemetry.metrics import record

log = logging.getLogger(__name__)

CREDENTIALS_EVERY = 10
"""Minutes between two looks at credentials: they end on a day, and a row for each a minute would be dear."""


@dataclass(frozen=True, slots=True)
class Measuring:
    """Reads what the health page counts, and records it. ``secrets`` know when those of a vault end."""

    health: HealthCounts
    secrets: Secrets

    async def measure(self, now: datetime | None = None) -> None:
        """Record every gauge: 5 round trips, 2 for each connection, 2 at most for connections and sources.
        Every ten minutes one more for each secret of the vault.

        Ages are in seconds. One of 0 says that nothing waits: a gauge that fell silent would keep an alert waiting.
        """
        now = now or datetime.now(UTC)
        health = self.health
        connections = await health.active()
        waiting, poison, first, outbox, behind, states = await asyncio.gather(
            health.jobs.length(),
            health.poison.length(),
            health.jobs.waits_since(),
            asyncio.gather(*(health.outbox.oldest(kind, MOST) for kind in PARTITIONS)),
            asyncio.gather(*(health.behind(each.id) for each in connections)),
            asyncio.gather(*(health.circuits.get(each.id, fresh=True) for each in connections)),
        )
        pending = [row for rows in outbox for row in rows]
        queue_age, outbox_age = _age(now, [first]), _age(now, [row.made for row in pending])
        record(catalogue.QUEUE_WAITING, waiting)
        record(catalogue.QUEUE_POISON, poison)
        record(catalogue.QUEUE_OLDEST, queue_age)
        record(catalogue.OUTBOX_PENDING, len(pending))
        record(catalogue.OUTBOX_OLDEST, outbox_age)
        for connection, late in zip(connections, behind, strict=True):
            _record_links(connection, late, now)
        stopped = _record_stopped(connections, states)
        if now.minute % CREDENTIALS_EVERY == 0:
            await self._record_credentials(connections, now)
        fields = {
            "waiting": waiting,
            "poison": poison,
            "queue_oldest": round(queue_age),
            "outbox": len(pending),
            "outbox_oldest": round(outbox_age),
            "behind": sum(map(len, behind)),
            "links_oldest": round(max((_age(now, [each.since for each in late]) for late in behind), default=0)),
            "connections": len(connections),
            "stopped": stopped,
        }
        log.info("hub measured", extra={"fields": fields})

    async def _record_credentials(self, connections: Sequence[Connection], now: datetime) -> None:
        for source in await self.health.sources.list():
            ends = [each.expires for each in (*source.tokens, *source.secrets) if each.expires is not None]
            if source.enabled and ends:
                record(catalogue.CREDENTIALS_DAYS_LEFT, _days(now, min(ends)), name=source.id, kind="source")
        await asyncio.gather(*map(self._look_up, {each for one in connections for each in _references(one)}))
        for name, end in self.secrets.expiring().items():
            record(catalogue.CREDENTIALS_DAYS_LEFT, _days(now, end), name=name, kind="vault")

    async def _look_up(self, reference: str) -> None:
        """Have a secret known: what nobody has read yet in this process would not be told of."""
        with contextlib.suppress(ConnectorError):
            await self.secrets.resolve(reference, CREDENTIALS_EVERY * 60)


def _references(connection: Connection) -> Iterator[str]:
    for value in connection.settings.values():
        if isinstance(value, str) and value.startswith("vault:") and is_reference(value):
            yield value


def _record_links(connection: Connection, late: Sequence[Behind], now: datetime) -> None:
    for status, count in Counter(each.status for each in late).items():
        record(catalogue.LINKS_BEHIND, count, connection=connection.id, status=status.value)
    record(catalogue.LINKS_OLDEST, _age(now, [each.since for each in late]), connection=connection.id)


def _record_stopped(connections: Sequence[Connection], states: Sequence[ConnectionState]) -> int:
    stopped = [pair for pair in zip(connections, states, strict=True) if pair[1].status is not Health.OK]
    for connection, state in stopped:
        record(catalogue.CONNECTIONS_STOPPED, connection=connection.id, health=state.status.value)
    return len(stopped)


def _age(now: datetime, moments: Sequence[datetime | None]) -> float:
    known = [each for each in moments if each is not None]
    return max(0.0, (now - min(known)).total_seconds()) if known else 0.0


def _days(now: datetime, end: datetime) -> float:
    return math.floor((end - now).total_seconds() / 86_400)
