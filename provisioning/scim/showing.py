"""How much of a resource is shown: which memberships a request asks for, and the models that hold them.

``groups`` of a user is read-only and not stored; it is loaded only for a request that names it in ``attributes``,
because a read by id costs one round trip. ``members`` of a group is loaded unless the request leaves it out.
"""

import asyncio
import sys
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import batched, islice
from typing import Any

from scim2_models import ResponseParameters, TooManyException

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.nesting import Known
from provisioning.directory.resources import Resource as Stored
from provisioning.directory.resources import ResourceMissing
from provisioning.scim.presenting import Model, Presenting
from provisioning.scim.rendering import MEMBER_PARTS
from provisioning.sources.caller import EVERY_KIND

MOST_MEMBERS = 10_000
"""How many members the groups of one list may have in all. A group that is read by its id shows all it has."""

MOST_NAMED_GROUPS = 100
"""Of how many groups of a user the names are shown: one read at the same time for each."""

_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the attributes that are not in the document a response keeps, and which parts of each member."""

    members: bool = True
    groups: bool = False
    parts: frozenset[str] = MEMBER_PARTS

    @classmethod
    def by(cls, parameters: ResponseParameters[Any] | None) -> "Wanted":
        """Read ``attributes`` and ``excludedAttributes``."""
        if parameters is None:
            return cls()
        if parameters.attributes:
            names = _names(parameters.attributes)
            whole = "members" in names
            parts = MEMBER_PARTS if whole else frozenset(each for each in MEMBER_PARTS if f"members.{each}" in names)
            return cls(bool(parts), any(each.partition(".")[0] == "groups" for each in names), parts)
        names = _names(parameters.excluded_attributes or ())
        parts = frozenset(each for each in MEMBER_PARTS if f"members.{each}" not in names)
        return cls("members" not in names and bool(parts), parts=parts)


class Showing:
    """Shows resources with their memberships, for one request: what it has read of groups it does not read again.

    The groups of a user are shown to who may see groups (``kinds``).
    """

    def __init__(self, directory: Directory, presenting: Presenting, kinds: Set[ObjectKind] = EVERY_KIND) -> None:
        self._directory = directory
        self._kinds = kinds
        self._presenting = presenting
        self._known: Known = {}
        self._group_names: dict[str, str | None] = {}

    async def shown(self, stored: Stored, wanted: Wanted) -> Model:
        """Return a stored resource with as much of its memberships as is wanted."""
        return await self._model(stored, wanted, await self._members(stored, wanted, sys.maxsize))

    async def page(self, resources: Sequence[Stored], wanted: Wanted) -> list[Model]:
        """Return the resources of a list as ``shown`` does, some at the same time.

        Raises ``TooManyException`` where the groups have too many members in all.
        """
        models: list[Model] = []
        left = MOST_MEMBERS
        for batch in batched(resources, _AT_ONCE, strict=False):
            members = await asyncio.gather(*(self._members(each, wanted, left) for each in batch))
            left -= sum(len(each) for each in members)
            if left < 0:
                raise TooManyException(
                    detail=f"The groups of this page have more than {MOST_MEMBERS} members in all. "
                    "Ask with excludedAttributes=members, for fewer groups, or for one group by its id."
                )
            models += await asyncio.gather(
                *(self._model(each, wanted, found) for each, found in zip(batch, members, strict=True))
            )
        return models

    async def _members(self, stored: Stored, wanted: Wanted, most: int) -> dict[str, str]:
        """Return the members to show of a resource, with their names: one more than ``most`` where there are more."""
        members: dict[str, str] = {}
        if stored.kind is ObjectKind.GROUP and wanted.members:
            async for member, name in self._directory.memberships.shown(stored.id):
                members[member] = name
                if len(members) > most:
                    break
        return members

    async def _model(self, stored: Stored, wanted: Wanted, members: dict[str, str]) -> Model:
        if stored.kind is ObjectKind.USER and wanted.groups and ObjectKind.GROUP in self._kinds:
            return await self._with_groups(stored)
        return self._presenting.present(stored, members, displays=members)

    async def _with_groups(self, stored: Stored) -> Model:
        """Return a user with every group that the user is in, directly or through others (RFC 7643 section 4.1.2).

        The groups are walked level by level; their names are read all at once, and left out beyond the first hundred.
        """
        walk = self._directory.memberships.all_groups_of(stored.id, self._known)
        within = {group: direct async for group, direct in walk}
        first = list(islice(within, MOST_NAMED_GROUPS))
        names = dict(zip(first, await asyncio.gather(*(self._name(each) for each in first)), strict=True))
        groups = [each for each in within if names.get(each, "") is not None]
        return self._presenting.present(
            stored,
            groups=groups,
            displays={group: name for group, name in names.items() if name},
            indirect={each for each in groups if not within[each]},
        )

    async def _name(self, group_id: str) -> str | None:
        """Return the name of a group; ``None`` for one that is gone, and that the outbox will take out of its rows."""
        if group_id not in self._group_names:
            try:
                group = await self._directory.get(ObjectKind.GROUP, group_id)
                self._group_names[group_id] = str(group.document.get("displayName") or "")
            except ResourceMissing:
                self._group_names[group_id] = None
        return self._group_names[group_id]


def _names(paths: Any) -> set[str]:
    return {str(path).rpartition(":")[2].lower() for path in paths}
