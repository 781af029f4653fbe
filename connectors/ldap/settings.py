"""The settings of an LDAP connection: what an administrator enters, checked as far as it can be without a server."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from connectors.ldap.profiles import PROFILES, Profile
from connectors.ldap.templates import checked_template
from connectors.ldap_client.names import parse_dn
from connectors.ldap_client.settings import Attribute, Dn, ServerSettings

LARGEST_NUMBER = 2**31 - 1
"""More than this is no uid_t everywhere."""


def _numbers(text: str) -> str:
    found = re.fullmatch(r"(\d{1,10})\s*-\s*(\d{1,10})", text)
    if text and not (found and 0 < int(found[1]) <= int(found[2]) <= LARGEST_NUMBER):
        raise ValueError(f"is no range of numbers such as 10000-59999 (from 1 to {LARGEST_NUMBER})")
    return text


NumberRange = Annotated[str, Field(max_length=24), AfterValidator(_numbers)]
Template = Annotated[str, Field(max_length=200), AfterValidator(checked_template)]


class LdapSettings(ServerSettings):
    """One directory, as which account to bind, where its users and groups are, and how a user is deactivated."""

    bind_dn: Dn = Field(title="Bind DN", description="The account as which Lockstep works in the directory.")
    user_base: Dn = Field(title="User base DN", description="New users are created here, and found here and below.")
    group_base: Dn = Field(title="Group base DN", description="New groups are created here, and found here and below.")
    profile: Profile = Field(
        default="inetOrgPerson",
        title="Profile",
        description="What the directory is like: sets the object classes, the member attribute and the ranges of "
        "numbers wherever they are not given.",
    )
    user_rdn: Attribute = Field(
        default="uid", title="Naming attribute of users", description="The attribute a new user's DN begins with."
    )
    group_rdn: Attribute = Field(
        default="cn", title="Naming attribute of groups", description="The attribute a new group's DN begins with."
    )
    user_class: Attribute = Field(
        default="inetOrgPerson",
        title="Object class of users",
        description="Class of new users; entries of this class are users.",
    )
    user_extra_classes: tuple[Attribute, ...] = Field(
        default=(),
        max_length=20,
        title="More classes of users",
        description="Further classes that new users get. Unless set, as the profile says.",
    )
    group_class: Attribute = Field(
        default="groupOfNames",
        title="Object class of groups",
        description="Class of new groups; entries of this class are groups. Unless set, as the profile says.",
    )
    group_extra_classes: tuple[Attribute, ...] = Field(
        default=(),
        max_length=20,
        title="More classes of groups",
        description="Further classes that new groups get. Unless set, as the profile says.",
    )
    member_attribute: Attribute = Field(
        default="member",
        title="Member attribute",
        description="Holds the members: member, uniqueMember, memberUid. Unless set, as the profile says.",
    )
    members_by: Literal["dn", "uid"] = Field(
        default="dn",
        title="Members are held by",
        description="Their DN, or the value of uid (posixGroup). Unless set, as the profile says.",
    )
    uid_numbers: NumberRange = Field(
        default="",
        title="Numbers of users",
        description="Range of uidNumbers that new users get, such as 10000-59999. Empty: none is given.",
    )
    gid_numbers: NumberRange = Field(
        default="",
        title="Numbers of groups",
        description="Range of gidNumbers that new groups get. Empty: none is given. Where it begins as that of users "
        "does, no group gets the number of a user.",
    )
    primary_gid: int | None = Field(
        default=None,
        ge=0,
        le=LARGEST_NUMBER,
        title="Primary group of users",
        description="The gidNumber of new users who get a uidNumber. Unless set, it is the same as the uidNumber.",
    )
    home_directory: Template = Field(
        default="/home/{uid}",
        title="Home directory",
        description="homeDirectory of new users who get a uidNumber. {uid} stands for the value of uid, {uid:1} for "
        "its first character.",
    )
    login_shell: Template = Field(
        default="/bin/bash",
        title="Login shell",
        description="loginShell of new users who get a uidNumber. Empty: none.",
    )
    counter: Dn | None = Field(
        default=None,
        title="Counter of numbers",
        description="The entry in which the next free numbers stand; it is made when it is not there. All connections "
        "that give numbers in this directory need the same one. Unless set, cn=lockstep-numbers below the group base.",
    )
    import_overlap: int = Field(
        default=60,
        ge=1,
        le=86_400,
        title="Overlap of imports",
        description="Seconds before the last known change from which an import reads again: at least as much as the "
        "clocks of the directory's servers differ, and as a change needs to reach this one.",
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
    def _as_the_profile_says(self) -> Self:
        """Fill in what the profile sets, where nothing is given; what is filled in does not count as given."""
        for name, value in PROFILES[self.profile].items():
            if name not in self.model_fields_set:
                self.__dict__[name] = value
        return self

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
        if self.has_own_groups and self.gid_numbers:
            users, groups = bounds(self.uid_numbers), bounds(self.gid_numbers)
            if users[0] != groups[0] and users[0] <= groups[1] and groups[0] <= users[1]:
                raise ValueError(
                    "the numbers of users and of groups overlap, and users have their own number as primary group: "
                    "begin both ranges with the same number, keep them apart, or set the primary group of users"
                )
        return self

    @property
    def bind_name(self) -> str:
        """The bind DN."""
        return self.bind_dn

    @property
    def placeholder(self) -> str:
        """The DN that stands in groups which may not be empty."""
        return self.group_placeholder or f"cn=lockstep-placeholder,{self.group_base}"

    @property
    def counter_dn(self) -> str:
        """The DN of the counter of numbers."""
        return self.counter or f"cn=lockstep-numbers,{self.group_base}"

    @property
    def has_own_groups(self) -> bool:
        """Whether a new user's gidNumber is the uidNumber that is given to them."""
        return bool(self.uid_numbers) and self.primary_gid is None

    @property
    def holds_logins(self) -> bool:
        """Whether groups hold the logins of their members instead of DNs."""
        return self.members_by == "uid"


def bounds(numbers: str) -> tuple[int, int]:
    """Return the first and the last number of a range."""
    first, _, last = numbers.partition("-")
    return int(first), int(last)
