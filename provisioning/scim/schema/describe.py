"""Writes ``docs/scim-openapi.json``: an OpenAPI 3.1 description of the SCIM endpoint, from the schemas that it serves.

    python -m provisioning.scim.schema.describe [folder]

It describes RFC 7644 as the hub answers it, without an organisation's own extensions. Entra's other spellings are
understood too and are not in it: docs/scim.md tells them. A test fails when the file is stale.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.contract import ObjectKind
from provisioning.scim.schema import schemas
from provisioning.scim.schema.json_schemas import (
    FILTERS,
    NAME,
    JsonSchema,
    answered,
    bulk_request,
    bulk_response,
    error,
    likely,
    list_response,
    names_of,
    patch_op,
    ref,
    search_request,
    sent,
)
from provisioning.version import VERSION

DOCUMENT = "scim-openapi.json"

_SOMEBODY = "u-00000000000000000000000000000000"
_MEDIA_TYPE = "application/scim+json"
_ENDPOINTS = {ObjectKind.USER: "Users", ObjectKind.GROUP: "Groups"}
_WORDS = {
    "304": "The resource still has the version that If-None-Match names.",
    "400": "The request makes no sense: scimType and detail say what is wrong.",
    "401": "There is no token, or no enabled source has it.",
    "403": "The source has no right to this.",
    "404": "The resource does not exist.",
    "405": "The path does not take this method.",
    "409": "Another resource has the unique name already.",
    "412": "The resource has another version than If-Match names.",
    "413": "The body, or a list in it, is longer than what is taken.",
    "415": "The body is not JSON by its Content-Type.",
    "429": "The source sends more than its rate allows; Retry-After says when to go on.",
    "501": "There is nobody whom the token names.",
    "503": "Storage does not answer, or too many change the same; Retry-After says when to go on.",
}
_ALWAYS = ("400", "401", "403", "405", "429", "503")

type Operation = dict[str, Any]


def description() -> dict[str, Any]:
    """Return the OpenAPI description of the endpoint."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lockstep SCIM endpoint",
            "version": VERSION,
            "description": "SCIM 2.0 (RFC 7643, RFC 7644, cursors of RFC 9865). docs/scim.md has the leniencies.",
        },
        "servers": [{"url": "/scim/v2"}],
        "security": [{"bearer": []}],
        "paths": {
            **{path: item for kind in ObjectKind for path, item in _resources(kind).items()},
            **_across(),
            **_discovery(),
        },
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": _components(),
            "responses": {status: _error(words) for status, words in _WORDS.items() if status != "304"},
        },
    }


def _components() -> dict[str, JsonSchema]:
    extension = schemas.enterprise_user_schema()
    user, group = schemas.user_schema(), schemas.group_schema()
    return {
        "User": answered(user, [extension]),
        "UserSent": sent(user, [extension]),
        "Group": answered(group, []),
        "GroupSent": sent(group, []),
        "Users": list_response(ref("User")),
        "Groups": list_response(ref("Group")),
        "Everything": list_response({"anyOf": [ref("User"), ref("Group")]}),
        "Discovered": list_response({"type": "object", "required": ["schemas", "id"]}),
        "UserPatch": patch_op([*names_of(user, [extension]), 'emails[type eq "work"].value']),
        "GroupPatch": patch_op([*names_of(group), f'members[value eq "{_SOMEBODY}"]']),
        "Search": search_request(),
        "Bulk": bulk_request(),
        "BulkAnswer": bulk_response(),
        "Error": error(),
    }


