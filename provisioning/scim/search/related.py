"""Loads as much of a candidate's memberships as a filter asks about (``relations``) into the model it is tried on."""

from scim2_models import TooManyException

from connectors.contract import ObjectKind
from provisioning.directory.memberships import Memberships
from provisioning.directory.resources import Resource as Stored
from provisioning.scim.limits import MOST_MEMBERS_SEARCHED
from provisioning.scim.presenting import Model, Presenting
from provisioning.scim.search.questions import Plan
from provisioning.scim.search.relations import Relations
from provisioning.scim.search.work import TooMuchWork, Work
from provisioning.scim.showing import Showing, Wanted


class Related:
    """The memberships of the candidates of one plan. What is read for one candidate and serves all is kept."""

    def __init__(
        self,
        memberships: Memberships,
        presenting: Presenting,
        showing: Showing,
        plan: Plan,
        asked: Relations,
        work: Work,
    ) -> None:
        self._memberships = memberships
        self._presenting = presenting
        self._showing = showing
        self._plan = plan
        self._asked = asked
        self._work = work
        self._known: dict[str, set[str]] = {}
        # Whether there are so few candidates that each is better asked for its groups than a group for its users.
        self._few = plan.questions is not None and all(each.attribute != "relation" for each in plan.questions)

    async def model(self, stored: Stored) -> Model:
        """Return a candidate as the filter needs it. Raises ``TooMuchWork`` and ``TooManyException``."""
        if stored.kind is ObjectKind.GROUP:
            members = await self._members(stored.id)
            return self._presenting.present(stored, members, displays=members)
        if self._asked.whole:
            return await self._showing.shown(stored, Wanted(groups=True))
        if self._few or self._asked.samples:
            within = {group: direct async for group, direct in self._memberships.all_groups_of(stored.id)}
            return self._presenting.present(
                stored, groups=within, indirect={group for group, direct in within.items() if not direct}
            )
        return self._presenting.present(
            stored, groups=[each for each in sorted(self._asked.ids) if await self._is_in(stored.id, each)]
        )

    async def _is_in(self, user: str, group: str) -> bool:
        """Tell whether a user is in a group, directly or through others."""
        if self._plan.asks("relation", group):
            return True
        if group not in self._known:
            found: set[str] = set()
            for each in [group, *[nested async for nested in self._memberships.nested_groups(group)]]:
                async for member in self._memberships.members(each):
                    found.add(member)
                    self._work.check_time()
                    if len(found) > self._work.most:
                        raise TooMuchWork
            self._known[group] = found
        return user in self._known[group]

    async def _has(self, group: str, member: str) -> bool:
        """Tell whether a group has a direct member."""
        if self._plan.asks("relation", member):
            return True
        if self._few:
            return await self._memberships.contains(group, member)
        if member not in self._known:
            self._known[member] = {each async for each in self._memberships.groups_of(member)}
        return group in self._known[member]

    async def _members(self, group: str) -> dict[str, str]:
        """Return as many of a group's members as the filter asks about, with the names to show for them."""
        asked = self._asked
        if asked.whole:
            found: dict[str, str] = {}
            async for member, name in self._memberships.shown(group):
                found[member] = name
                if len(found) > MOST_MEMBERS_SEARCHED:
                    raise TooManyException(
                        detail=f"A group has more than {MOST_MEMBERS_SEARCHED} members, too many to look at each. "
                        "Ask for members by their value with eq, or by their type."
                    )
            return found
        named = [each for each in sorted(asked.ids) if await self._has(group, each)]
        # One more than could be among those that are named: so there is another one where there is any.
        count = len(asked.ids) + 1
        sample = await self._memberships.sample(group, count, each_type=asked.types) if asked.samples else []
        return dict.fromkeys([*sample, *named], "")
