"""References from one object to another: @odata.id and @odata.bind."""

import re
from typing import Any

from sandbox.graph.entities import GROUP, USER
from sandbox.graph.errors import bad_request
from sandbox.graph.messages import Request
from sandbox.graph.properties import Entity, object_id
from sandbox.graph.state import DirectoryObject, Tenant

MOST_BINDINGS = 20
"""How many references one request may bind (Graph: add members, create group)."""

_REFERENCE = re.compile(
    r"(?P<base>https?://[^/]+/(?:v1\.0|beta))/(?P<set>directoryObjects|users|groups)/(?P<key>[^/?#]+)"
)
_PUBLIC = frozenset({"https://graph.microsoft.com/v1.0", "https://graph.microsoft.com/beta"})


def reference_in(request: Request) -> str:
    """Return the @odata.id of a ``$ref`` request's body."""
    value = request.json_object().get("@odata.id")
    if not isinstance(value, str):
        raise bad_request("Property '@odata.id' is required and must be a URL of the object to refer to.")
    return value


def bindings(values: dict[str, Any], name: str) -> list[str]:
    """Take ``name@odata.bind`` out of a request's body: at most 20 URLs."""
    bound = values.pop(f"{name}@odata.bind", [])
    if not isinstance(bound, list) or not all(isinstance(item, str) for item in bound):
        raise bad_request(f"The value of '{name}@odata.bind' must be an array of URLs.")
    if len(bound) > MOST_BINDINGS:
        raise bad_request(f"The number of references in '{name}@odata.bind' exceeds the limit of {MOST_BINDINGS}.")
    return bound


def resolve(tenant: Tenant, request: Request, reference: str) -> DirectoryObject:
    """Return the object that a URL of Graph (or of this simulator) refers to by its id. Raises 400 or 404."""
    found = _REFERENCE.fullmatch(reference)
    if not found or (found["base"] not in _PUBLIC and found["base"] != request.base):
        raise bad_request("Invalid URL format specified in payload.")
    kinds: dict[str, tuple[Entity, ...]] = {"directoryObjects": (USER, GROUP), "users": (USER,), "groups": (GROUP,)}
    return tenant.get(object_id(found["key"]), *kinds[found["set"]])
