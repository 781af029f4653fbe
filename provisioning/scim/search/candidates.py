"""The resources that a plan finds, in the order of their ids, from any place in it and in both directions."""

import asyncio
import heapq
import re
from collections.abc import AsyncIterator, Sequence
from itertools import batched

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.keys import encode, kind_of
from provisioning.directory.resources import Resource as Stored
from provisioning.directory.resources import ResourceMissing
from provisioning.scim.search.questions import Plan, Question
from provisioning.scim.search.work import TooMuchWork, Work

AT_ONCE = 50
"""How many resources are read by their ids at the same time."""

_DIGITS = 32
_ID_SPACE = 16**_DIGITS
"""Ids are random (``keys.new_id``): so many there can be, and they lie evenly."""

_HEX = re.compile("[0-9a-f]+")


class Candidates:
    """Streams what a plan finds for one search of one source."""

    def __init__(self, directory: Directory, source: str, work: Work) -> None:
        self._directory = directory
        self._source = source
        self._work = work

    def ascending(self, kind: ObjectKind, plan: Plan, behind: str = "", page: int = 1000) -> AsyncIterator[Stored]:
        """Stream what a plan finds behind an id; a scan reads ``page`` at a time, and about so many are wanted."""
        if plan.questions is None:
            return self._directory.scan(kind, behind, page, first=plan.first, last=plan.last, where=plan.where)
        return self._read(kind, self._ids(kind, plan, behind), page)

    def descending(self, kind: ObjectKind, plan: Plan, before: str = "", page: int = 1000) -> AsyncIterator[Stored]:
        """Stream what a plan finds before an id, the last first."""
        if plan.questions is None:
            return self._backwards(kind, plan, before, page)
        return self._read(kind, self._ids_backwards(kind, plan, before), page)

    async def load(self, kind: ObjectKind, ids: Sequence[str]) -> list[Stored]:
        """Return resources by id, up to 50 side by side, without those that are gone."""
        found: list[Stored] = []
        for chunk in batched(ids, AT_ONCE, strict=False):
            read = await asyncio.gather(*(self._get(kind, each) for each in chunk))
            found += [each for each in read if each is not None]
        return found

    async def _get(self, kind: ObjectKind, resource_id: str) -> Stored | None:
        try:
            return await self._directory.get(kind, resource_id)
        except ResourceMissing:
            return None

    async def _read(self, kind: ObjectKind, ids: AsyncIterator[str], page: int) -> AsyncIterator[Stored]:
        batch: list[str] = []
        async for each in ids:
            batch.append(each)
            if len(batch) == min(AT_ONCE, page):
                for stored in await self.load(kind, batch):
                    yield stored
                batch = []
        for stored in await self.load(kind, batch):
            yield stored

    async def _backwards(self, kind: ObjectKind, plan: Plan, before: str, page: int) -> AsyncIterator[Stored]:
        """Stream a scan backwards, which storage does not do: range by range, each as wide as to hold about a page."""
        prefix, end = _prefix(kind), _ID_SPACE
        if before:
            end = _number(before, prefix) + 1
        width = _ID_SPACE * page // max(1, await self._directory.counts.of(kind)) + 1
        last = min(plan.last or before, before or plan.last)
        while end > 0:
            end = max(0, end - width)
            first = f"{prefix}{end:0{_DIGITS}x}" if end else ""
            found = [
                stored
                async for stored in self._directory.scan(
                    kind, first=max(first, plan.first), last=last, where=plan.where
                )
            ]
            for stored in reversed(found):
                yield stored
            if not found:
                width *= 2
                self._work.check_time()
            if first <= plan.first:
                return
            last = first

    def _ids(self, kind: ObjectKind, plan: Plan, behind: str) -> AsyncIterator[str]:
        streams = [self._answer(kind, question, behind) for question in plan.questions or ()]
        return _within(merged(streams), plan)

    async def _ids_backwards(self, kind: ObjectKind, plan: Plan, before: str) -> AsyncIterator[str]:
        found: list[str] = []
        async for each in self._ids(kind, plan, ""):
            if before and each >= before:
                break
            found.append(each)
            self._bound(found)
        for each in reversed(found):
            yield each

    async def _answer(self, kind: ObjectKind, question: Question, behind: str) -> AsyncIterator[str]:
        """Stream the ids behind an id that answer one question, in order."""
        ids: AsyncIterator[str]
        if question.attribute == "id":
            if question.value > behind:
                yield question.value
            return
        if question.attribute == "relation":
            ids = self._related(kind, question.value, behind)
        elif question.prefix:
            ids = self._beginning(kind, question, behind)
        else:
            ids = self._directory.streams.with_value(kind, question.attribute, question.value, self._source, behind)
        async for each in ids:
            yield each

    async def _related(self, kind: ObjectKind, other: str, behind: str) -> AsyncIterator[str]:
        """Stream the groups that a member is directly in, or the users that are in a group, also through others."""
        memberships = self._directory.memberships
        if kind is ObjectKind.GROUP:
            async for group in memberships.groups_of(other, behind):
                yield group
            return
        within = [other, *[each async for each in memberships.nested_groups(other)]]
        async for user in merged([self._users(each, behind) for each in within]):
            yield user

    async def _users(self, group_id: str, behind: str) -> AsyncIterator[str]:
        """Stream the users among a group's direct members, which lie together."""
        async for member in self._directory.memberships.members(group_id, max(behind, "u-")):
            if kind_of(member) is not ObjectKind.USER:
                return
            if encode(member) == member:  # or else it is no id of the hub, and out of order
                yield member

    async def _beginning(self, kind: ObjectKind, question: Question, behind: str) -> AsyncIterator[str]:
        """Stream what has a value that begins so; these come in the order of values, so they are sorted here."""
        found: set[str] = set()
        async for each in self._directory.streams.with_beginning(
            kind, question.attribute, question.value, self._source
        ):
            found.add(each)
            self._bound(found)
        for each in sorted(found):
            if each > behind:
                yield each

    def _bound(self, found: Sequence[str] | set[str]) -> None:
        self._work.check_time()
        if len(found) > self._work.most:
            raise TooMuchWork


async def merged(streams: Sequence[AsyncIterator[str]]) -> AsyncIterator[str]:
    """Merge streams that are in order, each value once. The first values are asked for side by side."""
    firsts = await asyncio.gather(*(anext(stream, None) for stream in streams))
    heap = [(value, number) for number, value in enumerate(firsts) if value is not None]
    heapq.heapify(heap)
    last = None
    while heap:
        value, number = heap[0]
        if value != last:
            yield value
        last = value
        following = await anext(streams[number], None)
        if following is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (following, number))


async def _within(ids: AsyncIterator[str], plan: Plan) -> AsyncIterator[str]:
    async for each in ids:
        if plan.last and each >= plan.last:
            return
        if each >= plan.first:
            yield each


def _prefix(kind: ObjectKind) -> str:
    return "u-" if kind is ObjectKind.USER else "g-"


def _number(resource_id: str, prefix: str) -> int:
    digits = resource_id.removeprefix(prefix)[:_DIGITS].ljust(_DIGITS, "0")
    return int(digits, 16) if _HEX.fullmatch(digits) else _ID_SPACE
