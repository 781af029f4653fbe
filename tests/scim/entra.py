"""What Entra's requests have in common: the documented user, the dialects' headers and how to follow a path."""

from collections.abc import Mapping
from typing import Any

from tests.scim.conftest import ENTERPRISE, USER, Answer, Client

MIRA: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "mokafor",
    "userName": "mira.okafor@northwind.example",
    "active": True,
    "displayName": "Mira Okafor",
    "title": "Analyst",
    "preferredLanguage": "en-GB",
    "name": {"formatted": "Mira Okafor", "familyName": "Okafor", "givenName": "Mira"},
    "emails": [{"primary": True, "type": "work", "value": "mira.okafor@northwind.example"}],
    "addresses": [
        {
            "type": "work",
            "streetAddress": "4 Quay",
            "locality": "Leith",
            "postalCode": "EH6",
            "country": "GB",
            "formatted": "4 Quay",
        }
    ],
    "phoneNumbers": [{"type": "work", "value": "+441315550101"}, {"type": "mobile", "value": "+447700900123"}],
    "roles": [],
    "meta": {"resourceType": "User"},
    ENTERPRISE: {"employeeNumber": "70412", "department": "Risk", "manager": "u-9001"},
}
"""The create request of a user, whole: "Develop a SCIM endpoint", with the manager as a bare string."""

SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def at(resource: Mapping[str, Any], path: str) -> Any:
    """Follow a dotted path; ``emails:work`` is the e-mail of that type, ``E`` the enterprise extension."""
    value: Any = resource
    for part in path.split("."):
        name, _, kind = part.partition(":")
        value = (value or {}).get(ENTERPRISE if name == "E" else name)
        if kind:
            value = next((each for each in value or [] if each.get("type") == kind), None)
    return value


def picked(resource: Mapping[str, Any], paths: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands at each of the paths."""
    return {path: at(resource, path) for path in paths}


async def mira(client: Client, **instead: Any) -> dict[str, Any]:
    """Create Mira as Entra does; return her."""
    answer = await client.send("POST", "/Users", MIRA | instead)
    assert answer.status == 201, answer
    return dict(answer.body)


def refused(answer: Answer, status: int, scim_type: str | None = None) -> bool:
    """Whether an answer is a SCIM error with that status, and words that an administrator can read."""
    body = answer.body
    assert answer.headers["content-type"] == "application/scim+json"
    assert body["schemas"] == [SCIM_ERROR], body
    assert body["status"] == str(answer.status), body
    assert body["detail"], body
    assert answer.status == status, body
    assert body.get("scimType") == scim_type, body
    return True
