"""What docs/scim.md, docs/connect-entra.md and docs/sources.md tell operators is what the code does: limits, errors."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from provisioning.directory.index import BUILT_IN_ROWS
from provisioning.directory.nesting import MOST_GROUPS
from provisioning.scim import limits
from provisioning.scim.membership import LONGEST_DISPLAY
from provisioning.scim.showing import MOST_MEMBERS
from provisioning.settings import Settings
from provisioning.sources.rates import Rate

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LIMITS = (DOCS / "scim.md").read_text().partition("\n## Limits\n")[2].partition("\n## ")[0]
SOURCES = (DOCS / "sources.md").read_text()
ERRORS = (DOCS / "connect-entra.md").read_text().partition("\n## 6. Errors\n")[2]

ROWS = {
    "MOST_BULK_OPERATIONS": "operations of a bulk request",
    "MOST_BULK_SECONDS": "time of a bulk request",
    "MOST_PATCH_OPERATIONS": "operations of a PATCH",
    "MOST_ATTRIBUTE_OPERATIONS": "operations of a PATCH",
    "MOST_VALUES": "values of one attribute",
    "MOST_FILTER_CHARS": "filter, path",
    "MOST_DEPTH": "nesting of a body",
    "MOST_SEARCHED": "search without an index",
    "MOST_SEARCH_SECONDS": "search without an index",
    "MOST_MEMBERS_SEARCHED": "members of one group that a filter",
    "MOST_QUESTIONS": "indexed terms joined",
    "CURSOR_SECONDS": "life of a cursor",
    "LONGEST_ID": "id in a path",
    "LONGEST_ECHO": "what an error repeats",
}
"""The row of the table that tells each constant of ``provisioning.scim.limits``."""


def limit(row: str) -> str:
    """The cell "at most" of a row of the table of limits."""
    (found,) = [line for line in LIMITS.splitlines() if line.startswith(f"| {row}")]
    return found.split(" | ")[1]


def tells(row: str, value: float) -> bool:
    """Whether a row of the table of limits has a number."""
    return re.search(rf"(?<![\d,]){value:,.0f}(?![\d,])", limit(row)) is not None


def test_every_limit_of_a_scim_request_has_its_row() -> None:
    assert {name for name in vars(limits) if name.isupper()} == ROWS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_a_limit_of_a_scim_request_is_documented_with_its_value(name: str) -> None:
    assert tells(ROWS[name], getattr(limits, name)), limit(ROWS[name])


def test_the_limits_that_stand_elsewhere_are_documented_with_their_values() -> None:
    fields = Settings.model_fields
    assert tells("body, of bulk requests too", fields["scim_max_body_bytes"].default / 2**20)
    assert tells("page of a list", fields["scim_max_results"].default)
    assert tells("values that a user is found by", BUILT_IN_ROWS)
    assert tells("`display` of a member", LONGEST_DISPLAY)
    assert tells("members shown in one list", MOST_MEMBERS)
    assert tells("groups above a group", MOST_GROUPS)
    assert tells("requests of a source", Rate().per_second)
    assert tells("requests of a source", Rate().burst)


def trees(*places: str) -> Iterator[ast.Module]:
    """The modules below some folders, or at some paths."""
    for place in places:
        path = ROOT / place
        for module in path.rglob("*.py") if path.is_dir() else [path]:
            yield ast.parse(module.read_text())


def called(tree: ast.Module, name: str, position: int) -> Iterator[str]:
    """The constant texts that stand at a position of the calls of a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            match node.args[position : position + 1]:
                case [ast.Constant(value=str(text))]:
                    yield text


def test_every_error_of_the_token_endpoint_is_documented() -> None:
    found: set[str] = set()
    for tree in trees("provisioning/sources"):
        found |= {*called(tree, "BadTokenRequest", 0), *called(tree, "_error", 1)}
    assert "invalid_client" in found
    assert [error for error in sorted(found) if not re.search(rf"^\| `{error}` \|", SOURCES, re.MULTILINE)] == []


def test_every_error_code_of_the_admin_api_is_documented() -> None:
    found: set[str] = set()
    for tree in trees("provisioning/admin"):
        found |= {*called(tree, "Refused", 1), *called(tree, "problem", 1)}
        for node in ast.walk(tree):
            match node:
                case ast.Tuple(elts=[ast.Constant(value=int()), ast.Constant(value=str(code))]):
                    found.add(code)
    documents = "".join((DOCS / name).read_text() for name in ("admin-api.md", "sources.md", "schemas.md"))
    assert {"source.refused", "connection.changed", "schema.inUse", "body.tooLarge"} <= found
    assert [code for code in sorted(found) if f"`{code}`" not in documents] == []


@cache
def sayings() -> list[str]:
    """The patterns of what the endpoint says."""
    return list(said())


def said() -> Iterator[str]:
    """A pattern for each text of the endpoint, its names and numbers left open, and for each sentence of it."""
    for tree in trees("provisioning/scim", "provisioning/sources", "provisioning/directory"):
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(text)):
                    yield from map(re.escape, sentences(text))
                case ast.JoinedStr(values=parts):
                    yield from map(pattern, sentences("".join(map(plain, parts))))


OPEN = "\0"


def plain(part: ast.expr) -> str:
    """A part of an f-string, with a mark for what it leaves open."""
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else OPEN


def sentences(text: str) -> Iterator[str]:
    """The text, and each sentence of it with its full stop."""
    yield text
    yield from re.findall(r"[^.]+\.(?= |$)", text)


def pattern(text: str) -> str:
    """A pattern for a text with open places; one that says next to nothing matches nothing."""
    letters = len(re.sub(r"\W", "", text.replace(OPEN, "")))
    return ".+".join(map(re.escape, text.strip().split(OPEN))) if letters >= 8 else "(?!)"


def quotations() -> list[Any]:
    """Every text of the hub that the tables of errors quote: what has a space in it, in the second column."""
    cells = [line.split(" | ")[1] for line in ERRORS.splitlines() if line.startswith("| ") and line.count(" | ") == 2]
    return [text for cell in cells for text in re.findall(r"`([^`]+)`", cell) if " " in text]


LIBRARYS = {
    "remove 'userName': required attribute cannot be removed": "scim2-models, after the operation that it came of"
}
"""Texts that are not the hub's own; tests/scim/test_error_words.py meets them."""


@pytest.mark.parametrize("text", sorted(set(quotations()) - LIBRARYS.keys()))
def test_an_error_that_the_guide_for_entra_quotes_is_one_of_the_hubs(text: str) -> None:
    assert any(re.fullmatch(each, text) for each in sayings())


def test_the_guide_for_entra_quotes_errors() -> None:
    assert len(quotations()) > 20
    assert LIBRARYS.keys() <= set(quotations())
