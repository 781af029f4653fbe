"""What a connector is: the verbs, the values that cross them, and what a system says it can do.

A connector knows this module, ``connectors.errors`` and its own client library; it knows nothing of the hub. Verbs
take one account, because a job is about one account; a system that has batches (Graph: 20) packs the verbs that run
at the same moment itself. Every verb is idempotent as the rules say: a delete of what is gone and an add of a member
that is in are successes.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.errors import ConnectorError


class ObjectKind(StrEnum):
    """The two kinds of SCIM resource that are provisioned; the values are SCIM's resource type names."""

    USER = "User"
    GROUP = "Group"


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that points at another account of the same system, by its remote id (manager)."""

    kind: ObjectKind
    remote_id: str


type Value = str | int | bool | tuple[str, ...] | Reference | None
"""One attribute's value. ``None`` and the empty tuple clear the attribute; an absent key leaves it as it is."""

type Attributes = Mapping[str, Value]
"""Attribute values under the target system's own attribute names (``sn``, ``givenName``, ``jobTitle``)."""


@dataclass(frozen=True, slots=True)
class Match:
    """A question for an existing account: ``attribute`` (the target's name) equals ``value``."""

    kind: ObjectKind
    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Account:
    """A user or group as it stands in the external system.

    ``remote_id`` never changes while the object lives (objectGUID, entryUUID, Graph id). ``name`` is what an
    administrator of that system calls it (the DN, the userPrincipalName) and may change. ``attributes`` holds the
    attributes that the connection's mappings may write, as far as the system returned them; references as the remote
    ids they point at. A multi-valued attribute that holds one value may come as that value or as a tuple of one.
    ``active`` is ``None`` for a group.
    """

    kind: ObjectKind
    remote_id: str
    name: str
    attributes: Attributes = field(default_factory=dict)
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class MemberFailures:
    """What became of one ``change_members``: members that are not named here are as wanted.

    ``failed`` maps the remote id of a member to why it could not be added or removed: ``NotFound`` when the member
    itself is not (yet) there, ``Rejected`` when it is refused.
    """

    failed: Mapping[str, ConnectorError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of ``verify``: what was looked at, whether it is right, and if not, what to do about it."""

    name: str
    ok: bool
    detail: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer of the "Verify Credentials" button."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return all(check.ok for check in self.checks)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a system can do at all; a connection's features are cut to it.

    ``delta`` says whether ``changes`` can resume from a cursor; where it is false, each run is a complete snapshot.
    ``member_batch`` is how many members one ``change_members`` should carry at most.
    """

    groups: bool = True
    memberships: bool = True
    deactivate: bool = True
    passwords: bool = False
    delta: bool = False
    member_batch: int = 20


@dataclass(frozen=True, slots=True)
class AttributeMapping:
    """One built-in mapping from a SCIM attribute to an attribute of the system.

    ``sources`` are SCIM paths in the order of preference (``name.familyName``, ``emails[type eq "work"].value``,
    ``urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department``): the first that has a value is taken.
    ``reference`` marks a value that is the id of another SCIM resource and becomes a ``Reference``. ``multivalued``
    collects every value of the path. ``create_only`` is written once. ``case_exact`` is SCIM's: when false, two values
    that differ by case only are the same value and no change. ``required`` attributes are never cleared.
    """

    target: str
    sources: tuple[str, ...]
    reference: ObjectKind | None = None
    multivalued: bool = False
    create_only: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Defaults:
    """The built-in mappings and matching attributes of one kind of object (``matching``: targets, in order)."""

    mappings: tuple[AttributeMapping, ...]
    matching: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One page item of ``changes``: an account that stands or stood in the system. ``gone``: it was deleted."""

    account: Account
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of ``changes``. ``cursor`` resumes behind this page; store it only once the page is stored.

    ``complete`` is true on the last page of a complete snapshot: only then does absence mean deletion.
    """

    changes: tuple[Change, ...]
    cursor: str
    complete: bool = False


Secret = Annotated[SecretStr, Field(json_schema_extra={"secret": True})]
"""A settings field whose stored form is a reference to a secret (``env:NAME``, ``file:NAME``), never the secret.

The hub resolves the reference just before ``Connector.open``; forms and documentation mark the field as secret.
"""


class ConnectorSettings(BaseModel):
    """Base of a connector's settings. Fields carry a title and a description: forms and docs are made from them."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Connector(ABC):
    """One open connection to one external system. Safe for concurrent use from one event loop."""

    kind: ClassVar[str]
    """The registry's name of the system: ``ldap``, ``graph``."""

    title: ClassVar[str]
    """The name that people read: ``LDAP directory``."""

    settings_model: ClassVar[type[ConnectorSettings]]
    capabilities: ClassVar[Capabilities]
    defaults: ClassVar[Mapping[ObjectKind, Defaults]]

    @classmethod
    @abstractmethod
    def open(cls, settings: Any) -> Self:
        """Make a connector from validated settings, without any input or output: the first verb connects."""

    @abstractmethod
    async def close(self) -> None:
        """Give back connections. A closed connector is not used again."""

    @abstractmethod
    async def verify(self) -> Verification:
        """Try the settings for real: reach, TLS, credentials, permissions, bases. Never raises ``ConnectorError``."""

    @abstractmethod
    async def find(self, match: Match) -> Sequence[Account]:
        """Return the accounts that match, at most two: two are enough to know that the match is ambiguous."""

    @abstractmethod
    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Return one account as it stands. Raises ``NotFound``."""

    @abstractmethod
    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Create an account. Raises ``AlreadyExists`` when its name is taken, ``Unavailable`` when unsure."""

    @abstractmethod
    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        """Write the given attributes, rename included. The answer holds at least id and the name after the change.

        Raises ``NotFound``; ``AlreadyExists`` when a rename hits a taken name.
        """

    @abstractmethod
    async def activate(self, remote_id: str) -> None:
        """Let the user sign in again. Raises ``NotFound``."""

    @abstractmethod
    async def deactivate(self, remote_id: str) -> None:
        """Keep the user from signing in; the account and its memberships stay. Raises ``NotFound``."""

    @abstractmethod
    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """Delete the account. One that is gone is a success."""

    @abstractmethod
    async def change_members(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Add and remove members by remote id; what is already so is a success. Raises ``NotFound`` for the group."""

    @abstractmethod
    async def members(self, group: str) -> Sequence[str]:
        """Return the remote ids of the direct members. Raises ``NotFound``. For checks and imports, not for jobs."""

    async def set_password(self, remote_id: str, password: SecretStr) -> None:
        """Set the user's password. Only called where ``capabilities.passwords`` says so."""
        raise NotImplementedError(f"{self.title} has no passwords to set")

    def changes(self, cursor: str | None) -> AsyncIterator[Page]:
        """Stream what changed since ``cursor`` (``None``: everything). Arrives with the imports."""
        raise NotImplementedError(f"{self.title} cannot be read from yet")
