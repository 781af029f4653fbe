"""The table of what is offered of Graph's version 1.0, and the way of a request: permission, quota, handler."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.graph import deleted, delta, groups, licences, organization, permissions, synchronization, users
from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.messages import Answer, Request
from sandbox.graph.permissions import Permissions
from sandbox.graph.quota import Quota
from sandbox.graph.state import Tenant

type Handler = Callable[..., Answer]
"""Takes the tenant, the request, and the keys in the path in their order."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table. ``*`` in the path stands for a key."""

    method: str
    path: str
    handler: Handler
    allowed: Permissions


_SYNCHRONIZATION = "servicePrincipals/*/synchronization"

OPERATIONS = (
    Operation("GET", "organization", organization.list_organization, permissions.READ_ORGANIZATION),
    Operation("GET", "domains", organization.list_domains, permissions.READ_DOMAINS),
    Operation("GET", "subscribedSkus", licences.list_skus, permissions.READ_SKUS),
    Operation("GET", "users", users.list_users, permissions.READ_USERS),
    Operation("GET", "users/delta", delta.delta_users, permissions.READ_USERS),
    Operation("POST", "users", users.create_user, permissions.WRITE_USERS),
    Operation("GET", "users/*", users.get_user, permissions.READ_USERS),
    Operation("PATCH", "users/*", users.update_user, permissions.WRITE_USERS),
    Operation("DELETE", "users/*", users.delete_user, permissions.DELETE_USERS),
    Operation("GET", "users/*/manager", users.get_manager, permissions.READ_USERS),
    Operation("GET", "users/*/manager/$ref", users.get_manager_reference, permissions.READ_USERS),
    Operation("PUT", "users/*/manager/$ref", users.put_manager, permissions.WRITE_USERS),
    Operation("DELETE", "users/*/manager/$ref", users.delete_manager, permissions.WRITE_USERS),
    Operation("GET", "users/*/memberOf", users.list_member_of, permissions.READ_USERS | permissions.READ_GROUPS),
    Operation("POST", "users/*/assignLicense", licences.assign_licence, permissions.ASSIGN_LICENCES),
    Operation("GET", "users/*/licenseDetails", licences.list_licence_details, permissions.READ_LICENCES),
    Operation("POST", "users/*/revokeSignInSessions", users.revoke_sign_in_sessions, permissions.REVOKE_SESSIONS),
    Operation("GET", "groups", groups.list_groups, permissions.READ_GROUPS),
    Operation("GET", "groups/delta", delta.delta_groups, permissions.READ_GROUPS),
    Operation("POST", "groups", groups.create_group, permissions.CREATE_GROUPS),
    Operation("GET", "groups/*", groups.get_group, permissions.READ_GROUPS),
    Operation("PATCH", "groups/*", groups.update_group, permissions.WRITE_GROUPS),
    Operation("DELETE", "groups/*", groups.delete_group, permissions.WRITE_GROUPS),
    Operation("GET", "groups/*/members", groups.list_members, permissions.READ_GROUPS),
    Operation("POST", "groups/*/members/$ref", groups.add_member, permissions.WRITE_MEMBERS),
    Operation("DELETE", "groups/*/members/*/$ref", groups.remove_member, permissions.WRITE_MEMBERS),
    Operation("GET", "groups/*/owners", groups.list_owners, permissions.READ_GROUPS),
    Operation("POST", "groups/*/owners/$ref", groups.add_owner, permissions.WRITE_GROUPS),
    Operation("DELETE", "groups/*/owners/*/$ref", groups.remove_owner, permissions.WRITE_GROUPS),
    Operation("GET", "directory/deletedItems/graph.user", deleted.list_deleted_users, permissions.READ_DELETED_USERS),
    Operation("GET", "directory/deletedItems/graph.group", deleted.list_deleted_groups, permissions.READ_GROUPS),
    Operation("GET", "directory/deletedItems/*", deleted.get_deleted, permissions.READ_DELETED),
    Operation("DELETE", "directory/deletedItems/*", deleted.purge_deleted, permissions.WRITE_DELETED),
    Operation("POST", "directory/deletedItems/*/restore", deleted.restore_deleted, permissions.WRITE_DELETED),
    Operation("GET", f"{_SYNCHRONIZATION}/jobs", synchronization.list_jobs, permissions.READ_SYNCHRONIZATION),
    Operation("GET", f"{_SYNCHRONIZATION}/jobs/*", synchronization.get_job, permissions.READ_SYNCHRONIZATION),
    Operation("POST", f"{_SYNCHRONIZATION}/jobs/*/start", synchronization.start_job, permissions.WRITE_SYNCHRONIZATION),
    Operation("POST", f"{_SYNCHRONIZATION}/jobs/*/pause", synchronization.pause_job, permissions.WRITE_SYNCHRONIZATION),
    Operation(
        "POST", f"{_SYNCHRONIZATION}/jobs/*/restart", synchronization.restart_job, permissions.WRITE_SYNCHRONIZATION
    ),
    Operation("GET", f"{_SYNCHRONIZATION}/jobs/*/schema", synchronization.get_schema, permissions.READ_SYNCHRONIZATION),
    Operation(
        "PUT", f"{_SYNCHRONIZATION}/jobs/*/schema", synchronization.put_schema, permissions.WRITE_SYNCHRONIZATION
    ),
    Operation(
        "POST",
        f"{_SYNCHRONIZATION}/jobs/*/schema/parseExpression",
        synchronization.parse_expression,
        permissions.WRITE_SYNCHRONIZATION,
    ),
    Operation("GET", f"{_SYNCHRONIZATION}/templates", synchronization.list_templates, permissions.READ_SYNCHRONIZATION),
    Operation("GET", f"{_SYNCHRONIZATION}/templates/*", synchronization.get_template, permissions.READ_SYNCHRONIZATION),
    Operation(
        "GET",
        f"{_SYNCHRONIZATION}/templates/*/schema",
        synchronization.get_template_schema,
        permissions.READ_SYNCHRONIZATION,
    ),
    Operation("PUT", f"{_SYNCHRONIZATION}/secrets", synchronization.put_secrets, permissions.WRITE_SYNCHRONIZATION),
)


