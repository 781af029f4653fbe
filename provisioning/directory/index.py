"""Which rows make a resource findable: unique claims and look-ups, derived from its document. Pure.

A claim's row key has the value alone, so that a second one fails to be inserted; a look-up's key ends with the id.

Declared attributes never refuse a resource: of one with more of their values than a change can carry, the row ``x:*:``
says that it must be looked at by whoever asks for one of several values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import ObjectKind
from provisioning.directory.indexing import BUILT_IN, MOST_DECLARED, Indexing
from provisioning.directory.keys import compose, encode, encode_beginning, fold
from provisioning.storage.entities import TooLarge, after

MOST_ROWS = 45
"""A change may delete and insert every index row of a resource and must fit into one transaction of 100."""

BUILT_IN_ROWS = MOST_ROWS - MOST_DECLARED - 1
"""Of those, what the hub's own indexes may take: one for each declared attribute of one value, and ``x:*:``, remain."""

NOT_LISTED = "x:*:"
"""Begins the key of the row of a resource whose many values have no rows; the id follows."""

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


def is_indexed(kind: ObjectKind, attribute: str, indexing: Indexing = BUILT_IN) -> bool:
    """Tell whether ``find`` can answer for an attribute."""
    return attribute.partition(":")[0] in INDEXED[kind] or indexing.ready(kind, attribute)


def lookup_key(
    kind: ObjectKind, attribute: str, value: str, source: str, indexing: Indexing = BUILT_IN
) -> tuple[str, bool]:
    """Return the key under which a value is found, and whether it is a claim (else: the prefix of several rows)."""
    if declared := indexing.named(kind, attribute):
        return declared.key(value), False
    key = _head(attribute, source) + encode(_compared(attribute, value))
    return (key, True) if attribute in _UNIQUE[kind] else (key + ":", False)


def index_rows(
    kind: ObjectKind, resource_id: str, document: Mapping[str, Any], source: str, indexing: Indexing = BUILT_IN
) -> dict[str, IndexRow]:
    """Return the index rows of a document by key. Raises ``TooLarge`` when they are more than a change can carry."""
    rows: dict[str, IndexRow] = {}
    for attribute, value in _values(kind, document):
        key, unique = lookup_key(kind, attribute, value, source)
        row = IndexRow(key, attribute) if unique else IndexRow(key + resource_id)
        rows[row.key] = row
    if len(rows) > BUILT_IN_ROWS:
        raise TooLarge(
            f"The resource has {len(rows)} values to be found by (e-mails, each counts for its type too); "
            f"at most {BUILT_IN_ROWS} are kept."
        )
    return rows | {key: IndexRow(key) for key in declared_rows(kind, resource_id, document, indexing, len(rows))}


def declared_rows(
    kind: ObjectKind, resource_id: str, document: Mapping[str, Any], indexing: Indexing, beside: int
) -> set[str]:
    """Return the keys of the rows of declared attributes, of a document that has ``beside`` rows of other indexes."""
    rows: set[str] = set()
    for declared in sorted(indexing.kept(kind), key=lambda each: (each.multi, each.name)):
        keys = {declared.key(value) + resource_id for value in declared.values(document)}
        if not declared.multi:
            rows |= set(sorted(keys)[:1])
        elif beside + len(rows | keys) < MOST_ROWS:
            rows |= keys
        else:
            rows.add(NOT_LISTED + resource_id)
    return rows


def is_built_in(kind: ObjectKind, key: str) -> bool:
    """Tell whether a row's key is one of the hub's own indexes."""
    return key.split(":")[1] in INDEXED[kind]


def name_of(kind: ObjectKind, document: Mapping[str, Any]) -> str:
    """Return what people call a resource: a user's userName, a group's displayName."""
    return str(document.get("userName" if kind is ObjectKind.USER else "displayName") or "")


def prefix_range(attribute: str, beginning: str, source: str) -> tuple[str, str]:
    """Return the first key of the values that begin so, and the end of their range; of long ones it may hold more."""
    prefix = _head(attribute, source) + encode_beginning(_compared(attribute, beginning))
    return prefix, after(prefix)


def name_prefix(kind: ObjectKind) -> str:
    """Return what the keys of the claims of names begin with; the encoded name follows."""
    return "x:userName:" if kind is ObjectKind.USER else "x:displayName:"


def history_key(name: str, resource_id: str) -> str:
    """Return the key of the row that remembers who once had a name, for reports on people who are gone."""
    return f"h:{encode(fold(name))}:{resource_id}"


def _head(attribute: str, source: str) -> str:
    return f"x:{attribute}:{encode(source)}:" if attribute == "externalId" else f"x:{attribute}:"


def _compared(attribute: str, value: str) -> str:
    """Return the form in which two values are compared (RFC 7643 2.2): the same as in the evaluation of filters."""
    return compose(value) if attribute in _CASE_EXACT else fold(value)


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
