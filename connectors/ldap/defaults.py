"""The built-in mappings from SCIM (RFC 7643) to inetOrgPerson (RFC 2798) and groupOfNames (RFC 4519)."""

from collections.abc import Mapping

from connectors.contract import AttributeMapping, Defaults, ObjectKind

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_WORK_ADDRESS = 'addresses[type eq "work"]'

USERS = Defaults(
    mappings=(
        AttributeMapping("uid", ("userName",), required=True),
        AttributeMapping("cn", ("displayName", "name.formatted", "userName"), required=True),
        AttributeMapping("sn", ("name.familyName", "displayName", "userName"), required=True),
        AttributeMapping("givenName", ("name.givenName",)),
        AttributeMapping("displayName", ("displayName",)),
        AttributeMapping("mail", ('emails[type eq "work"].value', "emails.value")),
        AttributeMapping("title", ("title",)),
        AttributeMapping("telephoneNumber", ('phoneNumbers[type eq "work"].value',)),
        AttributeMapping("mobile", ('phoneNumbers[type eq "mobile"].value',)),
        AttributeMapping("facsimileTelephoneNumber", ('phoneNumbers[type eq "fax"].value',)),
        AttributeMapping("street", (f"{_WORK_ADDRESS}.streetAddress",)),
        AttributeMapping("l", (f"{_WORK_ADDRESS}.locality",)),
        AttributeMapping("st", (f"{_WORK_ADDRESS}.region",)),
        AttributeMapping("postalCode", (f"{_WORK_ADDRESS}.postalCode",)),
        AttributeMapping("preferredLanguage", ("preferredLanguage",)),
        AttributeMapping("employeeNumber", (f"{_ENTERPRISE}:employeeNumber",)),
        AttributeMapping("departmentNumber", (f"{_ENTERPRISE}:department",)),
        AttributeMapping("o", (f"{_ENTERPRISE}:organization",)),
        AttributeMapping("manager", (f"{_ENTERPRISE}:manager.value",), reference=ObjectKind.USER),
    ),
    matching=("uid",),
)

GROUPS = Defaults(
    mappings=(
        AttributeMapping("cn", ("displayName",), required=True),
        AttributeMapping("description", ("description",)),
    ),
    matching=("cn",),
)

DEFAULTS: Mapping[ObjectKind, Defaults] = {ObjectKind.USER: USERS, ObjectKind.GROUP: GROUPS}
