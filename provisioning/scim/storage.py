"""The hub's directory as scim2-server's storage: what the protocol asks, answered at the price of the directory."""

from collections.abc import Callable
from typing import Any

from scim2_models import (
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    UniquenessException,
)
from scim2_server.conditions import Conditions
from scim2_server.storage import AsyncScimStorage, SearchPage

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.resources import Resource as Stored
from provisioning.directory.resources import ResourceChanged, ResourceMissing, Taken
from provisioning.scim.membership import member_ids
from provisioning.scim.presenting import Model, Presenting, kind_of_type, version_of
from provisioning.scim.published import Published
from provisioning.scim.searching import MOST_WORK, Search, Wanted
from provisioning.sources.caller import Caller

TRIES = 8


class DirectoryStorage(AsyncScimStorage):
    """Serves the directory to one caller."""

    supports_cursors = False

    def __init__(self, directory: Directory, published: Published, caller: Caller, most_work: int = MOST_WORK) -> None:
        self._directory = directory
        self._caller = caller
        self._presenting = Presenting(published.provider)
        self._search = Search(directory, published, caller.source, most_work)

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Model:
        """Return a resource; one round trip, and one for each 1,000 of its members."""
        stored = await self._stored(kind_of_type(resource_type), resource_id)
        return await self._search.shown(stored, Wanted.by(response_parameters))

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Model:
        """Store a new resource, for a group with its members; two round trips."""
        kind = kind_of_type(resource_type)
        members = _members(resource) if kind is ObjectKind.GROUP else []
        try:
            stored = await self._directory.create(
                kind, self._presenting.document(resource), self._caller.source, members
            )
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
        """Return a page, as ``Search`` finds it. Cursors come with RFC 9865."""
        kinds = list(dict.fromkeys(kind_of_type(each) for each in resource_types))
        return await self._search.page(kinds, search_request)

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


def _not_found(kind: ObjectKind) -> NotFoundException:
    return NotFoundException(detail=f"The {kind.value} does not exist")


def _not_unique(taken: Taken) -> UniquenessException:
    return UniquenessException(detail=f"Another resource has this {taken.attribute} already")
