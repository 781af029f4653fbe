"""Pages of a search without a sort. One by cursor costs what it holds, wherever it is."""

import asyncio
from collections.abc import AsyncIterator

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.resources import Resource as Stored
from provisioning.scim.presenting import Model
from provisioning.scim.search.finding import Finding, Found
from provisioning.scim.search.ordering import Place
from provisioning.scim.search.work import TooMuchWork, Work

_ALL = 10**9
"""A count for a search without one; the endpoint always has one."""


class Listing:
    """The pages of one search."""

    def __init__(self, directory: Directory, finding: Finding, work: Work) -> None:
        self._directory = directory
        self._finding = finding
        self._work = work

    async def by_index(self, start: int, count: int | None) -> Found:
        """Return the page that starts at an index from 0, and how many match. Raises ``TooMuchWork``.

        With a filter everything is looked at that may match. Without one only the keys before the page are: one round
        trip for 1,000.
        """
        count = _ALL if count is None else count
        if not self._finding.whole:
            return await self._counted(start, count)
        if start == 0 and count:
            totals, resources = await asyncio.gather(self._totals(), self._read(self._finding.kinds, count))
            return Found(resources, sum(totals))
        totals = await self._totals()
        found = Found(total=sum(totals))
        for number, (kind, total) in enumerate(zip(self._finding.kinds, totals, strict=True)):
            if start < total and count:
                behind = await self._id(kind, start - 1) if start else ""
                found.resources = await self._read(self._finding.kinds[number:], count, behind)
                break
            start -= total
        return found

    async def by_cursor(self, place: Place | None, count: int | None) -> Found:
        """Return the page at a place, the first one without. One that would be too much work ends early, and goes on.

        How many match is known without a filter, and where one page holds them all.
        """
        count = _ALL if count is None else count
        if not self._finding.whole:
            return await self._page(place, count)
        if count == 0:
            return Found(total=sum(await self._totals()))
        totals, found = await asyncio.gather(self._totals(), self._page(place, count))
        found.total = sum(totals)
        return found

    async def _totals(self) -> list[int]:
        return await asyncio.gather(*(self._directory.counts.of(kind) for kind in self._finding.kinds))

    async def _counted(self, start: int, count: int) -> Found:
        found, total = Found(), 0
        async for stored, _ in self._finding.ascending():
            if start <= total < start + count:
                found.resources.append(stored)
            total += 1
        found.total = total
        return found

    async def _id(self, kind: ObjectKind, index: int) -> str:
        """Return the id at an index from 0 in the order of ids; "~", behind all, where there are not so many."""
        number = 0
        async for each in self._directory.streams.ids(kind):
            if number == index:
                return each
            number += 1
            self._work.check_time()
        return "~"

    async def _read(self, kinds: list[ObjectKind], count: int, behind: str = "") -> list[Stored]:
        found: list[Stored] = []
        for kind in kinds:
            if len(found) == count:
                break
            async for stored in self._directory.scan(kind, behind, count - len(found)):
                found.append(stored)
                if len(found) == count:
                    break
            behind = ""
        return found

    async def _page(self, place: Place | None, count: int) -> Found:
        forward = place is None or place.forward
        page, more, stopped = await self._taken(self._matches(place, count + 1), count)
        if not forward:
            page.reverse()
        edge = self._finding.last if stopped else page[-1 if forward else 0].id if page and more else ""
        found = Found(page)
        if forward:
            found.next = Place(forward=True, id=edge) if edge else None
            found.previous = Place(forward=False, id=page[0].id) if page and place is not None else None
            found.total = len(page) if place is None and not edge and count else None
        else:
            found.previous = Place(forward=False, id=edge) if edge else None
            behind = page[-1].id if page else self._finding.last
            found.next = Place(forward=True, id=behind) if behind else None
        return found

    def _matches(self, place: Place | None, wanted: int) -> AsyncIterator[tuple[Stored, Model | None]]:
        if place is None:
            return self._finding.ascending(page=wanted)
        if place.forward:
            return self._finding.ascending(place.id, wanted)
        return self._finding.descending(place.id, wanted)

    @staticmethod
    async def _taken(
        matches: AsyncIterator[tuple[Stored, Model | None]], count: int
    ) -> tuple[list[Stored], bool, bool]:
        """Return up to ``count`` matches, whether there are more, and whether it was too much work to go on."""
        page: list[Stored] = []
        try:
            async for stored, _ in matches:
                if len(page) == count:
                    return page, True, False
                page.append(stored)
        except TooMuchWork:
            return page, False, True
        return page, False, False
