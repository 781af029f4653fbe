"""In which order resources are answered, and the places in it that a cursor names. Pure.

The order of RFC 7644 section 3.4.2.3: by the value of ``sortBy``, without case unless the attribute is case-exact,
missing values last when ascending and first when descending; among equal ones by id. Names, which are unique and whose
claims lie in order in the store, sort by their key: as any string, but for what a key may not hold (``keys.encode``).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scim2_models import InvalidCursorException

from connectors.contract import ObjectKind
from provisioning.directory.keys import encode, fold, kind_of

NAMES = {ObjectKind.USER: "userName", ObjectKind.GROUP: "displayName"}
"""The attribute of each kind that every resource has, and no two have in common."""

_LONGEST = 100_000
_LONGEST_ID = 64
_LONGEST_NAME = 200
_NUMBER, _MOMENT, _TEXT = range(3)


@dataclass(frozen=True, slots=True, order=True)
class SortKey:
    """What orders a resource: its value, missing ones last, then its id. Values of different types never meet."""

    missing: bool
    type: int
    value: float | str
    id: str


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two resources: behind one (``forward``) or before it. ``key`` is set where a search sorts.

    A cursor is sealed, but nothing hangs on that: whoever makes one up gets a page of what they may read anyway. So
    what it holds is treated as any other input.
    """

    forward: bool
    id: str
    key: SortKey | None = None

    def written(self) -> dict[str, Any]:
        """Return the place as JSON."""
        place: dict[str, Any] = {"d": "next" if self.forward else "previous", "i": self.id}
        if self.key is not None:
            place["k"] = None if self.key.missing else [self.key.type, self.key.value]
        return place


def read_place(written: Any, *, sorts: bool) -> Place | None:
    """Return the place that was written, ``None`` for the first page. Raises ``InvalidCursorException``."""
    if written is None:
        return None
    match written:
        case {"d": "next" | "previous" as direction, "i": str(resource_id)} if _is_id(resource_id):
            forward = direction == "next"
        case _:
            raise InvalidCursorException
    if not sorts:
        return Place(forward, resource_id)
    match written.get("k", 0):
        case None:
            key = SortKey(True, _NUMBER, 0, resource_id)
        case [int(kind), str(value)] if kind in (_MOMENT, _TEXT) and len(value) <= _LONGEST:
            key = SortKey(False, kind, value, resource_id)
        case [int(kind), int() | float() as value] if kind == _NUMBER:
            key = SortKey(False, kind, value, resource_id)
        case _:
            raise InvalidCursorException
    return Place(forward, resource_id, key)


def _is_id(text: str) -> bool:
    return len(text) <= _LONGEST_ID and text.isascii() and kind_of(text) is not None


def sort_key(value: Any, resource_id: str) -> SortKey:
    """Return the key of a value as ``SearchRequest.sort_value`` gives it."""
    match value:
        case None:
            return SortKey(True, _NUMBER, 0, resource_id)
        case bool() | int() | float():
            return SortKey(False, _NUMBER, value, resource_id)
        case datetime():
            moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
            return SortKey(False, _MOMENT, moment.isoformat(timespec="microseconds"), resource_id)
    return SortKey(False, _TEXT, str(value), resource_id)


def name_key(encoded: str, resource_id: str) -> SortKey:
    """Return the key of an encoded name, as ``Streams.names`` gives it."""
    return SortKey(False, _TEXT, encoded, resource_id)


def is_name(text: str) -> bool:
    """Tell whether a text out of a cursor can be an encoded name, or is empty."""
    return len(text) <= _LONGEST_NAME and text.isprintable()


def encoded_name(name: str) -> str:
    """Return the form in which names are ordered."""
    return encode(fold(name))
