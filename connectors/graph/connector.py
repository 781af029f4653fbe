"""The Graph connector: the contract's verbs, handed to users, groups and members."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from connectors.contract import (
    PROVISIONING,
    Account,
    Attributes,
    Capabilities,
    Connector,
    ConnectorSettings,
    Defaults,
    Feature,
    Match,
    MemberFailures,
    ObjectKind,
    Verification,
)
from connectors.graph.accounts import Accounts
from connectors.graph.attributes import DEFAULTS
from connectors.graph.batch import MOST
from connectors.graph.client import GraphClient, Sleep
from connectors.graph.clouds import TRUSTED_HOSTS_SETTING, check_addresses
from connectors.graph.groups import Groups
from connectors.graph.members import Members
from connectors.graph.settings import GraphSettings
from connectors.graph.users import Users
from connectors.graph.verify import verify


class GraphConnector(Connector):
    """Entra ID and Microsoft 365 through Microsoft Graph, as an application (no signed-in user).

    The remote id is the object id. Deleting is Graph's soft delete: 30 days to restore.
    """

    kind: ClassVar[str] = "graph"
    title: ClassVar[str] = "Microsoft Entra ID / Microsoft 365 (Graph)"
    settings_model: ClassVar[type[ConnectorSettings]] = GraphSettings
    capabilities: ClassVar[Capabilities] = Capabilities(member_batch=MOST)
    defaults: ClassVar[Mapping[ObjectKind, Defaults]] = DEFAULTS

    def __init__(self, settings: GraphSettings, sleep: Sleep = asyncio.sleep) -> None:
        self._client = GraphClient(settings, sleep)
        self._accounts = Accounts(self._client)
        self._users = Users(self._accounts, settings.usage_location)
        self._groups = Groups(self._accounts, settings.group_kind)
        self._members = Members(self._accounts)

    @classmethod
    def open(cls, settings: GraphSettings) -> Self:
        """Make a connector. Raises ``Misconfigured`` for hosts that nobody vouches for (``clouds``)."""
        check_addresses(settings.authority, settings.base_url, os.environ.get(TRUSTED_HOSTS_SETTING, ""))
        return cls(settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        """Try sign-in, Graph and permissions."""
        return await verify(self._client)

    async def find(self, match: Match) -> Sequence[Account]:
        """Ask by ``$filter``; Graph's comparison ignores case."""
        return await self._accounts.find(match)

    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Read one account."""
        return await self._accounts.read(kind, remote_id)

    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Create a user or a group."""
        if kind is ObjectKind.USER:
            return await self._users.create(attributes, active=active)
        return await self._groups.create(attributes)

    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        """Write attributes; a changed userPrincipalName is the rename."""
        target = self._users if kind is ObjectKind.USER else self._groups
        return await target.update(remote_id, changes)

    async def activate(self, remote_id: str) -> None:
        """Set accountEnabled."""
        await self._users.switch(remote_id, active=True)

    async def deactivate(self, remote_id: str) -> None:
        """Clear accountEnabled; licences, groups and data stay."""
        await self._users.switch(remote_id, active=False)

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """Delete softly."""
        await self._accounts.delete(kind, remote_id)

    async def change_members(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Add and remove members."""
        return await self._members.change(group, add, remove)

    async def members(self, group: str) -> Sequence[str]:
        """List the direct members."""
        return await self._members.list(group)
