"""What the admin API takes: the bodies of its requests, bounded, strict about names.

Whether the content is right is said by ``connections.validation``; here only the shapes.
"""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import ObjectKind
from provisioning.connections.connection import Deletion, Features

MOST_SETTINGS = 100

SettingsBody = Annotated[
    dict[Annotated[str, Field(max_length=100)], Any],
    Field(max_length=MOST_SETTINGS, description="By the names of `GET /api/kinds`; secrets as references."),
]
MatchingBody = Annotated[
    dict[ObjectKind, Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=10)]],
    Field(description="Target attributes that find an existing account, in order. An empty list: never take one over."),
]


class Body(BaseModel):
    """Base of what the API takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FeaturesBody(Body):
    """What the connection may do; what is not given is on, or in a PATCH as it was."""

    create_users: bool | None = None
    update_users: bool | None = None
    deactivate_users: bool | None = None
    delete_users: bool | None = None
    create_groups: bool | None = None
    update_groups: bool | None = None
    delete_groups: bool | None = None
    manage_memberships: bool | None = None

    def over(self, features: Features) -> Features:
        """Return features with those replaced that were given."""
        return replace(features, **self.model_dump(exclude_none=True))


class ConnectionContent(Body):
    """What of a connection may be written again: the body of PUT."""

    name: str = Field(max_length=200)
    settings: SettingsBody
    features: FeaturesBody = FeaturesBody()
    matching: MatchingBody = {}
    deletion: Deletion = "delete"


class NewConnection(ConnectionContent):
    """The body that creates a connection. It is disabled unset otherwise: verify it, then enable it."""

    id: str = Field(max_length=100, description="1 to 40 characters of a-z, 0-9 and '-'; never changes.")
    kind: str = Field(max_length=100)
    enabled: bool = False


class ConnectionChange(Body):
    """The body of PATCH: what is not given stays. Settings merge by name, and ``null`` removes one."""

    name: str | None = Field(None, max_length=200)
    settings: SettingsBody | None = None
    features: FeaturesBody | None = None
    matching: MatchingBody | None = None
    deletion: Deletion | None = None


class UnsavedConnection(Body):
    """The body that verifies settings without storing them."""

    kind: str = Field(max_length=100)
    settings: SettingsBody


class NewSource(Body):
    """The body that creates a source."""

    id: str = Field(max_length=100, description="1 to 40 characters of a-z, 0-9 and '-'; never changes.")
    name: str = Field(max_length=200, description="What people call it: the name of the enterprise app.")


class NewToken(Body):
    """The body that issues a token."""

    label: str = Field("", max_length=200, description="What tells it from the others: who has it, since when.")


class KnownToken(NewToken):
    """The body that lets in a token that was made elsewhere, without telling it."""

    sha256: str = Field(
        pattern=r"^[0-9A-Fa-f]{64}$",
        description="The SHA-256 of the token's UTF-8 text, in hex. The token must be random: at least 128 bits.",
    )
