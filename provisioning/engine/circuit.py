"""A connection as a whole: its circuit (does it answer?) and its quarantine (can it be right at all?).

The state is one row of the connection's partition, so that every instance sees it; a short cache keeps it out of the
price of a job. While a connection is stopped its jobs end at once and unacknowledged: the outbox keeps the changes,
and the sweeper sends them when the connection is free.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from connectors.errors import ConnectorError
from provisioning.connections.connection import Connection
from provisioning.engine.retries import doubling
from provisioning.reports.entries import Action, Entry, Status
from provisioning.storage.entities import Entity, upsert
from provisioning.storage.store import Table

STATE_ROW = "!state"
FAILURES_TO_OPEN = 3
_CACHE_SECONDS = 2.0

log = logging.getLogger(__name__)


class Health(StrEnum):
    """What a connection is doing."""

    OK = "ok"
    UNAVAILABLE = "unavailable"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """Whether a connection works, and if not: since when, until when it is left alone, why, and what to do.

    ``revision`` is the connection's when the state was written: a connection that was changed since is tried again.
    """

    status: Health = Health.OK
    since: datetime | None = None
    until: datetime | None = None
    times: int = 0
    code: str = ""
    message: str = ""
    fix: str = ""
    revision: str = ""

    def stops(self, connection: Connection, now: datetime) -> bool:
        """Tell whether jobs of the connection must not run now. Past ``until`` they may, as a probe."""
        return (
            self.status is not Health.OK
            and self.until is not None
            and self.until > now
            and (self.status is Health.UNAVAILABLE or self.revision == connection.revision)
        )


@dataclass(slots=True)
class _Seen:
    state: ConnectionState
    read: float


@dataclass(slots=True)
class Circuits:
    """The states of all connections. Failures are counted in this process; what follows from them is shared.

    ``renewed`` tells whether a connection's secrets were changed since its connectors were opened.
    """

    table: Table
    renewed: Callable[[Connection], Awaitable[bool]] | None = None
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, connection_id: str, *, fresh: bool = False) -> ConnectionState:
        """Return a connection's state, at most two seconds old."""
        seen = self._seen.get(connection_id)
        if seen is None or fresh or time.monotonic() - seen.read > _CACHE_SECONDS:
            entity = await self.table.get(connection_id, STATE_ROW)
            seen = self._seen[connection_id] = _Seen(_state(entity) if entity else ConnectionState(), time.monotonic())
        return seen.state

    async def succeeded(self, connection: Connection) -> None:
        """Note that the system answered; frees a connection that was stopped and is tried again."""
        self._failures.pop(connection.id, None)
        if (await self.get(connection.id)).status is Health.OK:
            return
        async with self._changing:
            await self._back(connection)

    async def _back(self, connection: Connection) -> None:
        state = await self.get(connection.id, fresh=True)
        now = datetime.now(UTC)
        # While a connection is stopped no job begins: what succeeds was under way before, and proves nothing.
        if state.status is Health.OK or state.stops(connection, now):
            return
        log.info("connection is back", extra={"fields": {"connection": connection.id, "was": state.status.value}})
        away = f" after {round((now - state.since).total_seconds())} s" if state.since else ""
        await self._write(
            connection,
            ConnectionState(since=now, revision=connection.revision),
            _entry(connection, Status.SUCCESS, "connection.back", f"The connection works again{away}.", ""),
        )

    async def failed(self, connection: Connection, error: ConnectorError) -> None:
        """Note that the system did not answer; the third time in a row opens the circuit, 5 s doubling to 5 min."""
        count = self._failures[connection.id] = self._failures.get(connection.id, 0) + 1
        async with self._changing:
            await self._open(connection, error, count)

    async def _open(self, connection: Connection, error: ConnectorError, count: int) -> None:
        state = await self.get(connection.id, fresh=count >= FAILURES_TO_OPEN)
        if count < FAILURES_TO_OPEN and state.status is Health.OK:
            return
        now = datetime.now(UTC)
        if state.stops(connection, now):
            return  # open already; or in quarantine, which a few seconds do not end
        times = state.times + 1 if state.status is Health.UNAVAILABLE else 1
        await self._write(
            connection,
            ConnectionState(
                Health.UNAVAILABLE,
                state.since if times > 1 else now,
                now + doubling(timedelta(seconds=5), timedelta(minutes=5), times),
                times,
                error.code,
                str(error),
                error.fix,
                connection.revision,
            ),
            _entry(
                connection, Status.WAITING, error.code, f"The system does not answer; changes wait. {error}", error.fix
            )
            if times == 1
            else None,
        )

    async def quarantine(self, connection: Connection, error: ConnectorError) -> None:
        """Stop a connection that fails as a whole; it is tried again after 5 min doubling to 24 h, or when changed.

        One that was refused with a secret which has been rotated meanwhile is not stopped: the next job has the new.
        """
        if self.renewed is not None and await self.renewed(connection):
            log.info("connection %s was refused with a secret that has been changed since", connection.id)
            return
        async with self._changing:
            await self._stop(connection, error)

    async def _stop(self, connection: Connection, error: ConnectorError) -> None:
        state = await self.get(connection.id, fresh=True)
        now = datetime.now(UTC)
        if state.status is Health.QUARANTINED and state.stops(connection, now):
            return
        again = state.status is Health.QUARANTINED and state.revision == connection.revision
        times = state.times + 1 if again else 1
        await self._write(
            connection,
            ConnectionState(
                Health.QUARANTINED,
                state.since if again else now,
                now + doubling(timedelta(minutes=5), timedelta(hours=24), times),
                times,
                error.code,
                str(error),
                error.fix,
                connection.revision,
            ),
            _entry(
                connection,
                Status.FAILURE,
                error.code,
                f"The connection is quarantined; changes wait. {error}",
                error.fix,
            ),
        )

    async def free(self, connection: Connection) -> None:
        """Let a stopped connection try again now, as an administrator asks."""
        self._failures.pop(connection.id, None)
        if (await self.get(connection.id, fresh=True)).status is not Health.OK:
            text = "An administrator asked to try the connection again."
            await self._write(
                connection,
                ConnectionState(since=datetime.now(UTC), revision=connection.revision),
                _entry(connection, Status.SUCCESS, "connection.retry", text, ""),
            )

    async def _write(self, connection: Connection, state: ConnectionState, entry: Entry | None) -> None:
        row: Entity = {
            "PartitionKey": connection.id,
            "RowKey": STATE_ROW,
            "status": state.status.value,
            "times": state.times,
            "code": state.code,
            "message": state.message[:2000],
            "fix": state.fix[:2000],
            "revision": state.revision,
            **({"since": state.since} if state.since else {}),
            **({"until": state.until} if state.until else {}),
        }
        await self.table.transact([upsert(row), *(entry.rows() if entry else ())])
        if state.status is not Health.OK:
            fields = {"connection": connection.id, "health": state.status.value, "code": state.code}
            log.warning("connection stopped", extra={"fields": {**fields, "times": state.times}})
        self._seen[connection.id] = _Seen(state, time.monotonic())


def _state(entity: Entity) -> ConnectionState:
    return ConnectionState(
        Health(entity["status"]),
        entity.get("since"),
        entity.get("until"),
        entity["times"],
        entity["code"],
        entity["message"],
        entity["fix"],
        entity["revision"],
    )


def _entry(connection: Connection, status: Status, code: str, reason: str, fix: str) -> Entry:
    return Entry(
        datetime.now(UTC),
        connection.id,
        Action.CONNECTION,
        status,
        code=code,
        reason=reason,
        recommended_action=fix,
    )
