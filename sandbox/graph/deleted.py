"""Soft-deleted users and groups: list by type, read, restore, remove for good. They wait 30 days in Graph."""

from typing import Any

from sandbox.graph.entities import GROUP, USER
from sandbox.graph.errors import denied, not_found
from sandbox.graph.messages import Answer, Request
from sandbox.graph.permissions import DELETE_USERS, READ_DELETED_USERS, READ_GROUPS, WRITE_GROUPS, Permissions
from sandbox.graph.properties import object_id
from sandbox.graph.query import list_entities, read_shape
from sandbox.graph.seats import without_seats
from sandbox.graph.state import DirectoryObject, Tenant
from sandbox.graph.users import check_principal_name


def list_deleted_users(tenant: Tenant, request: Request) -> Answer:
    """GET /directory/deletedItems/graph.user (or microsoft.graph.user)."""
    return list_entities(tenant, request, USER, deleted=True)


def list_deleted_groups(tenant: Tenant, request: Request) -> Answer:
    """GET /directory/deletedItems/graph.group (or microsoft.graph.group)."""
    return list_entities(tenant, request, GROUP, deleted=True)


def get_deleted(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET /directory/deletedItems/{id}."""
    thing = _find(tenant, key, READ_DELETED_USERS, READ_GROUPS)
    context = {"@odata.context": f"{request.base}/$metadata#directoryObjects/$entity"}
    return Answer(200, context | read_shape(tenant, request).body(tenant, thing, typed=True))


def restore_deleted(tenant: Tenant, request: Request, key: str) -> Answer:
    """POST /directory/deletedItems/{id}/restore; 400 ObjectConflict when its name was given to somebody else.

    ``newUserPrincipalName`` restores a user under another name; ``autoReconcileProxyConflict`` drops the addresses
    that others have by now (Graph: restore deleted item).
    """
    thing = _find(tenant, key, DELETE_USERS, WRITE_GROUPS)
    body = request.body if isinstance(request.body, dict) else {}
    values: dict[str, Any] = {}
    if thing.entity is USER:
        name = thing.values["userPrincipalName"].removeprefix(thing.id.replace("-", ""))
        values = {"userPrincipalName": body.get("newUserPrincipalName") or name} | without_seats(tenant, thing)
        check_principal_name(tenant, values["userPrincipalName"])
    if body.get("autoReconcileProxyConflict") is True:
        values["proxyAddresses"] = [
            address
            for address in thing.values.get("proxyAddresses") or []
            if not tenant.holding("proxyAddresses", address)
        ]
    tenant.restore(thing, values)
    context = {"@odata.context": f"{request.base}/$metadata#directoryObjects/$entity"}
    return Answer(200, context | read_shape(tenant, request).body(tenant, thing, typed=True))


def purge_deleted(tenant: Tenant, _: Request, key: str) -> Answer:
    """DELETE /directory/deletedItems/{id}: gone for good."""
    tenant.purge(_find(tenant, key, DELETE_USERS, WRITE_GROUPS))
    return Answer(204)


def _find(tenant: Tenant, key: str, for_users: Permissions, for_groups: Permissions) -> DirectoryObject:
    """Return a deleted object. Which permissions are needed depends on its type."""
    thing = tenant.objects.get(object_id(key))
    if thing is None or thing.deleted is None:
        raise not_found(key)
    if not tenant.knobs.permissions & (for_users if thing.entity is USER else for_groups):
        raise denied()
    return thing
