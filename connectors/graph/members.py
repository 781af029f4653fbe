"""Members of groups: twenty additions in one PATCH, and what is refused there, as every removal, one by one in $batch."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from connectors.contract import MemberFailures, ObjectKind
from connectors.errors import ConnectorError, NotFound, Unavailable
from connectors.graph.accounts import Accounts, place, subject
from connectors.graph.batch import MOST, Item, send_all
from connectors.graph.client import VISIBILITY
from connectors.graph.errors import Context, error_of
from connectors.graph.permissions import Operation
from connectors.graph.recent import Recent
from connectors.graph.reply import Reply

GROUP, USER = ObjectKind.GROUP, ObjectKind.USER

SETTLING_SECONDS = 60.0
"""For how long a membership that we changed may look to Graph as if we had not: its replicas lag."""

_EXIST = "references already exist"
"""Graph says that a member is in already by a 400 that has neither details nor a code of its own: the one place where a
message is read. Should the words change, the member is reported as refused; nobody is lost."""


class Members:
    """Changes and lists the members of groups."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._client = accounts.client
        self._changed: Recent[str] = Recent(SETTLING_SECONDS)

    async def list(self, group: str) -> list[str]:
        """Return the ids of the direct members, whatever they are."""
        ids: list[str] = []
        path = f"{place(GROUP, group)}/members"
        if group in self._client.created:
            await self._accounts.exists(GROUP, group)
        query = {"$select": "id", "$top": "999"}
        async for page in self._client.pages(path, query, Operation.READ_GROUPS, subject(GROUP, group)):
            ids += [member["id"] for member in page if isinstance(member.get("id"), str)]
        return ids

    async def change(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Remove, then add. A member that is named in both is in afterwards."""
        failed: dict[str, ConnectorError] = {}
        adding = list(dict.fromkeys(add))
        removing = [member for member in dict.fromkeys(remove) if member not in set(adding)]
        place(GROUP, group)
        for member in [*adding, *removing]:
            try:
                place(USER, member)
            except NotFound as malformed:
                if member in adding:
                    failed[member] = malformed
        await self._remove(group, [m for m in removing if _well_formed(m)], failed)
        sound = [m for m in adding if m not in failed]
        for start in range(0, len(sound), MOST):
            await self._add(group, sound[start : start + MOST], failed)
        return MemberFailures(failed)
