"""Routes under ``/api/users`` and ``/api/groups``: what the hub holds of somebody, and how it stands everywhere."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path

from connectors.contract import ObjectKind
from provisioning.admin.problems import Refused
from provisioning.admin.views import LinkView, ResourceView, TheHub
from provisioning.directory.keys import kind_of
from provisioning.directory.resources import Resource, ResourceMissing
from provisioning.engine.links import GONE
from provisioning.hub import Hub

router = APIRouter(tags=["users and groups"])

_NAME_ATTRIBUTES = {ObjectKind.USER: "userName", ObjectKind.GROUP: "displayName"}

UserKey = Annotated[str, Path(max_length=400, description="The hub's id of the user, or the userName.")]
GroupKey = Annotated[str, Path(max_length=400, description="The hub's id of the group, or the displayName.")]


@router.get("/api/users/{user:path}", summary="Read a user and its links")
async def read_user(hub: TheHub, user: UserKey) -> ResourceView:
    """By id, userName, or a userName that it once had; one that was deleted is told with the links it has left."""
    return await _read(hub, ObjectKind.USER, user)


@router.get("/api/groups/{group:path}", summary="Read a group and its links")
async def read_group(hub: TheHub, group: GroupKey) -> ResourceView:
    """By id, displayName, or a displayName that it once had. Members are read from `/scim/v2/Groups`."""
    return await _read(hub, ObjectKind.GROUP, group)


async def _read(hub: Hub, kind: ObjectKind, key: str) -> ResourceView:
    resource_id, resource = await _find(hub, kind, key)
    links = await _links(hub, resource_id, resource.generation if resource else GONE)
    if resource is None and not links:
        raise _missing(kind, key)
    return ResourceView.of(kind, resource_id, resource, links)


async def _find(hub: Hub, kind: ObjectKind, key: str) -> tuple[str, Resource | None]:
    if kind_of(key) is kind:
        return key, await _get(hub, kind, key)
    found = await hub.directory.find(kind, _NAME_ATTRIBUTES[kind], key, "")
    if found:
        return found[0].id, found[0]
    former = [each for each in await hub.directory.ids_of_name(key) if kind_of(each) is kind]
    if len(former) > 1:
        raise Refused(
            404,
            "resource.former",
            f"No {kind.lower()} is called '{key}' now. These once were; ask by id: {', '.join(sorted(former)[:20])}.",
        )
    if not former:
        raise _missing(kind, key)
    return former[0], await _get(hub, kind, former[0])


async def _get(hub: Hub, kind: ObjectKind, resource_id: str) -> Resource | None:
    try:
        return await hub.directory.get(kind, resource_id)
    except ResourceMissing:
        return None


async def _links(hub: Hub, resource_id: str, generation: str) -> list[LinkView]:
    """Return the links in every connection, disabled ones too; one round trip for each, at the same time."""
    connections = await hub.connections.list()
    found = await asyncio.gather(*(hub.links.get(each.id, resource_id) for each in connections))
    return [
        LinkView.of(link, connection.name, generation)
        for connection, link in zip(connections, found, strict=True)
        if link is not None
    ]


def _missing(kind: ObjectKind, key: str) -> Refused:
    return Refused(404, "resource.missing", f"The hub has no {kind.lower()} '{key}', and had none by that name.")
