"""The settings of an LDAP connection: what an administrator enters, checked as far as it can be without a server."""

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from connectors.contract import ConnectorSettings, Secret
from connectors.ldap.names import parse_dn

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


class LdapSettings(ConnectorSettings):
    """One directory, as which account to bind, where its users and groups are, and how a user is deactivated."""

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
    bind_dn: Dn = Field(title="Bind DN", description="The account as which Lockstep works in the directory.")
    bind_password: Secret = Field(title="Bind password", description="Its password.")
    user_base: Dn = Field(title="User base DN", description="New users are created here, and found here and below.")
    group_base: Dn = Field(title="Group base DN", description="New groups are created here, and found here and below.")
    user_rdn: Attribute = Field(
        default="uid", title="Naming attribute of users", description="The attribute a new user's DN begins with."
    )
    group_rdn: Attribute = Field(
        default="cn", title="Naming attribute of groups", description="The attribute a new group's DN begins with."
    )
    user_class: Attribute = Field(
        default="inetOrgPerson",
        title="Object class of users",
        description="Structural class of new users; entries of this class are users.",
    )
    user_extra_classes: tuple[Attribute, ...] = Field(
        default=(), max_length=20, title="More classes of users", description="Auxiliary classes that new users get."
    )
    group_class: Attribute = Field(
        default="groupOfNames",
        title="Object class of groups",
        description="Structural class of new groups; entries of this class are groups.",
    )
    group_extra_classes: tuple[Attribute, ...] = Field(
        default=(), max_length=20, title="More classes of groups", description="Auxiliary classes that new groups get."
    )
    member_attribute: Attribute = Field(
        default="member", title="Member attribute", description="Holds the DNs of members: member, uniqueMember."
    )
    group_placeholder: Dn | None = Field(
        default=None,
        title="Placeholder member",
        description="A groupOfNames may not be empty, so groups carry this DN as a member besides the real ones. "
        "Better nobody's; unless set, cn=lockstep-placeholder below the group base.",
    )
    reference_attributes: tuple[Attribute, ...] = Field(
        default=("manager",),
        max_length=20,
        title="Reference attributes",
        description="Attributes of users that hold DNs of other users and follow a rename. Index them.",
    )
    id_attribute: Attribute = Field(
        default="entryUUID",
        title="Id attribute",
        description="The attribute that identifies an entry for ever: entryUUID (RFC 4530), nsUniqueId. Index it.",
    )
    deactivation: Literal["password-lock", "attribute", "move"] = Field(
        default="password-lock",
        title="Deactivation",
        description="How a user is kept from signing in: locked by the password policy (pwdAccountLockedTime), by "
        "the value of an attribute, or by a move to another place of the tree.",
    )
    inactive_attribute: Attribute | None = Field(
        default=None, title="Attribute of deactivation", description="For 'attribute': such as nsAccountLock."
    )
    active_value: str = Field(
        default="",
        title="Value when active",
        description="For 'attribute': the value of an active user; empty: the attribute is absent.",
        max_length=200,
    )
    inactive_value: str = Field(
        default="", title="Value when inactive", description="For 'attribute': such as TRUE.", max_length=200
    )
    inactive_base: Dn | None = Field(
        default=None, title="Base DN of deactivated users", description="For 'move': where deactivated users are moved."
    )
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
    def _consistent(self) -> Self:
        if self.security == "plain" and not self.insecure:
            raise ValueError("an unencrypted connection needs 'insecure', because it sends the password in clear text")
        if self.security == "plain" and not all(_is_loopback(host) for host in self.hosts):
            raise ValueError("an unencrypted connection is only allowed to this machine itself (localhost)")
        if self.ca_file and self.ca_pem:
            raise ValueError("give either the CA's file or its text, not both")
        if not self.bind_password.get_secret_value():
            # RFC 4513, 5.1.2: an empty password binds nobody and servers call it a success.
            raise ValueError("the bind password is empty; a bind without a password would be anonymous")
        if self.deactivation == "attribute" and not (self.inactive_attribute and self.inactive_value):
            raise ValueError("deactivation by attribute needs the attribute and its value when inactive")
        if self.deactivation == "attribute" and self.active_value.casefold() == self.inactive_value.casefold():
            raise ValueError("the values when active and when inactive must differ")
        if self.deactivation == "move" and not self.inactive_base:
            raise ValueError("deactivation by move needs the base DN of deactivated users")
        if self.inactive_base and parse_dn(self.user_base).is_under(parse_dn(self.inactive_base)):
            raise ValueError("the user base DN lies in the place of deactivated users: everybody would be inactive")
        return self

    @property
    def hosts(self) -> tuple[str, ...]:
        """The servers' names in the order in which they are tried."""
        return tuple(self.host.split(", "))

    @property
    def effective_port(self) -> int:
        """The port that is set, or the usual one."""
        return self.port or (636 if self.security == "ldaps" else 389)

    @property
    def placeholder(self) -> str:
        """The DN that stands in groups which may not be empty."""
        return self.group_placeholder or f"cn=lockstep-placeholder,{self.group_base}"


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
