"""Groups: what a new one is, and its attributes. Who is in them is in ``members``."""

from typing import Any, Literal

from connectors.contract import Account, Attributes, ObjectKind
from connectors.graph.accounts import Accounts
from connectors.graph.attributes import body_of
from connectors.graph.nicknames import group_nickname
from connectors.graph.permissions import Operation

GROUP = ObjectKind.GROUP

_KINDS: dict[str, dict[str, Any]] = {
    "security": {"mailEnabled": False, "securityEnabled": True},
    "microsoft365": {"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False},
}
"""What makes the two kinds (Microsoft Graph, groups overview)."""


class Groups:
    """The verbs of groups."""

    def __init__(self, accounts: Accounts, group_kind: Literal["security", "microsoft365"]) -> None:
        self._accounts = accounts
        self._kind = _KINDS[group_kind]

    async def create(self, attributes: Attributes) -> Account:
        """Create an empty group. Graph takes any number of groups with one displayName: matching comes before."""
        body = {name: value for name, value in body_of(attributes).items() if value not in (None, [])}
        body.setdefault("mailNickname", group_nickname(str(body.get("displayName", ""))))
        return await self._accounts.create(GROUP, body | self._kind, Operation.CREATE_GROUPS)

    async def update(self, remote_id: str, changes: Attributes) -> Account:
        """Write attributes."""
        body = body_of(changes)
        if not body:
            return await self._accounts.read(GROUP, remote_id)
        await self._accounts.patch(GROUP, remote_id, body)
        return Account(GROUP, remote_id, await self._accounts.name(GROUP, remote_id))
