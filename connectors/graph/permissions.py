"""Which application permissions suffice for what the connector does, and which a token has. Pure.

Source: the "Permissions" sections of the reference pages (Microsoft Graph v1.0). The first of each row is the one to
recommend; Directory.ReadWrite.All does not include deletion.
"""

import base64
import binascii
import json
from collections.abc import Mapping
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
}


def allows(granted: frozenset[str], operation: Operation) -> bool:
    """Whether one of the granted permissions suffices."""
    return not granted.isdisjoint(SUFFICIENT[operation])


def grant(operation: Operation) -> str:
    """Return in words how the missing permission is granted."""
    recommended, *others = SUFFICIENT[operation]
    or_else = f" (or {', '.join(others)})" if others else ""
    return (
        f"Grant the application permission {recommended}{or_else} of Microsoft Graph with admin consent: Entra admin "
        "center, App registrations, API permissions; for a managed identity by an app role assignment. A token that "
        "was issued before may take an hour to expire."
    )


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
