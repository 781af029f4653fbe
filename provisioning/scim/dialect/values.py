"""Attribute values as clients write them, made into what RFC 7643 means by them. Pure.

Shapes, and where each is documented (Microsoft Learn: "Develop a SCIM endpoint", "Known issues and resolutions with
SCIM 2.0 compliance", "Customize user provisioning attribute-mappings"; others: seen by authors of SCIM servers and
reported in their issue trackers):

* booleans as strings, ``"True"`` / ``"False"``: compliance page, and Microsoft's own Postman collection
* ``"active": "banana"`` is refused with words: it must never be stored
* ``""`` clears like null: Microsoft's SCIM validator, test SCIM_Null_Update
* a scalar as ``[{"value": ...}]``: compliance page
* a reference as a bare string, in a list, or with ``$ref`` alone: "Develop a SCIM endpoint" (manager), Microsoft's
  Postman collection (members)
* ``{"value": ""}`` and ``""`` clear a manager: validator, test SCIM_Update_Manager
* a role as a JSON string inside ``value``, ``displayName`` for ``display``: "Customize attribute-mappings"
* ``Primary``, ``Value``: names in any case, RFC 7643 section 2.1
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from scim2_models import InvalidSyntaxException, InvalidValueException, PayloadTooLargeException

from provisioning.scim.limits import MOST_VALUES, echo
from provisioning.scim.reading import read_json
from provisioning.scim.schema.shape import Attribute

_BOOLEANS = {"true": True, "false": False}
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_NOT_A_VALUE = frozenset({"type", "primary", "display"})


def is_blank(value: object) -> bool:
    """Tell whether a value clears its attribute: null, "" and the empty list do."""
    return value is None or value == "" or value == []


def normal_value(attribute: Attribute, value: Any) -> Any:
    """Return the value of an attribute in its RFC form; ``None`` where it clears the attribute.

    A single complex value keeps a ``None`` for each sub-attribute that it clears.
    """
    return normal_values(attribute, value) if attribute.multi else normal_item(attribute, value)


def normal_values(attribute: Attribute, value: Any) -> list[Any] | None:
    """Return the values of a multi-valued attribute, empty ones left out; ``None`` when nothing is left."""
    if is_blank(value):
        return None
    given = value if isinstance(value, list) else [value]
    check_number(attribute, given)
    items = (normal_item(attribute, each) for each in given)
    return [without_blanks(item) for item in items if not _is_empty(item)] or None


def normal_item(attribute: Attribute, value: Any) -> Any:
    """Return one value of an attribute; ``None`` where it is blank."""
    if isinstance(value, list):
        if len(value) > 1 or (value and isinstance(value[0], list)):
            raise InvalidValueException(detail=f"'{attribute.name}' takes a single value, not a list")
        value = value[0] if value else None
    if is_blank(value):
        return None
    if attribute.kind == "complex":
        return _complex(attribute, value)
    if isinstance(value, Mapping):
        folded = {str(key).lower(): item for key, item in value.items()}
        if "value" not in folded or isinstance(folded["value"], dict | list):
            raise InvalidValueException(detail=f"'{attribute.name}' takes a plain value, not an object")
        return normal_item(attribute, folded["value"])
    if attribute.kind == "binary":
        check_binary(attribute, value)
    return _boolean(attribute, value) if attribute.kind == "boolean" else value


def check_binary(attribute: Attribute, value: Any) -> None:
    """Refuse what is no base64 (RFC 7643 section 2.3.6): the library would drop the characters that are none."""
    if not isinstance(value, str) or not _BASE64.fullmatch("".join(value.split())):
        raise InvalidValueException(detail=f"'{attribute.name}' takes binary data in base64")


def check_number(attribute: Attribute, values: Sequence[Any]) -> None:
    """Refuse more values than one attribute may have; members are bounded by the body, and are rows of their own."""
    if len(values) > MOST_VALUES and attribute.name != "members":
        raise PayloadTooLargeException(
            detail=f"'{attribute.name}' has {len(values)} values; at most {MOST_VALUES} are taken"
        )


def without_blanks(value: Any) -> Any:
    """Return a complex value without the sub-attributes that are ``None``."""
    return {name: item for name, item in value.items() if item is not None} if isinstance(value, dict) else value


def _boolean(attribute: Attribute, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None
    if known is None:
        raise InvalidValueException(detail=f"'{attribute.name}' must be true or false, not {echo(value)}")
    return known


def _complex(attribute: Attribute, value: Any) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        if attribute.value is None or not isinstance(value, str):
            raise InvalidValueException(detail=f"'{attribute.name}' takes an object with sub-attributes")
        value = {"value": value}
    result: dict[str, Any] = {}
    for key, item in _role(attribute, value).items():
        part = attribute.part(str(key))
        if part is not None and not part.read_only:
            result[part.name] = normal_item(part, item)
    if "$ref" in attribute.parts:
        _dereference(result)
    if result.get("value", "") is None:
        return None
    return result


def _dereference(value: dict[str, Any]) -> None:
    """Keep the id of a reference only: its URL is made from the id, so that it cannot point elsewhere."""
    reference = value.pop("$ref", None)
    if isinstance(reference, str) and not value.get("value"):
        value["value"] = reference.rstrip("/").rpartition("/")[2] or None


def _role(attribute: Attribute, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a role that was sent as a JSON string in ``value`` as the object it says."""
    text = value.get("value")
    if attribute.name != "roles" or not isinstance(text, str) or not text.startswith("{"):
        return value
    try:
        inner = read_json(text.encode())
    except InvalidSyntaxException:
        return value
    if not isinstance(inner, dict) or not isinstance(inner.get("value"), str):
        return value
    return {**value, **{name: item for name, item in inner.items() if name != "id"}}


def _is_empty(item: Any) -> bool:
    """Tell whether a value of a multi-valued attribute says nothing: no value, or nothing but blanks."""
    if not isinstance(item, dict):
        return item is None
    return all(part is None for name, part in item.items() if name not in _NOT_A_VALUE) and (
        None in item.values() or not item
    )
