"""Opening: a stored connection becomes a connector that can be used, and is closed when nobody uses it any more."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from connectors.contract import Connector, ConnectorSettings
from provisioning.connections.connection import Connection
from provisioning.connections.registry import load
from provisioning.connections.validation import opened_settings

IDLE_SECONDS = 600.0

log = logging.getLogger(__name__)


async def open_connector(connection: Connection) -> Connector:
    """Open a connector for the caller, who closes it. Raises ``Misconfigured``; the first verb connects."""
    kind = await load(connection.kind)
    return kind.open(opened_settings(kind.settings_model, connection.settings))


@dataclass(slots=True, eq=False)
class _Opened:
    connector: Connector
    revision: str
    settings: ConnectorSettings
    users: int = 0
    last_used: float = 0.0


class OpenConnectors:
    """The open connectors of this process: one for each connection and revision, shared by all jobs.

    A connection that was changed, or whose secret was rotated, gets a new connector with the next use; the old one is
    closed when its last user is done. One that nobody has used for ten minutes is closed too: that is how those of
    deleted and disabled connections go.
    """

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._current: dict[str, _Opened] = {}
        self._retired: list[_Opened] = []

    @asynccontextmanager
    async def use(self, connection: Connection) -> AsyncIterator[Connector]:
        """Borrow the connection's connector. Raises ``Misconfigured`` when it cannot be opened."""
        kind = await load(connection.kind)
        opened = self._opened(kind, connection)
        opened.users += 1
        opened.last_used = time.monotonic()
        try:
            await self._close_unused()
            yield opened.connector
        finally:
            opened.users -= 1
            await self._close_unused()

    def _opened(self, kind: type[Connector], connection: Connection) -> _Opened:
        settings = opened_settings(kind.settings_model, connection.settings)
        held = self._current.get(connection.id)
        if held is not None:
            if held.revision == connection.revision and held.settings == settings:
                return held
            self._retired.append(held)
        fresh = self._current[connection.id] = _Opened(kind.open(settings), connection.revision, settings)
        return fresh

    async def _close_unused(self) -> None:
        oldest = time.monotonic() - self._idle_seconds
        for connection_id, opened in list(self._current.items()):
            if not opened.users and opened.last_used < oldest:
                self._retired.append(self._current.pop(connection_id))
        unused = [opened for opened in self._retired if not opened.users]
        self._retired = [opened for opened in self._retired if opened.users]
        for opened in unused:
            await _close(opened.connector)

    async def close(self) -> None:
        """Close every connector, in use or not: the process ends."""
        connectors = [opened.connector for opened in (*self._current.values(), *self._retired)]
        self._current.clear()
        self._retired.clear()
        await asyncio.gather(*(_close(connector) for connector in connectors))


async def _close(connector: Connector) -> None:
    try:
        await connector.close()
    except Exception:
        log.warning("a connector of kind %s did not close", connector.kind, exc_info=True)
