"""Brings tables back from a backup: checked before the first row is written, and never over what is there unasked.

What a backup holds is older than what is. A person who has left since is active in it: with connections enabled, the
next jobs would switch the account on again. So the directory and the links are restored only while every connection is
disabled, the directory only while nobody writes to it, and restored connections and sources come back disabled: a
token that was revoked since is good again in the backup.
"""

import asyncio
import contextlib
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched, groupby
from operator import itemgetter
from typing import Any

from provisioning.backup.claims import settle_accounts
from provisioning.backup.derived import derived, is_derived
from provisioning.backup.runs import MANIFEST, MalformedBackup, Manifest, Part, whole
from provisioning.backup.since import Since
from provisioning.storage import edm
from provisioning.storage.blobs import Container
from provisioning.storage.entities import (
    MAX_OPERATIONS,
    MAX_TRANSACTION_BYTES,
    Changed,
    Entity,
    Missing,
    Stored,
    StoreError,
    TooLarge,
    check_entity,
    delete,
    upsert,
)
from provisioning.storage.store import Storage, Table

CONNECTIONS = "connections"
SOURCES = "sources"
DIRECTORY = "directory"
LINKS = "links"
_AT_ONCE = 8
_PAUSES = (1.0, 4.0)
"""Seconds before a transaction is written again that may have been done: what it writes stays the same."""

type Progress = Callable[[str, int, int], None]
"""Is told what is done, for how many rows so far, and how many there are."""


class RefusedToRestore(Exception):
    """Restoring now would do harm; the text says what to do first."""


@dataclass(frozen=True, slots=True)
class Restore:
    """Reads backups and writes them back."""

    storage: Storage
    container: Container

    async def runs(self) -> list[str]:
        """Return the names of the whole backups, newest first."""
        return whole([blob.name async for blob in self.container.list()])

    async def manifest(self, run: str) -> Manifest:
        """Return the manifest of a run, the newest for "latest". Raises ``MalformedBackup`` where there is none."""
        if run == "latest":
            found = await self.runs()
            if not found:
                raise MalformedBackup("There is no backup yet. The timer 'backup' writes one every night.")
            run = found[0]
        try:
            return Manifest.parse(await self.container.get(f"{run}/{MANIFEST}"))
        except Missing:
            raise MalformedBackup(
                f"There is no whole backup '{run[:40]}'; `list` shows those that there are."
            ) from None

    async def check(self, manifest: Manifest, tables: Sequence[str], progress: Progress) -> None:
        """Read every part of the tables. Raises ``MalformedBackup`` for one that is missing or damaged."""
        for table in tables:
            read, total = 0, manifest.rows(table)
            for part in manifest.of(table):
                rows = sum(1 for _ in _lines(await self._content(part)))
                if rows != part.rows:
                    raise MalformedBackup(f"{part.name} has {rows} rows and should have {part.rows}.")
                read += rows
                progress(f"checking {table}", read, total)

    async def restore(self, manifest: Manifest, tables: Sequence[str], *, over: bool, progress: Progress) -> Since:
        """Write the rows of tables back. ``over``: into tables that hold rows; those not in the backup stay.

        Returns who was left out of the directory, or changed, because of what the links tell. Raises
        ``RefusedToRestore`` before anything is written. Cut off, it can be done again with ``over``.
        """
        await self._refuse(tables, over=over)
        await self.check(manifest, tables, progress)
        await self._refuse(tables, over=over)  # once more: reading has taken a while
        since = Since()
        if DIRECTORY in tables:
            await since.read(self.storage.table(LINKS), await self._connections(manifest))
        for table in tables:
            written, total = 0, manifest.rows(table)
            for part in manifest.of(table):
                rows = [edm.read(json.loads(line)) for line in _lines(await self._content(part))]
                chunks = _chunks([row for each in rows if (row := _restored(table, each, since)) is not None])
                for some in batched(chunks, _AT_ONCE, strict=False):
                    await asyncio.gather(*(self._bring(table, chunk, over=over) for chunk in some))
                written += len(rows)
                progress(f"restoring {table}", written, total)
        if LINKS in tables:
            await settle_accounts(self.storage.table(LINKS), await self._connections(manifest))
        if DIRECTORY in tables:
            await since.settle(self.storage, await self._connections(manifest))
        return since

    async def _bring(self, table: str, rows: Sequence[Entity], *, over: bool) -> None:
        """Write rows of one partition and what follows from them; ``over``: without what followed from them before."""
        target, partition = self.storage.table(table), rows[0]["PartitionKey"]
        following = {row["RowKey"]: row for each in rows for row in derived(table, each)}
        before: dict[str, Entity] = {}
        if over:
            written = {row["RowKey"] for row in rows}
            current = target.scan(partition, rows[0]["RowKey"], rows[-1]["RowKey"] + "\x20")
            older = [row async for row in current if row["RowKey"] in written]  # the others stay, with what is theirs
            before = {row["RowKey"]: row for each in older for row in derived(table, each)}
        for chunk in _chunks([*rows, *following.values()]):
            await _write(target, chunk)
        for key in before.keys() - following.keys():
            await _remove_owned(target, before[key])

    async def _connections(self, manifest: Manifest) -> list[str]:
        """Return the ids of all connections that there are, or were at the time of the backup."""
        ids = {str(row["RowKey"]) async for row in self._rows_of(CONNECTIONS)}
        for part in manifest.of(CONNECTIONS) if CONNECTIONS in manifest.tables else ():
            ids |= {str(json.loads(line)["RowKey"]) for line in _lines(await self._content(part))}
        return sorted(ids)

    async def _refuse(self, tables: Sequence[str], *, over: bool) -> None:
        await self.storage.ensure(sorted({CONNECTIONS, SOURCES, LINKS, *tables}), ())
        if {DIRECTORY, LINKS} & set(tables) and (enabled := await self._enabled(CONNECTIONS)):
            raise RefusedToRestore(
                f"These connections are enabled: {', '.join(enabled)}. The backup is older than the accounts behind "
                "them, and jobs would bring these back to it, leavers too. Disable every connection first."
            )
        if DIRECTORY in tables and (enabled := await self._enabled(SOURCES)):
            raise RefusedToRestore(
                f"These sources are enabled: {', '.join(enabled)}. What they write meanwhile would be mixed up with "
                "the backup. Disable every source first."
            )
        for table in tables:
            if not over and await self._holds_rows(table):
                raise RefusedToRestore(
                    f"The table {table} is not empty. To write the rows of the backup over those that are there, "
                    "and leave the others, say --over."
                )

    async def _enabled(self, table: str) -> list[str]:
        rows = [row async for row in self._rows_of(table)]
        return [str(row["RowKey"]).removeprefix("s:") for row in rows if row.get("enabled") is True]

    async def _rows_of(self, table: str) -> AsyncIterator[dict[str, Any]]:
        rows, token = await self.storage.table(table).page()
        while True:
            for row in rows:
                yield row
            if not token:
                break
            rows, token = await self.storage.table(table).page(token)

    async def _holds_rows(self, table: str) -> bool:
        async for _ in self._rows_of(table):
            return True
        return False

    async def _content(self, part: Part) -> bytes:
        try:
            content = await self.container.get(part.name)
        except Missing:
            raise MalformedBackup(f"{part.name} is missing.") from None
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise MalformedBackup(f"{part.name} is not as it was written: its SHA-256 differs from the manifest's.")
        return content


