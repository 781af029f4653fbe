"""Which rows make a resource findable: unique claims and look-ups, derived from its document. Pure.

A claim's row key has the value alone, so that a second one fails to be inserted; a look-up's key ends with the id.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import ObjectKind
from provisioning.directory.entities import TooLarge
from provisioning.directory.keys import encode, fold

MOST_ROWS = 45
"""A change may delete and insert every index row of a resource and must fit into one transaction of 100."""

INDEXED: Mapping[ObjectKind, frozenset[str]] = {
    ObjectKind.USER: frozenset({"userName", "externalId", "displayName", "emails"}),
    ObjectKind.GROUP: frozenset({"displayName", "externalId"}),
}
"""The attributes that ``Directory.find`` serves. ``emails`` also by type: ``emails:work``."""

_UNIQUE = {ObjectKind.USER: {"userName"}, ObjectKind.GROUP: {"displayName"}}
"""A group's displayName is Entra's match key; externalId is the client's affair (RFC 7643 3.1) and only looked up."""

_CASE_EXACT = {"externalId"}


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One row: its key, and for a claim the attribute that a second resource would be refused for."""

    key: str
    claims: str = ""


def is_indexed(kind: ObjectKind, attribute: str) -> bool:
    """Tell whether ``find`` can answer for an attribute."""
    return attribute.partition(":")[0] in INDEXED[kind]


def lookup_key(kind: ObjectKind, attribute: str, value: str, source: str) -> tuple[str, bool]:
    """Return the key under which a value is found, and whether it is a claim (else: the prefix of several rows)."""
    shown = value if attribute in _CASE_EXACT else fold(value)
    scope = f"{encode(source)}:" if attribute == "externalId" else ""
    key = f"x:{attribute}:{scope}{encode(shown)}"
    return (key, True) if attribute in _UNIQUE[kind] else (key + ":", False)


def index_rows(kind: ObjectKind, resource_id: str, document: Mapping[str, Any], source: str) -> dict[str, IndexRow]:
    """Return the index rows of a document by key. Raises ``TooLarge`` when they are more than a change can carry."""
    rows: dict[str, IndexRow] = {}
    for attribute, value in _values(kind, document):
        key, unique = lookup_key(kind, attribute, value, source)
        row = IndexRow(key, attribute) if unique else IndexRow(key + resource_id)
        rows[row.key] = row
    if len(rows) > MOST_ROWS:
        raise TooLarge(f"The resource has {len(rows)} values to be found by (e-mails); at most {MOST_ROWS} are kept.")
    return rows


def name_of(kind: ObjectKind, document: Mapping[str, Any]) -> str:
    """Return what people call a resource: a user's userName, a group's displayName."""
    return str(document.get("userName" if kind is ObjectKind.USER else "displayName") or "")


def history_key(name: str, resource_id: str) -> str:
    """Return the key of the row that remembers who once had a name, for reports on people who are gone."""
    return f"h:{encode(fold(name))}:{resource_id}"


def _values(kind: ObjectKind, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for attribute in sorted(INDEXED[kind] - {"emails"}):
        value = document.get(attribute)
        if isinstance(value, str) and value:
            yield attribute, value
    if "emails" not in INDEXED[kind]:
        return
    for email in document.get("emails") or ():
        value = email.get("value")
        if isinstance(value, str) and value:
            yield "emails", value
            if isinstance(email.get("type"), str):
                yield f"emails:{encode(fold(email['type']))}", value
