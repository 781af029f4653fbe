"""The two entity types, user and group: every property with its limits, and the filters that Graph offers on it.

Sources: the CSDL for names and types, the reference pages of user and group for the rest. Properties that are kept
outside the directory (aboutMe, skills: SharePoint's) are read as null and cannot be written by an application.
"""

import re
from typing import Any

from sandbox.graph.properties import NONE, Entity, Property, Type

EQ = frozenset({"eq", "ne", "not", "in"})
ORDERED = EQ | {"ge", "le"}
TEXT = ORDERED | {"startswith"}
ADDRESS = TEXT | {"endswith"}


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _text(longest: int, operators: frozenset[str] = TEXT, **more: Any) -> Property:
    return Property(operators=operators, longest=longest, **more)


def _read(type_: Type = Type.STRING, operators: frozenset[str] = NONE, default: Any = None) -> Property:
    if default is None and type_ in (Type.STRINGS, Type.RECORDS):
        default = ()
    return Property(type_, operators, create=False, update=False, default=default)


def _collection(operators: frozenset[str], **more: Any) -> Property:
    return Property(Type.STRINGS, operators, default=(), **more)


MAIL_NICKNAME = re.compile(r"[^\x00-\x20\x7f-\U0010ffff@()\\\[\]\";:<>,]+")
"""ASCII without space and without @ ( ) \\ [ ] " ; : < > , (reference page of group)."""

_SHAREPOINT = _names(
    "aboutMe birthday hireDate interests mySite pastProjects preferredName responsibilities schools skills"
)
_SHAREPOINT_COLLECTIONS = frozenset({"interests", "pastProjects", "responsibilities", "schools", "skills"})

USER = Entity(
    name="User",
    collection="users",
    required=("accountEnabled", "displayName", "mailNickname", "passwordProfile", "userPrincipalName"),
    default_select=_names(
        "businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname "
        "userPrincipalName id"
    ),
    navigation=frozenset({"manager", "memberOf"}),
    properties={
        "id": _read(operators=EQ),
        "deletedDateTime": _read(Type.MOMENT, ORDERED),
        "accountEnabled": Property(Type.BOOLEAN, EQ, nullable=False),
        "ageGroup": _text(64, EQ),
        "assignedLicenses": _read(Type.RECORDS),
        "assignedPlans": _read(Type.RECORDS),
        "businessPhones": _collection(frozenset({"eq", "not", "ge", "le", "startswith"}), longest=64),
        "city": _text(128),
        "companyName": _text(64),
        "consentProvidedForMinor": _text(64, EQ),
        "country": _text(128),
        "createdDateTime": _read(Type.MOMENT, ORDERED),
        "creationType": _read(operators=EQ),
        "department": _text(64),
        "displayName": _text(256, nullable=False),
        "employeeHireDate": Property(Type.MOMENT, ORDERED),
        "employeeId": _text(16),
        "employeeLeaveDateTime": Property(Type.MOMENT, ORDERED),
        "employeeOrgData": Property(Type.RECORD, EQ, members=frozenset({"costCenter", "division"})),
        "employeeType": _text(256),
        "externalUserState": _read(operators=EQ),
        "externalUserStateChangeDateTime": _read(Type.MOMENT),
        "faxNumber": _text(64),
        "givenName": _text(64),
        "identities": _read(Type.RECORDS),
        "imAddresses": _read(Type.STRINGS, frozenset({"eq", "not", "ge", "le", "startswith"})),
        "isManagementRestricted": _read(Type.BOOLEAN),
        "isResourceAccount": _read(Type.BOOLEAN),
        "jobTitle": _text(128),
        "lastPasswordChangeDateTime": _read(Type.MOMENT),
        "legalAgeGroupClassification": _read(),
        "licenseAssignmentStates": _read(Type.RECORDS),
        "mail": _text(113, ADDRESS),
        "mailNickname": _text(64, nullable=False, pattern=MAIL_NICKNAME),
        "mobilePhone": _text(64),
        "officeLocation": _text(128),
        "onPremisesDistinguishedName": _read(),
        "onPremisesDomainName": _read(),
        "onPremisesExtensionAttributes": Property(
            Type.RECORD, EQ, longest=1024, members=frozenset(f"extensionAttribute{n}" for n in range(1, 16))
        ),
        "onPremisesImmutableId": _text(256, ORDERED, pattern=re.compile("[^$_]+")),
        "onPremisesLastSyncDateTime": _read(Type.MOMENT, ORDERED),
        "onPremisesProvisioningErrors": _read(Type.RECORDS),
        "onPremisesSamAccountName": _read(operators=TEXT),
        "onPremisesSecurityIdentifier": _read(operators=EQ),
        "onPremisesSyncEnabled": _read(Type.BOOLEAN, EQ),
        "onPremisesUserPrincipalName": _read(operators=TEXT),
        "otherMails": _collection(frozenset({"eq", "not", "ge", "le", "in", "startswith", "endswith"}), longest=250),
        "passwordPolicies": _text(128, frozenset({"ne", "not"})),
        "postalCode": _text(40),
        "preferredDataLocation": _text(64, NONE),
        "preferredLanguage": _text(64),
        "provisionedPlans": _read(Type.RECORDS),
        "proxyAddresses": _read(Type.STRINGS, frozenset({"eq", "not", "ge", "le", "startswith", "endswith"})),
        "securityIdentifier": _read(operators=EQ),
        "serviceProvisioningErrors": _read(Type.RECORDS),
        "showInAddressList": Property(Type.BOOLEAN),
        "signInSessionsValidFromDateTime": _read(Type.MOMENT),
        "state": _text(128),
        "streetAddress": _text(1024),
        "surname": _text(64),
        "usageLocation": _text(2, nullable=False, pattern=re.compile(r"[A-Z]{2}")),
        "userPrincipalName": _text(113, ADDRESS, nullable=False),
        "userType": _text(16, EQ, default="Member", pattern=re.compile("Member|Guest")),
    }
    | {name: _read(Type.STRINGS if name in _SHAREPOINT_COLLECTIONS else Type.STRING) for name in _SHAREPOINT},
)

