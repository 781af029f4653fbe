"""Searches the directory: which resources a SCIM search finds, in which order, and how much of them is shown.

``groups`` of a user is read-only and not stored; it is loaded only for a request that names it in ``attributes``,
because a read by id costs one round trip. ``members`` of a group is loaded unless the request leaves it out.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from scim2_models import ResponseParameters, SearchRequest, TooManyException
from scim2_server.storage import SearchPage

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.index import is_indexed
from provisioning.directory.keys import kind_of
from provisioning.directory.resources import Resource as Stored
from provisioning.directory.resources import ResourceMissing
from provisioning.scim.presenting import Model, Presenting
from provisioning.scim.published import Published
from provisioning.scim.questions import Question, Relations, best_question, relations

MOST_WORK = 50_000
"""How many resources a filter that no index answers may be tried on before the answer is ``tooMany``."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the attributes that are not in the document a response keeps."""

    members: bool = True
    groups: bool = False

    @classmethod
    def by(cls, parameters: ResponseParameters[Any] | None) -> "Wanted":
        """Read ``attributes`` and ``excludedAttributes``."""
        if parameters is None:
            return cls()
        if parameters.attributes:
            return cls(_names(parameters.attributes, "members"), _names(parameters.attributes, "groups"))
        return cls(members=not _names(parameters.excluded_attributes or (), "members", whole=True))


class Search:
    """Searches the directory for one source, and shows what was found."""

    def __init__(self, directory: Directory, published: Published, source: str, most_work: int = MOST_WORK) -> None:
        self._directory = directory
        self._presenting = Presenting(published.provider)
        self._shapes = published.shapes
        self._source = source
        self._most_work = most_work

    async def page(self, kinds: Sequence[ObjectKind], request: SearchRequest[Any]) -> SearchPage:
        """Return a page. An indexed ``eq`` costs two round trips; what no index answers is tried one by one."""
        wanted = Wanted.by(request)
        start, count = request.start_index_0 or 0, request.count
        if request.filter is None and request.sort_by is None and len(kinds) == 1:
            return await self._everything(kinds[0], start, count, wanted)
        found = [match for kind in kinds async for match in self._matching(kind, request)]
        keyed = sorted(((_sort_key(request, model), stored) for stored, model in found), key=lambda pair: pair[0])
        if request.sort_order == SearchRequest.SortOrder.descending and request.sort_by is not None:
            keyed.reverse()
        shown = [stored for _, stored in keyed][start : None if count is None else start + count]
        return SearchPage(len(found), [await self.shown(stored, wanted) for stored in shown])

    async def _everything(self, kind: ObjectKind, start: int, count: int | None, wanted: Wanted) -> SearchPage:
        """Return a page of everything in the order of ids: the keys are counted, the page alone is read."""
        ids = [each async for each in self._directory.ids(kind)]
        behind = ids[start - 1] if 0 < start <= len(ids) else ""
        stored: list[Stored] = []
        if start < len(ids) and count != 0:
            async for each in self._directory.scan(kind, behind, page=count):
                stored.append(each)
                if count is not None and len(stored) == count:
                    break
        return SearchPage(len(ids), [await self.shown(each, wanted) for each in stored])

    async def _matching(self, kind: ObjectKind, request: SearchRequest[Any]) -> AsyncIterator[tuple[Stored, Model]]:
        if request.filter is None:
            async for stored in self._directory.scan(kind):
                yield stored, self._presenting.present(stored)
            return
        node = request.filter.ast
        shape = self._shapes[kind.value]
        question, asked = best_question(kind, shape, node), relations(kind, shape, node)
        candidates = self._directory.scan(kind) if question is None else self._answer(kind, question)
        tried = 0
        async for stored in candidates:
            tried += 1
            if tried > self._most_work:
                raise TooManyException(
                    detail=f"The filter would have to be tried on more than {self._most_work} resources. "
                    "Ask for an indexed attribute with eq: userName, externalId, displayName, emails."
                )
            model = await self._with_relations(stored, asked)
            if request.filter.match(model):
                yield stored, model

    async def _answer(self, kind: ObjectKind, question: Question) -> AsyncIterator[Stored]:
        """Yield the resources that an index finds for a question."""
        if is_indexed(kind, question.attribute):
            for stored in await self._directory.find(kind, question.attribute, question.value, self._source):
                yield stored
            return
        memberships = self._directory.memberships
        if question.attribute == "id":
            ids = [question.value]
        elif kind is ObjectKind.GROUP:
            ids = [each async for each in memberships.groups_of(question.value)]
        else:
            ids = [each async for each in memberships.members(question.value) if kind_of(each) is kind]
        for each in ids:
            try:
                yield await self._directory.get(kind, each)
            except ResourceMissing:
                continue

    async def _with_relations(self, stored: Stored, asked: Relations) -> Model:
        """Return a candidate with as much of its memberships as the filter asks about."""
        memberships = self._directory.memberships
        if asked.whole:
            return await self.shown(stored, Wanted(members=True, groups=True))
        group = stored.kind is ObjectKind.GROUP
        pairs = [(stored.id, each) if group else (each, stored.id) for each in sorted(asked.ids)]
        related = [pair for pair in pairs if await memberships.contains(*pair)]
        if group:
            return self._presenting.present(stored, members=[member for _, member in related])
        return self._presenting.present(stored, groups=[each for each, _ in related])

    async def shown(self, stored: Stored, wanted: Wanted) -> Model:
        """Return a stored resource with as much of its memberships as is wanted."""
        memberships = self._directory.memberships
        if stored.kind is ObjectKind.GROUP and wanted.members:
            return self._presenting.present(stored, members=[each async for each in memberships.members(stored.id)])
        if stored.kind is ObjectKind.USER and wanted.groups:
            return self._presenting.present(stored, groups=[each async for each in memberships.groups_of(stored.id)])
        return self._presenting.present(stored)


def _names(paths: Any, name: str, *, whole: bool = False) -> bool:
    """Tell whether a list of paths names an attribute, or (unless ``whole``) a part of it."""
    names = [str(path).rpartition(":")[2].lower() for path in paths]
    return any(each == name or (not whole and each.startswith(f"{name}.")) for each in names)


def _sort_key(request: SearchRequest[Any], model: Model) -> tuple[bool, Any, str]:
    """Return what orders a resource: its sort value, missing ones last, then its id."""
    value = request.sort_value(model)
    return value is None, "" if value is None else value, str(model.id)
