"""Entities in the JSON of the Table service: which Edm type a value is written with and read as. Pure.

Types are as in "Payload format for Table service operations" and "Understanding the Table service data model": text,
booleans and 32-bit numbers are JSON's own; all else is a string beside a ``NAME@odata.type``.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from math import isfinite, isnan
from typing import Any

from provisioning.storage.entities import Stored, TooLarge

_TYPE = "@odata.type"
# ASCII only: line separators inside of a value would end a line of a transaction for some readers.
_text = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":")).encode


def write(entity: Mapping[str, Any]) -> str:
    """Return an entity as JSON, without the properties that are ``None``.

    Raises ``TooLarge`` for a number beyond 64 bits and ``TypeError`` for a type that tables do not have.
    """
    document: dict[str, Any] = {}
    for name, value in entity.items():
        if type(value) is str or value is True or value is False:
            document[name] = value
        elif value is not None:
            edm, document[name] = _written(name, value)
            if edm:
                document[name + _TYPE] = edm
    return _text(document)


def _written(name: str, value: object) -> tuple[str, Any]:
    match value:
        case Enum() | str():
            return "", str(value)
        case int():
            if -(2**31) <= value < 2**31:
                return "", value
            if -(2**63) <= value < 2**63:
                return "Edm.Int64", str(value)
            raise TooLarge(f"The number in {name} is beyond the 64 bits that can be stored.")
        case float():
            return "Edm.Double", value if isfinite(value) else _infinite(value)
        case datetime():
            return "Edm.DateTime", _moment(value)
        case bytes():
            return "Edm.Binary", base64.b64encode(value).decode()
    raise TypeError(f"{name} is a {type(value).__name__}, which a table cannot hold.")


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def literal(value: str | bool | datetime) -> str:
    """Return a value as it stands in a ``$filter``, not yet percent-encoded."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return f"datetime'{_moment(value)}'"
    return "'{}'".format(value.replace("'", "''"))


def _infinite(value: float) -> str:
    if isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


_READ: dict[str, Callable[[Any], Any]] = {
    "Edm.Int64": int,
    "Edm.Double": float,
    # The service counts in 100 ns; what is finer than a microsecond is cut off.
    "Edm.DateTime": datetime.fromisoformat,
    "Edm.Binary": base64.b64decode,
}


def read(document: dict[str, Any], etag: str = "") -> Stored:
    """Return what a document of an answer holds. The service's own Timestamp is left out: the ETag is made of it.

    ``etag`` is the one of the answer's head, for a document that does not carry its own.
    """
    entity = Stored(document)
    entity.etag = document.get("odata.etag", etag)
    entity.pop("Timestamp", None)
    for name in [name for name in entity if "odata." in name]:
        edm = entity.pop(name)
        if name.endswith(_TYPE) and edm in _READ and (named := name.removesuffix(_TYPE)) in entity:
            entity[named] = _READ[edm](entity[named])
    return entity
