"""Opening: a stored connection becomes a connector that can be used, and is closed when nobody uses it any more."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from connectors.contract import Connector, ConnectorSettings
from connectors.errors import ConnectorError
from provisioning.connections.connection import Connection
from provisioning.connections.key_vault import ASKED_AGAIN_SECONDS, FRESH_SECONDS
from provisioning.connections.registry import load
from provisioning.connections.secrets import Secrets
from provisioning.connections.validation import opened_settings
from provisioning.telemetry.measured import MeasuredConnector

IDLE_SECONDS = 600.0

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Opened:
    connector: Connector
    connection: str
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

    def __init__(
        self,
        secrets: Secrets | None = None,
        trusted: frozenset[tuple[str, int]] = frozenset(),
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Open connectors with secrets from ``secrets``; ``trusted`` are the hosts that the deployment vouches for."""
        self._secrets = secrets or Secrets()
        self._trusted = trusted
        self._idle_seconds = idle_seconds
        self._current: dict[str, _Opened] = {}
        self._retired: list[_Opened] = []

    @asynccontextmanager
    async def use(self, connection: Connection) -> AsyncIterator[Connector]:
        """Borrow the connection's connector.

        Raises ``Misconfigured`` when it cannot be opened, and ``Unavailable`` while its secrets cannot be read.
        """
        kind = await load(connection.kind)
        opened = self._opened(kind, connection, await self._settings(kind, connection))
        opened.users += 1
        opened.last_used = time.monotonic()
        try:
            await self._close_unused()
            yield opened.connector
        finally:
            opened.users -= 1
            await self._close_unused()

    async def alone(self, connection: Connection) -> Connector:
        """Open a connector for the caller, who closes it, with the secrets as they are now. Raises as ``use`` does."""
        kind = await load(connection.kind)
        return self._made(kind, connection, await self._settings(kind, connection, age=0))

    async def renewed(self, connection: Connection) -> bool:
        """Tell whether secrets were changed since the connectors in use were opened: who was refused has old ones.

        They are read anew for this, but no sooner than 30 seconds after the last time.
        """
        held = [each.settings for each in (*self._retired, *self._current.values()) if each.connection == connection.id]
        try:
            kind = await load(connection.kind)
            settings = await self._settings(kind, connection, age=ASKED_AGAIN_SECONDS)
        except ConnectorError:
            return False
        return any(each != settings for each in held)

    async def _settings(
        self, kind: type[Connector], connection: Connection, age: float = FRESH_SECONDS
    ) -> ConnectorSettings:
        model = kind.settings_model
        return opened_settings(model, await self._secrets.resolved(model, connection.settings, age))

    def _made(self, kind: type[Connector], connection: Connection, settings: ConnectorSettings) -> Connector:
        return MeasuredConnector(kind.open_trusting(settings, self._trusted), connection.id)

    def _opened(self, kind: type[Connector], connection: Connection, settings: ConnectorSettings) -> _Opened:
        held = self._current.get(connection.id)
        if held is not None and held.revision == connection.revision and held.settings == settings:
            return held
        made = self._made(kind, connection, settings)
        if held is not None:
            self._retired.append(held)
        fresh = self._current[connection.id] = _Opened(made, connection.id, connection.revision, settings)
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
        await self._secrets.close()


async def _close(connector: Connector) -> None:
    try:
        await connector.close()
    except Exception:
        log.warning("a connector did not close", extra={"fields": {"kind": connector.kind}}, exc_info=True)
