"""SCIM's resources and messages as JSON Schema, for the OpenAPI description: what a client may send and what it gets.
Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from provisioning.scim.limits import MOST_BULK_OPERATIONS, MOST_PATCH_OPERATIONS
from provisioning.scim.schema.schemas import Definition

MESSAGES = "urn:ietf:params:scim:api:messages:2.0"

NAME = "^[A-Za-z]{1,20}([.][A-Za-z]{1,20})?$"
"""An attribute's name in attribute notation (RFC 7644 section 3.10), without its schema's URN."""

FILTERS = (
    'userName eq "mira@northwind.example"',
    'emails[type eq "work"].value eq "mira@northwind.example" and active eq true',
    'displayName sw "M" or not (title pr)',
    'members eq "u-00000000000000000000000000000000"',
    'meta.lastModified gt "2026-01-01T00:00:00Z"',
)

type JsonSchema = dict[str, Any]

_TYPES: dict[str, JsonSchema] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "decimal": {"type": "number"},
    "integer": {"type": "integer"},
    "dateTime": {"type": "string", "format": "date-time"},
    "reference": {"type": "string", "format": "uri-reference"},
    "binary": {"type": "string", "contentEncoding": "base64"},
}

_META: JsonSchema = {
    "type": "object",
    "readOnly": True,
    "required": ["resourceType", "location"],
    "additionalProperties": False,
    "properties": {
        "resourceType": {"type": "string"},
        "created": {"type": "string", "format": "date-time"},
        "lastModified": {"type": "string", "format": "date-time"},
        "location": {"type": "string", "format": "uri"},
        "version": {"type": "string", "description": "The ETag of the resource."},
    },
}


def answered(core: Definition, extensions: Iterable[Definition]) -> JsonSchema:
    """Return the schema of a resource in an answer. ``attributes`` may leave out all but schemas and id."""
    return {
        "type": "object",
        "required": ["schemas", "id"],
        "additionalProperties": False,
        "properties": {
            "schemas": {"type": "array", "items": {"type": "string"}},
            "id": {"type": "string"},
            "externalId": {"type": "string"},
            "meta": _META,
            **_properties(core["attributes"], sent=False),
            **{each["id"]: _object(each["attributes"], sent=False) for each in extensions},
        },
    }


def sent(core: Definition, extensions: Iterable[Definition]) -> JsonSchema:
    """Return the schema of a resource in the body of a POST or PUT; what only the hub writes is not in it."""
    return {
        "type": "object",
        "required": ["schemas", *(each["name"] for each in core["attributes"] if each["required"])],
        "properties": {
            "schemas": {"type": "array", "items": {"type": "string"}, "examples": [[core["id"]]]},
            "externalId": {"type": "string"},
            **_properties(core["attributes"], sent=True),
            **{each["id"]: _object(each["attributes"], sent=True) for each in extensions},
        },
    }


def error() -> JsonSchema:
    """Return the schema of an error (RFC 7644 section 3.12)."""
    return {
        "type": "object",
        "required": ["schemas", "status", "detail"],
        "additionalProperties": False,
        "properties": {
            "schemas": {"const": [f"{MESSAGES}:Error"]},
            "status": {"type": "string", "pattern": "^[45][0-9]{2}$"},
            "scimType": {"type": "string"},
            "detail": {"type": "string", "minLength": 1},
        },
    }


def ref(name: str) -> JsonSchema:
    """Return a reference to a component of the description."""
    return {"$ref": f"#/components/schemas/{name}"}


def likely(*values: str, pattern: str = "") -> JsonSchema:
    """Return the schema of a text, with values that make sense: readers see them, and fuzzers send them."""
    return {"anyOf": [{"enum": list(values)}, {"type": "string", **({"pattern": pattern} if pattern else {})}]}


def names_of(core: Definition, extensions: Iterable[Definition] = ()) -> list[str]:
    """Return the names of a resource's attributes as paths write them, with sub-attributes and an extension's URN."""
    found = ["externalId"]
    for prefix, definition in (("", core), *((f"{each['id']}:", each) for each in extensions)):
        for attribute in definition["attributes"]:
            found.append(f"{prefix}{attribute['name']}")
            found += [f"{prefix}{attribute['name']}.{part['name']}" for part in attribute.get("subAttributes", ())]
    return found


def list_response(each: JsonSchema) -> JsonSchema:
    """Return the schema of a list answer (RFC 7644 section 3.4.2) of resources that are each as told."""
    number = {"type": "integer", "minimum": 0}
    return {
        "type": "object",
        "required": ["schemas", "itemsPerPage", "Resources"],
        "additionalProperties": False,
        "properties": {
            "schemas": {"const": [f"{MESSAGES}:ListResponse"]},
            "totalResults": number,
            "itemsPerPage": number,
            "startIndex": {"type": "integer", "minimum": 1},
            "nextCursor": {"type": "string"},
            "previousCursor": {"type": "string"},
            "Resources": {"type": "array", "items": each},
        },
    }


def patch_op(paths: Sequence[str]) -> JsonSchema:
    """Return the schema of a PATCH (RFC 7644 section 3.5.2)."""
    operation = {
        "type": "object",
        "required": ["op"],
        "properties": {"op": {"enum": ["add", "replace", "remove"]}, "path": likely(*paths), "value": {}},
    }
    operations = {"type": "array", "minItems": 1, "maxItems": MOST_PATCH_OPERATIONS, "items": operation}
    return _message("PatchOp", {"Operations": operations}, required="Operations")


def search_request() -> JsonSchema:
    """Return the schema of a search by POST (RFC 7644 section 3.4.3)."""
    names = {"type": "array", "items": likely("userName", "displayName", "members", "emails.value", pattern=NAME)}
    return _message(
        "SearchRequest",
        {
            "filter": likely(*FILTERS),
            "startIndex": {"type": "integer"},
            "count": {"type": "integer"},
            "cursor": {"type": "string"},
            "sortBy": likely("userName", "meta.created", pattern=NAME),
            "sortOrder": {"enum": ["ascending", "descending"]},
            "attributes": names,
            "excludedAttributes": names,
        },
    )


def bulk_request() -> JsonSchema:
    """Return the schema of a bulk request (RFC 7644 section 3.7)."""
    operation = {
        "type": "object",
        "required": ["method", "path"],
        "properties": {
            "method": {"enum": ["POST", "PUT", "PATCH", "DELETE"]},
            "path": likely("/Users", "/Groups", "/Users/bulkId:one"),
            "bulkId": {"type": "string"},
            "version": {"type": "string"},
            "data": {"type": "object"},
        },
    }
    operations = {"type": "array", "maxItems": MOST_BULK_OPERATIONS, "items": operation}
    more = {"Operations": operations, "failOnErrors": {"type": "integer", "minimum": 1}}
    return _message("BulkRequest", more, required="Operations")


def bulk_response() -> JsonSchema:
    """Return the schema of the answer to a bulk request."""
    operation = {
        "type": "object",
        "required": ["status"],
        "additionalProperties": False,
        "properties": {
            "method": {"type": "string"},
            "bulkId": {"type": "string"},
            "version": {"type": "string"},
            "location": {"type": "string"},
            "status": {"type": "string", "pattern": "^[2-5][0-9]{2}$"},
            "response": {"type": "object"},
        },
    }
    return _message("BulkResponse", {"Operations": {"type": "array", "items": operation}}, required="Operations")


def _message(name: str, properties: dict[str, JsonSchema], required: str = "") -> JsonSchema:
    urn = {"const": [f"{MESSAGES}:{name}"]}
    wanted = ["schemas", *([required] if required else [])]
    return {"type": "object", "required": wanted, "properties": {"schemas": urn, **properties}}


def _properties(attributes: Sequence[Definition], *, sent: bool) -> dict[str, JsonSchema]:
    return {
        each["name"]: _attribute(each, sent=sent)
        for each in attributes
        if (each["mutability"] != "readOnly" if sent else each["returned"] != "never")
    }


def _object(attributes: Sequence[Definition], *, sent: bool) -> JsonSchema:
    properties = _properties(attributes, sent=sent)
    return {"type": "object", "properties": properties, **({} if sent else {"additionalProperties": False})}


def _attribute(attribute: Definition, *, sent: bool) -> JsonSchema:
    if attribute["type"] == "complex":
        one = _object(attribute["subAttributes"], sent=sent)
    else:
        one = dict(_TYPES[attribute["type"]])
    if canonical := attribute.get("canonicalValues"):
        one["examples"] = list(canonical)
    if attribute["required"] and attribute["type"] == "string":
        one["minLength"] = 1
    described = {"description": attribute["description"]}
    if not sent and attribute["mutability"] == "readOnly":
        described["readOnly"] = True
    return {"type": "array", "items": one, **described} if attribute["multiValued"] else {**one, **described}
