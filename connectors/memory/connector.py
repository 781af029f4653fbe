"""The example connector: every verb of the contract in a few lines, over a directory in this process."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar, Self
from uuid import uuid4

from pydantic import Field, SecretStr

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
    Page,
    Reading,
    Verification,
)
from connectors.errors import ConnectorError, NotFound, Rejected, Unavailable
from connectors.memory.directory import DIRECTORIES, GROUP, NAMES, USER, Directory, same
from connectors.memory.reading import Place, page_of
from connectors.trial import Specimen, trial_name, with_trial

_SHORTEST_PASSWORD = 12


class MemorySettings(ConnectorSettings):
    """Which directory of this process."""

    directory: str = Field(default="default", title="Directory", description="Name of the directory in this process.")


class MemoryConnector(Connector):
    """Keeps accounts in this process. For tests and as an example of a connector; nothing is stored."""

    kind: ClassVar[str] = "memory"
    title: ClassVar[str] = "In-memory directory"
    settings_model: ClassVar[type[ConnectorSettings]] = MemorySettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        passwords=True, imports=True, delta=True, restore=True, member_batch=100
    )
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

    @property
    def keeps_memberships(self) -> bool:
        """As the directory was told."""
        return self.directory.keeps_memberships

    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        """Say whether the directory answers."""
        check = Check("Directory", ok=True, detail="The directory answers.")
        if failure := self.directory.failure:
            check = Check("Directory", ok=False, detail=str(failure), fix=failure.fix or "Try again later.")
        seen = Verification((check,))
        return await with_trial(self, seen, features, _specimens, self._purge) if trial else seen

    async def find(self, match: Match) -> Sequence[Account]:
        """Compare without regard to case."""
        async with self._call("find"):
            return [account for account in self.directory.accounts.values() if _matches(account, match)][:2]

    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Return the account."""
        async with self._call("read"):
            return self.directory.account(kind, remote_id)

    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Create the account under a new random id."""
        async with self._call("create", writes=True):
            values = self.directory.checked(kind, None, attributes)
            name = values.get(NAMES[kind])
            if not isinstance(name, str):
                raise Rejected(
                    f"A {kind} needs {NAMES[kind]}.", code="memory.nameMissing", fix="Map it.", attribute=NAMES[kind]
                )
            return self.directory.put(Account(kind, uuid4().hex, name, values, active=active if kind is USER else None))

    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        """Write the values; the account's name follows."""
        async with self._call("update", writes=True):
            before = self.directory.account(kind, remote_id)
            values = self.directory.checked(kind, remote_id, {**before.attributes, **changes})
            after = replace(before, attributes=values, name=str(values[NAMES[kind]]))
            return after if after == before else self.directory.put(after)

    async def activate(self, remote_id: str) -> None:
        """Mark the user active."""
        async with self._call("activate", writes=True):
            self.directory.put(replace(self.directory.account(USER, remote_id), active=True))

    async def deactivate(self, remote_id: str) -> None:
        """Mark the user inactive."""
        async with self._call("deactivate", writes=True):
            self.directory.put(replace(self.directory.account(USER, remote_id), active=False))
            if not self.directory.keeps_memberships:
                self.directory.leave_all(remote_id)

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """Delete the account; it can be restored."""
        async with self._call("delete", writes=True):
            account = self.directory.accounts.get(remote_id)
            if account is not None and account.kind is kind:
                self.directory.remove(account)

    async def change_members(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Add those who exist, remove whoever is in."""
        async with self._call("change_members", writes=True):
            self.directory.account(GROUP, group)
            failed: dict[str, ConnectorError] = {}
            for member in remove:
                self.directory.leave(group, member)
            for member in add:
                if member in self.directory.accounts:
                    self.directory.join(group, member)
                else:
                    failed[member] = NotFound(f"There is no account {member}.", code="memory.noSuchMember")
            return MemberFailures(failed)

    async def members(self, group: str) -> Sequence[str]:
        """Return the members in the order they came."""
        async with self._call("members"):
            self.directory.account(GROUP, group)
            return list(self.directory.members[group])

    async def find_deleted(self, match: Match) -> Sequence[Account]:
        """Look into the recycle bin."""
        async with self._call("find_deleted"):
            return [account for account in reversed(self.directory.deleted.values()) if _matches(account, match)][:2]

    async def restore(self, kind: ObjectKind, remote_id: str) -> Account:
        """Bring the account back with its attributes; memberships and its password do not come back."""
        async with self._call("restore", writes=True):
            if remote_id in self.directory.accounts:
                return self.directory.account(kind, remote_id)
            deleted = self.directory.deleted.get(remote_id)
            if deleted is None or deleted.kind is not kind:
                raise NotFound(f"No {kind} {remote_id} was deleted.", code="memory.noSuchObject")
            values = self.directory.without_dead_references(deleted.attributes)
            restored = replace(deleted, attributes=self.directory.checked(kind, remote_id, values))
            del self.directory.deleted[remote_id]
            return self.directory.put(restored)

    async def set_password(self, remote_id: str, password: SecretStr, *, must_change: bool = False) -> None:
        """Set the password, which the policy wants to be long."""
        async with self._call("set_password", writes=True):
            self.directory.account(USER, remote_id)
            if len(password.get_secret_value()) < _SHORTEST_PASSWORD:
                raise Rejected(
                    f"A password has at least {_SHORTEST_PASSWORD} characters.",
                    code="memory.passwordPolicy",
                    fix="Choose a longer one.",
                )
            self.directory.passwords[remote_id] = password.get_secret_value()
            self.directory.to_change -= {remote_id}
            self.directory.to_change |= {remote_id} if must_change else set()

    async def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        """Read the log from the cursor on, or everything first."""
        place = Place.resume(cursor, self.directory, reading) if cursor is not None else None
        note = "" if place or cursor is None else "The cursor is unknown or too old: everything is read anew."
        place = place or Place.begin(self.directory, reading)
        more = True
        while more:
            async with self._call("changes"):
                page, place = page_of(self.directory, place, reading)
            yield replace(page, note=note)
            note, more = "", page.more

    async def _purge(self, _: ObjectKind, remote_id: str) -> None:
        self.directory.deleted.pop(remote_id, None)

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


def _matches(account: Account, match: Match) -> bool:
    return account.kind is match.kind and same(account.attributes.get(match.attribute), match.value)


async def _specimens() -> Mapping[ObjectKind, Specimen]:
    """Return the throw-away user and group of a trial."""
    named = {kind: (NAMES[kind], trial_name()) for kind in ObjectKind}
    return {
        kind: Specimen(Match(kind, key, name), {key: name}, {"title": "Lockstep's trial"}, {key: trial_name()})
        for kind, (key, name) in named.items()
    }
