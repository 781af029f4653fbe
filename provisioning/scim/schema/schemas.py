"""What the hub publishes about itself: its schemas, resource types and capabilities, as JSON.

The models come from these schemas by ``ScimProvider.from_discovery`` and not from the static classes of scim2-models:
those require ``manager.$ref``, which Entra never sends, and check the syntax of e-mail addresses, which the hub stores
as they are. ``type`` sub-attributes carry canonicalValues, because Entra's discovery makes names like
``emails[type eq "work"].value`` from them. There is no ``password``: the hub keeps none.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from connectors.contract import ObjectKind
from provisioning.scim.limits import CURSOR_SECONDS, MOST_BULK_OPERATIONS
from provisioning.settings import settings

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

type Definition = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Extension:
    """An organisation's own extension of a resource type, as it is in force. Made by ``scim.extensions.extension``.

    ``text`` is the schema as JSON: extensions with the same content are equal and can be the key of a cache.
    """

    kind: ObjectKind
    urn: str
    text: str

    @property
    def definition(self) -> Definition:
        """The schema (RFC 7643 section 7), complete."""
        return cast("Definition", json.loads(self.text))


def _attribute(name: str, description: str, kind: str, **characteristics: Any) -> Definition:
    return {
        "name": name,
        "type": kind,
        "multiValued": False,
        "description": description,
        "required": False,
        "mutability": "readWrite",
        "returned": "default",
        **characteristics,
    }


def _text(name: str, description: str, **characteristics: Any) -> Definition:
    return _attribute(name, description, "string", **{"caseExact": False, "uniqueness": "none", **characteristics})


def _reference(name: str, description: str, types: Sequence[str], **characteristics: Any) -> Definition:
    return _attribute(
        name, description, "reference", referenceTypes=list(types), caseExact=True, uniqueness="none", **characteristics
    )


def _complex(name: str, description: str, parts: Sequence[Definition], **characteristics: Any) -> Definition:
    return _attribute(name, description, "complex", subAttributes=list(parts), **characteristics)


def _values(name: str, description: str, types: Sequence[str] = (), value: Definition | None = None) -> Definition:
    """Return a multi-valued attribute with the default sub-attributes of RFC 7643 section 2.4."""
    parts = [
        value or _text("value", "The value itself."),
        _text("display", "A name to show for the value."),
        _type("What the value is used for.", types),
        _PRIMARY,
    ]
    return _complex(name, description, parts, multiValued=True)


def _type(description: str, types: Sequence[str], **characteristics: Any) -> Definition:
    canonical = {"canonicalValues": list(types)} if types else {}
    return _text("type", description, **canonical, **characteristics)


_PRIMARY = _attribute("primary", "Whether this is the preferred value; at most one is.", "boolean")


def user_schema() -> Definition:
    """Return the User schema of RFC 7643 section 4.1, but for ``password``."""
    name_parts = [
        _text("formatted", "The full name as it is shown."),
        _text("familyName", "The family name."),
        _text("givenName", "The given name."),
        _text("middleName", "The middle names."),
        _text("honorificPrefix", "A title before the name."),
        _text("honorificSuffix", "A suffix behind the name."),
    ]
    address_parts = [
        _text("formatted", "The whole address as it is shown."),
        _text("streetAddress", "Street, number and what belongs to them."),
        _text("locality", "The city or locality."),
        _text("region", "The state or region."),
        _text("postalCode", "The postal code."),
        _text("country", "The country, by ISO 3166-1 alpha-2."),
        _type("What the address is used for.", ("work", "home", "other")),
        _PRIMARY,
    ]
    group_parts = [
        _text("value", "The id of the group.", caseExact=True, mutability="readOnly"),
        _reference("$ref", "The URL of the group.", ["Group"], mutability="readOnly"),
        _text("display", "The name of the group.", mutability="readOnly"),
        _type("How the user is in the group.", ("direct", "indirect"), mutability="readOnly"),
    ]
    image = _reference("value", "The URL of the image.", ["external"])
    certificate = _attribute("value", "The certificate, DER in base64.", "binary", caseExact=True)
    phones = ("work", "home", "mobile", "fax", "pager", "other")
    messengers = ("aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo")
    attributes = [
        _text("userName", "The unique name that the user signs in with.", required=True, uniqueness="server"),
        _complex("name", "The parts of the user's name.", name_parts),
        _text("displayName", "The name that is shown."),
        _text("nickName", "The casual name."),
        _reference("profileUrl", "The URL of the user's profile.", ["external"]),
        _text("title", "The job title."),
        _text("userType", "How the user relates to the organisation, such as Employee."),
        _text("preferredLanguage", "The preferred language, as in Accept-Language."),
        _text("locale", "The locale for dates, numbers and currency."),
        _text("timezone", "The time zone, by its IANA name."),
        _attribute("active", "Whether the user may sign in. An inactive user stays visible.", "boolean"),
        _values("emails", "E-mail addresses.", ("work", "home", "other")),
        _values("phoneNumbers", "Telephone numbers.", phones),
        _values("ims", "Instant messaging addresses.", messengers),
        _values("photos", "Images of the user.", ("photo", "thumbnail"), image),
        _complex("addresses", "Postal addresses.", address_parts, multiValued=True),
        _complex(
            "groups",
            "The groups that the user is in. Answered when asked for by the attributes parameter.",
            group_parts,
            multiValued=True,
            mutability="readOnly",
            returned="request",
        ),
        _values("entitlements", "What the user has a right to."),
        _values("roles", "The roles of the user."),
        _values("x509Certificates", "Certificates of the user.", value=certificate),
    ]
    return _schema(USER, "User", "User Account", attributes)


def enterprise_user_schema() -> Definition:
    """Return the enterprise extension of RFC 7643 section 4.3; the manager's ``$ref`` is made by the hub."""
    manager_parts = [
        _text("value", "The id of the manager.", caseExact=True),
        _reference("$ref", "The URL of the manager.", ["User"]),
        _text("displayName", "The name of the manager.", mutability="readOnly"),
    ]
    attributes = [
        _text("employeeNumber", "The number of the employee."),
        _text("costCenter", "The cost centre."),
        _text("organization", "The organisation."),
        _text("division", "The division."),
        _text("department", "The department."),
        _complex("manager", "Who the user reports to.", manager_parts),
    ]
    return _schema(ENTERPRISE_USER, "EnterpriseUser", "What organisations know about a user.", attributes)


