"""Which attributes of users and groups an application may write, in which form, and why others are refused. Pure data.

Sources: the metadata of Microsoft Graph v1.0 for names and types, the reference pages of user and group for the rest.
A dotted name is one member of a complex property (``employeeOrgData.division``).
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from connectors.contract import ObjectKind

MANAGER = "manager"
OWNERS = "owners"
UPN = "userPrincipalName"
USAGE_LOCATION = "usageLocation"
IMMUTABLE_ID = "onPremisesImmutableId"
LICENCES = "assignedLicenses"

ORGANISATION = "employeeOrgData"
EXTENSION_ATTRIBUTES = "onPremisesExtensionAttributes"


class Form(StrEnum):
    """The form of a value; the words are shown in documentation."""

    TEXT = "text"
    SWITCH = "true or false"
    MOMENT = "date or date-time"
    TEXTS = "several texts"
    ONE_OF_TEXTS = "one text"
    COUNTRY = "two-letter country code"
    USER = "a user"
    USERS = "several users"
    LICENCES = "licences"
    ANY = "as given"


def names(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


_USER_TEXTS = (
    "displayName givenName surname jobTitle department companyName officeLocation employeeId employeeType mobilePhone "
    "faxNumber streetAddress city state postalCode country preferredLanguage preferredDataLocation mail mailNickname "
    "ageGroup consentProvidedForMinor passwordPolicies userType"
)

MEMBERS: Mapping[str, tuple[str, ...]] = {
    ORGANISATION: ("division", "costCenter"),
    EXTENSION_ATTRIBUTES: tuple(f"extensionAttribute{number}" for number in range(1, 16)),
}
"""The complex properties that can be written member by member."""

WRITABLE: Mapping[ObjectKind, Mapping[str, Form]] = {
    ObjectKind.USER: {
        UPN: Form.TEXT,
        **dict.fromkeys(names(_USER_TEXTS), Form.TEXT),
        IMMUTABLE_ID: Form.TEXT,
        USAGE_LOCATION: Form.COUNTRY,
        "businessPhones": Form.ONE_OF_TEXTS,
        "otherMails": Form.TEXTS,
        "showInAddressList": Form.SWITCH,
        "employeeHireDate": Form.MOMENT,
        "employeeLeaveDateTime": Form.MOMENT,
        **{f"{name}.{member}": Form.TEXT for name, members in MEMBERS.items() for member in members},
        MANAGER: Form.USER,
        LICENCES: Form.LICENCES,
    },
    ObjectKind.GROUP: {
        "displayName": Form.TEXT,
        "description": Form.TEXT,
        "mailNickname": Form.TEXT,
        "visibility": Form.TEXT,
        "classification": Form.TEXT,
        "preferredDataLocation": Form.TEXT,
        "preferredLanguage": Form.TEXT,
        "theme": Form.TEXT,
        "isAssignableToRole": Form.SWITCH,
        OWNERS: Form.USERS,
    },
}
"""Everything that a mapping may write, besides the extensions of ``EXTENSION``."""

EXTENSION = re.compile(
    r"(extension_[0-9a-f]{32}_[A-Za-z0-9_]{1,128}|ext[a-z0-9]{8}_[A-Za-z0-9]{1,64}\.[A-Za-z0-9]{1,64})"
)
"""A directory extension, or one property of a schema extension."""

SEPARATE = frozenset({MANAGER, OWNERS, LICENCES})
"""Written by requests of their own, not in the object's body."""

NEVER_CLEARED = frozenset({UPN, "displayName", "mailNickname", USAGE_LOCATION, "userType", IMMUTABLE_ID})
"""Graph refuses null for these, or it would cut a federated user off; nothing leaves them as they are."""

WRITTEN_ONCE: Mapping[ObjectKind, frozenset[str]] = {
    ObjectKind.USER: frozenset(),
    ObjectKind.GROUP: frozenset({"isAssignableToRole", "preferredDataLocation"}),
}
"""Taken at creation only."""

NOT_READ = frozenset({"employeeLeaveDateTime", LICENCES})
"""Left out of $select unless asked for: reading the first needs User-LifeCycleInfo.Read.All, and without it the whole
request is refused; the second is read where the connection manages licences."""

