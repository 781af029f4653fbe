"""Pages of a search that sorts. Of what is sorted only the keys and ids are kept; the page alone is read again.

What matches has to be looked at whole, which is bounded. Names alone lie in order in the store: all users by userName,
or all groups by displayName, are read from there, a page by cursor at the price of that page.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from itertools import groupby
from typing import Any

from scim2_models import InvalidCursorException, SearchRequest

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.keys import kind_of
from provisioning.directory.resources import Resource as Stored
from provisioning.scim.presenting import Model
from provisioning.scim.search.finding import Finding, Found
from provisioning.scim.search.ordering import NAMES, Place, SortKey, encoded_name, is_name, name_key, sort_key
from provisioning.scim.search.work import Work


class Sorting:
    """The pages of one search."""

    def __init__(
        self, directory: Directory, finding: Finding, request: SearchRequest[Any], work: Work, *, by_name: bool
    ) -> None:
        self._directory = directory
        self._finding = finding
        self._request = request
        self._work = work
        self._by_name = by_name
        self._descending = request.sort_order == SearchRequest.SortOrder.descending

    async def by_index(self, start: int, count: int | None) -> Found:
        """Return the page that starts at an index from 0, and how many match. Raises ``TooMuchWork``."""
        end = None if count is None else start + count
        if self._by_name and self._finding.whole:
            return await self._names_by_index(start, end)
        keys = await self._keys()
        return Found(await self._load(keys[start:end]), len(keys))

    async def by_cursor(self, place: Place | None, count: int | None) -> Found:
        """Return the page at a place, the first one without. Raises ``TooMuchWork``."""
        if self._by_name and self._finding.whole:
            kind = self._finding.kinds[0]
            if count == 0:
                return Found(total=await self._directory.counts.of(kind))
            total, found = await asyncio.gather(self._directory.counts.of(kind), self._names_by_cursor(place, count))
            found.total = total
            return found
        keys = await self._keys()
        if count == 0:
            return Found(total=len(keys))
        start, end = self._span(keys, place, len(keys) if count is None else count)
        found = await self._cut(keys[start:end], before=start > 0, behind=end < len(keys))
        found.total = len(keys)
        return found

    async def _keys(self) -> list[SortKey]:
        keys = [self._key(stored, model) async for stored, model in self._finding.ascending() if model is not None]
        keys.sort(reverse=self._descending)
        return keys

    def _key(self, stored: Stored, model: Model) -> SortKey:
        if self._by_name:
            return name_key(encoded_name(str(stored.document.get(NAMES[stored.kind], ""))), stored.id)
        return sort_key(self._request.sort_value(model), stored.id)

    def _span(self, keys: list[SortKey], place: Place | None, count: int) -> tuple[int, int]:
        """Return which of the sorted keys the page at a place has."""
        if place is None or place.key is None:
            return 0, min(count, len(keys))
        anchor = place.key
        before = sum(key > anchor if self._descending else key < anchor for key in keys)
        if not place.forward:
            return max(0, before - count), before
        start = before + sum(key == anchor for key in keys)
        return start, min(start + count, len(keys))

    async def _cut(self, keys: list[SortKey], *, before: bool, behind: bool) -> Found:
        found = Found(await self._load(keys))
        if keys and behind:
            found.next = Place(forward=True, id=keys[-1].id, key=keys[-1])
        if keys and before:
            found.previous = Place(forward=False, id=keys[0].id, key=keys[0])
        return found

    async def _load(self, keys: list[SortKey]) -> list[Stored]:
        """Return the resources of a page in its order, without those that were deleted meanwhile."""
        kinds = groupby(sorted(keys, key=lambda key: key.id), key=lambda key: kind_of(key.id))
        loaded = [
            await self._finding.candidates.load(kind, [key.id for key in ofkind])
            for kind, ofkind in kinds
            if kind is not None
        ]
        by_id = {stored.id: stored for resources in loaded for stored in resources}
        return [by_id[key.id] for key in keys if key.id in by_id]

    async def _names_by_index(self, start: int, end: int | None) -> Found:
        kind = self._finding.kinds[0]
        total = await self._directory.counts.of(kind)
        first, last = start, total if end is None else min(end, total)
        if self._descending:
            first, last = total - last, total - first
        keys: list[SortKey] = []
        number = 0
        if first < last:
            async for key in self._names(kind):
                if number >= first:
                    keys.append(key)
                number += 1
                if number >= last and not (end is None and not self._descending):
                    break
        if self._descending:
            keys.reverse()
        return Found(await self._load(keys), total)

    async def _names_by_cursor(self, place: Place | None, count: int | None) -> Found:
        """Return a page of names. With the order of keys it is read alone, against it the keys before it are too."""
        kind = self._finding.kinds[0]
        anchor = str(place.key.value) if place is not None and place.key is not None else ""
        if not is_name(anchor):
            raise InvalidCursorException
        forward = place is None or place.forward
        wanted = None if count is None else count + 1
        if forward != self._descending:
            keys = []
            async for key in self._names(kind, behind=anchor):
                keys.append(key)
                if len(keys) == wanted:
                    break
        else:
            kept: deque[SortKey] = deque(maxlen=wanted)
            async for key in self._names(kind, before=anchor):
                kept.append(key)
            keys = list(kept)[::-1]
        more = wanted is not None and len(keys) == wanted
        keys = keys[:count]
        if forward:
            return await self._cut(keys, before=place is not None, behind=more)
        return await self._cut(keys[::-1], before=more, behind=True)

    async def _names(self, kind: ObjectKind, behind: str = "", before: str = "") -> AsyncIterator[SortKey]:
        async for encoded, resource_id in self._directory.streams.names(kind, behind, before):
            self._work.check_time()
            yield name_key(encoded, resource_id)
