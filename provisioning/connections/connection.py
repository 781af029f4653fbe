"""What a connection is: frozen dataclasses and the rules of their fields. Pure.

A connection's id is its partition in table ``links`` and stands in every job and report entry; it never changes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from connectors.contract import Capabilities, Feature, ObjectKind

MOST_NAME_CHARS = 100

_ID = re.compile(r"[a-z0-9-]{1,40}")
_RESERVED_IDS = frozenset({"hub", "verify"})
"""``hub`` names the hub itself in jobs; ``verify`` is a route of the admin API."""

type Deletion = Literal["delete", "deactivate"]
"""What a deleted SCIM user means for the account: delete it, or keep it deactivated. Groups are always deleted."""


@dataclass(frozen=True, slots=True)
class Features:
    """What a connection may do. Off means: seen, reported as skipped, not done."""

    create_users: bool = True
    update_users: bool = True
    deactivate_users: bool = True
    delete_users: bool = True
    create_groups: bool = True
    update_groups: bool = True
    delete_groups: bool = True
    manage_memberships: bool = True

    def chosen(self) -> frozenset[Feature]:
        """Return the features that are on, as connectors know them."""
        return frozenset(Feature(name) for name in FEATURE_NAMES if getattr(self, name))

    def within(self, capabilities: Capabilities) -> "Features":
        """Return the features without those that the system cannot do at all."""
        cut = self
        if not capabilities.deactivate:
            cut = replace(cut, deactivate_users=False)
        if not capabilities.groups:
            cut = replace(cut, create_groups=False, update_groups=False, delete_groups=False, manage_memberships=False)
        if not capabilities.memberships:
            cut = replace(cut, manage_memberships=False)
        return cut


FEATURE_NAMES: tuple[str, ...] = tuple(each.name for each in fields(Features))


@dataclass(frozen=True, slots=True)
class Connection:
    """One configured external system.

    ``settings`` are the connector's, with secrets as references (``env:NAME``, ``file:NAME``). ``matching`` names, for
    each kind that departs from the connector's default, the target attributes that find an existing account, in
    order; an empty tuple means that accounts are never taken over. ``revision`` changes with every write.
    """

    id: str
    name: str
    kind: str
    enabled: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    features: Features = Features()
    matching: Mapping[ObjectKind, tuple[str, ...]] = field(default_factory=dict)
    deletion: Deletion = "delete"
    revision: str = ""


def wrong_id(connection_id: str) -> str:
    """Return in words what is wrong with an id for a connection; empty when nothing is."""
    if not _ID.fullmatch(connection_id):
        return "An id has 1 to 40 characters of a-z, 0-9 and '-'."
    if connection_id in _RESERVED_IDS:
        return f"'{connection_id}' has a meaning of its own here; choose another id."
    return ""


def wrong_name(name: str) -> str:
    """Return in words what is wrong with a name for a connection; empty when nothing is."""
    if not name.strip() or name != name.strip():
        return "A name may not be empty nor begin or end with a space."
    if len(name) > MOST_NAME_CHARS or not name.isprintable():
        return f"A name has at most {MOST_NAME_CHARS} characters, and no line breaks or other control characters."
    return ""