def _resources(kind: ObjectKind) -> dict[str, dict[str, Any]]:
    """Return the paths of one resource type (RFC 7644 section 3.2)."""
    name, endpoint = kind.value, _ENDPOINTS[kind]
    body, found = _body(ref(f"{name}Sent")), {"200": _answer(f"The {name}.", ref(name))}
    unchanged = {"204": {"description": "Done; the source's profile leaves the body out."}}
    one = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}]
    writes = ("409", "412", "413", "415", "404")
    return {
        f"/{endpoint}": {
            "get": _operation(f"List or find {endpoint}", {"200": _answer("A page.", ref(endpoint))}, query=_LISTING),
            "post": _operation(
                f"Create a {name}",
                {"201": _answer("It is created.", ref(name))},
                "409",
                "413",
                "415",
                query=_SHOWN,
                **body,
            ),
        },
        f"/{endpoint}/.search": {
            "post": _operation(
                f"Find {endpoint}", {"200": _answer("A page.", ref(endpoint))}, "413", "415", **_body(ref("Search"))
            )
        },
        f"/{endpoint}/{{id}}": {
            "parameters": one,
            "get": _operation(
                f"Read a {name}",
                found | {"304": {"description": _WORDS["304"]}},
                "404",
                query=[*_SHOWN, _header("If-None-Match")],
            ),
            "put": _operation(f"Replace a {name}", found, *writes, query=[*_SHOWN, _header("If-Match")], **body),
            "patch": _operation(
                f"Change a {name}",
                found | unchanged,
                *writes,
                query=[*_SHOWN, _header("If-Match")],
                **_body(ref(f"{name}Patch")),
            ),
            "delete": _operation(
                f"Delete a {name}", {"204": {"description": "It is gone."}}, "404", "412", query=[_header("If-Match")]
            ),
        },
    }


def _across() -> dict[str, dict[str, Any]]:
    """Return the paths that concern every resource type."""
    everything = {"200": _answer("A page.", ref("Everything"))}
    bulk = {"200": _answer("What became of each operation.", ref("BulkAnswer"))}
    me = {method: _operation("Who the token names", {}, "501") for method in ("get", "post", "put", "patch", "delete")}
    return {
        "/": {"get": _operation("List or find everything", everything, query=_LISTING)},
        "/.search": {"post": _operation("Find everything", everything, "413", "415", **_body(ref("Search")))},
        "/Bulk": {"post": _operation("Send several operations", bulk, "413", "415", **_body(ref("Bulk")))},
        "/Me": me,
    }


def _discovery() -> dict[str, dict[str, Any]]:
    """Return the paths that describe the service (RFC 7644 section 4)."""
    paths: dict[str, dict[str, Any]] = {
        "/ServiceProviderConfig": {
            "get": _operation("What the service can do", {"200": _answer("Its capabilities.", {"type": "object"})})
        }
    }
    for name, parameter in (("Schemas", "urn"), ("ResourceTypes", "name")):
        given = [{"name": parameter, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}]
        one = {"200": _answer("It.", {"type": "object", "required": ["schemas", "id"]})}
        paths[f"/{name}"] = {"get": _operation(f"List {name}", {"200": _answer("All.", ref("Discovered"))})}
        paths[f"/{name}/{{{parameter}}}"] = {"parameters": given, "get": _operation(f"Read one of {name}", one, "404")}
    return paths


def _operation(
    summary: str, answers: Mapping[str, Any], *errors: str, query: list[dict[str, Any]] | None = None, **more: Any
) -> Operation:
    told = {status: {"$ref": f"#/components/responses/{status}"} for status in sorted({*errors, *_ALWAYS})}
    parameters = {"parameters": query} if query else {}
    return {"summary": summary, **parameters, **more, "responses": {**answers, **told}}


def _query(name: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema or {"type": "string"}}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": likely("*", 'W/"0"')}


_SHOWN = [
    _query(name, **likely("userName", "id", "userName,members", pattern=NAME))
    for name in ("attributes", "excludedAttributes")
]
_LISTING = [
    _query("filter", **likely(*FILTERS)),
    _query("startIndex", type="integer"),
    _query("count", type="integer"),
    _query("cursor"),
    _query("sortBy", **likely("userName", "displayName", "meta.created", pattern=NAME)),
    _query("sortOrder", enum=["ascending", "descending"]),
    *_SHOWN,
]


def _body(schema: JsonSchema) -> dict[str, Any]:
    content = {_MEDIA_TYPE: {"schema": schema}, "application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def _answer(words: str, schema: JsonSchema) -> dict[str, Any]:
    return {"description": words, "content": {_MEDIA_TYPE: {"schema": schema}}}


def _error(words: str) -> dict[str, Any]:
    return _answer(words, ref("Error"))


def written() -> str:
    """Return the text of the file."""
    return json.dumps(description(), indent=1, ensure_ascii=False) + "\n"


def main(folder: Path) -> None:
    """Write the description into a folder."""
    (folder / DOCUMENT).write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs"))
