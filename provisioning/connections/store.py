"""Where connections stand: one row each in table ``connections``, partition ``connections``, row key = id.

A deleted connection leaves its row behind, marked: its id names a partition of links and report entries, and another
system must never come to own them. So ids are not used twice.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from connectors.contract import ObjectKind
from provisioning.connections.connection import FEATURE_NAMES, Connection, Features, wrong_id
from provisioning.directory.documents import pack, unpack
from provisioning.storage import entities
from provisioning.storage.entities import Entity, after, etag_of
from provisioning.storage.store import Storage

TABLE = "connections"
PARTITION = "connections"
MOST_CONNECTIONS = 100
"""Every SCIM write sends a job to each connection, and every list reads them all."""
ACTIVE_SECONDS = 10.0
"""How old the answer of ``active`` may be: how long another instance may overlook a change here."""


class ConnectionStoreError(Exception):
    """The connection could not be read or written."""


class ConnectionMissing(ConnectionStoreError):
    """No connection has that id (any more)."""


class ConnectionExists(ConnectionStoreError):
    """The id is taken, by a connection or by one that was deleted."""


class ConnectionChanged(ConnectionStoreError):
    """The connection was written by somebody else since it was read."""


class TooManyConnections(ConnectionStoreError):
    """The hub has as many connections as it takes."""


class ConnectionStore:
    """Reads and writes connections; validity is ``connections.validation``'s. A read is one round trip, a write two."""

    def __init__(self, storage: Storage, active_seconds: float = ACTIVE_SECONDS) -> None:
        self._table = storage.table(TABLE)
        self._active_seconds = active_seconds
        self._active: tuple[Connection, ...] = ()
        self._active_read = float("-inf")
        self._reading = asyncio.Lock()
        self._writes = 0

    async def list(self) -> list[Connection]:
        """Return every connection, by id."""
        return [_connection(row) for row in await self._rows() if not row.get("deleted")]

    async def names(self) -> dict[str, str]:
        """Return the names of every connection by id, of deleted ones too: report entries still tell of those."""
        return {row["RowKey"]: row["name"] for row in await self._rows()}

    async def get(self, connection_id: str) -> Connection:
        """Return a connection. Raises ``ConnectionMissing``."""
        return _connection(await self._row(connection_id))

    async def active(self) -> Sequence[Connection]:
        """Return the enabled connections, as they were at most ten seconds ago; usually no round trip."""
        if self._outdated():
            async with self._reading:
                if self._outdated():
                    now, writes = time.monotonic(), self._writes
                    self._active = tuple(connection for connection in await self.list() if connection.enabled)
                    # A write of this process in the meantime is not to be overlooked by it.
                    self._active_read = now if writes == self._writes else float("-inf")
        return self._active

    async def create(self, connection: Connection) -> Connection:
        """Store a new connection; the answer has its revision. Raises ``ConnectionExists``, ``TooManyConnections``."""
        if len(await self.list()) >= MOST_CONNECTIONS:
            raise TooManyConnections(f"There are {MOST_CONNECTIONS} connections; no more are taken.")
        stored = replace(connection, revision=_new_revision())
        try:
            await self._table.transact([entities.insert(_entity(stored))])
        except entities.Exists as exists:
            row = await self._table.get(PARTITION, connection.id)
            raise ConnectionExists(
                f"The id '{connection.id}' belonged to a connection that was deleted. Its report entries are kept "
                "under it, so it cannot be used again: choose another."
                if row and row.get("deleted")
                else f"There is a connection with the id '{connection.id}'."
            ) from exists
        self.forget()
        return stored

    async def update(self, connection: Connection) -> Connection:
        """Write a connection that was read before, or changed from it; the answer has its new revision.

        Raises ``ConnectionChanged`` when ``connection.revision`` is not the stored one, and ``ConnectionMissing``.
        """
        row = await self._unchanged(connection)
        stored = replace(connection, revision=_new_revision())
        await self._replace(_entity(stored) | {"created": row["created"]}, row)
        return stored

    async def enable(self, connection_id: str, *, enabled: bool = True) -> Connection:
        """Enable or disable a connection, whatever its revision. Raises ``ConnectionMissing``."""
        for _ in range(5):
            connection = await self.get(connection_id)
            if connection.enabled == enabled:
                return connection
            try:
                return await self.update(replace(connection, enabled=enabled))
            except ConnectionChanged:
                continue
        raise ConnectionChanged(f"Connection '{connection_id}' is being changed by others all the time.")

    async def delete(self, connection: Connection) -> None:
        """Delete a connection that was read before. Raises ``ConnectionChanged`` and ``ConnectionMissing``."""
        row = await self._unchanged(connection)
        # The settings go: what is left says only that the id was used, by what and until when.
        await self._replace(
            {
                "PartitionKey": PARTITION,
                "RowKey": connection.id,
                "name": connection.name,
                "kind": connection.kind,
                "deleted": True,
                "created": row["created"],
                "modified": datetime.now(UTC),
            },
            row,
        )

    def forget(self) -> None:
        """Drop what is cached, so that the next ``active`` reads."""
        self._active_read = float("-inf")
        self._writes += 1

    def _outdated(self) -> bool:
        return time.monotonic() - self._active_read >= self._active_seconds

    async def _rows(self) -> Sequence[Entity]:
        return await self._table.query(PARTITION, "-", after("z"), limit=10_000)

    async def _row(self, connection_id: str) -> Entity:
        # What cannot be an id may not be a key either, and would be an error of storage.
        row = None if wrong_id(connection_id) else await self._table.get(PARTITION, connection_id)
        if row is None or row.get("deleted"):
            raise ConnectionMissing(f"There is no connection with the id '{connection_id}'.")
        return row

    async def _unchanged(self, connection: Connection) -> Entity:
        row = await self._row(connection.id)
        if row["revision"] != connection.revision:
            raise _changed(connection.id)
        return row

    async def _replace(self, entity: Entity, read: Entity) -> None:
        try:
            await self._table.transact([entities.replace(entity, etag_of(read))])
        except (entities.Changed, entities.Missing) as changed:
            raise _changed(entity["RowKey"]) from changed
        self.forget()


def _changed(connection_id: str) -> ConnectionChanged:
    return ConnectionChanged(f"Connection '{connection_id}' was changed by somebody else. Read it again.")


def _new_revision() -> str:
    return secrets.token_hex(8)


def _entity(connection: Connection) -> Entity:
    now = datetime.now(UTC)
    return {
        "PartitionKey": PARTITION,
        "RowKey": connection.id,
        "name": connection.name,
        "kind": connection.kind,
        "enabled": connection.enabled,
        **pack(connection.settings, "settings"),
        "features": _json(asdict(connection.features)),
        "matching": _json(connection.matching),
        "deletion": connection.deletion,
        "revision": connection.revision,
        "created": now,
        "modified": now,
    }


def _json(value: Mapping[Any, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _connection(row: Entity) -> Connection:
    features: dict[str, bool] = json.loads(row["features"])
    return Connection(
        id=row["RowKey"],
        name=row["name"],
        kind=row["kind"],
        enabled=row["enabled"],
        settings=unpack(row, "settings"),
        # A feature that this version does not know is passed over; one that the row does not know has its default.
        features=Features(**{name: features[name] for name in FEATURE_NAMES if name in features}),
        matching={ObjectKind(kind): tuple(names) for kind, names in json.loads(row["matching"]).items()},
        deletion=row["deletion"],
        revision=row["revision"],
    )
