"""The shapes of Entra's SCIM requests, in both of its dialects. Pure; docs/local-system.md says where they come from.

Entra speaks the *default* dialect (``Replace``, the string ``"False"``, members removed by a ``value`` beside the path)
and, once ``aadOptscim062020`` stands in the Tenant URL, one that is closer to RFC 7644. The flag is not honoured
everywhere ("provision on demand"), so that one app is spoken to in both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote_plus

from sandbox.entra.people import Person

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTRA_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

FLAG = "aadOptscim062020"


class Dialect(StrEnum):
    """Which of its two tongues Entra uses for one request."""

    DEFAULT = "default"
    OPTSCIM = FLAG


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``path`` follows the Tenant URL; ``query`` holds key and value as the provider means them."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None
    dialect: Dialect = Dialect.DEFAULT

    @property
    def target(self) -> str:
        """Path and query as they go over the wire: spaces as ``+``, and the flag as a key without a value."""
        parts = [FLAG] if self.dialect is Dialect.OPTSCIM else []
        parts += [f"{key}={quote_plus(value)}" for key, value in self.query]
        return self.path + ("?" + "&".join(parts) if parts else "")


def find_user(user_name: str, dialect: Dialect) -> Request:
    """Ask for the matching user; "Test Connection" asks the same with a random GUID. Expects 200, even for none."""
    return Request("GET", "/Users", (("filter", f"userName eq {_quoted(user_name)}"),), dialect=dialect)


def find_group(name: str, dialect: Dialect) -> Request:
    """Ask for the matching group, without its members."""
    query = (("excludedAttributes", "members"), ("filter", f"displayName eq {_quoted(name)}"))
    return Request("GET", "/Groups", query, dialect=dialect)


def read_user(user_id: str, dialect: Dialect) -> Request:
    """Read before a PATCH, once the id is known."""
    return Request("GET", f"/Users/{user_id}", dialect=dialect)


def read_group(group_id: str, dialect: Dialect) -> Request:
    """Read before a PATCH, once the id is known. An answer with members is an error for Entra."""
    return Request("GET", f"/Groups/{group_id}", (("excludedAttributes", "members"),), dialect=dialect)


def has_manager(user_id: str, manager_id: str, dialect: Dialect) -> Request:
    """Ask before a manager is written whether it is there already."""
    query = (("filter", f'id eq "{user_id}" and manager eq "{manager_id}"'), ("attributes", "id"))
    return Request("GET", "/Users", query, dialect=dialect)


def has_member(group_id: str, member_id: str, dialect: Dialect) -> Request:
    """Ask whether somebody is a member."""
    query = (("filter", f'id eq "{group_id}" and members eq "{member_id}"'), ("attributes", "id"))
    return Request("GET", "/Groups", query, dialect=dialect)


def create_user(person: Person, dialect: Dialect) -> Request:
    """Create a user with the enterprise extension and without a manager, who may not be there yet."""
    body = {
        "schemas": [USER, ENTERPRISE],
        "externalId": person.key,
        "userName": person.user_name,
        "active": person.active,
        "displayName": person.display_name,
        "title": person.title,
        "preferredLanguage": "en-GB",
        "name": {
            "formatted": person.display_name,
            "familyName": person.family_name,
            "givenName": person.given_name,
        },
        "emails": [{"primary": True, "type": "work", "value": person.user_name}],
        "addresses": [{"type": "work", "locality": "Leith", "postalCode": "EH6", "country": "GB"}],
        "phoneNumbers": [{"type": "work", "value": f"+44131555{person.employee_number[-4:]}"}],
        "roles": [],
        "meta": {"resourceType": "User"},
        ENTERPRISE: {"employeeNumber": person.employee_number, "department": person.department},
    }
    return Request("POST", "/Users", body=body, dialect=dialect)


def create_group(name: str, object_id: str, dialect: Dialect) -> Request:
    """Create a group. Entra never sends members with it, and names a second schema of its own."""
    body = {
        "schemas": [GROUP, ENTRA_GROUP],
        "externalId": object_id,
        "displayName": name,
        "meta": {"resourceType": "Group"},
    }
    return Request("POST", "/Groups", body=body, dialect=dialect)


def set_manager(user_id: str, manager_id: str, dialect: Dialect) -> Request:
    """Write the manager: a bare string in the default dialect, the RFC's complex form with the flag."""
    path = f"{ENTERPRISE}:manager"
    if dialect is Dialect.OPTSCIM:
        return _patch(f"/Users/{user_id}", [{"op": "replace", "path": path, "value": {"value": manager_id}}], dialect)
    return _patch(f"/Users/{user_id}", [{"op": "Add", "path": path, "value": manager_id}], dialect)


def update_user(user_id: str, values: Mapping[str, str], dialect: Dialect) -> Request:
    """Write single values, named by their SCIM paths (``title``, ``name.familyName``, ``emails[...].value``, URNs).

    An empty string clears. With the flag, everything but a path with a filter rides in one object without a path,
    whose keys stay dotted; that is the dialect's known oddity.
    """
    if dialect is Dialect.DEFAULT:
        operations = [{"op": "Replace", "path": path, "value": value} for path, value in values.items()]
        return _patch(f"/Users/{user_id}", operations, dialect)
    filtered = [{"op": "replace", "path": path, "value": value} for path, value in values.items() if "[" in path]
    plain = {path: value for path, value in values.items() if "[" not in path}
    return _patch(f"/Users/{user_id}", [*filtered, *([{"op": "replace", "value": plain}] if plain else [])], dialect)


def set_active(user_id: str, active: bool, dialect: Dialect) -> Request:
    """Disable or restore: the strings ``"False"`` and ``"True"`` in the default dialect, booleans with the flag."""
    if dialect is Dialect.DEFAULT:
        operation: dict[str, Any] = {"op": "Replace", "path": "active", "value": str(active)}
    else:
        operation = {"op": "replace", "path": "active", "value": active}
    return _patch(f"/Users/{user_id}", [operation], dialect)


def add_members(group_id: str, member_ids: Sequence[str], dialect: Dialect) -> Request:
    """Add members. The same in both dialects, but for the case of the verb."""
    op = "Add" if dialect is Dialect.DEFAULT else "add"
    members = [{"$ref": None, "value": member} for member in member_ids]
    return _patch(f"/Groups/{group_id}", [{"op": op, "path": "members", "value": members}], dialect)


def remove_member(group_id: str, member_id: str, dialect: Dialect) -> Request:
    """Remove one member.

    The default dialect names the member in a ``value`` beside the path ``members``. Read by the letter of RFC 7644
    that removes every member; only the one that is named may go.
    """
    if dialect is Dialect.DEFAULT:
        operation = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": member_id}]}
    else:
        operation = {"op": "remove", "path": f'members[value eq "{member_id}"]'}
    return _patch(f"/Groups/{group_id}", [operation], dialect)


def delete_user(user_id: str, dialect: Dialect) -> Request:
    """Delete for good: 30 days after the soft delete, or when an administrator purges the user."""
    return Request("DELETE", f"/Users/{user_id}", dialect=dialect)


def _patch(path: str, operations: Sequence[Mapping[str, Any]], dialect: Dialect) -> Request:
    body: dict[str, Any] = {"schemas": [PATCH_OP], "Operations": list(operations)}
    if dialect is Dialect.OPTSCIM:
        # Both orders of the two keys are seen on the wire; a server may depend on neither.
        body = dict(reversed(body.items()))
    return Request("PATCH", path, body=body, dialect=dialect)


def _quoted(value: str) -> str:
    """Quote a filter value as RFC 7644 section 3.4.2.2 says: as a JSON string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
