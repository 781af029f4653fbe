"""A connector with every trait that settings can have; nothing of it connects. Registered by the tests that need it."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.contract import (
    PROVISIONING,
    Account,
    AttributeMapping,
    Attributes,
    Capabilities,
    Connector,
    ConnectorSettings,
    Defaults,
    Feature,
    Match,
    MemberFailures,
    ObjectKind,
    Secret,
    Verification,
)


class TraitSettings(ConnectorSettings):
    """Required and optional fields, a choice, a bounded number, and two secrets."""

    host: str = Field(title="Host", min_length=1)
    port: int = Field(default=636, ge=1, le=65535)
    security: Literal["ldaps", "starttls"] = "ldaps"
    password: Secret = Field(title="Password", min_length=8)
    certificate: Secret | None = Field(default=None, title="Certificate")

    @model_validator(mode="after")
    def _not_itself(self) -> Self:
        if self.host in self.password.get_secret_value():
            raise ValueError(f"the password {self.password.get_secret_value()} holds the host")
        return self


class TraitConnector(Connector):
    """Knows users only, and cannot deactivate them. Counts what is opened and closed."""

    kind: ClassVar[str] = "trait"
    title: ClassVar[str] = "System of traits"
    settings_model: ClassVar[type[ConnectorSettings]] = TraitSettings
    capabilities: ClassVar[Capabilities] = Capabilities(groups=False, memberships=False, deactivate=False)
    defaults: ClassVar[Mapping[ObjectKind, Defaults]] = {
        ObjectKind.USER: Defaults(
            mappings=(
                AttributeMapping("uid", ("userName",), required=True),
                AttributeMapping("mail", ("emails.value",)),
                AttributeMapping("boss", ("manager.value",), reference=ObjectKind.USER),
            ),
            matching=("uid",),
        )
    }
    opened: ClassVar[list["TraitConnector"]] = []

    def __init__(self, settings: TraitSettings) -> None:
        self.password: SecretStr = settings.password
        self.closed = False

    @classmethod
    def open(cls, settings: TraitSettings) -> Self:
        """Note what is opened."""
        made = cls(settings)
        cls.opened.append(made)
        return made

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        """Find nothing to check."""
        return Verification(())

    async def find(self, match: Match) -> Sequence[Account]:
        """Not called."""
        raise NotImplementedError

    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Not called."""
        raise NotImplementedError

    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Not called."""
        raise NotImplementedError

    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        """Not called."""
        raise NotImplementedError

    async def activate(self, remote_id: str) -> None:
        """Not called."""

    async def deactivate(self, remote_id: str) -> None:
        """Not called."""

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """Not called."""

    async def change_members(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Not called."""
        raise NotImplementedError

    async def members(self, group: str) -> Sequence[str]:
        """Not called."""
        raise NotImplementedError
