"""Mapping: the attribute values that a SCIM document wants in a target system. Pure.

Evaluates ``connectors.contract.AttributeMapping``: SCIM paths in the manner of RFC 7644 3.5.2 over a stored document.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from connectors.contract import AttributeMapping, ObjectKind

type Scalar = str | int | bool
type Mapped = str | int | bool | tuple[str, ...] | Pending | None
"""One wanted value. ``None`` means that the attribute should be empty in the target."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A value that points at another SCIM resource; the engine turns it into a ``Reference`` with the remote id."""

    kind: ObjectKind
    resource_id: str


class MalformedPath(ValueError):
    """A mapping's source is not a SCIM path. This is a fault of the connector, not of the document."""


@dataclass(frozen=True, slots=True)
class ScimPath:
    """A parsed path: ``schema`` is an extension's URN or empty, ``conditions`` are joined by "and", ``sub`` optional.

    All names are in lower case: RFC 7643 2.1 makes attribute names and URNs case-insensitive.
    """

    schema: str
    attribute: str
    conditions: tuple[tuple[str, Scalar], ...] = ()
    sub: str = ""


_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
_NAME = r"[A-Za-z$][A-Za-z0-9$_-]*"
_PATH = re.compile(
    rf"(?:(?P<schema>[Uu][Rr][Nn]:[^\[\]\s]+):)?(?P<attribute>{_NAME})(?:\[(?P<filter>[^\[\]]+)\])?(?:\.(?P<sub>{_NAME}))?"
)
_CONDITION = re.compile(
    rf"\s*(?P<name>{_NAME})\s+eq\s+(?:\"(?P<text>[^\"]*)\"|(?P<word>true|false|\d+))\s*(?:(?P<more>\band\b)|$)",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def parse(path: str) -> ScimPath:
    """Read ``attr``, ``attr.sub``, ``attr[type eq "work"].sub`` and their forms behind an extension's URN."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise MalformedPath(f"'{path}' is not a SCIM attribute path.")
    schema = (match["schema"] or "").lower()
    return ScimPath(
        schema="" if schema.startswith(_CORE) else schema,
        attribute=match["attribute"].lower(),
        conditions=tuple(_conditions(match["filter"], path)) if match["filter"] else (),
        sub=(match["sub"] or "").lower(),
    )


def _conditions(text: str, path: str) -> Iterator[tuple[str, Scalar]]:
    start, more = 0, True
    while more:
        match = _CONDITION.match(text, start)
        if match is None:
            raise MalformedPath(f"'{text[start:].strip()}' in '{path}' is not of the form: attribute eq value.")
        word = (match["word"] or "").lower()
        if match["text"] is not None:
            yield match["name"].lower(), match["text"]
        else:
            yield match["name"].lower(), int(word) if word.isdigit() else word == "true"
        start, more = match.end(), match["more"] is not None


def desired(document: Mapping[str, Any], mappings: Iterable[AttributeMapping]) -> dict[str, Mapped]:
    """Return every mapped target attribute with the value that the document wants, ``None`` where it has none."""
    return {mapping.target: value_of(document, mapping) for mapping in mappings}


def value_of(document: Mapping[str, Any], mapping: AttributeMapping) -> Mapped:
    """Return the value of the first source that has one. ``False`` and 0 are values; "" is none."""
    for source in mapping.sources:
        path = parse(source)
        found = list(_values(document, path))
        if mapping.multivalued:
            collected = tuple(dict.fromkeys(_text(value) for value in found))
            if collected:
                return tuple(dict.fromkeys((*mapping.always, *collected)))
        elif found:
            return _single(found[0], mapping)
    return mapping.always or None


def _single(value: Scalar | float, mapping: AttributeMapping) -> Mapped:
    if mapping.reference is not None:
        return Pending(mapping.reference, _text(value))
    return _text(value) if isinstance(value, float) else value


def _values(document: Mapping[str, Any], path: ScimPath) -> Iterator[Scalar | float]:
    """Yield the scalar values that a path leads to; of a multi-valued attribute those of the primary element first."""
    container = _member(document, path.schema) if path.schema else document
    value = _member(container, path.attribute)
    elements = value if isinstance(value, list | tuple) else [value]
    chosen = [element for element in elements if all(_holds(element, *condition) for condition in path.conditions)]
    for element in sorted(chosen, key=lambda element: _member(element, "primary") is not True):
        leaf = _leaf(element, path.sub)
        if isinstance(leaf, str | int | float) and leaf != "":
            yield leaf


def _leaf(element: Any, sub: str) -> Any:
    """Return the sub-attribute of an element; of a complex one without ``sub`` its ``value`` (RFC 7643 2.4)."""
    if isinstance(element, Mapping):
        return _member(element, sub or "value")
    return element if sub in {"", "value"} else None


def _member(container: Any, name: str) -> Any:
    if not isinstance(container, Mapping):
        return None
    return next((value for key, value in container.items() if key.lower() == name), None)


def _holds(element: Any, name: str, wanted: Scalar) -> bool:
    found = _member(element, name)
    if isinstance(found, str) and isinstance(wanted, str):
        return found.lower() == wanted.lower()
    if isinstance(wanted, bool) and isinstance(found, str):
        return found.lower() == str(wanted).lower()
    return type(found) is type(wanted) and found == wanted


def _text(value: Scalar | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
