"""What a property is, and what it takes to write one: type, limits, and Graph's refusals."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sandbox.graph.errors import bad_request, extension_not_available, invalid_value, not_found

_GUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")

EXTENSION = "extension_"
"""How the name of a directory extension begins."""

NONE: frozenset[str] = frozenset()


class Type(StrEnum):
    """The JSON shape of a property's value."""

    STRING = "Edm.String"
    BOOLEAN = "Edm.Boolean"
    INTEGER = "Edm.Int32"
    MOMENT = "Edm.DateTimeOffset"
    STRINGS = "Collection(Edm.String)"
    RECORD = "a complex type whose members are strings"
    RECORDS = "a collection of a complex type"


@dataclass(frozen=True, slots=True)
class Property:
    """One property. ``operators`` are the filter operators that Graph offers on it; ``members`` a record's names."""

    type: Type = Type.STRING
    operators: frozenset[str] = NONE
    create: bool = True
    update: bool = True
    nullable: bool = True
    longest: int = 2048
    pattern: re.Pattern[str] | None = None
    default: Any = None
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity type: ``name`` as error messages have it, ``collection`` as URLs have it."""

    name: str
    collection: str
    properties: Mapping[str, Property]
    default_select: tuple[str, ...]
    required: tuple[str, ...]
    navigation: frozenset[str] = field(default_factory=frozenset)

    @property
    def odata_type(self) -> str:
        """The value of @odata.type."""
        return f"#microsoft.graph.{self.collection.removesuffix('s')}"

    def check_writable(self, name: str, value: Any, *, creating: bool) -> Any:
        """Return the value as it is stored, or raise what Graph answers when it cannot be written."""
        known = self.properties.get(name)
        if known is None and name.startswith(EXTENSION):
            raise extension_not_available(name)
        if known is None:
            raise bad_request(f"Property '{name}' does not exist as a declared property or extension property.")
        if not (known.create if creating else known.update):
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        if value is None:
            if not known.nullable:
                raise invalid_value(name, self.name)
            return [] if known.type in (Type.STRINGS, Type.RECORDS) else None
        return self._typed(name, known, value)

    def _typed(self, name: str, known: Property, value: Any) -> Any:
        match known.type:
            case Type.STRING:
                return self._text(name, known, value)
            case Type.STRINGS if isinstance(value, list):
                return [self._text(name, known, item) for item in value]
            case Type.BOOLEAN if isinstance(value, bool):
                return value
            case Type.INTEGER if isinstance(value, int) and not isinstance(value, bool):
                return value
            case Type.MOMENT if isinstance(value, str) and _is_moment(value):
                return value
            case Type.RECORD if isinstance(value, dict):
                unknown = [key for key in value if key not in known.members and not key.startswith("@odata.")]
                if unknown:
                    raise bad_request(f"The property '{unknown[0]}' does not exist on the type of '{name}'.")
                return {
                    key: None if item is None else self._text(name, known, item)
                    for key, item in value.items()
                    if key in known.members
                }
        raise _wrong_type(name, known.type)

    def _text(self, name: str, known: Property, value: Any) -> str:
        if not isinstance(value, str):
            raise _wrong_type(name, Type.STRING)
        # The directory refuses the empty string: null is what clears.
        if not value or len(value) > known.longest or (known.pattern and not known.pattern.fullmatch(value)):
            raise invalid_value(name, self.name)
        return value


def _wrong_type(name: str, wanted: Type) -> Exception:
    return bad_request(f"A value of property '{name}' cannot be converted to the type '{wanted.value}'.")


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def object_id(key: str) -> str:
    """Return an object id in lower case; 400 when it is no GUID, as for groups and references."""
    if not _GUID.fullmatch(key):
        raise bad_request(f"Invalid object identifier '{key}'.") if key else not_found(key)
    return key.lower()
