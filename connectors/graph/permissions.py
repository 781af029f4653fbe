"""Which application permissions suffice for what the connector does, and which a token has. Pure.

Source: the "Permissions" sections of the reference pages (Microsoft Graph v1.0) and the permissions reference. The
first of each row is the one to recommend to a connection that does everything; ``LEAST`` names the least privileged
one where that is another. Directory.ReadWrite.All does not include deletion.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum


class Operation(StrEnum):
    """What the connector does in Graph; the values complete "The application may not ..."."""

    READ_USERS = "read users"
    WRITE_USERS = "create and change users"
    SWITCH_USERS = "enable and disable users"
    DELETE_USERS = "delete users"
    READ_GROUPS = "read groups"
    CREATE_GROUPS = "create groups"
    CHANGE_GROUPS = "change groups"
    DELETE_GROUPS = "delete groups"
    CHANGE_MEMBERS = "add and remove group members"
    SET_PASSWORDS = "set passwords of users"
    REVOKE_SESSIONS = "revoke sign-in sessions"
    RESTORE_USERS = "restore deleted users, and delete them for good"
    RESTORE_GROUPS = "restore deleted groups, and delete them for good"
    READ_LICENCES = "read the tenant's licences"
    ASSIGN_LICENCES = "assign licences"
    READ_DOMAINS = "read the tenant's domains"


SUFFICIENT: Mapping[Operation, tuple[str, ...]] = {
    Operation.READ_USERS: ("User.ReadWrite.All", "User.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"),
    Operation.WRITE_USERS: ("User.ReadWrite.All", "Directory.ReadWrite.All"),
    Operation.SWITCH_USERS: ("User.ReadWrite.All", "User.EnableDisableAccount.All", "Directory.ReadWrite.All"),
    Operation.DELETE_USERS: ("User.ReadWrite.All", "User.DeleteRestore.All"),
    Operation.READ_GROUPS: (
        "Group.ReadWrite.All",
        "Group.Read.All",
        "GroupMember.ReadWrite.All",
        "GroupMember.Read.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ),
    Operation.CREATE_GROUPS: ("Group.ReadWrite.All", "Group.Create", "Directory.ReadWrite.All"),
    Operation.CHANGE_GROUPS: ("Group.ReadWrite.All", "Directory.ReadWrite.All"),
    Operation.DELETE_GROUPS: ("Group.ReadWrite.All",),
    Operation.CHANGE_MEMBERS: ("Group.ReadWrite.All", "GroupMember.ReadWrite.All", "Directory.ReadWrite.All"),
    Operation.SET_PASSWORDS: ("User-PasswordProfile.ReadWrite.All",),
    Operation.REVOKE_SESSIONS: ("User.ReadWrite.All", "User.RevokeSessions.All", "Directory.ReadWrite.All"),
    Operation.RESTORE_USERS: ("User.ReadWrite.All", "User.DeleteRestore.All"),
    Operation.RESTORE_GROUPS: ("Group.ReadWrite.All",),
    Operation.READ_LICENCES: (
        "Organization.Read.All",
        "LicenseAssignment.Read.All",
        "LicenseAssignment.ReadWrite.All",
        "Organization.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ),
    Operation.ASSIGN_LICENCES: ("User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Directory.ReadWrite.All"),
    Operation.READ_DOMAINS: (
        "Organization.Read.All",
        "Organization.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ),
}

LEAST: Mapping[Operation, str] = {
    Operation.READ_USERS: "User.Read.All",
    Operation.SWITCH_USERS: "User.EnableDisableAccount.All",
    Operation.DELETE_USERS: "User.DeleteRestore.All",
    Operation.READ_GROUPS: "GroupMember.Read.All",
    Operation.CREATE_GROUPS: "Group.Create",
    Operation.CHANGE_MEMBERS: "GroupMember.ReadWrite.All",
    Operation.REVOKE_SESSIONS: "User.RevokeSessions.All",
    Operation.RESTORE_USERS: "User.DeleteRestore.All",
    Operation.READ_LICENCES: "LicenseAssignment.Read.All",
    Operation.ASSIGN_LICENCES: "LicenseAssignment.ReadWrite.All",
}
"""The least privileged permission where it is not the recommended one: enough for a connection that does no more."""

_ROLES: Mapping[Operation, str] = {
    Operation.SET_PASSWORDS: " For accounts with administrator roles the application itself needs a role as well, such "
    "as Privileged Authentication Administrator.",
}
"""What a permission alone does not give."""


def allows(granted: frozenset[str], operation: Operation) -> bool:
    """Whether one of the granted permissions suffices."""
    return not granted.isdisjoint(SUFFICIENT[operation])


_HOW = (
    " of Microsoft Graph with admin consent: Entra admin center, App registrations, API permissions; for a managed "
    "identity by an app role assignment. A token that was issued before may take an hour to expire, one of a managed "
    "identity a day."
)


def grant(operation: Operation) -> str:
    """Return in words how the missing permission is granted."""
    recommended, *others = SUFFICIENT[operation]
    or_else = f" (or {', '.join(others)})" if others else ""
    return f"Grant the application permission {recommended}{or_else}{_HOW}{_ROLES.get(operation, '')}"


def grant_all(operations: Iterable[Operation]) -> str:
    """Return in words how everything is granted that a connection needs."""
    names = ", ".join(dict.fromkeys(SUFFICIENT[operation][0] for operation in operations))
    return f"Grant the application permissions {names}{_HOW}"


def lacking(granted: frozenset[str] | None, operation: Operation) -> str:
    """Return in words what a token does not permit."""
    if granted is not None and not granted:
        return (
            f"The application may not {operation}: it has no application permission at all. Delegated permissions do "
            "not "
            "count, nor do those without admin consent."
        )
    return f"The application may not {operation}."


def roles(token: str) -> frozenset[str] | None:
    """Return the application permissions that an access token names, or ``None`` where it cannot be read.

    The token is not ours to verify and its form is nobody's promise: this only chooses words, never what is allowed.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return None
    if not isinstance(claims, dict):
        return None
    named = claims.get("roles", [])
    return frozenset(role for role in named if isinstance(role, str)) if isinstance(named, list) else None
