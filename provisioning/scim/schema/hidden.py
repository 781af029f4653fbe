"""What of a stored document the schemas in force do not show, and how it outlives a write. Pure.

A schema that changes loses nothing: an attribute or an extension that was taken out, and a value that no longer fits
its type, is not shown, stays where it is through every PUT and PATCH, and is there again when the schema is. A value
that does not fit is replaced when a client writes its attribute.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from provisioning.scim.schema.schemas import ENTERPRISE_USER
from provisioning.scim.schema.shape import Attribute, Shape

_ALWAYS = frozenset({"schemas"})


def all_shown(shape: Shape, document: Mapping[str, Any]) -> bool:
    """Tell at a glance that a document has nothing but attributes of RFC 7643, whose types do not change.

    That is what most documents are; ``False`` means that ``visible`` has to look.
    """
    for name, value in document.items():
        if name == ENTERPRISE_USER:
            if not value.keys() <= _ENTERPRISE_NAMES:
                return False
        elif name not in _ALWAYS and name.lower() not in shape.attributes:
            return False
    return True


_ENTERPRISE_NAMES = frozenset({"employeeNumber", "costCenter", "organization", "division", "department", "manager"})


def visible(shape: Shape, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the schemas in force show of a document, under the names that they give: known, and of its type."""
    shown: dict[str, Any] = {}
    for name, value in document.items():
        urn = shape.extension(name)
        attribute = shape.attributes.get(name.lower())
        if urn is not None:
            if isinstance(value, Mapping) and (inner := _fitting(shape.extensions[urn], value)):
                shown[urn] = inner
        elif attribute is not None and (fitting := _fit(attribute, value)) is not None:
            shown[attribute.name] = fitting
    shown["schemas"] = [shape.urn, *(urn for urn in shape.extensions if urn in shown)]
    return shown


def kept(
    shape: Shape, stored: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the document to store: ``after`` as the client left it, and of ``stored`` what it could not see.

    ``before`` is what the client could see of ``stored``; an attribute that is the same before and after was not
    written.
    """
    result = dict(after)
    for name, value in stored.items():
        urn = shape.extension(name)
        attribute = shape.attributes.get(name.lower())
        if urn is not None:
            inner = _kept_inside(shape.extensions[urn], value, before.get(urn), after.get(urn))
            if inner not in (None, {}):
                result[urn] = inner
        elif name in _ALWAYS:
            continue
        elif attribute is not None:
            _keep(result, attribute, value, before, after)
        else:
            result[name] = value
    return result


def without(payload: dict[str, Any], places: Iterable[tuple[int | str, ...]]) -> bool:
    """Take the attributes out of a payload that a library found fault with, and tell whether there were any.

    A place begins with an attribute's name, or with an extension's URN and the name of an attribute of it.
    """
    found = False
    for place in places:
        head = str(place[0]) if place else ""
        inner = payload.get(head)
        if head[:4].lower() == "urn:" and len(place) > 1 and isinstance(inner, Mapping) and place[1] in inner:
            payload[head] = {name: value for name, value in inner.items() if name != place[1]}
            found = True
        elif head not in {"id", "meta", "schemas"} and head in payload:
            del payload[head]
            found = True
    return found


def _fitting(attributes: Mapping[str, Attribute], values: Mapping[str, Any]) -> dict[str, Any]:
    found = ((attributes.get(name.lower()), value) for name, value in values.items())
    return {
        attribute.name: fitting
        for attribute, value in found
        if attribute is not None and (fitting := _fit(attribute, value)) is not None
    }


def _fit(attribute: Attribute, value: Any) -> Any:
    """Return as much of a value as is of the attribute's type, ``None`` for nothing."""
    if not attribute.multi:
        return _fit_one(attribute, value)
    if not isinstance(value, list):
        return None
    return [fitting for each in value if (fitting := _fit_one(attribute, each)) is not None] or None


def _fit_one(attribute: Attribute, value: Any) -> Any:
    match attribute.kind:
        case "complex":
            return (_fitting(attribute.parts, value) or None) if isinstance(value, Mapping) else None
        case "boolean":
            fits = isinstance(value, bool)
        case "integer":
            fits = isinstance(value, int) and not isinstance(value, bool)
        case "decimal":
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        case "dateTime":
            fits = isinstance(value, str) and _is_date_time(value)
        case "binary":
            fits = isinstance(value, str) and _is_base64(value)
        case _:
            fits = isinstance(value, str)
    return value if fits else None


def _is_date_time(text: str) -> bool:
    try:
        return "T" in text and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def _kept_inside(attributes: Mapping[str, Attribute], stored: Any, before: Any, after: Any) -> Any:
    """Return what becomes of an extension's object, or of a complex value, with what the client could not see in it."""
    seen, left = before or {}, after or {}
    if not isinstance(stored, Mapping):
        return after or stored
    result = dict(left)
    for name, value in stored.items():
        attribute = attributes.get(name.lower())
        if attribute is None:
            result[name] = value
        else:
            _keep(result, attribute, value, seen, left)
    return result


def _keep(
    result: dict[str, Any], attribute: Attribute, value: Any, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Put into ``result`` what becomes of one attribute's stored value."""
    seen, left = before.get(attribute.name), after.get(attribute.name)
    if seen == left:
        result[attribute.name] = value
    elif left is None or attribute.kind != "complex":
        return  # cleared or written by the client: what it could not see of this attribute goes with it
    elif attribute.multi:
        result[attribute.name] = _kept_elements(attribute, value, left)
    else:
        result[attribute.name] = _kept_inside(attribute.parts, value, seen, left)


def _kept_elements(attribute: Attribute, stored: Any, after: list[Any]) -> list[Any]:
    """Return the values of a multi-valued complex attribute, each with what the client could not see in it.

    A value is known again when it is the same as before, or has the same ``value``.
    """
    waiting = [(_fit_one(attribute, each) or {}, each) for each in stored if isinstance(each, Mapping)]
    result: list[Any] = []
    for each in after:
        found = next((pair for pair in waiting if pair[0] == each), None) or next(
            (pair for pair in waiting if "value" in each and pair[0].get("value") == each["value"]), None
        )
        if found is None:
            result.append(each)
            continue
        waiting.remove(found)
        result.append(_kept_inside(attribute.parts, found[1], found[0], each))
    return result
