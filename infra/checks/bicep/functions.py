"""Bicep's functions, as far as templates of ours use them. An unknown one gives a word that stands for its result."""

import base64
import ipaddress
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from infra.checks.tokens import token


def union(*parts: Any) -> Any:
    """Merge objects deeply, the last one wins; of arrays, each value once."""
    if isinstance(parts[0], Mapping):
        merged: dict[str, Any] = {}
        for part in parts:
            for key, value in part.items():
                both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
                merged[key] = union(merged[key], value) if both else value
        return merged
    values: list[Any] = []
    for part in parts:
        values += [value for value in part if value not in values]
    return values


def items(mapping: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return an object as an array of key and value, sorted by key."""
    return [{"key": key, "value": mapping[key]} for key in sorted(mapping)]


def flatten(lists: Sequence[Sequence[Any]]) -> list[Any]:
    """Join arrays."""
    return [value for each in lists for value in each]


def template(text: str, *values: Any) -> str:
    """Fill {0}, {1} ..."""
    for number, value in enumerate(values):
        text = text.replace(f"{{{number}}}", str(value))
    return text


def subnet(address: str, prefix: int, number: int) -> str:
    """Return the subnet of a range by its number."""
    step = 1 << (32 - prefix)
    start = ipaddress.ip_network(address).network_address + step * number
    return f"{start}/{prefix}"


def role_definition(kind: str, *names: str) -> str:
    """Return the id of something in the subscription: of a role definition, its GUID is what counts."""
    return f"/subscriptions/{token('subscription', '', 'subscriptionId')}/providers/{kind}/{'/'.join(names)}"


def joined(parts: Sequence[Any], separator: str) -> str:
    """Join words."""
    return separator.join(str(part) for part in parts)


def contains(held: Any, value: Any) -> bool:
    """Whether a string, array or object contains something."""
    return value in held


def to_json(value: Any) -> str:
    """Write JSON as ARM does: without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def coalesce(*values: Any) -> Any:
    """Return the first value that is there."""
    return next((value for value in values if value is not None), None)


def first(values: Any) -> Any:
    """Return the first element."""
    return values[0] if values else None


def last(values: Any) -> Any:
    """Return the last element."""
    return values[-1] if values else None


def concat(*parts: Any) -> Any:
    """Join strings or arrays."""
    return flatten(parts) if isinstance(parts[0], list) else joined(parts, "")


def create_array(*parts: Any) -> list[Any]:
    """Return an array."""
    return list(parts)


def create_object(*parts: Any) -> dict[str, Any]:
    """Return an object of keys and values in turn."""
    return dict(zip(parts[::2], parts[1::2], strict=True))


def integer(value: Any) -> int:
    """Return a number."""
    return int(value)


def text(value: Any) -> str:
    """Return a value as text."""
    return value if isinstance(value, str) else to_json(value)


def lower(value: str) -> str:
    """Return lower case."""
    return value.lower()


def upper(value: str) -> str:
    """Return upper case."""
    return value.upper()


def number_range(start: int, count: int) -> list[int]:
    """Return so many numbers."""
    return list(range(start, start + count))


def encoded(value: str) -> str:
    """Return base64."""
    return base64.b64encode(value.encode()).decode()


PLAIN: Mapping[str, Callable[..., Any]] = {
    "union": union,
    "shallowMerge": lambda parts: {key: value for part in parts for key, value in part.items()},
    "items": items,
    "flatten": flatten,
    "format": template,
    "cidrSubnet": subnet,
    "subscriptionResourceId": role_definition,
    "join": joined,
    "contains": contains,
    "string": text,
    "coalesce": coalesce,
    "first": first,
    "last": last,
    "concat": concat,
    "createArray": create_array,
    "createObject": create_object,
    "int": integer,
    "toLower": lower,
    "toUpper": upper,
    "range": number_range,
    "base64": encoded,
    "empty": lambda value: not value,
    "length": len,
    "any": lambda value: value,
    "objectKeys": sorted,
    "replace": lambda value, old, new: value.replace(old, new),
    "split": lambda value, by: value.split(by),
    "startsWith": lambda value, start: value.lower().startswith(start.lower()),
    "endsWith": lambda value, end: value.lower().endswith(end.lower()),
    "substring": lambda value, start, size=None: value[start : None if size is None else start + size],
    "take": lambda value, count: value[:count],
    "skip": lambda value, count: value[count:],
    "trim": lambda value: value.strip(),
    "min": lambda *values: min(*values) if len(values) > 1 else min(values[0]),
    "max": lambda *values: max(*values) if len(values) > 1 else max(values[0]),
    "json": json.loads,
    "bool": lambda value: str(value).lower() in ("true", "1"),
    "indexOf": lambda value, part: value.lower().find(part.lower()) if isinstance(value, str) else value.index(part),
    "intersection": lambda one, other: [value for value in one if value in other],
    "tryGet": lambda value, *keys: next((value.get(key) for key in keys), None) if value is not None else None,
}
"""By name, those whose arguments are values."""


def with_lambda(name: str, values: Any, call: Callable[..., Any], more: Callable[..., Any] | None, start: Any) -> Any:
    """Run a function that takes a lambda."""
    match name:
        case "map":
            return [call(value) for value in values]
        case "filter":
            return [value for value in values if call(value)]
        case "sort":
            return sorted(values, key=_by(call))
        case "toObject":
            return {call(value): more(value) if more else value for value in values}
        case "mapValues":
            return {key: call(value) for key, value in values.items()}
        case "groupBy":
            keys = dict.fromkeys(call(value) for value in values)
            return {key: [value for value in values if call(value) == key] for key in keys}
        case "reduce":
            for value in values:
                start = call(start, value)
            return start
    raise LookupError(name)


def _by(less: Callable[..., Any]) -> Callable[[Any], Any]:
    """Return a sort key from Bicep's "is less than"."""
    from functools import cmp_to_key

    return cmp_to_key(lambda one, other: -1 if less(one, other) else 1)