async def _write(table: Table, rows: Sequence[Entity]) -> None:
    for pause in (*_PAUSES, None):
        try:
            await table.transact([upsert(row) for row in rows])
        except TooLarge:
            raise
        except StoreError:
            if pause is None:
                raise
            await asyncio.sleep(pause)
        else:
            return


async def _remove_owned(table: Table, row: Entity) -> None:
    """Delete a row that followed from one that was written over, unless it is somebody else's by now."""
    stored = await table.get(row["PartitionKey"], row["RowKey"])
    if stored is not None and stored.get("resource") == row.get("resource"):
        with contextlib.suppress(Missing, Changed):
            await table.transact([delete(row["PartitionKey"], row["RowKey"], stored.etag)])


def _lines(content: bytes) -> Iterator[bytes]:
    return (line for line in gzip.decompress(content).split(b"\n") if line)


def _restored(table: str, row: Stored, since: Since) -> Entity | None:
    """Return a row as it comes back, or ``None``: connections and sources disabled, people as is known by now."""
    if is_derived(table, row["RowKey"]):
        return None
    if table == DIRECTORY:
        return since.told(row)
    return {**row, "enabled": False} if table in {CONNECTIONS, SOURCES} and "enabled" in row else row


def _chunks(rows: Sequence[Entity]) -> Iterator[list[Entity]]:
    """Yield what one transaction may take, in order: rows of one partition, at most 100 and 4 MiB."""
    for _, group in groupby(rows, key=itemgetter("PartitionKey")):
        chunk: list[Entity] = []
        size = 0
        for row in group:
            length = check_entity(row)
            if chunk and (len(chunk) == MAX_OPERATIONS or size + length > MAX_TRANSACTION_BYTES // 2):
                yield chunk
                chunk, size = [], 0
            chunk.append(row)
            size += length
        yield chunk
