"""The "external system" of the example: accounts, members, a recycle bin, a log of changes, and faults on demand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import uuid4

from connectors.contract import Account, Attributes, ObjectKind, Reference, Value
from connectors.errors import AlreadyExists, ConnectorError, NotFound, Rejected

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
NAMES: Mapping[ObjectKind, str] = {USER: "login", GROUP: "name"}
"""The attribute of each kind that is unique, ignoring case."""


class Touched(NamedTuple):
    """A line of the log: the account that changed, or the group and the member who came or went."""

    kind: ObjectKind
    remote_id: str
    member: str = ""


@dataclass(slots=True)
class Directory:
    """Survives the connectors that are open to it, and can be told to misbehave."""

    accounts: dict[str, Account] = field(default_factory=dict)
    members: dict[str, dict[str, None]] = field(default_factory=dict)
    deleted: dict[str, Account] = field(default_factory=dict)
    """The recycle bin, the last deleted last."""
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    to_change: set[str] = field(default_factory=set)
    """Who has to choose another password at the next sign-in."""
    log: list[Touched] = field(default_factory=list)
    id: str = field(default_factory=lambda: uuid4().hex)

    calls: list[str] = field(default_factory=list)
    """The verbs that reached the system, in order: tests count them."""
    failure: ConnectorError | None = None
    """While set, every verb raises it before anything happens."""
    answers_lost: bool = False
    """While set, writes are done and then end in ``Unavailable(may_have_happened=True)``."""
    page_size: int = 100
    """How many rows a page of changes has."""
    forgotten: int = 0
    """How many lines of the log the system does not know any more: a cursor from before is too old."""
    keeps_memberships: bool = True
    """Where not, who is deactivated leaves every group."""
    reserves_names: bool = False
    """While set, who is in the recycle bin keeps the own name taken."""

    def account(self, kind: ObjectKind, remote_id: str) -> Account:
        """Return who stands. Raises ``NotFound``."""
        account = self.accounts.get(remote_id)
        if account is None or account.kind is not kind:
            raise NotFound(f"There is no {kind} {remote_id}.", code="memory.noSuchObject")
        return account

    def checked(self, kind: ObjectKind, remote_id: str | None, values: Attributes) -> dict[str, Value]:
        """Return the values without the cleared ones; refuse a taken name and references to nobody."""
        kept: dict[str, Value] = {name: value for name, value in values.items() if value not in (None, ())}
        for name, value in kept.items():
            if isinstance(value, Reference) and value.remote_id not in self.accounts:
                raise Rejected(
                    f"{name} points at an account that is not there.", code="memory.referenceMissing", attribute=name
                )
        held = [*self.accounts.values(), *(self.deleted.values() if self.reserves_names else ())]
        for other in held:
            taken = same(other.attributes.get(NAMES[kind]), kept.get(NAMES[kind]))
            if taken and other.kind is kind and other.remote_id != remote_id:
                raise AlreadyExists(
                    f"The {NAMES[kind]} is taken by {other.remote_id}.", code="memory.nameTaken", attribute=NAMES[kind]
                )
        return kept

    def put(self, account: Account) -> Account:
        """Let an account stand as given."""
        self.accounts[account.remote_id] = account
        if account.kind is GROUP:
            self.members.setdefault(account.remote_id, {})
        self.log.append(Touched(account.kind, account.remote_id))
        return account

    def remove(self, account: Account) -> None:
        """Move an account to the recycle bin; its memberships and what points at it do not follow."""
        self.leave_all(account.remote_id)
        for member in self.members.pop(account.remote_id, {}):
            self.log.append(Touched(GROUP, account.remote_id, member))
        del self.accounts[account.remote_id]
        self.passwords.pop(account.remote_id, None)
        self.deleted.pop(account.remote_id, None)
        self.deleted[account.remote_id] = account
        self.log.append(Touched(account.kind, account.remote_id))
        for other in list(self.accounts.values()):
            kept = self.without_dead_references(other.attributes)
            if kept != other.attributes:
                self.put(replace(other, attributes=kept))

    def without_dead_references(self, values: Attributes) -> dict[str, Value]:
        """Return the values that do not point at somebody who is gone."""
        return {
            name: value
            for name, value in values.items()
            if not isinstance(value, Reference) or value.remote_id in self.accounts
        }

    def join(self, group: str, member: str) -> None:
        """Put a member in who is not in."""
        if member not in self.members[group]:
            self.members[group][member] = None
            self.log.append(Touched(GROUP, group, member))

    def leave(self, group: str, member: str) -> None:
        """Take a member out who is in."""
        if member in self.members[group]:
            del self.members[group][member]
            self.log.append(Touched(GROUP, group, member))

    def leave_all(self, member: str) -> None:
        """Take somebody out of every group."""
        for group in self.members:
            self.leave(group, member)


DIRECTORIES: dict[str, Directory] = {}
"""The systems of this process by name, so that a connection's settings can point at one."""


def same(held: Value, wanted: Value) -> bool:
    """Compare as LDAP does by default: without regard to case."""
    return isinstance(held, str) and isinstance(wanted, str) and held.casefold() == wanted.casefold()
