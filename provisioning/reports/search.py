"""Searches the report: by person or group, by connection, by timespan; newest first, a page at a time.

A search reads only what it returns: each partition is read by a key range that is already in the order of the answer,
and the partitions are merged. Connections are few.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisioning.directory.keys import encode
from provisioning.reports.entries import Entry
from provisioning.storage.entities import Entity, after, delete, descending
from provisioning.storage.store import Table

MOST = 200


@dataclass(frozen=True, slots=True)
class Found:
    """One page of entries, newest first. ``cursor`` gives the next page; empty on the last one."""

    entries: tuple[Entry, ...]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Reports:
    """The report. ``partitions`` names every connection that ever reported, ``ids_of_name`` who has or had a name."""

    table: Table
    partitions: Callable[[], Awaitable[Sequence[str]]]
    ids_of_name: Callable[[str], Awaitable[Sequence[str]]]

    async def search(
        self,
        *,
        person: str = "",
        connection: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str = "",
        limit: int = 50,
    ) -> Found:
        """Return a page of entries. ``person``: a resource id, or a userName or group name, current or former."""
        limit = max(1, min(limit, MOST))
        prefixes = ["e:t:"]
        if person:
            ids = dict.fromkeys([person, *await self.ids_of_name(person)])
            prefixes = [f"e:p:{encode(each)}:" for each in ids]
        partitions = [connection] if connection else list(await self.partitions())
        newest = cursor + "\x20" if cursor else (descending(until) if until else "")
        oldest = descending(since - timedelta(microseconds=1)) if since else ""
        pages = await asyncio.gather(
            *(
                self.table.query(
                    partition, prefix + newest, prefix + oldest if oldest else after(prefix), limit=limit + 1
                )
                for partition in partitions
                for prefix in prefixes
            )
        )
        keyed = [[(_stamp(row), row) for row in page] for page in pages]
        merged: list[tuple[str, Entity]] = []
        for stamp, row in heapq.merge(*keyed, key=lambda pair: pair[0]):
            if not merged or merged[-1][0] != stamp:
                merged.append((stamp, row))
            if len(merged) > limit:
                break
        shown = merged[:limit]
        more = len(merged) > limit
        return Found(tuple(Entry.of(row) for _, row in shown), shown[-1][0] if more else "")

    async def expire(self, keep: timedelta) -> int:
        """Remove entries older than ``keep``; returns how many rows went. One round trip for each 100."""
        limit = descending(datetime.now(UTC) - keep)
        removed = 0
        for partition in await self.partitions():
            async for keys in self._old(partition, limit):
                await self.table.transact([delete(partition, key) for key in keys])
                removed += len(keys)
        return removed

    async def _old(self, partition: str, limit: str) -> AsyncIterator[list[str]]:
        """Yield row keys of old entries, at most 100 at a time; each entry's rows stay together."""
        first = f"e:t:{limit}"
        while rows := await self.table.query(partition, first, after("e:t:"), limit=33):
            keys: list[str] = []
            for row in rows:
                entry, stamp = Entry.of(row), _stamp(row)
                people = dict.fromkeys((entry.resource_id, entry.member_id))
                keys += [row["RowKey"], *(f"e:p:{encode(person)}:{stamp}" for person in people if person)]
            yield keys


def _stamp(row: Entity) -> str:
    return ":".join(row["RowKey"].rsplit(":", 2)[-2:])
