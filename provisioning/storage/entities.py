"""Entities and the operations on them: what a transaction is made of, and the limits that it must keep. Pure.

The limits of Table Storage are enforced by the hub, because the emulator does not enforce them and Azure answers with
less helpful words: 100 operations and 4 MiB for a transaction, 1 MiB and 252 properties for an entity, 64 KiB for a
property, 1 KiB for a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, cast

MAX_OPERATIONS = 100
MAX_PROPERTIES = 252
MAX_ENTITY_BYTES = 1024 * 1024
MAX_PROPERTY_BYTES = 64 * 1024
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_KEY_CHARS = 512
"""A key may hold 1 KiB of UTF-16, which is 512 characters."""

type Entity = dict[str, Any]


class Stored(dict[str, Any]):
    """An entity as it was read, with the ETag that it was read with."""

    __slots__ = ("etag",)
    etag: str


class StoreError(Exception):
    """Storage could not do what it was asked to."""


class TooLarge(StoreError):
    """An entity or a transaction is beyond what Table Storage takes. Nothing was written."""


class Missing(StoreError):
    """The entity does not exist. In a transaction ``index`` is the operation that found it missing."""

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class Exists(StoreError):
    """An entity with that key exists. In a transaction ``index`` is the operation that found it."""

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class Changed(StoreError):
    """The entity is no longer the one that was read. In a transaction ``index`` is the operation that saw it."""

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


class Condition(NamedTuple):
    """What a scan asks of a column, so that the store leaves rows out. A row without the column does not meet it."""

    column: str
    operator: Literal["eq", "ne", "gt", "ge", "lt", "le"]
    value: str | bool | datetime


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a transaction. ``etag`` makes an update or a delete conditional on what was read.

    ``own``: the key was made for this transaction alone, so that where the row stands, all of it was done.
    """

    verb: Literal["insert", "upsert", "replace", "merge", "delete"]
    entity: Entity
    etag: str | None = None
    own: bool = False


def insert(entity: Entity, *, own: bool = False) -> Operation:
    """Write a new entity; the transaction fails with ``Exists`` when there is one. This is how uniqueness is kept."""
    return Operation("insert", entity, own=own)


def upsert(entity: Entity) -> Operation:
    """Write an entity, whether there is one or not."""
    return Operation("upsert", entity)


def replace(entity: Entity, etag: str | None = None) -> Operation:
    """Write an existing entity whole; ``Missing`` when there is none, ``Changed`` when ``etag`` is outdated."""
    return Operation("replace", entity, etag)


def merge(entity: Entity, etag: str | None = None) -> Operation:
    """Write some properties of an existing entity; errors as ``replace``."""
    return Operation("merge", entity, etag)


def delete(partition: str, row: str, etag: str | None = None) -> Operation:
    """Delete an existing entity; errors as ``replace``."""
    return Operation("delete", {"PartitionKey": partition, "RowKey": row}, etag)


def etag_of(entity: Mapping[str, Any]) -> str:
    """Return the ETag that an entity was read with."""
    return cast(Stored, entity).etag


def _property_bytes(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-16-le"))
    if isinstance(value, bytes):
        return len(value)
    return 16


def check_entity(entity: Entity) -> int:
    """Return the size of an entity in bytes, or raise ``TooLarge`` when Table Storage would not take it."""
    if len(entity) - 2 > MAX_PROPERTIES:
        raise TooLarge(f"The record has {len(entity) - 2} properties; at most {MAX_PROPERTIES} can be stored.")
    size = 4
    for name, value in entity.items():
        length = _property_bytes(value)
        if name in {"PartitionKey", "RowKey"} and length > 2 * MAX_KEY_CHARS:
            raise TooLarge(f"A key of {length} bytes is longer than the 1024 bytes that can be stored.")
        if length > MAX_PROPERTY_BYTES:
            raise TooLarge(f"The property {name} has {length} bytes; at most {MAX_PROPERTY_BYTES} can be stored.")
        size += 8 + 2 * len(name) + length
    if size > MAX_ENTITY_BYTES:
        raise TooLarge(f"The record has {size} bytes; at most {MAX_ENTITY_BYTES} can be stored.")
    return size


def after(prefix: str) -> str:
    """Return the first key that is greater than every key with the prefix: the end of its range."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def descending(moment: datetime) -> str:
    """Return a key part that sorts newest first: microseconds until the year 2286, 16 digits."""
    return f"{10**16 - 1 - round(moment.timestamp() * 1_000_000):016d}"


def ascending(moment: datetime) -> str:
    """Return a key part that sorts oldest first: microseconds since 1970, 16 digits."""
    return f"{round(moment.timestamp() * 1_000_000):016d}"
