"""The settings of an LDAP connection: what an administrator enters, checked as far as it can be without a server."""

from typing import Literal, Self

from pydantic import Field, model_validator

from connectors.ldap_client.names import parse_dn
from connectors.ldap_client.settings import Attribute, Dn, ServerSettings


class LdapSettings(ServerSettings):
    """One directory, as which account to bind, where its users and groups are, and how a user is deactivated."""

    bind_dn: Dn = Field(title="Bind DN", description="The account as which Lockstep works in the directory.")
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

    @model_validator(mode="after")
    def _consistent(self) -> Self:
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
    def bind_name(self) -> str:
        """The bind DN."""
        return self.bind_dn

    @property
    def placeholder(self) -> str:
        """The DN that stands in groups which may not be empty."""
        return self.group_placeholder or f"cn=lockstep-placeholder,{self.group_base}"
