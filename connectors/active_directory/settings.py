"""The settings of a connection to Active Directory, checked as far as it can be without a domain controller."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from connectors.active_directory.placement import Placement
from connectors.active_directory.templates import Template
from connectors.ldap_client.names import parse_dn
from connectors.ldap_client.settings import Dn, ServerSettings

_SUFFIX = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})")


class ActiveDirectorySettings(ServerSettings):
    """One domain, as which account to bind, where its users and groups are, and how accounts are named and closed."""

    bind_user: str = Field(
        title="Service account",
        description="The account as which Lockstep works in the domain: user principal name "
        "(lockstep@corp.example.com), distinguished name, or CORP\\lockstep.",
        min_length=1,
        max_length=1000,
    )
    base: Dn | None = Field(
        default=None,
        title="Domain base DN",
        description="The domain's distinguished name (dc=corp,dc=example,dc=com). Unless set, the controller's own.",
    )
    user_base: Dn = Field(
        title="User OU", description="Organizational unit of users: new ones are created here or below."
    )
    group_base: Dn = Field(
        title="Group OU", description="Organizational unit of groups: new ones are created here or below."
    )
    search: Literal["units", "domain"] = Field(
        default="units",
        title="Where to look for accounts",
        description="'units': accounts are matched in the user and group OU and below; 'domain': in the whole domain, "
        "of which nothing is taken over that belongs to administrators or to the system.",
    )
    user_placement: str = Field(
        default="",
        title="Placement of users",
        description="Where below the user OU a new user goes, by attributes of the user: "
        "OU={department},OU={l}. Empty: into the user OU itself.",
        max_length=1000,
    )
    user_placement_fallback: str = Field(
        default="",
        title="Placement without values",
        description="Where below the user OU a user goes who lacks a value of the placement: OU=Unsorted. Empty: into "
        "the user OU itself.",
        max_length=1000,
    )
    create_units: bool = Field(
        default=False,
        title="Create missing OUs",
        description="Create an organizational unit of the placement that is not there. The service account needs the "
        "right to do so.",
    )
    follow_placement: bool = Field(
        default=False,
        title="Move users whose placement changes",
        description="Move a user to where a new one would go when an attribute of the placement changes. Otherwise "
        "users stay where they are.",
    )
    cn_taken: Literal["number", "refuse"] = Field(
        default="number",
        title="When a common name is taken",
        description="'number': Jane Doe 2; 'refuse': the user is reported until one of both is renamed.",
    )
    account_name: tuple[str, ...] = Field(
        default=("{userPrincipalName}", "{mail}", "{givenName}.{sn}", "{cn}"),
        min_length=1,
        max_length=10,
        title="Rules for sAMAccountName",
        description="How the logon name is made for a new user without a mapped one: the first rule whose attributes "
        "all have values. {givenName:1} is the first letter. It is cut at @ and to 20 characters.",
    )
    account_name_taken: Literal["number", "refuse"] = Field(
        default="number",
        title="When a logon name is taken",
        description="'number': jdoe2, for made names and for mapped ones; 'refuse': a mapped name that is taken is "
        "refused; made ones are numbered all the same.",
    )
    upn_suffixes: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        title="Suffixes of user principal names",
        description="The suffixes that user principal names may have (corp.example.com). Empty: any. The first one is "
        "added to a name without a suffix; unless set, the domain's.",
    )
    upn_other_suffix: Literal["refuse", "replace"] = Field(
        default="refuse",
        title="When another suffix comes",
        description="'refuse': the user is reported; 'replace': the first suffix takes its place.",
    )
    proxy_addresses: Literal["add", "smtp", "all"] = Field(
        default="add",
        title="Old proxyAddresses",
        description="What becomes of addresses that are not mapped: 'add' keeps them, a former primary one as an "
        "alias; 'smtp' removes SMTP addresses and keeps others (x500:, sip:); 'all' removes every one.",
    )
    must_change_password: bool = Field(
        default=False,
        title="New users must change their password",
        description="Demand another password at the first sign-in. A new user's password is random, so somebody has "
        "to set one first.",
    )
    unlock_with_password: bool = Field(
        default=True,
        title="Unlock with a new password",
        description="Setting a password also ends a lock after too many wrong ones.",
    )
    inactive_base: Dn | None = Field(
        default=None,
        title="OU of deactivated users",
        description="Where deactivated users are moved besides being disabled. They come back to where a new user "
        "would go. Unless set, they stay where they are.",
    )
    strip_groups: bool = Field(
        default=False,
        title="Remove deactivated users from groups",
        description="From all groups of the domain but the primary one. Lockstep adds them to the groups that it "
        "manages again when they come back; to no others.",
    )
    delete_subtree: bool = Field(
        default=False,
        title="Delete what is below a user",
        description="Some accounts have objects below them (ActiveSync devices) and are not deleted without.",
    )

    group_scope: Literal["global", "universal", "domain_local"] = Field(
        default="global",
        title="Scope of new groups",
        description="Global groups take users and global groups of the domain; universal ones those of the forest; "
        "domain-local ones those of trusted domains, and give rights in this domain only.",
    )
    group_category: Literal["security", "distribution"] = Field(
        default="security",
        title="Category of new groups",
        description="Security groups can be given rights; distribution groups are lists of addresses only.",
    )
    follow_group_type: bool = Field(
        default=False,
        title="Change the type of existing groups",
        description="Give scope and category of new groups to a group that is updated, too, where Active Directory "
        "allows that. Otherwise existing groups keep theirs.",
    )
    import_by: Literal["auto", "dirsync", "usn"] = Field(
        default="auto",
        title="Import by",
        description="'dirsync' tells only what changed, and needs the right 'Replicating Directory Changes'; 'usn' "
        "needs none and reads changed objects whole, from the same domain controller each time; 'auto' takes DirSync "
        "where it is permitted.",
    )

    @field_validator("bind_user")
    @classmethod
    def _bind_user(cls, value: str) -> str:
        if "@" in value or re.fullmatch(r"[^\\]+\\[^\\]+", value):
            return value
        try:
            parse_dn(value)
        except ValueError:
            raise ValueError(
                "is neither a user principal name (lockstep@corp.example.com), nor a distinguished name, nor "
                "CORP\\lockstep"
            ) from None
        return value

    @field_validator("user_placement", "user_placement_fallback")
    @classmethod
    def _placement(cls, value: str) -> str:
        Placement.parse(value)
        return value

    @field_validator("account_name")
    @classmethod
    def _rules(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for rule in value:
            Template.parse(rule)
        return value

    @field_validator("upn_suffixes")
    @classmethod
    def _suffixes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        bare = tuple(suffix.removeprefix("@") for suffix in value)
        if not all(_SUFFIX.fullmatch(suffix) for suffix in bare):
            raise ValueError("are names such as corp.example.com")
        return bare

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in ("user_base", "group_base", "inactive_base"):
            place = getattr(self, name)
            if self.base and place and not parse_dn(place).is_under(parse_dn(self.base)):
                raise ValueError(f"{name} does not lie in the domain {self.base}")
        if self.inactive_base and parse_dn(self.user_base).is_under(parse_dn(self.inactive_base)):
            raise ValueError("the user OU lies in the OU of deactivated users: users could not come back from it")
        if Placement.parse(self.user_placement_fallback).attributes:
            raise ValueError("the placement without values names an attribute; write a fixed one, such as OU=Unsorted")
        return self

    @property
    def bind_name(self) -> str:
        """The service account as it was entered; a controller takes each of the three forms."""
        return self.bind_user
