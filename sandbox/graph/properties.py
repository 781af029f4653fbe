"""The properties of users and groups: type, limits, who may write them, and which filters Graph offers on them.

Sources: the CSDL for names and types, the reference pages of user and group for the rest. Properties that are kept
outside the directory (aboutMe, skills: SharePoint's) are read as null and cannot be written by an application.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sandbox.graph.errors import bad_request, invalid_value, not_found

EQ = frozenset({"eq", "ne", "not", "in"})
ORDERED = EQ | {"ge", "le"}
TEXT = ORDERED | {"startswith"}
ADDRESS = TEXT | {"endswith"}
NONE: frozenset[str] = frozenset()


class Type(StrEnum):
    """The JSON shape of a property's value."""

    STRING = "Edm.String"
    BOOLEAN = "Edm.Boolean"
    MOMENT = "Edm.DateTimeOffset"
    STRINGS = "Collection(Edm.String)"
    RECORD = "a complex type whose members are strings"
    RECORDS = "a collection of a complex type"


@dataclass(frozen=True, slots=True)
class Property:
    """One property. ``operators`` are the filter operators that Graph offers on it; ``members`` a record's names."""

    type: Type = Type.STRING
    operators: frozenset[str] = NONE
    create: bool = True
    update: bool = True
    nullable: bool = True
    longest: int = 2048
    pattern: re.Pattern[str] | None = None
    default: Any = None
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity type: ``name`` as error messages have it, ``collection`` as URLs have it."""

    name: str
    collection: str
    properties: Mapping[str, Property]
    default_select: tuple[str, ...]
    required: tuple[str, ...]
    navigation: frozenset[str] = field(default_factory=frozenset)

    @property
    def odata_type(self) -> str:
        """The value of @odata.type."""
        return f"#microsoft.graph.{self.collection.removesuffix('s')}"

    def check_writable(self, name: str, value: Any, *, creating: bool) -> Any:
        """Return the value as it is stored, or raise what Graph answers when it cannot be written."""
        known = self.properties.get(name)
        if known is None:
            raise bad_request(f"Property '{name}' does not exist as a declared property or extension property.")
        if not (known.create if creating else known.update):
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        if value is None:
            if not known.nullable:
                raise invalid_value(name, self.name)
            return [] if known.type in (Type.STRINGS, Type.RECORDS) else None
        return self._typed(name, known, value)

    def _typed(self, name: str, known: Property, value: Any) -> Any:
        match known.type:
            case Type.STRING:
                return self._text(name, known, value)
            case Type.STRINGS if isinstance(value, list):
                return [self._text(name, known, item) for item in value]
            case Type.BOOLEAN if isinstance(value, bool):
                return value
            case Type.MOMENT if isinstance(value, str) and _is_moment(value):
                return value
            case Type.RECORD if isinstance(value, dict):
                unknown = [key for key in value if key not in known.members and not key.startswith("@odata.")]
                if unknown:
                    raise bad_request(f"The property '{unknown[0]}' does not exist on the type of '{name}'.")
                return {
                    key: None if item is None else self._text(name, known, item)
                    for key, item in value.items()
                    if key in known.members
                }
        raise _wrong_type(name, known.type)

    def _text(self, name: str, known: Property, value: Any) -> str:
        if not isinstance(value, str):
            raise _wrong_type(name, Type.STRING)
        # The directory refuses the empty string: null is what clears.
        if not value or len(value) > known.longest or (known.pattern and not known.pattern.fullmatch(value)):
            raise invalid_value(name, self.name)
        return value


def _wrong_type(name: str, wanted: Type) -> Exception:
    return bad_request(f"A value of property '{name}' cannot be converted to the type '{wanted.value}'.")


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


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

_SHAREPOINT = (
    "aboutMe birthday hireDate interests mySite pastProjects preferredName responsibilities schools skills"
).split()
_SHAREPOINT_COLLECTIONS = frozenset({"interests", "pastProjects", "responsibilities", "schools", "skills"})

USER = Entity(
    name="User",
    collection="users",
    required=("accountEnabled", "displayName", "mailNickname", "passwordProfile", "userPrincipalName"),
    default_select=tuple(
        (
            "businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname"
            " userPrincipalName id"
        ).split()
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
        "employeeOrgData": Property(Type.RECORD, members=frozenset({"costCenter", "division"})),
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
            Type.RECORD, longest=1024, members=frozenset(f"extensionAttribute{n}" for n in range(1, 16))
        ),
        "onPremisesImmutableId": _text(256, ORDERED),
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
    default_select=tuple(
        (
            "id deletedDateTime classification createdDateTime description displayName expirationDateTime groupTypes"
            " isAssignableToRole mail mailEnabled mailNickname membershipRule membershipRuleProcessingState"
            " onPremisesDomainName onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesProvisioningErrors"
            " onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled preferredDataLocation"
            " preferredLanguage proxyAddresses renewedDateTime resourceBehaviorOptions resourceProvisioningOptions"
            " securityEnabled securityIdentifier serviceProvisioningErrors theme uniqueName visibility"
        ).split()
    ),
    navigation=frozenset({"members", "owners", "memberOf"}),
    properties={
        "id": _read(operators=EQ),
        "deletedDateTime": _read(Type.MOMENT, ORDERED),
        "classification": _text(256, NONE),
        "createdDateTime": _read(Type.MOMENT, ORDERED),
        "description": _text(1024, ORDERED | {"startswith"}),
        "displayName": _text(256, nullable=False),
        "expirationDateTime": _read(Type.MOMENT, ORDERED),
        "groupTypes": _collection(frozenset({"eq", "not"}), update=False, pattern=re.compile("Unified")),
        "isAssignableToRole": Property(Type.BOOLEAN, EQ, update=False),
        "mail": _read(operators=ADDRESS),
        "mailEnabled": Property(Type.BOOLEAN, EQ, update=False, nullable=False),
        "mailNickname": _text(64, nullable=False, pattern=MAIL_NICKNAME),
        "membershipRule": _read(operators=TEXT),
        "membershipRuleProcessingState": _read(operators=EQ),
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

_GUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def object_id(key: str) -> str:
    """Return an object id in lower case; 400 when it is no GUID, as for groups and references."""
    if not _GUID.fullmatch(key):
        raise bad_request(f"Invalid object identifier '{key}'.") if key else not_found(key)
    return key.lower()
