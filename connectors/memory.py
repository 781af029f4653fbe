"""An example connector whose system is a dictionary: the contract at its shortest, and a partner for engine tests."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self
from uuid import uuid4

from pydantic import Field

from connectors.contract import (
    PROVISIONING,
    Account,
    AttributeMapping,
    Attributes,
    Capabilities,
    Check,
    Connector,
    ConnectorSettings,
    Defaults,
    Feature,
    Match,
    MemberFailures,
    ObjectKind,
    Reference,
    Value,
    Verification,
)
from connectors.errors import AlreadyExists, ConnectorError, NotFound, Rejected, Unavailable

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
NAMES: Mapping[ObjectKind, str] = {USER: "login", GROUP: "name"}
"""The attribute of each kind that is unique, ignoring case."""


@dataclass(slots=True)
class Directory:
    """The "external system": survives the connectors that are open to it, and can be told to misbehave."""

    accounts: dict[str, Account] = field(default_factory=dict)
    members: dict[str, dict[str, None]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    """The verbs that reached the system, in order: tests count them."""
    failure: ConnectorError | None = None
    """While set, every verb raises it before anything happens."""
    answers_lost: bool = False
    """While set, writes are done and then end in ``Unavailable(may_have_happened=True)``."""


DIRECTORIES: dict[str, Directory] = {}
"""The systems of this process by name, so that a connection's settings can point at one."""


class MemorySettings(ConnectorSettings):
    """Which directory of this process."""

    directory: str = Field(default="default", title="Directory", description="Name of the directory in this process.")


