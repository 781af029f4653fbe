"""Writes a backup, a part at a time, so that no step is long; each step may be done twice.

A part, once written, stays: whoever comes to it a second time reads beside it where to go on. So a step that was cut
off, or a message that came twice, ends in the same files.
"""

import asyncio
import gzip
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from provisioning.backup.runs import MANIFEST, MalformedBackup, Manifest, Part, Position, begun, run_name
from provisioning.storage.blobs import Container
from provisioning.storage.entities import Exists
from provisioning.storage.store import Storage
from provisioning.telemetry.catalogue import BACKUPS
from provisioning.telemetry.metrics import record
from provisioning.version import VERSION

PAGES = 20
"""Of 1,000 rows each, in one part: some seconds of work and some MiB."""

END = "end"
"""Stands beside the last part of a run, where the others have the next position."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Backup:
    """Saves tables, in the order given, and removes runs that are older than ``kept``; ``None`` keeps them all.

    A run takes a while and the hub goes on: each row is as it was at some moment of the run. With the links saved
    before the directory, what is restored is at worst behind, and a converge job tells.
    """

    storage: Storage
    container: Container
    tables: Sequence[str]
    kept: timedelta | None
    pages: int = PAGES

    def begin(self) -> Position:
        """Return where a new run begins."""
        return Position(run_name(datetime.now(UTC)), self.tables[0])

    async def step(self, at: Position) -> Position | None:
        """Write one part; return where to go on, or ``None`` after the last, when the run is whole."""
        if at.table not in self.tables:
            raise MalformedBackup(f"The hub has no table '{at.table}'.")
        if at.part == 0 and at.table == self.tables[0]:
            await self.container.ensure()
        lines, token = [], at.token
        for _ in range(self.pages):
            rows, token = await self.storage.table(at.table).page(token)
            # ASCII: a lone surrogate, which JSON can hold, has no other encoding.
            lines += [json.dumps(row, separators=(",", ":")) for row in rows]
            if not token:
                break
        content = await asyncio.to_thread(_packed, lines)  # seconds, in which other jobs go on
        following = self._following(at, token)
        noted = {"rows": str(len(lines)), "sha256": hashlib.sha256(content).hexdigest(), "next": str(following or END)}
        try:
            await self.container.put(at.blob, content, noted)
        except Exists:
            before = (await self.container.metadata(at.blob))["next"]
            following = None if before == END else Position.parse(before)
        if following is None:
            await self._finish(at.run)
        return following

    def _following(self, at: Position, token: str) -> Position | None:
        if token:
            return replace(at, part=at.part + 1, token=token)
        left = self.tables[self.tables.index(at.table) + 1 :]
        return Position(at.run, left[0]) if left else None

    async def _finish(self, run: str) -> None:
        parts = [
            Part(blob.name, int(blob.metadata["rows"]), blob.metadata["sha256"])
            async for blob in self.container.list(f"{run}/")
            if not blob.name.endswith(MANIFEST)
        ]
        manifest = Manifest(run, VERSION, tuple(self.tables), tuple(parts))
        try:
            await self.container.put(f"{run}/{MANIFEST}", manifest.text(), {})
        except Exists:
            return
        record(BACKUPS)
        log.info("backup %s is whole: %d rows in %d parts", run, sum(part.rows for part in parts), len(parts))
        if self.kept is not None:
            await self._expire(run, datetime.now(UTC) - self.kept)

    async def _expire(self, newest: str, end: datetime) -> None:
        """Remove runs that began before ``end``, half ones too; never the one that was just finished."""
        async for blob in self.container.list():
            run = blob.name.partition("/")[0]
            try:
                old = run != newest and begun(run) < end
            except MalformedBackup:
                continue  # not ours: somebody's own file
            if old:
                await self.container.delete(blob.name)


def _packed(lines: Sequence[str]) -> bytes:
    return gzip.compress("".join(f"{line}\n" for line in lines).encode("ascii"), compresslevel=6, mtime=0)
