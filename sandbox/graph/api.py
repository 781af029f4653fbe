"""The table of what is offered of Graph's version 1.0, and the way of a request: permission, quota, handler."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.graph import deleted, groups, organization, permissions, users
from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.messages import Answer, Request
from sandbox.graph.permissions import Permissions
from sandbox.graph.quota import WriteQuota
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

    def keys(self, segments: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the keys in the path, or ``None`` where the path is another one."""
        pattern = self.path.split("/")
        if len(pattern) != len(segments):
            return None
        pairs = list(zip(pattern, segments, strict=True))
        if any(part != "*" and part.casefold() != segment.casefold() for part, segment in pairs):
            return None
        return tuple(segment for part, segment in pairs if part == "*")


OPERATIONS = (
    Operation("GET", "organization", organization.list_organization, permissions.READ_ORGANIZATION),
    Operation("GET", "users", users.list_users, permissions.READ_USERS),
    Operation("POST", "users", users.create_user, permissions.WRITE_USERS),
    Operation("GET", "users/*", users.get_user, permissions.READ_USERS),
    Operation("PATCH", "users/*", users.update_user, permissions.WRITE_USERS),
    Operation("DELETE", "users/*", users.delete_user, permissions.DELETE_USERS),
    Operation("GET", "users/*/manager", users.get_manager, permissions.READ_USERS),
    Operation("GET", "users/*/manager/$ref", users.get_manager_reference, permissions.READ_USERS),
    Operation("PUT", "users/*/manager/$ref", users.put_manager, permissions.WRITE_USERS),
    Operation("DELETE", "users/*/manager/$ref", users.delete_manager, permissions.WRITE_USERS),
    Operation("GET", "users/*/memberOf", users.list_member_of, permissions.READ_USERS | permissions.READ_GROUPS),
    Operation("POST", "users/*/revokeSignInSessions", users.revoke_sign_in_sessions, permissions.REVOKE_SESSIONS),
    Operation("GET", "groups", groups.list_groups, permissions.READ_GROUPS),
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
    Operation("GET", "directory/deletedItems/*", deleted.get_deleted, permissions.READ_DELETED),
    Operation("DELETE", "directory/deletedItems/*", deleted.purge_deleted, permissions.WRITE_DELETED),
    Operation("POST", "directory/deletedItems/*/restore", deleted.restore_deleted, permissions.WRITE_DELETED),
)


def perform(tenant: Tenant, quota: WriteQuota, request: Request) -> Answer:
    """Carry out one request. Raises ``GraphError``; what raises has changed nothing."""
    operation, keys = _find(request)
    permissions.check(tenant.knobs.permissions, operation.allowed, request)
    if request.method != "GET":
        quota.spend(tenant.clock.now())
    return operation.handler(tenant, request, *keys)


def _find(request: Request) -> tuple[Operation, tuple[str, ...]]:
    elsewhere = False
    for operation in OPERATIONS:
        keys = operation.keys(request.segments)
        if keys is not None:
            if operation.method == request.method:
                return operation, keys
            elsewhere = True
    if elsewhere:
        raise GraphError(
            405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.", headers={}
        )
    segment = request.segments[-1] if request.segments else ""
    raise bad_request(f"Resource not found for the segment '{segment}'.", code="BadRequest")
