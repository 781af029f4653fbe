"""The built-in mappings from SCIM (RFC 7643) to users and groups of Active Directory (MS-ADA1 to 3)."""

from collections.abc import Mapping

from connectors.contract import AttributeMapping, Defaults, ObjectKind

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_WORK_ADDRESS = 'addresses[type eq "work"]'

USERS = Defaults(
    mappings=(
        AttributeMapping("userPrincipalName", ("userName",), required=True),
        # Made short and unique by the connector, and then left alone: profiles and other systems know people by it.
        AttributeMapping("sAMAccountName", ("userName",), create_only=True, required=True),
        AttributeMapping("cn", ("displayName", "name.formatted", "userName"), required=True),
        AttributeMapping("givenName", ("name.givenName",)),
        AttributeMapping("sn", ("name.familyName",)),
        AttributeMapping("displayName", ("displayName", "name.formatted")),
        AttributeMapping("mail", ('emails[type eq "work"].value', "emails.value")),
        AttributeMapping("proxyAddresses", ("emails.value",), multivalued=True),
        AttributeMapping("title", ("title",)),
        AttributeMapping("department", (f"{_ENTERPRISE}:department",)),
        AttributeMapping("company", (f"{_ENTERPRISE}:organization",)),
        AttributeMapping("division", (f"{_ENTERPRISE}:division",)),
        AttributeMapping("employeeID", (f"{_ENTERPRISE}:employeeNumber",)),
        AttributeMapping("manager", (f"{_ENTERPRISE}:manager.value",), reference=ObjectKind.USER),
        AttributeMapping("telephoneNumber", ('phoneNumbers[type eq "work"].value',)),
        AttributeMapping("mobile", ('phoneNumbers[type eq "mobile"].value',)),
        AttributeMapping("facsimileTelephoneNumber", ('phoneNumbers[type eq "fax"].value',)),
        AttributeMapping("streetAddress", (f"{_WORK_ADDRESS}.streetAddress",)),
        AttributeMapping("l", (f"{_WORK_ADDRESS}.locality",)),
        AttributeMapping("st", (f"{_WORK_ADDRESS}.region",)),
        AttributeMapping("postalCode", (f"{_WORK_ADDRESS}.postalCode",)),
        # Free text; "c" takes nothing but the two letters of ISO 3166, which SCIM's country only should be.
        AttributeMapping("co", (f"{_WORK_ADDRESS}.country",)),
        AttributeMapping("preferredLanguage", ("preferredLanguage",)),
    ),
    matching=("userPrincipalName",),
)

GROUPS = Defaults(
    mappings=(
        AttributeMapping("cn", ("displayName",), required=True),
        AttributeMapping("displayName", ("displayName",)),
        AttributeMapping("description", ("description",)),
    ),
    matching=("cn",),
)

DEFAULTS: Mapping[ObjectKind, Defaults] = {ObjectKind.USER: USERS, ObjectKind.GROUP: GROUPS}