ALSO_READ: Mapping[ObjectKind, tuple[str, ...]] = {
    ObjectKind.USER: ("accountEnabled", "onPremisesSyncEnabled"),
    ObjectKind.GROUP: ("groupTypes", "mailEnabled", "securityEnabled", "onPremisesSyncEnabled"),
}

_EXCHANGE = "Exchange writes it; Graph shows it only. Change it in Exchange, where addresses follow the mail address."
_PROFILE = "It is kept in SharePoint, which takes it from a signed-in user only, never from an application."
_MAILBOX = "It belongs to the group's mailbox, which takes it from a signed-in user only."
_ENTRA = "Entra ID sets it itself."
_SYNC = "Directory synchronisation writes it."
_OTHER_VERB = "The hub writes it by its own means: {}."

REFUSED: Mapping[ObjectKind, Mapping[str, str]] = {
    ObjectKind.USER: {
        "proxyAddresses": _EXCHANGE,
        "imAddresses": _EXCHANGE,
        "mailboxSettings": _EXCHANGE,
        **dict.fromkeys(
            names(
                "aboutMe birthday hireDate interests mySite pastProjects preferredName responsibilities schools skills"
            ),
            _PROFILE,
        ),
        **dict.fromkeys(
            names(
                "id createdDateTime creationType deletedDateTime externalUserState externalUserStateChangeDateTime "
                "isManagementRestricted isResourceAccount lastPasswordChangeDateTime legalAgeGroupClassification "
                "securityIdentifier signInActivity signInSessionsValidFromDateTime assignedPlans provisionedPlans "
                "licenseAssignmentStates identities identityParentId authorizationInfo customSecurityAttributes "
                "deviceEnrollmentLimit print"
            ),
            _ENTRA,
        ),
        **dict.fromkeys(
            names(
                "onPremisesDistinguishedName onPremisesDomainName onPremisesLastSyncDateTime "
                "onPremisesProvisioningErrors onPremisesSamAccountName onPremisesSecurityIdentifier "
                "onPremisesSyncEnabled onPremisesUserPrincipalName"
            ),
            _SYNC,
        ),
        "accountEnabled": _OTHER_VERB.format("SCIM active"),
        "passwordProfile": _OTHER_VERB.format("password synchronisation"),
        "memberOf": _OTHER_VERB.format("the members of groups"),
    },
    ObjectKind.GROUP: {
        "proxyAddresses": _EXCHANGE,
        "mail": _EXCHANGE,
        **dict.fromkeys(
            names(
                "accessType allowExternalSenders autoSubscribeNewMembers hideFromAddressLists hideFromOutlookClients "
                "isArchived isFavorite isSubscribedByMail unseenCount welcomeMessageEnabled"
            ),
            _MAILBOX,
        ),
        **dict.fromkeys(
            names(
                "id createdDateTime deletedDateTime expirationDateTime renewedDateTime securityIdentifier "
                "isManagementRestricted resourceProvisioningOptions uniqueName assignedLicenses assignedLabels"
            ),
            _ENTRA,
        ),
        **dict.fromkeys(
            names(
                "onPremisesDomainName onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesSamAccountName "
                "onPremisesProvisioningErrors onPremisesSecurityIdentifier onPremisesSyncEnabled"
            ),
            _SYNC,
        ),
        **dict.fromkeys(
            names("groupTypes mailEnabled securityEnabled"), _OTHER_VERB.format("the setting group_kind at creation")
        ),
        **dict.fromkeys(
            names("membershipRule membershipRuleProcessingState"),
            "Groups that fill themselves by a rule are made in Entra ID.",
        ),
        "members": _OTHER_VERB.format("the members of groups"),
    },
}
"""Attributes that exist and that a mapping cannot write, each with the reason."""


def form_of(kind: ObjectKind, name: str) -> Form | None:
    """Return the form of an attribute that can be written, or ``None``."""
    if EXTENSION.fullmatch(name):
        return Form.ANY
    return WRITABLE[kind].get(name)


def property_of(name: str) -> str:
    """Return the property that an attribute is, or is a member of: what $select names."""
    return name.partition(".")[0]


def properties_read(kind: ObjectKind, more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return what $select names: everything that can be written, what tells apart, and ``more``."""
    written = (property_of(name) for name in WRITABLE[kind] if name not in SEPARATE and name not in NOT_READ)
    return tuple(dict.fromkeys(("id", *written, *ALSO_READ[kind], *map(property_of, more))))
