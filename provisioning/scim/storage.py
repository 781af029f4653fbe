"""The hub's directory as scim2-server's storage: what the protocol asks, answered at the price of the directory."""

import asyncio
import dataclasses
import random
from collections.abc import Callable, Mapping
from typing import Any

from scim2_models import (
    ForbiddenException,
    NotFoundException,
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
from provisioning.directory.memberships import Edit, edits
from provisioning.directory.resources import Resource as Stored
from provisioning.directory.resources import ResourceChanged, ResourceMissing, Taken
from provisioning.scim.limits import MOST_SEARCHED
from provisioning.scim.membership import MembershipChange, everyone_of, named_members
from provisioning.scim.presenting import Model, Presenting, etag, kind_of_type, version_of
from provisioning.scim.published import Published
from provisioning.scim.rendering import MemberText
from provisioning.scim.search.searching import Search
from provisioning.scim.showing import Showing, Wanted
from provisioning.sources.caller import Caller

TRIES = 8
_PAUSE = 0.01
"""Seconds, doubled each time, of which a random part is waited: those who collided come apart."""

type Apply = Callable[[Model], Model | None]
"""Makes the new state of a resource from what is there; ``None`` where it changes nothing."""


class DirectoryStorage(AsyncScimStorage):
    """Serves the directory to one caller."""

    supports_cursors = True

    def __init__(
        self, directory: Directory, published: Published, caller: Caller, most_work: int = MOST_SEARCHED
    ) -> None:
        self._directory = directory
        self._caller = caller
        self._presenting = Presenting(published.provider, published.shapes)
        self._showing = Showing(directory, self._presenting, caller.kinds)
        self._search = Search(directory, published, caller, most_work)

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Model:
        """Return a resource; one round trip, and one for each 1,000 of its members."""
        stored = await self._stored(kind_of_type(resource_type), resource_id)
        return await self._showing.shown(stored, Wanted.by(response_parameters))

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Model:
        """Store a new resource, for a group with its members; two round trips."""
        kind = kind_of_type(resource_type)
        members = _named(resource)
        try:
            stored = await self._directory.create(
                kind, self._presenting.document(resource), self._caller.source, members, members
            )
        except Taken as taken:
            raise _not_unique(taken) from taken
        return self._presenting.present(stored, members, displays=members)

    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Model:
        """Store the whole new state of a resource; a group's members by the difference.

        A PUT of a group without ``members`` leaves them, one with an empty list takes everybody out: RFC 7644 3.5.1
        lets the service choose what becomes of an attribute that is not sent, and here the other choice loses people.
        """
        kind, resource_id = kind_of_type(resource_type), str(resource.id)
        members = getattr(resource, "members", None)
        change = None if members is None else everyone_of(_named(resource))

        def replaced(stored: Stored) -> dict[str, Any]:
            return self._presenting.document(resource, stored)

        stored = await self._change(kind, resource_id, replaced, expected_version, change)
        return await self._showing.shown(stored, Wanted())

    async def patch(
        self,
        resource_type: ResourceType,
        resource_id: str,
        apply: Apply,
        expected_version: str | None = None,
    ) -> Model:
        """Store what ``apply`` makes of a resource without its members; three round trips.

        ``apply`` returns ``None`` when it changes nothing. It is asked again when somebody else was faster, unless the
        client named the version that it has seen.
        """
        kind = kind_of_type(resource_type)
        return self._presenting.present(await self._change(kind, resource_id, self._applying(apply), expected_version))

    async def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
        unless_version: str | None = None,
    ) -> None:
        """Delete a resource; three round trips. Its memberships follow by the outbox."""
        kind = kind_of_type(resource_type)
        for attempt in range(TRIES):
            stored = await self._stored(kind, resource_id)
            self._may_write(stored)
            _expect(stored, expected_version, unless_version)
            try:
                await self._directory.delete(stored)
            except ResourceChanged:
                await asyncio.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - no secret
                continue
            except ResourceMissing as missing:
                raise _not_found(kind) from missing
            return
        raise ResourceChanged("The resource is being changed all the time.")

    async def patch_group(
        self,
        group_id: str,
        apply: Apply | None,
        change: MembershipChange,
        expected_version: str | None = None,
    ) -> str:
        """Change a group's attributes and its members, and return its new version.

        ``apply`` is as in ``patch``. Without it, and unless the client names a version, sends the whole new set of
        members or may write to its own groups only, the group is not read: two round trips for up to 49 members.
        Attributes and members are one transaction where they fit, as ``Directory.replace`` says. The whole new set is
        reached by the difference.
        """
        blind = apply is None and expected_version is None and not self._caller.own_only
        if blind and change and change.everyone is None:
            try:
                touched = await self._directory.edit_members(group_id, await self._edits(group_id, change))
            except ResourceMissing as missing:
                raise _not_found(ObjectKind.GROUP) from missing
            return etag(touched.generation if touched else "")
        document = self._applying(apply)
        return version_of(await self._change(ObjectKind.GROUP, group_id, document, expected_version, change))

    async def create_group(self, group: Model, members: Mapping[str, str]) -> Model:
        """Store a new group with its members and the names to show for them; it is returned without them."""
        try:
            document = self._presenting.document(group)
            stored = await self._directory.create(ObjectKind.GROUP, document, self._caller.source, members, members)
        except Taken as taken:
            raise _not_unique(taken) from taken
        return self._presenting.present(stored)

    async def put_group(
        self,
        group_id: str,
        apply: Apply,
        change: MembershipChange,
        expected_version: str | None = None,
    ) -> Model:
        """Do as ``patch_group`` does, and return what the group has become, without its members."""
        document = self._applying(apply)
        return self._presenting.present(
            await self._change(ObjectKind.GROUP, group_id, document, expected_version, change)
        )

    async def group(self, group_id: str) -> Model:
        """Return a group without its members; one round trip."""
        return self._presenting.present(await self._stored(ObjectKind.GROUP, group_id))

    async def rendered_members(self, group_id: str, text: MemberText) -> list[str]:
        """Return the members of a group as JSON; one round trip for 1,000."""
        return [text.entry(*each) async for each in self._directory.memberships.shown(group_id)]

    async def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """Return a page, by index or by cursor (RFC 9865), as ``Search`` finds it."""
        kinds = list(dict.fromkeys(kind_of_type(each) for each in resource_types))
        return await self._search.page(kinds, search_request, position)

    def _applying(self, apply: Apply | None) -> Callable[[Stored], dict[str, Any] | None]:
        """Return what makes the new document of a stored resource; ``None`` comes of what changes nothing."""

        def document(stored: Stored) -> dict[str, Any] | None:
            model = None if apply is None else apply(self._presenting.present(stored))
            return None if model is None else self._presenting.document(model, stored)

        return document

    def _may_write(self, stored: Stored) -> None:
        """Refuse a write to another source's resource, where the caller may write to its own only."""
        if self._caller.own_only and stored.source != self._caller.source:
            raise ForbiddenException(
                detail=f"The {stored.kind.value} belongs to the source '{stored.source}', and the source "
                f"'{self._caller.source}' may write to its own resources only"
            )

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
        members: MembershipChange | None = None,
    ) -> Stored:
        """Read, change and write a document and a group's members on condition; again when somebody was faster."""
        for attempt in range(TRIES):
            stored = await self._stored(kind, resource_id)
            self._may_write(stored)
            _expect(stored, expected_version)
            document = change(stored)
            changes = await self._edits(resource_id, members) if members else []
            try:
                if document is not None and document != stored.document:
                    return await self._directory.replace(stored, document, changes)
                whole = expected_version is not None or (members is not None and members.everyone is not None)
                touched = await self._directory.edit_members(resource_id, changes, stored.etag if whole else None)
                return dataclasses.replace(stored, **touched._asdict()) if touched else stored
            except ResourceChanged:
                await asyncio.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - no secret
            except ResourceMissing as missing:
                raise _not_found(kind) from missing
            except Taken as taken:
                raise _not_unique(taken) from taken
        raise ResourceChanged("The resource is being changed all the time.")

    async def _edits(self, group_id: str, change: MembershipChange) -> list[Edit]:
        if change.everyone is None:
            return edits(change.add, change.remove, change.displays)
        wanted = {member: change.displays.get(member, "") for member in change.everyone}
        return await self._directory.memberships.difference(group_id, wanted)


def _expect(stored: Stored, if_match: str | None, if_none_match: str | None = None) -> None:
    """Raise where If-Match (one tag, several, or ``*``) does not name the stored version, or If-None-Match does."""
    Conditions(if_match, if_none_match).check(version_of(stored), "PUT")


def _named(resource: Resource[Any]) -> dict[str, str]:
    members = getattr(resource, "members", None) or ()
    return named_members([{"value": member.value, "display": member.display} for member in members])


def _not_found(kind: ObjectKind) -> NotFoundException:
    return NotFoundException(detail=f"The {kind.value} does not exist")


def _not_unique(taken: Taken) -> UniquenessException:
    return UniquenessException(detail=f"Another resource has this {taken.attribute} already")
