"""Which application permissions allow which request: any one of a set (the permissions tables of Graph's reference)."""

from typing import Final

from sandbox.graph.errors import denied
from sandbox.graph.messages import Request

type Permissions = frozenset[str]

_DIRECTORY_WRITE: Final = frozenset({"Directory.ReadWrite.All"})
_DIRECTORY_READ: Final = _DIRECTORY_WRITE | {"Directory.Read.All"}

WRITE_USERS = _DIRECTORY_WRITE | {"User.ReadWrite.All"}
READ_USERS = _DIRECTORY_READ | WRITE_USERS | {"User.Read.All"}
DELETE_USERS = WRITE_USERS | {"User.DeleteRestore.All"}
REVOKE_SESSIONS = WRITE_USERS | {"User.RevokeSessions.All"}

ASSIGN_LICENCES = WRITE_USERS | {"LicenseAssignment.ReadWrite.All"}
READ_LICENCES = READ_USERS | ASSIGN_LICENCES | {"LicenseAssignment.Read.All"}

WRITE_GROUPS = _DIRECTORY_WRITE | {"Group.ReadWrite.All"}
CREATE_GROUPS = WRITE_GROUPS | {"Group.Create"}
WRITE_MEMBERS = WRITE_GROUPS | {"GroupMember.ReadWrite.All"}
READ_GROUPS = _DIRECTORY_READ | WRITE_MEMBERS | {"Group.Read.All", "GroupMember.Read.All"}

READ_ORGANIZATION = _DIRECTORY_READ | {"Organization.Read.All", "Organization.ReadWrite.All"}
READ_SKUS = READ_ORGANIZATION | {"LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All"}
READ_DOMAINS = _DIRECTORY_READ | {"Domain.Read.All", "Domain.ReadWrite.All"}
READ_DELETED_USERS = READ_USERS | DELETE_USERS
READ_DELETED = READ_DELETED_USERS | READ_GROUPS
WRITE_DELETED = DELETE_USERS | WRITE_GROUPS

WRITE_SYNCHRONIZATION = frozenset({"Synchronization.ReadWrite.All"})
READ_SYNCHRONIZATION = WRITE_SYNCHRONIZATION | {"Synchronization.Read.All"}

ROLE_GROUPS = frozenset({"RoleManagement.ReadWrite.Directory"})
SET_PASSWORDS = frozenset({"User-PasswordProfile.ReadWrite.All"})


def check(granted: Permissions, allowed: Permissions, request: Request) -> None:
    """Raise 403 unless one of the allowed permissions is granted."""
    if not granted & (allowed | _by_what_is_written(request)):
        raise denied()
    sets_password = request.method == "PATCH" and isinstance(request.body, dict) and "passwordProfile" in request.body
    if sets_password and not granted & SET_PASSWORDS:
        raise denied()
    writes_role_group = request.segments[:1] == ("groups",) and isinstance(request.body, dict)
    if writes_role_group and request.body.get("isAssignableToRole") is True and not granted & ROLE_GROUPS:
        raise denied()


def _by_what_is_written(request: Request) -> Permissions:
    """Return the narrow permissions that suffice where a PATCH writes nothing else."""
    if request.method != "PATCH" or not isinstance(request.body, dict):
        return frozenset()
    written = frozenset(name for name in request.body if not name.startswith("@odata."))
    if request.segments[0] == "groups" and written == {"members@odata.bind"}:
        return WRITE_MEMBERS
    if request.segments[0] == "users" and written == {"accountEnabled"}:
        return frozenset({"User.EnableDisableAccount.All"})
    if request.segments[0] == "users" and written == {"passwordProfile"}:
        return SET_PASSWORDS
    return frozenset()
