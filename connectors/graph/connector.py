"""The Graph connector: the contract's verbs, handed to users, groups and members."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar, Self

from pydantic import SecretStr

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
    Page,
    Reading,
    Verification,
)
from connectors.errors import AlreadyExists
from connectors.graph.accounts import Accounts
from connectors.graph.attributes import DEFAULTS, defaults_with_licences
from connectors.graph.batch import MOST
from connectors.graph.client import GraphClient, Sleep
from connectors.graph.clouds import check_addresses
from connectors.graph.deleted import Deleted
from connectors.graph.groups import Groups
from connectors.graph.imports import Imports
from connectors.graph.licences import Licences
from connectors.graph.members import Members
from connectors.graph.quota import Clock
from connectors.graph.settings import GraphSettings
from connectors.graph.specimens import specimens
from connectors.graph.users import Users
from connectors.graph.verify import verify
from connectors.trial import with_trial


class GraphConnector(Connector):
    """Entra ID and Microsoft 365 through Microsoft Graph, as an application (no signed-in user).

    The remote id is the object id. Deleting is Graph's soft delete, 30 days to restore, unless the settings say more.
    """

    kind: ClassVar[str] = "graph"
    title: ClassVar[str] = "Microsoft Entra ID / Microsoft 365 (Graph)"
    settings_model: ClassVar[type[ConnectorSettings]] = GraphSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        passwords=True, imports=True, delta=True, restore=True, member_batch=MOST
    )
    defaults: ClassVar[Mapping[ObjectKind, Defaults]] = DEFAULTS

    def __init__(self, settings: GraphSettings, sleep: Sleep = asyncio.sleep, clock: Clock = time.monotonic) -> None:
        self._client = GraphClient(settings, sleep, clock)
        self._settings = settings
        self._accounts = Accounts(self._client, settings)
        self._deleted = Deleted(self._accounts)
        self._licences = Licences(self._client, settings)
        self._users = Users(self._accounts, self._licences, settings)
        self._groups = Groups(self._accounts, settings)
        self._members = Members(self._accounts)
        self._imports = Imports(self._client, settings.tenant_id)
        if settings.manages_licences:
            # The class tells what every connection of this kind maps; this one maps more.
            vars(self)["defaults"] = defaults_with_licences(
                settings.licences, while_active=settings.licences_on_deactivation == "remove"
            )

    @classmethod
    def open(cls, settings: GraphSettings) -> Self:
        """Make a connector to one of Microsoft's clouds. Raises ``Misconfigured`` for any other host (``clouds``)."""
        return cls.open_trusting(settings, frozenset())

    @classmethod
    def open_trusting(cls, settings: GraphSettings, hosts: frozenset[tuple[str, int]]) -> Self:
        """Make a connector. Raises ``Misconfigured`` for hosts that nobody vouches for (``clouds``)."""
        check_addresses(settings.authority, settings.base_url, hosts)
        return cls(settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        """Try sign-in, Graph, the permissions that the features and settings need, licences and domains."""
        seen = await verify(self._client, self._settings, self._licences, features)
        if not trial:
            return seen
        return await with_trial(self, seen, features, lambda: specimens(self._client), self._purge)

    async def find(self, match: Match) -> Sequence[Account]:
        """Ask by ``$filter``; Graph's comparison ignores case."""
        return await self._licences.named(await self._accounts.find(match))

    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Read one account."""
        (account,) = await self._licences.named([await self._accounts.read(kind, remote_id)])
        return account

    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Create a user or a group."""
        try:
            if kind is ObjectKind.USER:
                return await self._users.create(attributes, active=active)
            return await self._groups.create(attributes)
        except AlreadyExists as taken:
            if taken.created is not None:
                raise
            raise await self._deleted.explained(taken, kind, attributes) from taken

    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        """Write attributes; a changed userPrincipalName is the rename."""
        target = self._users if kind is ObjectKind.USER else self._groups
        try:
            return await target.update(remote_id, changes)
        except AlreadyExists as taken:
            raise await self._deleted.explained(taken, kind, changes) from taken

    async def activate(self, remote_id: str) -> None:
        """Set accountEnabled."""
        await self._users.activate(remote_id)

    async def deactivate(self, remote_id: str) -> None:
        """Clear accountEnabled and revoke sessions; groups and data stay, licences as the settings say."""
        await self._users.deactivate(remote_id)

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """Delete softly, and for good where that is set; called again, it finishes what was begun."""
        gone_now = await self._accounts.delete(kind, remote_id)
        if self._settings.permanent_delete:
            await self._deleted.purge(kind, remote_id, just_deleted=gone_now)

    async def find_deleted(self, match: Match) -> Sequence[Account]:
        """Ask the recycle bin; a deleted user is known by the name that it had."""
        return await self._licences.named(await self._deleted.find(match))

    async def restore(self, kind: ObjectKind, remote_id: str) -> Account:
        """Bring back what was deleted within 30 days."""
        (account,) = await self._licences.named([await self._deleted.restore(kind, remote_id)])
        return account

    async def set_password(self, remote_id: str, password: SecretStr, *, must_change: bool = False) -> None:
        """Set a password."""
        await self._users.set_password(remote_id, password, must_change=must_change)

    async def change_members(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Add and remove members."""
        return await self._members.change(group, add, remove)

    async def members(self, group: str) -> Sequence[str]:
        """List the direct members."""
        return await self._members.list(group)

    async def _purge(self, kind: ObjectKind, remote_id: str) -> None:
        """Remove what a trial has made from the recycle bin."""
        await self._deleted.purge(kind, remote_id, just_deleted=True)

    def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        """Read by delta queries: what changed, without reading everything again."""
        return self._imports.changes(cursor, reading)
