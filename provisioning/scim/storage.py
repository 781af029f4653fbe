"""The hub's directory as scim2-server's storage: what the protocol asks, answered at the price of the directory.

``groups`` of a user is read-only and not stored; it is loaded only for a request that names it in ``attributes``,
because a read by id costs one round trip. ``members`` of a group is loaded unless the request leaves it out.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from scim2_models import (
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimProvider,
    SearchRequest,
    TooManyException,
    UniquenessException,
)
from scim2_server.conditions import Conditions
from scim2_server.storage import AsyncScimStorage, SearchPage

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.index import is_indexed
from provisioning.directory.keys import kind_of
from provisioning.directory.resources import Resource as Stored
from provisioning.directory.resources import ResourceChanged, ResourceMissing, Taken
from provisioning.scim.caller import caller
from provisioning.scim.membership import member_ids
from provisioning.scim.presenting import Model, Presenting, kind_of_type, version_of
from provisioning.scim.questions import Question, Relations, best_question, relations

MOST_WORK = 50_000
"""How many resources a filter that no index answers may be tried on before the answer is ``tooMany``."""
TRIES = 8


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


class DirectoryStorage(AsyncScimStorage):
    """Serves one provider's resource types from a directory."""

    supports_cursors = False

    def __init__(self, directory: Directory, provider: ScimProvider, most_work: int = MOST_WORK) -> None:
        self._directory = directory
        self._presenting = Presenting(provider)
        self._most_work = most_work

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Model:
        """Return a resource; one round trip, and one for each 1,000 of its members."""
        stored = await self._stored(kind_of_type(resource_type), resource_id)
        return await self._shown(stored, Wanted.by(response_parameters))

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Model:
        """Store a new resource, for a group with its members; two round trips."""
        kind = kind_of_type(resource_type)
        members = _members(resource) if kind is ObjectKind.GROUP else []
        try:
            stored = await self._directory.create(kind, self._presenting.document(resource), caller.get(), members)
        except Taken as taken:
            raise _not_unique(taken) from taken
        return self._presenting.present(stored, members)

    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Model:
        """Store the whole new state of a resource; a group's members by the difference.

        A PUT of a group without ``members`` leaves them, one with an empty list takes everybody out: RFC 7644 3.5.1
        lets the service choose what becomes of an attribute that is not sent, and here the other choice loses people.
        """
        kind, resource_id = kind_of_type(resource_type), str(resource.id)
        document = self._presenting.document(resource)

        def replaced(_: Stored) -> dict[str, Any]:
            return document

        stored = await self._change(kind, resource_id, replaced, expected_version)
        if kind is not ObjectKind.GROUP:
            return self._presenting.present(stored)
        if getattr(resource, "members", None) is not None:
            await self.set_members(resource_id, _members(resource))
        return await self.get(resource_type, resource_id)

    async def patch(
        self,
        resource_type: ResourceType,
        resource_id: str,
        apply: Callable[[Model], Model | None],
        expected_version: str | None = None,
    ) -> Model:
        """Store what ``apply`` makes of a resource without its members; three round trips.

        ``apply`` returns ``None`` when it changes nothing. It is asked again when somebody else was faster, unless the
        client named the version that it has seen.
        """
        kind = kind_of_type(resource_type)

        def patched(stored: Stored) -> dict[str, Any] | None:
            model = apply(self._presenting.present(stored))
            return None if model is None else self._presenting.document(model)

        stored = await self._change(kind, resource_id, patched, expected_version)
        return self._presenting.present(stored)

    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Delete a resource; three round trips. Its memberships follow by the outbox."""
        kind = kind_of_type(resource_type)
        for _ in range(TRIES):
            stored = await self._stored(kind, resource_id)
            _expect(stored, expected_version)
            try:
                await self._directory.delete(stored)
            except ResourceChanged:
                continue
            except ResourceMissing as missing:
                raise _not_found(kind) from missing
            return
        raise ResourceChanged("The resource is being changed all the time.")

    async def change_members(
        self, group_id: str, add: tuple[str, ...], remove: tuple[str, ...], expected_version: str | None = None
    ) -> None:
        """Put members in and take members out; two round trips for up to 49, and no list is loaded."""
        etag = None
        if expected_version is not None:
            stored = await self._stored(ObjectKind.GROUP, group_id)
            _expect(stored, expected_version)
            etag = stored.etag
        try:
            await self._directory.change_members(group_id, add=add, remove=remove, etag=etag)
        except ResourceMissing as missing:
            raise _not_found(ObjectKind.GROUP) from missing
        except ResourceChanged as changed:
            raise PreconditionFailedException from changed

    async def expect(self, resource_type: ResourceType, resource_id: str, version: str | None) -> None:
        """Raise where the resource does not exist, or is not of the version that the client has seen."""
        _expect(await self._stored(kind_of_type(resource_type), resource_id), version)

    async def set_members(self, group_id: str, wanted: list[str]) -> None:
        """Make a group's members these and no others, by the difference."""
        present = {member async for member in self._directory.memberships.members(group_id)}
        add = [member for member in wanted if member not in present]
        remove = sorted(present - set(wanted))
        if add or remove:
            await self.change_members(group_id, tuple(add), tuple(remove))

    async def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """Return a page. An indexed ``eq`` costs two round trips; what no index answers is tried one by one."""
        kinds = list(dict.fromkeys(kind_of_type(each) for each in resource_types))
        wanted = Wanted.by(search_request)
        start, count = search_request.start_index_0 or 0, search_request.count
        if search_request.filter is None and search_request.sort_by is None and len(kinds) == 1:
            return await self._page(kinds[0], start, count, wanted)
        found = [match for kind in kinds async for match in self._matching(kind, search_request)]
        keyed = sorted(
            ((_sort_key(search_request, model), stored) for stored, model in found), key=lambda pair: pair[0]
        )
        if search_request.sort_order == SearchRequest.SortOrder.descending and search_request.sort_by is not None:
            keyed.reverse()
        shown = [stored for _, stored in keyed][start : None if count is None else start + count]
        return SearchPage(len(found), [await self._shown(stored, wanted) for stored in shown])

    async def _page(self, kind: ObjectKind, start: int, count: int | None, wanted: Wanted) -> SearchPage:
        """Return a page of everything in the order of ids: the keys are counted, the page alone is read."""
        ids = [each async for each in self._directory.ids(kind)]
        behind = ids[start - 1] if 0 < start <= len(ids) else ""
        stored: list[Stored] = []
        if start < len(ids) and count != 0:
            async for each in self._directory.scan(kind, behind, page=count):
                stored.append(each)
                if count is not None and len(stored) == count:
                    break
        return SearchPage(len(ids), [await self._shown(each, wanted) for each in stored])

    async def _matching(self, kind: ObjectKind, request: SearchRequest[Any]) -> AsyncIterator[tuple[Stored, Model]]:
        if request.filter is None:
            async for stored in self._directory.scan(kind):
                yield stored, self._presenting.present(stored)
            return
        node = request.filter.ast
        question, asked = best_question(kind, node), relations(kind, node)
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
            for stored in await self._directory.find(kind, question.attribute, question.value, caller.get()):
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
            return await self._shown(stored, Wanted(members=True, groups=True))
        group = stored.kind is ObjectKind.GROUP
        pairs = [(stored.id, each) if group else (each, stored.id) for each in sorted(asked.ids)]
        related = [pair for pair in pairs if await memberships.contains(*pair)]
        if group:
            return self._presenting.present(stored, members=[member for _, member in related])
        return self._presenting.present(stored, groups=[each for each, _ in related])

    async def _shown(self, stored: Stored, wanted: Wanted) -> Model:
        memberships = self._directory.memberships
        if stored.kind is ObjectKind.GROUP and wanted.members:
            return self._presenting.present(stored, members=[each async for each in memberships.members(stored.id)])
        if stored.kind is ObjectKind.USER and wanted.groups:
            return self._presenting.present(stored, groups=[each async for each in memberships.groups_of(stored.id)])
        return self._presenting.present(stored)

    async def _stored(self, kind: ObjectKind, resource_id: str) -> Stored:
        try:
            return await self._directory.get(kind, resource_id)
        except ResourceMissing as missing:
            raise _not_found(kind) from missing

    async def _change(
        self,
        kind: ObjectKind,
        resource_id: str,
        change: Callable[[Stored], dict[str, Any] | None],
        expected_version: str | None,
    ) -> Stored:
        """Read, change and write a document on condition; again when somebody else was faster."""
        for _ in range(TRIES):
            stored = await self._stored(kind, resource_id)
            _expect(stored, expected_version)
            document = change(stored)
            if document is None or document == stored.document:
                return stored
            try:
                return await self._directory.replace(stored, document)
            except ResourceChanged:
                continue
            except ResourceMissing as missing:
                raise _not_found(kind) from missing
            except Taken as taken:
                raise _not_unique(taken) from taken
        raise ResourceChanged("The resource is being changed all the time.")


def _expect(stored: Stored, if_match: str | None) -> None:
    """Raise where an If-Match header (one tag, several, or ``*``) does not name the stored version."""
    Conditions(if_match=if_match).check(version_of(stored), "PUT")


def _members(resource: Resource[Any]) -> list[str]:
    members = getattr(resource, "members", None) or ()
    return member_ids([{"value": member.value} for member in members])


def _names(paths: Any, name: str, *, whole: bool = False) -> bool:
    """Tell whether a list of paths names an attribute, or (unless ``whole``) a part of it."""
    names = [str(path).rpartition(":")[2].lower() for path in paths]
    return any(each == name or (not whole and each.startswith(f"{name}.")) for each in names)


def _sort_key(request: SearchRequest[Any], model: Model) -> tuple[bool, Any, str]:
    """Return what orders a resource: its sort value, missing ones last, then its id."""
    value = request.sort_value(model)
    return value is None, "" if value is None else value, str(model.id)


def _not_found(kind: ObjectKind) -> NotFoundException:
    return NotFoundException(detail=f"The {kind.value} does not exist")


def _not_unique(taken: Taken) -> UniquenessException:
    return UniquenessException(detail=f"Another resource has this {taken.attribute} already")
