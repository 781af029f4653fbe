"""The people and the requests of the SCIM benchmarks: what Entra sends for a person with every usual attribute. Pure.

The same bodies go to the hub and to the peer: the default dialect, which both understand.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BASE = "https://hub.example/scim/v2"

_FIRST = ("Mira", "Zoë", "Björn", "Aisha", "Tomás", "Lin", "Priya", "Oluwaseun", "Kateryna", "João")
_LAST = ("Okafor", "Müller", "Nguyễn", "García", "O'Brien", "Sørensen", "Kowalski", "Haddad", "Ivanova", "Tanaka")
_DEPARTMENTS = ("Sales", "Engineering", "Finance", "People", "Support")


def person(number: int, where: str = "northwind") -> dict[str, Any]:
    """Return the document of one person: ten attributes, two of them complex lists, and the enterprise extension."""
    first, last = _FIRST[number % 10], _LAST[number // 10 % 10]
    name = f"user{number:07}@{where}.example"
    return {
        "schemas": [CORE, ENTERPRISE],
        "externalId": f"{where}-{number:07}",
        "userName": name,
        "active": True,
        "displayName": f"{first} {last} {number}",
        "name": {"givenName": first, "familyName": last, "formatted": f"{first} {last}"},
        "title": "Account Manager",
        "preferredLanguage": "en-GB",
        "emails": [{"type": "work", "value": name, "primary": True}],
        "phoneNumbers": [{"type": "work", "value": f"+44 20 7946 {number % 10000:04}"}],
        "addresses": [{"type": "work", "locality": "London", "country": "GB", "formatted": "1 Canal Street, London"}],
        ENTERPRISE: {"employeeNumber": f"{number:07}", "department": _DEPARTMENTS[number % 5], "costCenter": "4130"},
    }


@dataclass(frozen=True, slots=True)
class Sent:
    """One SCIM request, before it is made into what a server takes. ``expect`` is the status that it must get."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    expect: frozenset[int] = frozenset({200})

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{BASE}{self.path}{'?' + urlencode(self.query) if self.query else ''}"


def create(number: int, where: str) -> Sent:
    """POST a person that is not there yet."""
    return Sent("POST", "/Users", body=_json(person(number, where)), expect=frozenset({201}))


def get(resource_id: str) -> Sent:
    """GET a person by id."""
    return Sent("GET", f"/Users/{resource_id}")


def find(number: int, where: str = "northwind") -> Sent:
    """Ask Entra's matching question."""
    return Sent("GET", "/Users", (("filter", f'userName eq "{person(number, where)["userName"]}"'),))


def patch(resource_id: str, turn: int) -> Sent:
    """Change a title, a department and a displayName, which is indexed: each time to a new value."""
    operations = [
        {"op": "Replace", "path": "title", "value": f"Account Manager {turn}"},
        {"op": "Replace", "path": "displayName", "value": f"Mira Okafor {turn}"},
        {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": f"Sales {turn % 7}"},
    ]
    return _patch(f"/Users/{resource_id}", operations, {200, 204})


def add_member(group_id: str, member_id: str) -> Sent:
    """Put one member into a group, as Entra does."""
    return _patch(f"/Groups/{group_id}", [{"op": "Add", "path": "members", "value": [{"value": member_id}]}], {204})


def remove_members(group_id: str, member_ids: Sequence[str]) -> Sent:
    """Take members out of a group, as Entra does."""
    value = [{"value": each} for each in member_ids]
    return _patch(f"/Groups/{group_id}", [{"op": "Remove", "path": "members", "value": value}], {204})


def _patch(path: str, operations: list[dict[str, Any]], expect: set[int]) -> Sent:
    body = {"schemas": [PATCH_OP], "Operations": operations}
    return Sent("PATCH", path, body=_json(body), expect=frozenset(expect))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
