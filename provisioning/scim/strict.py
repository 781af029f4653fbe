"""What the strict profile refuses beyond what scim2-models does under its own policy. Pure.

The library reads values as pydantic does in its lax mode: "yes" is true, "7" a number, 0 a date. RFC 7643 section 2.3
gives each type one JSON form, and the strict profile takes no other.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from scim2_models import InvalidSyntaxException, InvalidValueException

from provisioning.scim.dialect.patches import patch_operations
from provisioning.scim.dialect.values import check_binary, check_number
from provisioning.scim.limits import echo
from provisioning.scim.schema.shape import Attribute, Shape

_FORMS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "boolean": ((bool,), "true or false"),
    "integer": ((int,), "a whole number"),
    "decimal": ((int, float), "a number"),
    "dateTime": ((str,), "a date and time such as 2026-01-31T09:30:00Z"),
}


def check_resource(shape: Shape, body: Any) -> None:
    """Refuse the body of a POST or PUT that is no object, or has a value in another form than its type's.

    Raises ``InvalidSyntaxException`` and ``InvalidValueException``.
    """
    if not isinstance(body, Mapping):
        raise InvalidSyntaxException(detail="The body must be a JSON object")
    _check(_values(shape, body))


def check_operations(shape: Shape, body: Any) -> None:
    """Refuse a PATCH with too many operations, or with a value in another form than its attribute's."""
    for operation in patch_operations(body):
        members = {name.lower(): value for name, value in operation.items()} if isinstance(operation, Mapping) else {}
        path, value = members.get("path"), members.get("value")
        without_path = value if isinstance(value, Mapping) else {}
        written = {path: value} if isinstance(path, str) and path else without_path
        _check(_values(shape, written))
        for name, item in written.items():
            target = shape.resolve(name)
            if target is not None and target.last is not None and target.last.kind == "complex":
                _check_parts(target.last, item)


def _values(shape: Shape, body: Mapping[str, Any]) -> Iterator[tuple[Attribute, Any]]:
    for name, value in body.items():
        urn = shape.extension(name)
        if urn is not None and isinstance(value, Mapping):
            for inner, item in value.items():
                if (found := shape.extensions[urn].get(inner.lower())) is not None:
                    yield from _given(found, item)
        elif (target := shape.resolve(name)) is not None and target.last is not None:
            yield from _given(target.last, value)


def _given(attribute: Attribute, value: Any) -> Iterator[tuple[Attribute, Any]]:
    values = value if isinstance(value, list) and attribute.multi else [value]
    check_number(attribute, values)
    for each in values:
        if attribute.parts and isinstance(each, Mapping):
            for name, item in each.items():
                if (part := attribute.parts.get(name.lower())) is not None:
                    yield part, item
        else:
            yield attribute, each


def _check(values: Iterator[tuple[Attribute, Any]]) -> None:
    for attribute, value in values:
        types, words = _FORMS.get(attribute.kind, ((object,), ""))
        if value is None or attribute.read_only:
            continue
        if attribute.kind == "binary":
            check_binary(attribute, value)
        if not isinstance(value, types) or (isinstance(value, bool) and attribute.kind != "boolean" and words):
            raise InvalidValueException(detail=f"'{attribute.name}' takes {words}")


def _check_parts(attribute: Attribute, value: Any) -> None:
    """Refuse values of a complex attribute that are no objects of its sub-attributes: a group's are no models later."""
    for each in value if isinstance(value, list) and attribute.multi else [value]:
        if each is not None and not isinstance(each, Mapping):
            raise InvalidValueException(detail=f"'{attribute.name}' takes an object with sub-attributes")
        unknown = next((name for name in each or () if name.lower() not in attribute.parts), None)
        if unknown is not None:
            raise InvalidValueException(
                detail=f"{echo(f'{attribute.name}.{unknown}')} is not an attribute of the schema"
            )
