"""The settings of a Graph connection: titles, help and what can be judged without asking anybody."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from connectors.contract import ConnectorSettings, Secret
from connectors.graph.clouds import origin

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
