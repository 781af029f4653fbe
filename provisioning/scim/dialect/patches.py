"""PATCH bodies as clients write them, made into plain RFC 7644 section 3.5.2 operations with a path each. Pure.

Shapes, and where each is documented:

* ``Add``, ``Replace``, ``Remove``: compliance page of Microsoft Learn ("Known issues and resolutions...")
* no path, and a value with dotted, URN and value-path keys: compliance page (aadOptscim062020), and the trackers of
  scimitar, scim-patch and pingidentity/scim2
* ``Remove`` of ``members`` with a list of values means these members only: compliance page
* ``members`` as a bare string, an operation with a ``name``, a body with an ``id``: Microsoft's reference code
* ``Replace`` and ``Add`` with null or "" clear: Microsoft's SCIM validator
* the value shapes of ``values`` and the filters of ``filters`` inside of paths
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scim2_models import (
    InvalidPathException,
    InvalidSyntaxException,
    InvalidValueException,
    MutabilityException,
    PayloadTooLargeException,
)

from provisioning.scim.dialect.filters import normal_condition
from provisioning.scim.dialect.values import is_blank, normal_item, normal_value, normal_values, without_blanks
from provisioning.scim.limits import MOST_FILTER_CHARS, MOST_PATCH_OPERATIONS, echo
from provisioning.scim.schema.shape import Attribute, Shape, Target

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_OPERATIONS = frozenset({"add", "replace", "remove"})
_IGNORED = frozenset({"schemas", "id", "meta"})

type Operation = dict[str, Any]


def normal_operations(shape: Shape, body: Any) -> list[Operation]:
    """Return the operations of a PATCH body as ``{"op", "path", "value"}``; fewer than were sent when some do nothing.

    Raises ``InvalidSyntaxException``, ``InvalidValueException``, ``MutabilityException`` for a path to something
    read-only, and ``PayloadTooLargeException`` for too many.
    """
    return [operation for each in patch_operations(body) for operation in _operation(shape, each)]


def patch_operations(body: Any) -> list[Any]:
    """Return the operations of a PATCH body as they are. Raises as ``normal_operations`` does."""
    if not isinstance(body, Mapping):
        raise InvalidSyntaxException(detail="A PATCH body is an object with Operations")
    given = next((value for key, value in body.items() if key.lower() == "operations"), None)
    if not isinstance(given, list) or not given:
        raise InvalidValueException(detail="Operations must hold one or more operations")
    if len(given) > MOST_PATCH_OPERATIONS:
        raise PayloadTooLargeException(detail=f"A PATCH may have at most {MOST_PATCH_OPERATIONS} operations")
    return given


def parts_written(shape: Shape, operations: Iterable[Operation]) -> list[str]:
    """Return the multi-valued attributes of which a part is written without saying of which value: ``emails.value``.

    It is written to every value; where there is none, there is nothing to write to (RFC 7644 section 3.5.2, noTarget).
    """
    targets = [shape.resolve(str(each.get("path") or "")) for each in operations if each.get("op") != "remove"]
    return [
        str(Target(each.urn, each.attribute))
        for each in targets
        if each is not None and each.attribute and each.attribute.multi and each.part and each.condition is None
    ]


def _operation(shape: Shape, given: Any) -> Iterator[Operation]:
    if not isinstance(given, Mapping):
        raise InvalidSyntaxException(detail="Each operation is an object with op, path and value")
    members = {str(key).lower(): value for key, value in given.items()}
    op, path = members.get("op"), members.get("path")
    if not isinstance(op, str) or op.strip().lower() not in _OPERATIONS:
        raise InvalidValueException(detail=f"'op' must be add, replace or remove, not {echo(op)}")
    if path is not None and not isinstance(path, str):
        raise InvalidValueException(detail="'path' must be a string")
    if path is not None and len(path) > MOST_FILTER_CHARS:
        raise InvalidPathException(detail=f"'path' has more than {MOST_FILTER_CHARS} characters")
    verb = op.strip().lower()
    if path and path.strip():
        yield from _at_path(shape, verb, path.strip(), members)
    elif verb == "remove":
        yield {"op": "remove"}  # the library answers noTarget
    else:
        yield from _without_path(shape, verb, members.get("value"), "")


def _without_path(shape: Shape, verb: str, value: Any, urn: str) -> Iterator[Operation]:
    """Yield an operation for each key of a value without a path, or of an extension's object."""
    if not isinstance(value, Mapping):
        raise InvalidValueException(detail="An operation without a path takes an object as its value")
    for key, item in value.items():
        if key.lower() in _IGNORED:
            continue
        target = shape.resolve(f"{urn}:{key}" if urn else key)
        if target is None or (target.attribute is not None and target.attribute.read_only):
            continue
        if target.attribute is None:
            yield from _extension(shape, verb, target.urn, item)
        else:
            yield from _write(verb, target, target.attribute, item)


