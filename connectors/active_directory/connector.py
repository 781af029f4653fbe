"""The Active Directory connector: the contract's verbs, each handed to a thread of the pool."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import ClassVar, Self

from pydantic import SecretStr

from connectors.active_directory import accounts, groups, memberships, passwords, recycling, users
from connectors.active_directory.defaults import DEFAULTS
from connectors.active_directory.dialect import ACTIVE_DIRECTORY
from connectors.active_directory.directory import USER, Directory
from connectors.active_directory.domain import Domain, read_domain
from connectors.active_directory.reading import changes
from connectors.active_directory.settings import ActiveDirectorySettings
from connectors.active_directory.specimens import specimens
from connectors.active_directory.verify import verify
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
from connectors.ldap_client.pool import Pool
from connectors.ldap_client.schema import Schema, read_schema
from connectors.ldap_client.session import Session
from connectors.trial import with_trial

KNOWN_SECONDS = 600
"""How long what is known of the domain and its schema is taken as read."""


class ActiveDirectoryConnector(Connector):
    """Users and groups of one domain. The remote id is the objectGUID."""

    kind: ClassVar[str] = "active_directory"
    title: ClassVar[str] = "Active Directory"
    settings_model: ClassVar[type[ConnectorSettings]] = ActiveDirectorySettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        passwords=True, imports=True, delta=True, restore=True, member_batch=memberships.MEMBERS_PER_MODIFY
    )
    defaults: ClassVar[Mapping[ObjectKind, Defaults]] = DEFAULTS

    def __init__(self, settings: ActiveDirectorySettings) -> None:
        self._settings = settings
        self._pool = Pool(settings, ACTIVE_DIRECTORY, sticky=True)
        self._known: tuple[float, Domain, Schema] | None = None

    @classmethod
    def open(cls, settings: ActiveDirectorySettings) -> Self:
        """Make a connector; the first verb connects."""
        return cls(settings)

    async def close(self) -> None:
        """Unbind."""
        await self._pool.close()

    @property
    def keeps_memberships(self) -> bool:
        """Not where deactivation removes users from their groups."""
        return not self._settings.strip_groups

    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        """Try the settings on connections of their own: what the pool holds may be older than a change."""
        seen = await self._pool.run_apart(partial(verify, self._settings, features))
        if not trial:
            return seen
        return await with_trial(self, seen, features, lambda: self._run(specimens))

    async def find(self, match: Match) -> Sequence[Account]:
        """Search by one attribute."""
        return await self._run(lambda directory: accounts.find(directory, match))

    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Read one object."""
        return await self._run(lambda directory: accounts.read(directory, kind, remote_id))

    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Add a user with a random password where the placement says, or a group."""
        if kind is USER:
            return await self._run(lambda directory: users.create(directory, attributes, active=active))
        return await self._run(lambda directory: groups.create(directory, attributes))

    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        """Modify an object; rename it where its common name changes, and move it where the settings say so."""
        if kind is USER:
            return await self._run(lambda directory: users.update(directory, remote_id, changes))
        return await self._run(lambda directory: groups.update(directory, remote_id, changes))

    async def activate(self, remote_id: str) -> None:
        """Enable a user, and bring one back who was moved away."""
        await self._run(lambda directory: users.set_active(directory, remote_id, active=True))

    async def deactivate(self, remote_id: str) -> None:
        """Disable a user; remove from groups and move away as the settings say."""
        await self._run(lambda directory: users.set_active(directory, remote_id, active=False))

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """Delete an object; the domain keeps it for a while."""
        await self._run(lambda directory: accounts.delete(directory, kind, remote_id))

    async def find_deleted(self, match: Match) -> Sequence[Account]:
        """Look among the deleted objects."""
        return await self._run(lambda directory: recycling.find_deleted(directory, match))

    async def restore(self, kind: ObjectKind, remote_id: str) -> Account:
        """Reanimate a deleted object in its place."""
        return await self._run(lambda directory: recycling.restore(directory, kind, remote_id))

    async def set_password(self, remote_id: str, password: SecretStr, *, must_change: bool = False) -> None:
        """Reset a user's password."""
        await self._run(
            lambda directory: passwords.set_password(directory, remote_id, password, must_change=must_change)
        )

    async def change_members(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Add and remove members, many in one request."""
        return await self._run(lambda directory: memberships.change_members(directory, group, add, remove))

    async def members(self, group: str) -> Sequence[str]:
        """Read the members, however many."""
        return await self._run(lambda directory: memberships.members(directory, group))

    def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        """Stream what changed, page by page."""
        return changes(self._pool, self._directory, cursor, reading)

    async def _run[T](self, verb: Callable[[Directory], T]) -> T:
        return await self._pool.run(lambda session: verb(self._directory(session)))

    def _directory(self, session: Session) -> Directory:
        # Threads may read it twice at first; they read the same.
        if self._known is None or monotonic() - self._known[0] > KNOWN_SECONDS:
            self._known = (monotonic(), read_domain(session), read_schema(session))
        return Directory(session, self._settings, *self._known[1:], moved=self._pool.moved_lately)
