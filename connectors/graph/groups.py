"""Groups: what a new one is, its attributes and owners. Who is in them is in ``members``."""

from collections.abc import Mapping
from typing import Any

from connectors.contract import Account, Attributes, ObjectKind
from connectors.errors import Rejected, Unavailable
from connectors.graph.accounts import Accounts
from connectors.graph.attributes import body_of
from connectors.graph.catalogue import OWNERS, WRITTEN_ONCE
from connectors.graph.nicknames import group_nickname
from connectors.graph.ownership import Ownership
from connectors.graph.permissions import Operation
from connectors.graph.settings import GraphSettings

GROUP = ObjectKind.GROUP

_KINDS: Mapping[str, Mapping[str, Any]] = {
    "security": {"mailEnabled": False, "securityEnabled": True},
    "microsoft365": {"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False},
}
"""What makes the two kinds (Microsoft Graph, groups overview). Exchange makes the others."""

DOUBT_SECONDS = 60.0
"""Seconds before one looks for a group that may have been made: not every replica shows it sooner, and Graph would take
a second one of the same name. Of users it takes none."""


class Groups:
    """The verbs of groups."""

    def __init__(self, accounts: Accounts, settings: GraphSettings) -> None:
        self._accounts = accounts
        self._ownership = Ownership(accounts, settings.group_owners)
        self._kind = _KINDS[settings.group_kind]

    async def create(self, attributes: Attributes) -> Account:
        """Create an empty group. Graph takes any number of groups with one displayName: matching comes before."""
        body = {name: value for name, value in body_of(GROUP, attributes).items() if value not in (None, [])}
        body.setdefault("mailNickname", group_nickname(str(body.get("displayName", ""))))
        if owners := await self._ownership.of_new(attributes.get(OWNERS)):
            body["owners@odata.bind"] = self._ownership.bound(owners)
        try:
            return await self._accounts.create(GROUP, body | dict(self._kind), Operation.CREATE_GROUPS)
        except Unavailable as lost:
            if lost.may_have_happened:
                lost.retry_after = max(lost.retry_after or 0.0, DOUBT_SECONDS)
            raise

    async def update(self, remote_id: str, changes: Attributes) -> Account:
        """Write attributes, then owners."""
        for name in WRITTEN_ONCE[GROUP] & changes.keys():
            raise Rejected(
                f"{name} of a group is set at its creation and never changed.",
                code="graph.writtenOnce",
                fix="Mark the mapping as written at creation only, or make the group anew.",
                attribute=name,
            )
        body = body_of(GROUP, changes)
        if body:
            await self._accounts.patch(GROUP, remote_id, body)
        if OWNERS in changes:
            await self._ownership.write(remote_id, changes[OWNERS])
        if not body and OWNERS not in changes:
            return await self._accounts.read(GROUP, remote_id)
        return Account(GROUP, remote_id, await self._accounts.name(GROUP, remote_id))