def group_schema() -> Definition:
    """Return the Group schema of RFC 7643 section 4.2. ``displayName`` is unique: Entra matches groups by it."""
    member_parts = [
        _text("value", "The id of the member.", caseExact=True, mutability="immutable"),
        _reference("$ref", "The URL of the member.", ["User", "Group"], mutability="immutable"),
        _type("What the member is.", ("User", "Group"), mutability="immutable"),
        _text("display", "A name to show for the member, as it was sent.", mutability="immutable"),
    ]
    attributes = [
        _text("displayName", "The unique name of the group.", required=True, uniqueness="server"),
        _complex("members", "Who is in the group.", member_parts, multiValued=True),
    ]
    return _schema(GROUP, "Group", "A group of users and groups.", attributes)


def _schema(urn: str, name: str, description: str, attributes: Sequence[Definition]) -> Definition:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "description": description,
        "attributes": list(attributes),
    }


def resource_types(extensions: Sequence[Extension] = ()) -> list[Definition]:
    """Return the resource types that the hub serves (RFC 7643 section 6), with an organisation's own extensions.

    None is required: a change must not fail because of an extension that its sender does not know.
    """
    urn = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
    own = {
        kind: [{"schema": each.urn, "required": False} for each in extensions if each.kind is kind]
        for kind in ObjectKind
    }
    return [
        {
            "schemas": [urn],
            "id": "User",
            "name": "User",
            "endpoint": "/Users",
            "description": "Users",
            "schema": USER,
            "schemaExtensions": [{"schema": ENTERPRISE_USER, "required": False}, *own[ObjectKind.USER]],
        },
        {
            "schemas": [urn],
            "id": "Group",
            "name": "Group",
            "endpoint": "/Groups",
            "description": "Groups",
            "schema": GROUP,
            **({"schemaExtensions": own[ObjectKind.GROUP]} if own[ObjectKind.GROUP] else {}),
        },
    ]


def service_provider_config() -> Definition:
    """Return what the service can do (RFC 7643 section 5)."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {
            "supported": True,
            "maxOperations": MOST_BULK_OPERATIONS,
            "maxPayloadSize": settings().scim_max_body_bytes,
        },
        "filter": {"supported": True, "maxResults": settings().scim_max_results},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": settings().scim_max_results,
            "maxPageSize": settings().scim_max_results,
            "cursorTimeout": CURSOR_SECONDS,
        },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token of the source, in the Authorization header.",
                "primary": True,
            },
            {
                "type": "oauth2",
                "name": "OAuth 2.0 client credentials",
                "description": "A token of /oauth/token, got by a client secret or a client assertion.",
                "specUri": "https://www.rfc-editor.org/info/rfc6749",
                "primary": False,
            },
        ],
    }


def definitions(extensions: Sequence[Extension] = ()) -> list[Definition]:
    """Return every schema that the hub serves, an organisation's own behind those of RFC 7643."""
    return [user_schema(), enterprise_user_schema(), group_schema(), *(each.definition for each in extensions)]
