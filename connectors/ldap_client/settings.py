"""What every connection to an LDAP server needs: where it is, how it is encrypted and trusted, and as whom to bind."""

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from connectors.contract import ConnectorSettings, Secret
from connectors.ldap_client.names import parse_dn

ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}|\d{1,10}(\.\d{1,10}){1,20}")
"""An attribute's short name or its number (RFC 4512, 1.4: descr / numericoid)."""

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})|[0-9A-Fa-f:.]{2,45}")


def _attribute(name: str) -> str:
    if not ATTRIBUTE_NAME.fullmatch(name):
        raise ValueError("is not the name of an LDAP attribute or class (letters, digits and hyphens)")
    return name


def _dn(text: str) -> str:
    parse_dn(text)
    return text


Attribute = Annotated[str, AfterValidator(_attribute)]
Dn = Annotated[str, Field(max_length=1000), AfterValidator(_dn)]


class ServerSettings(ConnectorSettings):
    """The servers of one directory, TLS, and the limits of connections. A connector adds as whom to bind."""

    host: str = Field(
        title="Host",
        description="Name of the LDAP server as its certificate has it. Several names, separated by commas, are tried "
        "in this order; the first should accept writes.",
        max_length=1000,
    )
    port: int | None = Field(
        default=None, ge=1, le=65535, title="Port", description="636 for LDAPS and 389 for StartTLS unless set."
    )
    security: Literal["ldaps", "starttls", "plain"] = Field(
        default="ldaps",
        title="Security",
        description="LDAPS (TLS from the first byte), StartTLS, or plain: unencrypted, only to this machine itself.",
    )
    insecure: bool = Field(
        default=False,
        title="Allow an unencrypted connection",
        description="Needed with security 'plain', which sends the password in clear text. Only for trials.",
    )
    ca_file: str | None = Field(
        default=None,
        title="CA certificate file",
        description="PEM file of the authority that issued the server's certificate. Without it the system's "
        "authorities are trusted.",
    )
    ca_pem: str | None = Field(
        default=None,
        title="CA certificate (PEM)",
        description="The authority's certificate itself, instead of a file.",
        max_length=200_000,
        json_schema_extra={"multiline": True},
    )
    legacy_ca: bool = Field(
        default=False,
        title="Accept a CA without key usage",
        description="Some self-made authorities lack the key usage extension that RFC 5280 demands. The certificate "
        "is still verified.",
    )
    bind_password: Secret = Field(title="Bind password", description="Its password.")
    connect_timeout: int = Field(
        default=10, ge=1, le=120, title="Connect timeout", description="Seconds to wait for a connection."
    )
    response_timeout: int = Field(
        default=30, ge=1, le=300, title="Response timeout", description="Seconds to wait for an answer."
    )
    connections: int = Field(
        default=4, ge=1, le=32, title="Connections", description="How many connections each worker process may open."
    )

    @field_validator("host")
    @classmethod
    def _host_names(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",")]
        for name in names:
            if not _HOST.fullmatch(name):
                raise ValueError("is the name or address of a server, without ldap:// and without a port")
        return ", ".join(names)

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.security == "plain" and not self.insecure:
            raise ValueError("an unencrypted connection needs 'insecure', because it sends the password in clear text")
        if self.security == "plain" and not all(_is_loopback(host) for host in self.hosts):
            raise ValueError("an unencrypted connection is only allowed to this machine itself (localhost)")
        if self.ca_file and self.ca_pem:
            raise ValueError("give either the CA's file or its text, not both")
        if not self.bind_password.get_secret_value():
            # RFC 4513, 5.1.2: an empty password binds nobody and servers call it a success.
            raise ValueError("the bind password is empty; a bind without a password would be anonymous")
        return self

    @property
    def bind_name(self) -> str:
        """As whom to bind: a DN, or what else the server takes for a name."""
        raise NotImplementedError

    @property
    def hosts(self) -> tuple[str, ...]:
        """The servers' names in the order in which they are tried."""
        return tuple(self.host.split(", "))

    @property
    def effective_port(self) -> int:
        """The port that is set, or the usual one."""
        return self.port or (636 if self.security == "ldaps" else 389)


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
