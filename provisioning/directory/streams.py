"""Streams of keys: ids and names in their order, and the ids that an index finds. Nothing here reads a document."""

from collections import deque
from collections.abc import AsyncIterator

from connectors.contract import ObjectKind
from provisioning.directory.index import NOT_LISTED, lookup_key, name_prefix, prefix_range
from provisioning.directory.indexing import DeclaredNow, Indexing
from provisioning.directory.outbox import PARTITIONS
from provisioning.storage.entities import after
from provisioning.storage.store import Table


class Streams:
    """Reads keys; one round trip for 1,000. ``indexing`` tells the declared attributes."""

    def __init__(self, table: Table, indexing: DeclaredNow) -> None:
        self._table = table
        self._indexing = indexing

    async def ids(self, kind: ObjectKind) -> AsyncIterator[str]:
        """Stream the ids of all resources in order."""
        async for row in self._table.scan(PARTITIONS[kind], "d:", after("d:"), select=["RowKey"]):
            yield row["RowKey"].removeprefix("d:")

    async def names(self, kind: ObjectKind, behind: str = "", before: str = "") -> AsyncIterator[tuple[str, str]]:
        """Stream (encoded name, id) in the order of names, behind and before encoded names that were seen.

        Every resource has one: ``userName``, a group's ``displayName``.
        """
        prefix = name_prefix(kind)
        first = f"{prefix}{behind}\x20" if behind else prefix
        last = f"{prefix}{before}" if before else after(prefix)
        async for row in self._table.scan(PARTITIONS[kind], first, last, select=["RowKey", "resource"]):
            yield row["RowKey"].removeprefix(prefix), row["resource"]

    async def with_value(
        self, kind: ObjectKind, attribute: str, value: str, source: str, behind: str = ""
    ) -> AsyncIterator[str]:
        """Stream the ids of the resources with a value of an indexed attribute, in order, behind an id.

        Of a declared attribute of several values also those that have too many values to be listed by each: one more
        round trip, and whoever asks compares.
        """
        indexing = await self._indexing()
        key, unique = lookup_key(kind, attribute, value, source, indexing)
        if unique:
            row = await self._table.get(PARTITIONS[kind], key)
            if row is not None and row["resource"] > behind:
                yield row["resource"]
            return
        unlisted = await self._unlisted(kind, attribute, indexing, behind)
        first = f"{key}{behind}\x20" if behind else key
        async for row in self._table.scan(PARTITIONS[kind], first, after(key), select=["resource"]):
            while unlisted and unlisted[0] < row["resource"]:
                yield unlisted.popleft()
            if not unlisted or unlisted[0] != row["resource"]:
                yield row["resource"]
        for each in unlisted:
            yield each

    async def _unlisted(self, kind: ObjectKind, attribute: str, indexing: Indexing, behind: str = "") -> deque[str]:
        declared = indexing.named(kind, attribute)
        if declared is None or not declared.multi:
            return deque()
        first = f"{NOT_LISTED}{behind}\x20" if behind else NOT_LISTED
        rows = self._table.scan(PARTITIONS[kind], first, after(NOT_LISTED), select=["resource"])
        return deque([row["resource"] async for row in rows])

    async def with_beginning(self, kind: ObjectKind, attribute: str, beginning: str, source: str) -> AsyncIterator[str]:
        """Stream the ids of the resources with a value that begins so, in the order of values.

        Of a beginning of more than 100 characters the first 100 are looked for, because keys have no more of a long
        value: more may be found than was asked for.
        """
        indexing = await self._indexing()
        if declared := indexing.named(kind, attribute):
            first = declared.beginning(beginning)
            last = after(first)
        else:
            first, last = prefix_range(attribute, beginning, source)
        for each in await self._unlisted(kind, attribute, indexing):
            yield each
        async for row in self._table.scan(PARTITIONS[kind], first, last, select=["resource"]):
            yield row["resource"]
