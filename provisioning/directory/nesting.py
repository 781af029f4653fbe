"""Groups in groups: who is above, who is below, and that no group comes to contain itself.

Every walk goes level by level over the rows of memberships, remembers whom it has seen (a circle that stands already
ends it too) and is bounded. A group that was deleted counts until the outbox has removed its rows, seconds later.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from itertools import batched

from provisioning.directory.keys import encode
from provisioning.directory.resources import DirectoryError
from provisioning.storage.entities import Operation, after, etag_of, insert, replace
from provisioning.storage.store import Table

MOST_GROUPS = 10_000
"""How many groups a walk may find."""

PARTITION = "groups"
_ROW = "nesting"
_AT_ONCE = 50


type Known = dict[str, list[str]]
"""The groups that somebody is directly in, as far as they have been read."""


class Circle(DirectoryError):
    """A group would contain itself."""


class TooManyGroups(DirectoryError):
    """More groups are above or below a resource than a walk may find."""


class Nesting:
    """Walks groups in groups, and guards against circles."""

    def __init__(self, table: Table, most_groups: int = MOST_GROUPS) -> None:
        self._table = table
        self._most_groups = most_groups

    async def above(self, member_id: str, known: Known | None = None) -> AsyncIterator[tuple[str, bool]]:
        """Stream the groups that somebody is in, once each: the id, and whether directly. Raises ``TooManyGroups``.

        One round trip for the direct groups and one for each of them, those of a level at the same time. ``known`` is
        kept between the walks of one request, so that a group that many are in is asked once.
        """
        asked: Known = {} if known is None else known

        async def parents(each: str) -> list[str]:
            if each not in asked:
                asked[each] = await self._parents(each)
            return asked[each]

        async for found in self._walk(member_id, parents):
            yield found

    async def below(self, group_id: str) -> AsyncIterator[str]:
        """Stream the groups that are in a group, directly or through others. Raises ``TooManyGroups``."""
        async for found, _ in self._walk(group_id, self._children):
            yield found

    async def guard(self, group_id: str, added: Iterable[str]) -> list[Operation]:
        """Return what a transaction that puts groups into a group needs in it; empty where none are put in.

        Raises ``Circle``. All such transactions replace one row, on the ETag that it had before the walk: of two that
        are made at once, and could close a circle together, the later one fails with ``Changed`` (or ``Exists``, for
        the first ever) and walks again.
        """
        groups = set(added)
        if not groups:
            return []
        row = await self._table.get(PARTITION, _ROW)
        refused = groups & {group_id, *[each async for each, _ in self.above(group_id)]}
        if refused:
            raise Circle(
                f"Group {min(refused)} cannot be a member of group {group_id}: "
                "it would contain itself, directly or through other groups."
            )
        entity = {"PartitionKey": PARTITION, "RowKey": _ROW}
        return [insert(entity) if row is None else replace(entity, etag_of(row))]

    async def _walk(self, start: str, step: Callable[[str], Awaitable[list[str]]]) -> AsyncIterator[tuple[str, bool]]:
        seen, level, direct = {start}, [start], True
        while level:
            following: list[str] = []
            for batch in batched(level, _AT_ONCE, strict=False):
                for found in await asyncio.gather(*(step(each) for each in batch)):
                    fresh = [each for each in found if each not in seen]
                    seen.update(fresh)
                    if len(seen) - 1 > self._most_groups:
                        raise TooManyGroups(f"More than {self._most_groups} groups are nested around {start}.")
                    following += fresh
                    for each in fresh:
                        yield each, direct
            level, direct = following, False

    async def _parents(self, member_id: str) -> list[str]:
        prefix = f"r:{encode(member_id)}:"
        rows = self._table.scan(PARTITION, prefix, after(prefix), select=["RowKey"])
        return [row["RowKey"].rpartition(":")[2] async for row in rows]

    async def _children(self, group_id: str) -> list[str]:
        prefix = f"m:{group_id}:g-"
        return [row["member"] async for row in self._table.scan(PARTITION, prefix, after(prefix), select=["member"])]
