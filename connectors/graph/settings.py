"""The settings of a Graph connection: titles, help and what can be judged without asking anybody."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from connectors.contract import ConnectorSettings, ObjectKind, Secret
from connectors.graph.catalogue import REFUSED, names, property_of
from connectors.graph.clouds import origin
from connectors.graph.licence_names import wish_of

_SHARED_TENANTS = frozenset({"common", "organizations", "consumers"})


def _https(url: str) -> str:
    try:
        scheme, _, _ = origin(url)
    except ValueError:
        scheme = ""
    parts = urlsplit(url) if scheme else None
    if scheme != "https" or parts is None or parts.query or parts.fragment:
        raise ValueError("Give an https address without user, query or fragment.")
    return url.rstrip("/")


def _one_tenant(tenant: str) -> str:
    if tenant.lower() in _SHARED_TENANTS:
        raise ValueError("Name one tenant: its id or one of its domains.")
    return tenant


def _licence(text: str) -> str:
    wish_of(text)
    return text


def _attribute(name: str) -> str:
    if property_of(name) in REFUSED[ObjectKind.USER] and property_of(name) not in _READABLE:
        raise ValueError(f"{name} cannot be read with the others.")
    return name


_READABLE = frozenset(
    names(
        "createdDateTime creationType externalUserState identities imAddresses lastPasswordChangeDateTime "
        "proxyAddresses onPremisesDistinguishedName onPremisesDomainName onPremisesSamAccountName "
        "onPremisesSecurityIdentifier onPremisesUserPrincipalName securityIdentifier signInSessionsValidFromDateTime"
    )
)
"""What is Entra's or Exchange's to write, and can be read all the same."""

Address = Annotated[str, AfterValidator(_https)]
Tenant = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{0,253}$"), AfterValidator(_one_tenant)]


class GraphSettings(ConnectorSettings):
    """Who the hub is in which tenant, and what it makes there."""

    tenant_id: Tenant = Field(
        default="",
        title="Tenant",
        description="Directory (tenant) id or a verified domain. Needed with a client secret.",
        examples=["b1f7c1de-6c1f-4c66-9d8e-0f5b8f6d3c11"],
    )
    client_id: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9-]{0,64}$",
        title="Client id",
        description="Application (client) id of the app registration. With a managed identity: the client id of a "
        "user-assigned one, or empty for the system-assigned one.",
    )
    credential: Literal["managed_identity", "client_secret"] = Field(
        default="managed_identity",
        title="Credential",
        description="A managed identity has no secret that could leak or expire; a client secret works anywhere.",
    )
    client_secret: Secret | None = Field(
        default=None,
        title="Client secret",
        description="The value of a client secret of the app registration, not its id.",
    )
    authority: Address = Field(
        default="https://login.microsoftonline.com",
        title="Authority",
        description="Where tokens come from. National clouds: https://login.microsoftonline.us, "
        "https://login.partner.microsoftonline.cn.",
    )
    base_url: Address = Field(
        default="https://graph.microsoft.com/v1.0",
        title="Graph address",
        description="National clouds: https://graph.microsoft.us/v1.0, https://dod-graph.microsoft.us/v1.0, "
        "https://microsoftgraph.chinacloudapi.cn/v1.0.",
    )
    ca_file: str = Field(
        default="",
        max_length=1024,
        title="CA file",
        description="PEM file with certificate authorities to trust besides the system's, where a proxy re-signs TLS.",
    )
    usage_location: str = Field(
        default="",
        pattern=r"^([A-Z]{2})?$",
        title="Default usage location",
        description="ISO 3166 country code for new users whose address has none. Licences need a usage location.",
        examples=["DE"],
    )
    group_kind: Literal["security", "microsoft365"] = Field(
        default="security",
        title="Kind of groups",
        description="What a new group is: a security group, or a Microsoft 365 group with a mailbox.",
    )

    writes_per_150_seconds: int = Field(
        default=2970,
        ge=60,
        le=3000,
        title="Writes in 150 seconds",
        description="How much of Microsoft Graph's write quota one instance of the hub may use: 3,000 writes in 150 "
        "seconds for an application in a tenant. Where several instances write at once, divide it among them.",
    )

    group_owners: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9'._!#^~@-]{1,113}$")], ...] = Field(
        default=(),
        max_length=20,
        title="Owners of new groups",
        description="Object ids or userPrincipalNames of users who own every group that is created. Microsoft 365 "
        "groups should have one: without an owner nobody but an administrator can look after them.",
    )
    include_guests: bool = Field(
        default=False,
        title="Guests too",
        description="Match and change guest users as well. Unless set, a guest is never taken for a person's account.",
    )
    additional_attributes: tuple[
        Annotated[
            str,
            StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,199}(\.[A-Za-z0-9]{1,64})?$"),
            AfterValidator(_attribute),
        ],
        ...,
    ] = Field(
        default=(),
        max_length=50,
        title="Further attributes of users",
        description="Attributes to read besides the usual ones: directory extensions (extension_<app id>_name), schema "
        "extensions (ext12345678_name.property), employeeLeaveDateTime, and what Entra ID writes itself.",
        examples=[["extension_b1f7c1de6c1f4c669d8e0f5b8f6d3c11_badge"]],
    )
    federated_domains: tuple[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{3,253}$", to_lower=True)], ...
    ] = Field(
        default=(),
        max_length=100,
        title="Federated domains",
        description="Domains of the tenant whose users sign in elsewhere (AD FS, Okta). Graph creates no user there "
        "without onPremisesImmutableId.",
    )
    immutable_id: str = Field(
        default="",
        pattern=r"^([A-Za-z][A-Za-z0-9_]{0,199}(\.[A-Za-z0-9]{1,64})?)?$",
        title="Immutable id of federated users",
        description="Where onPremisesImmutableId of a new user in a federated domain comes from, unless it is mapped: "
        "the name of another mapped attribute (employeeId), or 'generated' for a random one. The sign-in service must "
        "know the same value.",
    )
    licences: tuple[Annotated[str, AfterValidator(_licence)], ...] = Field(
        default=(),
        max_length=50,
        title="Licences of everybody",
        description="Licences that every account of this connection gets: part numbers or ids, with the service plans "
        "that are switched off. Licences that come through a group in Entra ID are not named here.",
        examples=[["SPE_E3 without YAMMER_ENTERPRISE, SWAY"]],
    )
    licences_by_entitlement: tuple[Annotated[str, AfterValidator(_licence)], ...] = Field(
        default=(),
        max_length=200,
        title="Licences by entitlement",
        description="Licences that an entitlement or a role in SCIM can name: assigned to who has it, taken away from "
        "who has it no longer. Licences that are neither here nor given to everybody are never touched.",
        examples=[["VISIOCLIENT", "PROJECTPROFESSIONAL"]],
    )
    licences_on_deactivation: Literal["keep", "remove"] = Field(
        default="keep",
        title="Licences of deactivated users",
        description="Keep them, or take those away that this connection manages: that frees the seats, and Microsoft "
        "deletes the mailbox 30 days later.",
    )
    revoke_sessions: bool = Field(
        default=True,
        title="Revoke sign-in sessions",
        description="Deactivation also ends the sessions that are open: without it, a leaver stays signed in for up to "
        "an hour, and in some clients for longer.",
    )
    permanent_delete: bool = Field(
        default=False,
        title="Delete for good",
        description="Remove deleted users and groups from Entra ID's recycle bin as well, at once. Nobody can restore "
        "them then.",
    )

    @property
    def manages_licences(self) -> bool:
        """Whether the connection assigns licences at all."""
        return bool(self.licences or self.licences_by_entitlement)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.credential == "client_secret":
            missing = [
                title
                for title, given in (
                    ("Tenant", self.tenant_id),
                    ("Client id", self.client_id),
                    ("Client secret", self.client_secret and self.client_secret.get_secret_value()),
                )
                if not given
            ]
            if missing:
                raise ValueError(f"A client secret credential needs: {', '.join(missing)}.")
        if urlsplit(self.authority).path:
            raise ValueError("Authority: give the address without a path; the tenant has its own field.")
        if not urlsplit(self.base_url).path:
            raise ValueError("Graph address: give it with its version, as in https://graph.microsoft.com/v1.0.")
        return self