def _extension(shape: Shape, verb: str, urn: str, value: Any) -> Iterator[Operation]:
    if is_blank(value):
        yield {"op": "remove", "path": urn}
    else:
        yield from _without_path(shape, verb, value, "" if urn == shape.urn else urn)


def _at_path(shape: Shape, verb: str, path: str, members: Mapping[str, Any]) -> Iterator[Operation]:
    target, value = shape.resolve(path), members.get("value")
    if target is None:
        # Not an attribute of ours, or no path at all: the library drops the one and refuses the other.
        yield {"op": verb, "path": path, **({"value": value} if "value" in members and verb != "remove" else {})}
    elif target.attribute is None:
        yield from (
            [{"op": "remove", "path": target.urn}] if verb == "remove" else _extension(shape, verb, target.urn, value)
        )
    elif target.attribute.name != "schemas" and (target.attribute.read_only or (target.part and target.part.read_only)):
        raise MutabilityException(detail=f"{echo(path)} is read-only")
    elif verb == "remove":
        yield from _remove(target, target.attribute, value)
    elif "value" not in members:
        raise InvalidValueException(detail=f"The operation on {echo(path)} has no value")
    else:
        yield from _write(verb, target, target.attribute, value)


def _write(verb: str, target: Target, attribute: Attribute, value: Any) -> Iterator[Operation]:
    path = _normal_path(target)
    if target.part is not None:
        written = normal_item(target.part, value)
        clears_reference = target.part.name == "value" and not attribute.multi
        cleared = str(Target(target.urn, attribute)) if clears_reference else path
    elif target.condition is not None:
        written = without_blanks(normal_item(attribute, value))
        cleared = path
    else:
        written = normal_value(attribute, value)
        cleared = path
    if written is not None:
        yield {"op": verb, "path": path, "value": written}
    elif verb == "replace" or not attribute.multi or target.condition is not None:
        yield {"op": "remove", "path": cleared}


def _remove(target: Target, attribute: Attribute, value: Any) -> Iterator[Operation]:
    """Yield a remove. A value selects among several values; to a path that is exact already it adds nothing."""
    clears_reference = target.part is not None and target.part.name == "value" and not attribute.multi
    path = str(Target(target.urn, attribute)) if clears_reference else _normal_path(target)
    exact = not attribute.multi or target.part is not None or target.condition is not None
    if value is None or exact:
        yield {"op": "remove", "path": path}
        return
    items = normal_values(attribute, value)
    if items:
        yield {"op": "remove", "path": path, "value": [_selector(attribute, item) for item in items]}


def _selector(attribute: Attribute, item: Any) -> Any:
    """Return what tells one value from the others: its ``value`` where it has one, for the rest may differ."""
    if isinstance(item, dict) and attribute.value is not None and "value" in item:
        return {"value": item["value"]}
    return item if isinstance(item, dict) else {"value": item}


def _normal_path(target: Target) -> str:
    if target.condition is None or target.attribute is None:
        return str(target)
    condition = normal_condition(target.attribute, target.condition)
    return str(Target(target.urn, target.attribute, condition, target.part))
