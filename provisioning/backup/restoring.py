"""Brings tables back from a backup: checked before the first row is written, and never over what is there unasked.

What a backup holds is older than what is. A person who has left since is active in it: with connections enabled, the
next jobs would switch the account on again. So the directory and the links are restored only while every connection is
disabled, and restored connections come back disabled.
"""

import asyncio
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from provisioning.backup.runs import MANIFEST, MalformedBackup, Manifest, Part, whole
from provisioning.storage import edm
from provisioning.storage.blobs import Container
from provisioning.storage.entities import MAX_OPERATIONS, MAX_TRANSACTION_BYTES, Entity, Missing, check_entity, upsert
from provisioning.storage.store import Storage, Table

CONNECTIONS = "connections"
LIVE = frozenset({"directory", "links"})
"""The tables that jobs act on."""
_AT_ONCE = 8

type Progress = Callable[[str, int, int], None]
"""Is told the table, how many rows are written, and how many there are."""


class RefusedToRestore(Exception):
    """Restoring now would do harm; the text says what to do first."""


@dataclass(frozen=True, slots=True)
class Restore:
    """Reads backups and writes them back."""

    storage: Storage
    container: Container

    async def runs(self) -> list[Manifest]:
        """Return the whole backups, newest first."""
        names = [blob.name async for blob in self.container.list()]
        return [await self.manifest(run) for run in whole(names)]

    async def manifest(self, run: str) -> Manifest:
        """Return the manifest of a run, the newest for "latest". Raises ``MalformedBackup`` where there is none."""
        if run == "latest":
            found = whole([blob.name async for blob in self.container.list()])
            if not found:
                raise MalformedBackup("There is no backup yet. The timer 'backup' writes one every night.")
            run = found[0]
        try:
            return Manifest.parse(await self.container.get(f"{run}/{MANIFEST}"))
        except Missing:
            raise MalformedBackup(
                f"There is no whole backup '{run[:40]}'; `list` shows those that there are."
            ) from None

    async def check(self, manifest: Manifest, tables: Sequence[str]) -> None:
        """Read every part of the tables. Raises ``MalformedBackup`` for one that is missing or damaged."""
        for table in tables:
            for part in manifest.of(table):
                rows = sum(1 for _ in _lines(await self._content(part)))
                if rows != part.rows:
                    raise MalformedBackup(f"{part.name} has {rows} rows and should have {part.rows}.")

    async def restore(self, manifest: Manifest, tables: Sequence[str], *, over: bool, progress: Progress) -> None:
        """Write the rows of tables back. ``over``: into tables that hold rows; those not in the backup stay.

        Raises ``RefusedToRestore`` before anything is written. Cut off, it can be done again with ``over``.
        """
        await self.check(manifest, tables)
        await self._refuse(tables, over=over)
        for table in tables:
            written, total = 0, manifest.rows(table)
            target = self.storage.table(table)
            async for rows in self._transactions(manifest.of(table), table):
                await asyncio.gather(*(_write(target, each) for each in rows))
                written += sum(len(each) for each in rows)
                progress(table, written, total)

    async def _refuse(self, tables: Sequence[str], *, over: bool) -> None:
        await self.storage.ensure([CONNECTIONS, *tables], ())
        if LIVE & set(tables) and (enabled := await self._enabled()):
            raise RefusedToRestore(
                f"These connections are enabled: {', '.join(enabled)}. The backup is older than the accounts behind "
                "them, and jobs would bring these back to it, leavers too. Disable every connection first."
            )
        for table in tables:
            if not over and await self._holds_rows(table):
                raise RefusedToRestore(
                    f"The table {table} is not empty. To write the rows of the backup over those that are there, "
                    "and leave the others, say --over."
                )

    async def _enabled(self) -> list[str]:
        rows = [row async for row in self._rows_of(CONNECTIONS)]
        return [str(row["RowKey"]) for row in rows if row.get("enabled") is True]

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

    async def _transactions(self, parts: Sequence[Part], table: str) -> AsyncIterator[list[list[Entity]]]:
        for part in parts:
            rows = [_restored(table, edm.read(json.loads(line))) for line in _lines(await self._content(part))]
            waiting = list(_chunks(rows))
            for start in range(0, len(waiting), _AT_ONCE):
                yield waiting[start : start + _AT_ONCE]


async def _write(table: Table, rows: Sequence[Entity]) -> None:
    await table.transact([upsert(row) for row in rows])


def _lines(content: bytes) -> Iterator[bytes]:
    return (line for line in gzip.decompress(content).split(b"\n") if line)


def _restored(table: str, row: Entity) -> Entity:
    """Return a row as it comes back: a connection is disabled, whatever it was."""
    return {**row, "enabled": False} if table == CONNECTIONS and "enabled" in row else row


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
