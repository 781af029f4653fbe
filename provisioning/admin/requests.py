"""What the admin API takes: the bodies of its requests, bounded, strict about names.

Whether the content is right is said by ``connections.validation``; here only the shapes.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from connectors.contract import ObjectKind
from provisioning.connections.connection import Deletion, Features
from provisioning.sources.source import CUSTOM_APPS, Source, Trust

MOST_SETTINGS = 100

SettingsBody = Annotated[
    dict[Annotated[str, Field(max_length=100)], Any],
    Field(max_length=MOST_SETTINGS, description="By the names of `GET /api/kinds`; secrets as references."),
]
MatchingBody = Annotated[
    dict[ObjectKind, Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=10)]],
    Field(description="Target attributes that find an existing account, in order. An empty list: never take one over."),
]
TRIAL = (
    "True: an object is created, changed and deleted in the system, to try the rights that cannot be seen otherwise."
)


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
    features: FeaturesBody = FeaturesBody()
    trial: bool = Field(False, description=TRIAL)


class Verify(Body):
    """The body that verifies a stored connection; it may be left out."""

    trial: bool = Field(False, description=TRIAL)


class NewSource(Body):
    """The body that creates a source."""

    id: str = Field(max_length=100, description="1 to 40 characters of a-z, 0-9 and '-'; never changes.")
    name: str = Field(max_length=200, description="What people call it: the name of the enterprise app.")


class ProfileBody(Body):
    """How a source is answered; what is not given stays."""

    strict: bool | None = Field(None, description="RFC 7644 to the letter: unknown attributes are refused.")
    patch_answers_resource: bool | None = Field(
        None, description="PATCH answers 200 with the resource, or 204; `null`: 200 for a user, 204 for a group."
    )

    def given(self) -> dict[str, Any]:
        """Return what was given: ``null`` is a choice of its own for the answer to a PATCH, and none for the rest."""
        fields = self.model_dump(exclude_unset=True)
        return {name: value for name, value in fields.items() if value is not None or name != "strict"}


class RateBody(Body):
    """How much a source may send to each instance of the app; what is not given stays."""

    per_second: float | None = Field(None, description="Requests per second, for good.")
    burst: int | None = Field(None, description="Requests at once, after a pause.")


Guid = Annotated[str, Field(max_length=50)]


class EntraBody(Body):
    """Tokens of Entra's that a source sends as bearer tokens. All that is given must be in the token."""

    tenant: Guid = Field(description="The tenant's id.")
    audience: str = Field(
        CUSTOM_APPS, max_length=300, description="The token's `aud`; for apps that are not in the gallery as it stands."
    )
    app_id: Guid = Field("", description="The token's `appid` or `azp`; empty: any.")
    object_id: Guid = Field("", description="The token's `oid`: the service principal's object id; empty: any.")

    def trust(self) -> Trust:
        """Return it as the hub keeps it."""
        return Trust(self.tenant.lower(), self.audience, self.app_id.lower(), self.object_id.lower())


class FederationBody(EntraBody):
    """Assertions of Entra's that a source shows at `/oauth/token` (workload identity federation)."""

    audience: str = Field(max_length=300, description="The assertion's `aud`: `api://` and the workload app's id.")
    object_id: Guid = Field(description="The assertion's `oid` and `sub`: the provisioning service principal's id.")


class SourceChange(Body):
    """The body that changes a source: what is not given stays; a list replaces the former one."""

    name: str | None = Field(None, max_length=200)
    kinds: list[ObjectKind] | None = Field(None, max_length=2, description="What it may see: `User`, `Group` or both.")
    writes: bool | None = Field(None, description="False: it may read only.")
    own_only: bool | None = Field(None, description="True: it may not write what another source has created.")
    profile: ProfileBody | None = None
    rate: RateBody | None = None
    entra: list[EntraBody] | None = Field(None, max_length=20)
    federation: list[FederationBody] | None = Field(None, max_length=20)

    def over(self, source: Source) -> Source:
        """Return a source with that replaced that was given."""
        access = source.access
        if self.profile is not None:
            access = replace(access, profile=replace(access.profile, **self.profile.given()))
        if self.kinds is not None:
            access = replace(access, kinds=frozenset(self.kinds))
        if self.writes is not None:
            access = replace(access, writes=self.writes)
        if self.own_only is not None:
            access = replace(access, own_only=self.own_only)
        return replace(
            source,
            access=access,
            name=self.name.strip() if self.name is not None else source.name,
            rate=replace(source.rate, **self.rate.model_dump(exclude_none=True)) if self.rate else source.rate,
            entra=source.entra if self.entra is None else tuple(each.trust() for each in self.entra),
            federation=source.federation if self.federation is None else tuple(e.trust() for e in self.federation),
        )


class NewToken(Body):
    """The body that issues a token or a client secret. A token without an end stays good; a secret has a year."""

    label: str = Field("", max_length=200, description="What tells it from the others: who has it, since when.")
    expires_in_days: int | None = Field(None, ge=1, le=3650, description="How long it is good.")
    expires: AwareDatetime | None = Field(None, description="Until when it is good; instead of `expires_in_days`.")

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.expires is not None and self.expires_in_days is not None:
            raise ValueError("Give expires or expires_in_days, not both.")
        return self

    def end(self) -> datetime | None:
        """Return until when it is good."""
        if self.expires_in_days is not None:
            return datetime.now(UTC) + timedelta(days=self.expires_in_days)
        return self.expires


class KnownToken(NewToken):
    """The body that lets in a token that was made elsewhere, without telling it."""

    sha256: str = Field(
        pattern=r"^[0-9A-Fa-f]{64}$",
        description="The SHA-256 of the token's UTF-8 text, in hex. The token must be random: at least 128 bits.",
    )


class NewExtension(Body):
    """The body that declares an extension."""

    resource_type: ObjectKind
    definition: dict[str, Any] = Field(
        alias="schema", description="SCIM schema JSON (RFC 7643 section 7): name, description, attributes."
    )


class NewMatchingAttribute(Body):
    """The body that declares a matching attribute."""

    resource_type: ObjectKind
    path: str = Field(
        min_length=1,
        max_length=500,
        description='Such as `title`, `phoneNumbers[type eq "work"].value`, or an extension\'s URN and `:badge`.',
    )
