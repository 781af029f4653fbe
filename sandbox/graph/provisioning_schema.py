"""The synchronization schema that a new non-gallery application comes with, written from Microsoft's documentation.

Sources: Graph's resource types of synchronization; the tables of default mappings and of attributes in "Develop a SCIM
endpoint" and "Customize attribute mappings". Names of the target directory and its objects, and which further
attributes are defined, are background knowledge: a client must take them from the schema, not from here.
"""

import uuid
from typing import Any

from sandbox.graph.expressions import parse

type Json = dict[str, Any]

SOURCE, TARGET = "Azure Active Directory", "customappsso"
RULE = "6e1cbd5a-5b5c-4f0b-9f0a-3d6a4be7c1f2"
"""The rule's id is the template's: the engine recognizes no other."""
TARGET_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
TARGET_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_SOURCE_USER = """accountEnabled appRoleAssignments assistant city companyName country department displayName employeeId
    employeeHireDate employeeOrgData.costCenter employeeOrgData.division employeeType facsimileTelephoneNumber givenName
    immutableId IsSoftDeleted jobTitle mail mailNickname manager mobile objectId officeLocation
    onPremisesSecurityIdentifier originalUserPrincipalName otherMails physicalDeliveryOfficeName postalCode
    preferredLanguage proxyAddresses sipProxyAddress state streetAddress surname telephoneNumber usageLocation
    userPrincipalName userType""".split()  # noqa: SIM905 - names read better as words
_SOURCE_USER += [f"extensionAttribute{number}" for number in range(1, 16)]
_SOURCE_GROUP = """description displayName IsSoftDeleted mail mailEnabled mailNickname members objectId owners
    proxyAddresses securityEnabled""".split()  # noqa: SIM905

_USER_MAPPINGS = {
    "userName": "[userPrincipalName]",
    "active": 'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
    "displayName": "[displayName]",
    "title": "[jobTitle]",
    'emails[type eq "work"].value': "[mail]",
    "preferredLanguage": "[preferredLanguage]",
    "name.givenName": "[givenName]",
    "name.familyName": "[surname]",
    "name.formatted": 'Join(" ", [givenName], [surname])',
    'addresses[type eq "work"].formatted': "[physicalDeliveryOfficeName]",
    'addresses[type eq "work"].streetAddress': "[streetAddress]",
    'addresses[type eq "work"].locality': "[city]",
    'addresses[type eq "work"].region': "[state]",
    'addresses[type eq "work"].postalCode': "[postalCode]",
    'addresses[type eq "work"].country': "[country]",
    'phoneNumbers[type eq "work"].value': "[telephoneNumber]",
    'phoneNumbers[type eq "mobile"].value': "[mobile]",
    'phoneNumbers[type eq "fax"].value': "[facsimileTelephoneNumber]",
    "externalId": "[mailNickname]",
    f"{ENTERPRISE}:employeeNumber": "[employeeId]",
    f"{ENTERPRISE}:department": "[department]",
    f"{ENTERPRISE}:manager": "[manager]",
}
_GROUP_MAPPINGS = {"displayName": "[displayName]", "externalId": "[objectId]", "members": "[members]"}

_FURTHER_TARGETS = (
    "id",
    "nickName",
    "userType",
    "locale",
    "timezone",
    "profileUrl",
    "name.middleName",
    "name.honorificPrefix",
    "name.honorificSuffix",
    'emails[type eq "other"].value',
    'emails[type eq "home"].value',
    'phoneNumbers[type eq "home"].value',
    'phoneNumbers[type eq "other"].value',
    'phoneNumbers[type eq "pager"].value',
    'addresses[type eq "other"].formatted',
    'roles[primary eq "True"].value',
    'roles[primary eq "True"].display',
    'roles[primary eq "True"].type',
    "roles",
    f"{ENTERPRISE}:costCenter",
    f"{ENTERPRISE}:organization",
    f"{ENTERPRISE}:division",
)

_REFERENCES = {"manager": ["User"], f"{ENTERPRISE}:manager": [TARGET_USER]}
_MULTIVALUED = frozenset({"members", "owners", "proxyAddresses", "otherMails", "appRoleAssignments", "roles"})


def template_schema() -> Json:
    """Return a new schema, as a job of the template ``scim`` has it at first."""
    return {
        "id": str(uuid.uuid4()),
        "version": "Version:1",
        "synchronizationRules": [_rule()],
        "directories": [
            _directory(SOURCE, {"User": _SOURCE_USER, "Group": _SOURCE_GROUP}, anchor="objectId"),
            _directory(
                TARGET,
                {
                    TARGET_USER: [*_FURTHER_TARGETS, *_USER_MAPPINGS],
                    TARGET_GROUP: ["id", *_GROUP_MAPPINGS],
                },
                anchor="id",
            ),
        ],
    }


def _rule() -> Json:
    return {
        "containerFilter": None,
        "editable": True,
        "groupFilter": None,
        "id": RULE,
        "metadata": [{"key": "IsCustomerDefined", "value": "false"}],
        "name": "USER_GROUP_OUTBOUND",
        "priority": 1,
        "sourceDirectoryName": SOURCE,
        "targetDirectoryName": TARGET,
        "objectMappings": [
            _object_mapping("Group", TARGET_GROUP, _GROUP_MAPPINGS, matched_by="displayName"),
            _object_mapping("User", TARGET_USER, _USER_MAPPINGS, matched_by="userName"),
        ],
    }


def _object_mapping(source: str, target: str, mappings: dict[str, str], *, matched_by: str) -> Json:
    return {
        "enabled": True,
        "flowTypes": "Add, Update, Delete",
        "metadata": [
            {"key": "EscrowBehavior", "value": '"Default"'},
            {"key": "Disposition", "value": '"Normal"'},
        ],
        "name": f"Synchronize Azure Active Directory {source}s to {TARGET}",
        "scope": None,
        "sourceObjectName": source,
        "targetObjectName": target,
        "attributeMappings": [
            {
                "defaultValue": "",
                "exportMissingReferences": False,
                "flowBehavior": "FlowWhenChanged",
                "flowType": "Always",
                "matchingPriority": 1 if name == matched_by else 0,
                "targetAttributeName": name,
                "source": parse(expression),
            }
            for name, expression in mappings.items()
        ],
    }


def _directory(name: str, objects: dict[str, list[str]], *, anchor: str) -> Json:
    return {
        "id": str(uuid.uuid4()),
        "name": name,
        "discoverabilities": "None",
        "discoveryDateTime": None,
        "metadata": [],
        "readOnly": False,
        "version": "Version:1",
        "objects": [
            {
                "name": each,
                "supportedApis": [],
                "metadata": [],
                "attributes": [_definition(attribute, anchor=attribute == anchor) for attribute in attributes],
            }
            for each, attributes in objects.items()
        ],
    }


def _definition(name: str, *, anchor: bool) -> Json:
    users = ["User", "Group"] if name in ("members", "owners") else _REFERENCES.get(name, [])
    kind = "Boolean" if name in ("active", "accountEnabled", "IsSoftDeleted") else "String"
    return {
        "anchor": anchor,
        "apiExpressions": [],
        "caseExact": False,
        "defaultValue": None,
        "flowNullValues": False,
        "metadata": [],
        "multivalued": name in _MULTIVALUED,
        "mutability": "ReadWrite",
        "name": name,
        "required": anchor or name == "userName",
        "type": "Reference" if users else kind,
        "referencedObjects": [{"referencedObjectName": each, "referencedProperty": None} for each in users],
    }
