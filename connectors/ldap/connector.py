"""The LDAP connector: the contract's verbs, each handed to a thread of the pool."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from time import monotonic
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
from connectors.ldap import accounts, imports, memberships, passwords
from connectors.ldap.defaults import DEFAULTS
from connectors.ldap.directory import Directory
from connectors.ldap.numbers import Numbers
from connectors.ldap.settings import LdapSettings
from connectors.ldap.sleepers import Sleepers
from connectors.ldap.specimens import specimens
from connectors.ldap.verify import verify
from connectors.ldap_client.pool import Pool
from connectors.ldap_client.schema import Schema, read_schema
from connectors.ldap_client.session import Session
from connectors.trial import with_trial

SCHEMA_SECONDS = 600
"""How long a server's schema is taken as read."""


class LdapConnector(Connector):
    """Users and groups in any directory that speaks RFC 4511. The remote id is the entryUUID unless set otherwise."""

    kind: ClassVar[str] = "ldap"
    title: ClassVar[str] = "LDAP directory"
    settings_model: ClassVar[type[ConnectorSettings]] = LdapSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        passwords=True, imports=True, delta=True, member_batch=memberships.MEMBERS_PER_MODIFY
    )
    defaults: ClassVar[Mapping[ObjectKind, Defaults]] = DEFAULTS

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings
        self._pool = Pool(settings)
        self._numbers = Numbers()
        self._schema: tuple[float, Schema] | None = None
        self._sleepers = Sleepers()

    @classmethod
    def open(cls, settings: LdapSettings) -> Self:
        """Make a connector; the first verb connects."""
        return cls(settings)

    async def close(self) -> None:
        """Unbind."""
        await self._pool.close()

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
        """Read one entry."""
        return await self._run(lambda directory: accounts.read(directory, kind, remote_id))

    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Add an entry below the user or group base."""
        return await self._run(lambda directory: accounts.create(directory, kind, attributes, active=active))

    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        """Modify an entry, and rename it where the naming attribute changes."""
        return await self._run(lambda directory: accounts.update(directory, kind, remote_id, changes))

    async def activate(self, remote_id: str) -> None:
        """Undo a deactivation; a lock after wrong passwords is left alone."""
        self._sleepers.wake(remote_id)
        await self._run(lambda directory: accounts.set_active(directory, remote_id, active=True))

    async def deactivate(self, remote_id: str) -> None:
        """Lock, mark or move the user, as the settings say."""
        self._sleepers.sleep(remote_id)
        await self._run(lambda directory: accounts.set_active(directory, remote_id, active=False))

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """Delete an entry and what points at it."""
        await self._run(lambda directory: accounts.delete(directory, kind, remote_id))

    async def change_members(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Add and remove members, many in one request."""
        return await self._run(lambda directory: memberships.change_members(directory, group, add, remove))

    async def members(self, group: str) -> Sequence[str]:
        """Read the members; the placeholder and dead DNs are left out."""
        return await self._run(lambda directory: memberships.members(directory, group))

    async def set_password(self, remote_id: str, password: SecretStr, *, must_change: bool = False) -> None:
        """Set the password; whoever is deactivated stays so, although servers end a lock with a new password."""
        await self._sleepers.keep(
            remote_id,
            lambda: self._run(lambda directory: passwords.is_locked(directory, remote_id)),
            lambda: self._run(lambda d: passwords.set_password(d, remote_id, password, must_change=must_change)),
            lambda: self.deactivate(remote_id),
        )

    async def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        """Stream everybody who stands, and those who changed whole; every stream is a complete snapshot."""
        walk = await self._run(lambda directory: imports.begin(directory, cursor, reading))
        more = True
        while more:
            page = await self._run(walk.step)
            more = page.more
            yield page

    async def _run[T](self, verb: Callable[[Directory], T]) -> T:
        def on(session: Session) -> T:
            return verb(Directory(session, self._settings, self._known_schema(session), self._numbers))

        return await self._pool.run(on)

    def _known_schema(self, session: Session) -> Schema:
        # Threads may read it twice at first; they read the same.
        if self._schema is None or monotonic() - self._schema[0] > SCHEMA_SECONDS:
            self._schema = (monotonic(), read_schema(session))
        return self._schema[1]
