"""Where an organisation's own extensions stand: one row each in table ``schemas``, partition ``extensions``."""

from collections.abc import Sequence
from datetime import UTC, datetime

from connectors.contract import ObjectKind
from provisioning.directory.declared import CACHE_SECONDS, TABLE
from provisioning.directory.documents import pack, unpack
from provisioning.directory.keys import encode, fold
from provisioning.directory.recent import Recent
from provisioning.scim.schema.extensions import check_beside, schema_text
from provisioning.scim.schema.schemas import Extension
from provisioning.storage import entities
from provisioning.storage.entities import Entity, etag_of
from provisioning.storage.store import Storage

PARTITION = "extensions"


class ExtensionError(Exception):
    """The extensions could not be read or written."""


class ExtensionMissing(ExtensionError):
    """No extension has that URN (any more)."""


class ExtensionChanged(ExtensionError):
    """Somebody else wrote the extension at the same time."""


class ExtensionStore:
    """Reads and writes extensions; what is acceptable is said by ``scim.extensions``. A write is two round trips."""

    def __init__(self, storage: Storage, cache_seconds: float = CACHE_SECONDS) -> None:
        self._table = storage.table(TABLE)
        self._recent = Recent(self.list, cache_seconds)

    async def in_force(self) -> tuple[Extension, ...]:
        """Return the extensions as they were at most ten seconds ago; usually no round trip."""
        return await self._recent.get()

    async def list(self) -> tuple[Extension, ...]:
        """Return every extension, by URN; one round trip."""
        return tuple(_extension(row) for row in await self._rows())

    async def get(self, urn: str) -> Extension:
        """Return an extension, whatever the case of its URN. Raises ``ExtensionMissing``."""
        row = await self._table.get(PARTITION, _key(urn))
        if row is None:
            raise _missing(urn)
        return _extension(row)

    async def put(self, new: Extension) -> bool:
        """Write an extension, and tell whether it is new.

        Raises ``InvalidSchema`` where it cannot stand beside the others or replace the old, and ``ExtensionChanged``.
        """
        rows = await self._rows()
        check_beside(new, [_extension(row) for row in rows])
        old = next((row for row in rows if row["RowKey"] == _key(new.urn)), None)
        now = datetime.now(UTC)
        entity: Entity = {
            "PartitionKey": PARTITION,
            "RowKey": _key(new.urn),
            "urn": new.urn,
            "kind": new.kind.value,
            "created": old["created"] if old else now,
            "modified": now,
            **pack(new.definition),
        }
        try:
            await self._table.transact([entities.replace(entity, etag_of(old)) if old else entities.insert(entity)])
        except (entities.Changed, entities.Exists, entities.Missing) as changed:
            raise ExtensionChanged(
                f"The extension '{new.urn}' is being changed by somebody else. Try again."
            ) from changed
        self._recent.forget()
        return old is None

    async def delete(self, urn: str) -> None:
        """Take an extension out of the schemas; what resources hold of it stays stored. Raises ``ExtensionMissing``."""
        try:
            await self._table.transact([entities.delete(PARTITION, _key(urn))])
        except entities.Missing as missing:
            raise _missing(urn) from missing
        self._recent.forget()

    async def _rows(self) -> Sequence[Entity]:
        return await self._table.query(PARTITION, "-", "~")


def _key(urn: str) -> str:
    return encode(fold(urn))


def _missing(urn: str) -> ExtensionMissing:
    return ExtensionMissing(f"There is no extension '{urn}'.")


def _extension(row: Entity) -> Extension:
    # Not checked again: what was taken once stays in force, whatever a later version of the hub would refuse.
    return Extension(ObjectKind(row["kind"]), row["urn"], schema_text(unpack(row)))
