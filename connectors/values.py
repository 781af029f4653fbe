"""The values that cross the contract: kinds, attributes, references, questions and accounts. Part of the contract."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum

correlation: ContextVar[str] = ContextVar("correlation", default="")
"""The id of what is being served; empty outside of a request or job. A connector sends it along where its system takes
one, and takes the context with it into threads, so that its log lines are found by it."""


class ObjectKind(StrEnum):
    """The two kinds of SCIM resource that are provisioned; the values are SCIM's resource type names."""

    USER = "User"
    GROUP = "Group"


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that points at another account of the same system, by its remote id (manager)."""

    kind: ObjectKind
    remote_id: str


type Value = str | int | bool | tuple[str, ...] | Reference | None
"""One attribute's value. ``None`` and the empty tuple clear the attribute; an absent key leaves it as it is."""

type Attributes = Mapping[str, Value]
"""Attribute values under the target system's own attribute names (``sn``, ``givenName``, ``jobTitle``)."""


@dataclass(frozen=True, slots=True)
class Match:
    """A question for an existing account: ``attribute`` (the target's name) equals ``value``."""

    kind: ObjectKind
    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Account:
    """A user or group as it stands in the external system.

    ``remote_id`` never changes while the object lives (objectGUID, entryUUID, Graph id). ``name`` is what an
    administrator of that system calls it (the DN, the userPrincipalName) and may change. ``attributes`` holds the
    attributes that the connection's mappings may write, as far as the system returned them; references as the remote
    ids they point at. A multi-valued attribute that holds one value may come as that value or as a tuple of one.
    ``active`` is ``None`` for a group.
    """

    kind: ObjectKind
    remote_id: str
    name: str
    attributes: Attributes = field(default_factory=dict)
    active: bool | None = None
