"""What the directory hands out and what it raises: resources, and the errors of reading and writing them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.contract import ObjectKind


class DirectoryError(Exception):
    """The directory could not do what it was asked to."""


class ResourceMissing(DirectoryError):
    """No resource of that kind has that id."""


class ResourceChanged(DirectoryError):
    """The resource was written by somebody else since it was read. Read it again."""


class Taken(DirectoryError):
    """Another resource holds a value that must be unique."""

    def __init__(self, attribute: str) -> None:
        super().__init__(f"Another resource has this {attribute}.")
        self.attribute = attribute


@dataclass(frozen=True, slots=True)
class Resource:
    """A SCIM User or Group as the hub keeps it.

    ``document`` is the SCIM JSON without ``id``, ``meta``, ``members`` and ``groups``. ``generation`` grows with every
    change and is what ``meta.version`` is made from. ``source`` is the id of the SCIM client that created it.
    """

    kind: ObjectKind
    id: str
    document: Mapping[str, Any]
    generation: str
    created: datetime
    modified: datetime
    source: str
    etag: str = field(default="", compare=False, repr=False)
    index_keys: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
