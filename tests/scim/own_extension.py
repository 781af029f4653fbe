"""An organisation's own extension that several tests share, with an attribute of each type."""

from typing import Any

from connectors.contract import ObjectKind
from provisioning.scim.schema.extensions import extension
from provisioning.scim.schema.schemas import Extension

HR = "urn:ietf:params:scim:schemas:extension:northwind:2.0:User"
DESK = "urn:northwind:groups:1.0:Group"

ATTRIBUTES: list[dict[str, Any]] = [
    {"name": "code", "type": "string", "caseExact": True},
    {"name": "grade", "type": "string", "canonicalValues": ["junior", "senior"]},
    {"name": "badge", "type": "integer"},
    {"name": "pay", "type": "decimal"},
    {"name": "contractor", "type": "boolean"},
    {"name": "start", "type": "dateTime"},
    {"name": "key", "type": "binary"},
    {"name": "page", "type": "reference", "referenceTypes": ["external"]},
    {"name": "hired", "type": "string", "mutability": "immutable"},
    {"name": "score", "type": "string", "mutability": "readOnly"},
    {"name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never"},
    {"name": "note", "type": "string", "returned": "request"},
    {"name": "tags", "type": "string", "multiValued": True},
    {
        "name": "cost",
        "type": "complex",
        "subAttributes": [{"name": "centre", "type": "string"}, {"name": "share", "type": "integer"}],
    },
    {
        "name": "desks",
        "type": "complex",
        "multiValued": True,
        "subAttributes": [
            {"name": "value", "type": "string"},
            {"name": "type", "type": "string", "canonicalValues": ["main", "other"]},
        ],
    },
]


def declared(
    attributes: list[dict[str, Any]] | None = None, urn: str = HR, kind: ObjectKind = ObjectKind.USER
) -> Extension:
    """Return an extension with these attributes, or one with an attribute of each type."""
    given = ATTRIBUTES if attributes is None else attributes
    return extension(kind, urn, {"name": "Northwind", "description": "What Northwind knows.", "attributes": given})
