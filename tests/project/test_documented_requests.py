"""A curl in a document reaches a route that there is, with a body that it takes."""

import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from provisioning.admin import requests as bodies
from provisioning.admin.api import build
from provisioning.hub import hub

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
URN = "urn:ietf:params:scim:schemas:extension:northwind:2.0:User"
PATHS = build(hub).openapi()["paths"]


def commands(text: str) -> Iterator[list[str]]:
    """The curl commands of a document's shell blocks, as words."""
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        for command in re.split(r"^ *(?=curl |[A-Z]+=|\. |\.venv|LDAPTLS)", block, flags=re.MULTILINE):
            if command.startswith("curl "):
                yield shlex.split(command.replace("\\\n", " ").replace("$URN", URN))


def shown() -> Iterator[tuple[str, str, str, str | None]]:
    """Document, method, path and body of each request to the admin API."""
    for document in DOCUMENTS:
        for words in commands(document.read_text()):
            body = next((word for flag, word in pairwise(words) if flag == "-d"), None)
            method = words[words.index("-X") + 1] if "-X" in words else "GET" if body is None else "POST"
            for word in words:
                if (path := re.search(r"(?:\$HUB|://[^/]+)(/api/[^?]*)", word)) is not None:
                    yield document.name, method, path[1], body


def operation(method: str, path: str) -> dict[str, Any] | None:
    """What the API's description says of the route that serves a request."""
    for template, operations in PATHS.items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path) and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    return None


def model_of(described: dict[str, Any]) -> type[BaseModel]:
    """The model of the body that a route takes."""
    (name,) = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(described["requestBody"])))
    model: type[BaseModel] = getattr(bodies, name)
    return model


@pytest.mark.parametrize(("document", "method", "path", "body"), list(shown()))
def test_a_request_in_a_document_is_one_that_the_admin_api_takes(
    document: str, method: str, path: str, body: str | None
) -> None:
    described = operation(method, path)
    assert described is not None, document
    if body is not None:
        model_of(described).model_validate_json(body)


def test_the_documents_show_requests() -> None:
    changing = {(method, document) for document, method, _, body in shown() if body is not None}
    assert {("POST", "connect-entra.md"), ("PATCH", "connect-entra.md"), ("PUT", "schemas.md")} <= changing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_route_that_a_document_names_exists(document: Path) -> None:
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/api/[^`? ]*)", document.read_text())
    assert [each for each in named if not served(*each)] == []


def served(method: str, path: str) -> bool:
    """Whether there is such a route; the description of them all is not one of them."""
    return path == "/api/openapi.json" or operation(method, path) is not None