class MemoryConnector(Connector):
    """Keeps accounts in this process. For tests and as an example of a connector; nothing is stored."""

    kind: ClassVar[str] = "memory"
    title: ClassVar[str] = "In-memory directory"
    settings_model: ClassVar[type[ConnectorSettings]] = MemorySettings
    capabilities: ClassVar[Capabilities] = Capabilities(member_batch=100)
    defaults: ClassVar[Mapping[ObjectKind, Defaults]] = {
        USER: Defaults(
            mappings=(
                AttributeMapping("login", ("userName",), required=True),
                AttributeMapping("displayName", ("displayName", "name.formatted", "userName"), required=True),
                AttributeMapping("title", ("title",)),
                AttributeMapping("mail", ('emails[type eq "work"].value', "emails.value")),
                AttributeMapping("phones", ("phoneNumbers.value",), multivalued=True),
                AttributeMapping(
                    "manager",
                    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",),
                    reference=USER,
                ),
            ),
            matching=("login",),
        ),
        GROUP: Defaults(mappings=(AttributeMapping("name", ("displayName",), required=True),), matching=("name",)),
    }

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    @classmethod
    def open(cls, settings: MemorySettings) -> Self:
        """Open the directory of that name; it is made when it is not there."""
        return cls(DIRECTORIES.setdefault(settings.directory, Directory()))

    async def close(self) -> None:
        """There is nothing to give back."""

    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        """Say whether the directory answers."""
        failure = self.directory.failure
        if failure is None:
            return Verification((Check("Directory", ok=True, detail="The directory answers."),))
        return Verification((Check("Directory", ok=False, detail=str(failure), fix=failure.fix or "Try again later."),))

    async def find(self, match: Match) -> Sequence[Account]:
        """Compare as LDAP does by default: without regard to case."""
        async with self._call("find"):
            return [
                account
                for account in self.directory.accounts.values()
                if account.kind is match.kind and _same(account.attributes.get(match.attribute), match.value)
            ][:2]

    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Return the account."""
        async with self._call("read"):
            return self._account(kind, remote_id)

    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Create the account under a new random id."""
        async with self._call("create", writes=True):
            values = self._checked(kind, None, attributes)
            name = values.get(NAMES[kind])
            if not isinstance(name, str):
                raise Rejected(
                    f"A {kind} needs {NAMES[kind]}.", code="memory.nameMissing", fix="Map it.", attribute=NAMES[kind]
                )
            account = Account(kind, uuid4().hex, name, values, active=active if kind is USER else None)
            self.directory.accounts[account.remote_id] = account
            if kind is GROUP:
                self.directory.members[account.remote_id] = {}
            return account

    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        """Write the values; the account's name follows."""
        async with self._call("update", writes=True):
            before = self._account(kind, remote_id)
            values = self._checked(kind, remote_id, {**before.attributes, **changes})
            after = replace(before, attributes=values, name=str(values[NAMES[kind]]))
            self.directory.accounts[remote_id] = after
            return after

    async def activate(self, remote_id: str) -> None:
        """Mark the user active."""
        await self._set_active(remote_id, active=True)

    async def deactivate(self, remote_id: str) -> None:
        """Mark the user inactive."""
        await self._set_active(remote_id, active=False)

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """Delete the account and what points at it."""
        async with self._call("delete", writes=True):
            if kind is self.directory.accounts.get(remote_id, Account(kind, "", "")).kind:
                self.directory.accounts.pop(remote_id, None)
                self.directory.members.pop(remote_id, None)
                for members in self.directory.members.values():
                    members.pop(remote_id, None)
                for account in list(self.directory.accounts.values()):
                    kept = {
                        name: value for name, value in account.attributes.items() if not _points_at(value, remote_id)
                    }
                    self.directory.accounts[account.remote_id] = replace(account, attributes=kept)

    async def change_members(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Add those who exist, remove whoever is in."""
        async with self._call("change_members", writes=True):
            self._account(GROUP, group)
            members = self.directory.members[group]
            for member in remove:
                members.pop(member, None)
            failed: dict[str, ConnectorError] = {}
            for member in add:
                if member in self.directory.accounts:
                    members[member] = None
                else:
                    failed[member] = NotFound(f"There is no account {member}.", code="memory.noSuchMember")
            return MemberFailures(failed)

    async def members(self, group: str) -> Sequence[str]:
        """Return the members in the order they came."""
        async with self._call("members"):
            self._account(GROUP, group)
            return list(self.directory.members[group])

    async def _set_active(self, remote_id: str, *, active: bool) -> None:
        async with self._call("activate" if active else "deactivate", writes=True):
            account = self._account(USER, remote_id)
            self.directory.accounts[remote_id] = replace(account, active=active)

    @asynccontextmanager
    async def _call(self, verb: str, *, writes: bool = False) -> AsyncIterator[None]:
        """Count the call, let others run as input and output would, and misbehave as the directory was told."""
        await asyncio.sleep(0)
        if self.directory.failure is not None:
            raise self.directory.failure
        self.directory.calls.append(verb)
        yield
        if writes and self.directory.answers_lost:
            raise Unavailable("The answer was lost.", code="memory.answerLost", may_have_happened=True)

    def _account(self, kind: ObjectKind, remote_id: str) -> Account:
        account = self.directory.accounts.get(remote_id)
        if account is None or account.kind is not kind:
            raise NotFound(f"There is no {kind} {remote_id}.", code="memory.noSuchObject")
        return account

    def _checked(self, kind: ObjectKind, remote_id: str | None, values: Attributes) -> dict[str, Value]:
        """Return the values without the cleared ones; refuse a taken name and references to nobody."""
        kept: dict[str, Value] = {name: value for name, value in values.items() if value not in (None, ())}
        for name, value in kept.items():
            if isinstance(value, Reference) and value.remote_id not in self.directory.accounts:
                raise Rejected(
                    f"{name} points at an account that is not there.", code="memory.referenceMissing", attribute=name
                )
        unique = kept.get(NAMES[kind])
        for other in self.directory.accounts.values():
            if other.kind is kind and other.remote_id != remote_id and _same(other.attributes.get(NAMES[kind]), unique):
                raise AlreadyExists(
                    f"The {NAMES[kind]} is taken by {other.remote_id}.", code="memory.nameTaken", attribute=NAMES[kind]
                )
        return kept


def _points_at(value: Value, remote_id: str) -> bool:
    return isinstance(value, Reference) and value.remote_id == remote_id


def _same(held: Value, wanted: Value) -> bool:
    return isinstance(held, str) and isinstance(wanted, str) and held.casefold() == wanted.casefold()
