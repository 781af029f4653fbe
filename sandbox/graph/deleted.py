"""Soft-deleted users and groups: list by type, read, restore, remove for good. They wait 30 days in Graph."""

from sandbox.graph.entities import ENTITIES, USER
from sandbox.graph.errors import bad_request, not_found
from sandbox.graph.messages import Answer, Request
from sandbox.graph.properties import object_id
from sandbox.graph.query import list_entities, read_shape
from sandbox.graph.state import DirectoryObject, Tenant


def list_deleted(tenant: Tenant, request: Request, cast: str) -> Answer:
    """GET /directory/deletedItems/graph.user (or microsoft.graph.user; or group)."""
    entity = ENTITIES.get(cast.removeprefix("microsoft.").removeprefix("graph.") + "s")
    if entity is None or "graph." not in cast:
        raise bad_request(f"Resource not found for the segment '{cast}'.", code="BadRequest")
    return list_entities(tenant, request, entity, deleted=True)


def get_deleted(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET /directory/deletedItems/{id}."""
    if "graph." in key:
        return list_deleted(tenant, request, key)
    thing = _find(tenant, key)
    context = {"@odata.context": f"{request.base}/$metadata#directoryObjects/$entity"}
    return Answer(200, context | read_shape(request).body(tenant, thing, typed=True))


def restore_deleted(tenant: Tenant, request: Request, key: str) -> Answer:
    """POST /directory/deletedItems/{id}/restore; 400 ObjectConflict when its name was given to somebody else."""
    thing = _find(tenant, key)
    values = {}
    if thing.entity is USER:
        values["userPrincipalName"] = thing.values["userPrincipalName"].removeprefix(thing.id.replace("-", ""))
    tenant.restore(thing, values)
    context = {"@odata.context": f"{request.base}/$metadata#directoryObjects/$entity"}
    return Answer(200, context | read_shape(request).body(tenant, thing, typed=True))


def purge_deleted(tenant: Tenant, _: Request, key: str) -> Answer:
    """DELETE /directory/deletedItems/{id}: gone for good."""
    tenant.purge(_find(tenant, key))
    return Answer(204)


def _find(tenant: Tenant, key: str) -> DirectoryObject:
    thing = tenant.objects.get(object_id(key))
    if thing is None or thing.deleted is None:
        raise not_found(key)
    return thing