GROUP = Entity(
    name="Group",
    collection="groups",
    required=("displayName", "mailEnabled", "mailNickname", "securityEnabled"),
    default_select=_names(
        "id deletedDateTime classification createdDateTime description displayName expirationDateTime groupTypes "
        "isAssignableToRole mail mailEnabled mailNickname membershipRule membershipRuleProcessingState "
        "onPremisesDomainName onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesProvisioningErrors "
        "onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled preferredDataLocation "
        "preferredLanguage proxyAddresses renewedDateTime resourceBehaviorOptions resourceProvisioningOptions "
        "securityEnabled securityIdentifier serviceProvisioningErrors theme uniqueName visibility"
    ),
    navigation=frozenset({"members", "owners", "memberOf"}),
    properties={
        "id": _read(operators=EQ),
        "deletedDateTime": _read(Type.MOMENT, ORDERED),
        "assignedLicenses": _read(Type.RECORDS),
        "classification": _text(256, NONE),
        "createdDateTime": _read(Type.MOMENT, ORDERED),
        "description": _text(1024, ORDERED | {"startswith"}),
        "displayName": _text(256, nullable=False),
        "expirationDateTime": _read(Type.MOMENT, ORDERED),
        "groupTypes": _collection(
            frozenset({"eq", "not"}), update=False, pattern=re.compile("Unified|DynamicMembership")
        ),
        "isAssignableToRole": Property(Type.BOOLEAN, EQ, update=False),
        "mail": _read(operators=ADDRESS),
        "mailEnabled": Property(Type.BOOLEAN, EQ, update=False, nullable=False),
        "mailNickname": _text(64, nullable=False, pattern=MAIL_NICKNAME),
        "membershipRule": _text(3072),
        "membershipRuleProcessingState": _text(16, EQ, pattern=re.compile("On|Paused")),
        "onPremisesDomainName": _read(),
        "onPremisesLastSyncDateTime": _read(Type.MOMENT, ORDERED),
        "onPremisesNetBiosName": _read(),
        "onPremisesProvisioningErrors": _read(Type.RECORDS),
        "onPremisesSamAccountName": _read(operators=TEXT),
        "onPremisesSecurityIdentifier": _read(operators=EQ),
        "onPremisesSyncEnabled": _read(Type.BOOLEAN, EQ),
        "preferredDataLocation": _text(64, NONE),
        "preferredLanguage": _text(64),
        "proxyAddresses": _read(Type.STRINGS, frozenset({"eq", "not", "ge", "le", "startswith", "endswith"})),
        "renewedDateTime": _read(Type.MOMENT, ORDERED),
        "resourceBehaviorOptions": _collection(NONE, update=False),
        "resourceProvisioningOptions": _collection(NONE, update=False),
        "securityEnabled": Property(Type.BOOLEAN, EQ, nullable=False),
        "securityIdentifier": _read(operators=EQ),
        "serviceProvisioningErrors": _read(Type.RECORDS),
        "theme": _text(64, NONE),
        "uniqueName": _text(128, EQ),
        "visibility": _text(64, NONE, pattern=re.compile("Private|Public|HiddenMembership")),
    },
)

ENTITIES = {"users": USER, "groups": GROUP}