type _Row = tuple[tuple[str, ...], dict[str, Operation]]

_ALIASES = {
    "delta()": "delta",
    "microsoft.graph.delta": "delta",
    "microsoft.graph.delta()": "delta",
    "microsoft.graph.user": "graph.user",
    "microsoft.graph.group": "graph.group",
}
"""Functions and casts by their full names, as msgraph-sdk and the documentation write them."""


def _table() -> dict[int, list[_Row]]:
    """Return the paths by their length, those without keys first."""
    rows: dict[tuple[str, ...], dict[str, Operation]] = {}
    for operation in OPERATIONS:
        rows.setdefault(tuple(operation.path.casefold().split("/")), {})[operation.method] = operation
    table: dict[int, list[_Row]] = {}
    for pattern in sorted(rows, key=lambda parts: parts.count("*")):
        table.setdefault(len(pattern), []).append((pattern, rows[pattern]))
    return table


_TABLE = _table()


def perform(tenant: Tenant, quota: Quota, request: Request) -> Answer:
    """Carry out one request. Raises ``GraphError``; what raises has changed nothing."""
    tenant.expire()
    operation, keys = find(request)
    permissions.check(tenant.knobs.permissions, operation.allowed, request)
    headers = quota.spend(request, tenant.clock.now(), len(tenant.objects))
    answer = operation.handler(tenant, request, *keys)
    answer.headers |= headers
    return answer


def find(request: Request) -> tuple[Operation, tuple[str, ...]]:
    """Return the row of the table that a request is for, and the keys in its path. Raises 400 or 405."""
    segments = [_ALIASES.get(folded := segment.casefold(), folded) for segment in request.segments]
    elsewhere = False
    for pattern, operations in _TABLE.get(len(segments), ()):
        if all(part in ("*", segment) for part, segment in zip(pattern, segments, strict=True)):
            if request.method in operations:
                keys = tuple(s for part, s in zip(pattern, request.segments, strict=True) if part == "*")
                return operations[request.method], keys
            elsewhere = True
    if elsewhere:
        raise GraphError(
            405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.", headers={}
        )
    segment = request.segments[-1] if request.segments else ""
    raise bad_request(f"Resource not found for the segment '{segment}'.", code="BadRequest")
