"""What a connector is: the verbs, the values that cross them, and what a system says it can do.

A connector knows this module, ``connectors.errors`` and its own client library; it knows nothing of the hub. The
values themselves are in ``connectors.values`` and ``connectors.changes``, and are imported from here. Verbs
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

from connectors.changes import Change, MemberChange, Page, Reading, Standing
from connectors.errors import ConnectorError
from connectors.values import Account, Attributes, Match, ObjectKind, Reference, Value, correlation

__all__ = [
    "GROUP_FEATURES",
    "PROVISIONING",
    "Account",
    "AttributeMapping",
    "Attributes",
    "Capabilities",
    "Change",
    "Check",
    "Connector",
    "ConnectorSettings",
    "Defaults",
    "Feature",
    "Match",
    "MemberChange",
    "MemberFailures",
    "ObjectKind",
    "Page",
    "Reading",
    "Reference",
    "Secret",
    "Standing",
    "Value",
    "Verification",
    "correlation",
]


class Feature(StrEnum):
    """What a connection may be chosen to do; ``verify`` looks at the rights that each needs."""

    IMPORT_USERS = "import_users"
    CREATE_USERS = "create_users"
    UPDATE_USERS = "update_users"
    DEACTIVATE_USERS = "deactivate_users"
    DELETE_USERS = "delete_users"
    SYNC_PASSWORDS = "sync_passwords"
    IMPORT_GROUPS = "import_groups"
    CREATE_GROUPS = "create_groups"
    UPDATE_GROUPS = "update_groups"
    DELETE_GROUPS = "delete_groups"
    MANAGE_MEMBERSHIPS = "manage_memberships"


PROVISIONING = frozenset(Feature) - {Feature.IMPORT_USERS, Feature.IMPORT_GROUPS, Feature.SYNC_PASSWORDS}
"""The features of a connection that converges a system to the hub's directory."""

GROUP_FEATURES = frozenset(
    {
        Feature.IMPORT_GROUPS,
        Feature.CREATE_GROUPS,
        Feature.UPDATE_GROUPS,
        Feature.DELETE_GROUPS,
        Feature.MANAGE_MEMBERSHIPS,
    }
)
"""The features that are about groups and who is in them."""


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

    ``imports`` says whether ``changes`` can be called, and ``delta`` whether it reads less than everything the second
    time. ``restore`` says whether a deleted account can come back. ``member_batch`` is how many members one
    ``change_members`` should carry at most.
    """

    groups: bool = True
    memberships: bool = True
    deactivate: bool = True
    passwords: bool = False
    imports: bool = False
    delta: bool = False
    restore: bool = False
    member_batch: int = 20


@dataclass(frozen=True, slots=True)
class AttributeMapping:
    """One built-in mapping from a SCIM attribute to an attribute of the system.

    ``sources`` are SCIM paths in the order of preference (``name.familyName``, ``emails[type eq "work"].value``,
    ``urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department``): the first that has a value is taken.
    ``reference`` marks a value that is the id of another SCIM resource and becomes a ``Reference``. ``multivalued``
    collects every value of the path. ``create_only`` is written once. ``case_exact`` is SCIM's: when false, two values
    that differ by case only are the same value and no change. ``required`` attributes are never cleared. ``always``
    are values that a multi-valued attribute has for everybody, besides those of the source. ``while_active`` attributes
    are taken away by deactivation: they are not written to an inactive account, and again before its activation.
    """

    target: str
    sources: tuple[str, ...]
    reference: ObjectKind | None = None
    multivalued: bool = False
    create_only: bool = False
    required: bool = False
    always: tuple[str, ...] = ()
    while_active: bool = False


@dataclass(frozen=True, slots=True)
class Defaults:
    """The built-in mappings and matching attributes of one kind of object (``matching``: targets, in order)."""

    mappings: tuple[AttributeMapping, ...]
    matching: tuple[str, ...]


Secret = Annotated[SecretStr, Field(json_schema_extra={"secret": True})]
"""A settings field whose stored form is a reference to a secret (``vault:NAME``, ``env:NAME``), never the secret.

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

    @classmethod
    def open_trusting(cls, settings: Any, hosts: frozenset[tuple[str, int]]) -> Self:
        """Make a connector in a deployment that vouches for ``hosts``, each with its port: what the hub calls.

        For a connector that sends credentials to its vendor's hosts only, and to these. Others need not know of it;
        such a one trusts nobody else in ``open``, so that who forgets to say is refused.
        """
        return cls.open(settings)

    @abstractmethod
    async def close(self) -> None:
        """Give back connections. A closed connector is not used again."""

    @property
    def keeps_memberships(self) -> bool:
        """Whether a deactivated user stays in the groups. Where not, the hub adds them again on activation."""
        return True

    @abstractmethod
    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        """Try the settings for real: reach, TLS, credentials, bases, and each right that the features need.

        Nothing is written unless ``trial`` is set: then an object is made, changed and deleted again to find out what
        cannot be seen otherwise. Never raises ``ConnectorError``.
        """

    @abstractmethod
    async def find(self, match: Match) -> Sequence[Account]:
        """Return the accounts that match, at most two: two are enough to know that the match is ambiguous."""

    @abstractmethod
    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Return one account as it stands. Raises ``NotFound``."""

    @abstractmethod
    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Create an account. Raises ``AlreadyExists`` when its name is taken, ``Unavailable`` when unsure.

        What fails once the account is made carries it (``ConnectorError.created``), or says that it may have happened.
        """

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

    async def find_deleted(self, match: Match) -> Sequence[Account]:
        """Return the deleted accounts that match and could be restored, the last deleted first, at most two."""
        raise NotImplementedError(f"{self.title} cannot restore what was deleted")

    async def restore(self, kind: ObjectKind, remote_id: str) -> Account:
        """Bring a deleted account back under its id; one that stands is a success.

        Only called where ``capabilities.restore`` says so. Raises ``NotFound`` when it is gone for good, and
        ``AlreadyExists`` when its name is taken meanwhile.
        """
        raise NotImplementedError(f"{self.title} cannot restore what was deleted")

    async def set_password(self, remote_id: str, password: SecretStr, *, must_change: bool = False) -> None:
        """Set the user's password. Only called where ``capabilities.passwords`` says so.

        ``must_change``: the user chooses another one at the next sign-in. Raises ``NotFound``; ``Rejected`` with a
        code that ends in ``.passwordPolicy`` when the system's policy refuses it. Some systems unlock with a new
        password, and the connector locks again; who should be inactive is deactivated again by the caller where this
        did not come back, because the connector's process may have ended in between.
        """
        raise NotImplementedError(f"{self.title} has no passwords to set")

    def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        """Stream what changed since ``cursor``, or everything for ``None``.

        A cursor that the system does not accept any more starts a complete snapshot; its first page says so
        (``starts``, ``note``). Only called where ``capabilities.imports`` says so.
        """
        raise NotImplementedError(f"{self.title} cannot be read from")
