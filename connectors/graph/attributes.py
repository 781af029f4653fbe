"""Attributes: the built-in mappings, and the way of values between the contract and Graph's JSON. Pure.

Not mapped: mail, proxyAddresses (Exchange's, where there is a mailbox) and otherMails (for accounts with administrator
roles only a privileged application may write it, and one refused property refuses the whole update).
"""

from collections.abc import Mapping
from typing import Any

from connectors.contract import AttributeMapping, Attributes, Defaults, ObjectKind, Reference, Value
from connectors.errors import Rejected

MANAGER = "manager"
UPN = "userPrincipalName"
USAGE_LOCATION = "usageLocation"

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_WORK = 'addresses[type eq "work"]'

COLLECTIONS = frozenset({"businessPhones", "otherMails"})
ONE_VALUE = frozenset({"businessPhones"})
"""Collections of which Graph takes one value only; in the contract they are single values."""

DEFAULTS: Mapping[ObjectKind, Defaults] = {
    ObjectKind.USER: Defaults(
        mappings=(
            AttributeMapping(UPN, ("userName",), required=True),
            AttributeMapping("displayName", ("displayName", "name.formatted", "userName"), required=True),
            AttributeMapping("givenName", ("name.givenName",)),
            AttributeMapping("surname", ("name.familyName",)),
            AttributeMapping("jobTitle", ("title",)),
            AttributeMapping("department", (f"{_ENTERPRISE}:department",)),
            AttributeMapping("companyName", (f"{_ENTERPRISE}:organization",)),
            AttributeMapping("employeeId", (f"{_ENTERPRISE}:employeeNumber",)),
            AttributeMapping("mobilePhone", ('phoneNumbers[type eq "mobile"].value',)),
            AttributeMapping("businessPhones", ('phoneNumbers[type eq "work"].value',)),
            AttributeMapping("streetAddress", (f"{_WORK}.streetAddress",)),
            AttributeMapping("city", (f"{_WORK}.locality",)),
            AttributeMapping("state", (f"{_WORK}.region",)),
            AttributeMapping("postalCode", (f"{_WORK}.postalCode",)),
            AttributeMapping("country", (f"{_WORK}.country",)),
            AttributeMapping(USAGE_LOCATION, (f"{_WORK}.country",), required=True),
            AttributeMapping("preferredLanguage", ("preferredLanguage",)),
            AttributeMapping(MANAGER, (f"{_ENTERPRISE}:manager.value",), reference=ObjectKind.USER),
        ),
        matching=(UPN,),
    ),
    ObjectKind.GROUP: Defaults(
        # SCIM's group has no description; the attribute can be written, and a connection may map something to it.
        mappings=(AttributeMapping("displayName", ("displayName",), required=True),),
        matching=("displayName",),
    ),
}

_MORE = {
    ObjectKind.USER: ("accountEnabled", "mailNickname", "officeLocation", "otherMails", "employeeType", "faxNumber"),
    ObjectKind.GROUP: ("description", "mailNickname"),
}

SELECT: Mapping[ObjectKind, str] = {
    kind: ",".join(["id", *(m.target for m in defaults.mappings if m.reference is None), *_MORE[kind]])
    for kind, defaults in DEFAULTS.items()
}
"""What is read. Without $select Graph leaves out accountEnabled, department and others."""

NAME: Mapping[ObjectKind, str] = {ObjectKind.USER: UPN, ObjectKind.GROUP: "displayName"}
"""What an administrator calls an account."""


def body_of(changes: Attributes) -> dict[str, Any]:
    """Return the JSON to write. Nothing and "" are null, or the empty collection; the manager is not in here."""
    body: dict[str, Any] = {}
    for name, value in changes.items():
        if name == MANAGER:
            continue
        if isinstance(value, Reference):
            raise Rejected(
                f"{name} cannot point at another account.",
                code="graph.notAReference",
                fix="Only manager is a reference; correct the mapping.",
                attribute=name,
            )
        if name == USAGE_LOCATION:
            # Graph cannot clear it, and takes country codes only: what is none of them leaves it as it is.
            if country := country_code(value):
                body[name] = country
            continue
        body[name] = _collection(value) if name in COLLECTIONS else _single(value)
    return body


def _collection(value: Value) -> list[str]:
    if isinstance(value, tuple):
        return list(value)
    return [] if value is None or value == "" else [str(value)]


def _single(value: Value) -> str | int | bool | None:
    if isinstance(value, tuple):
        value = value[0] if value else None
    return None if value == "" or isinstance(value, Reference | tuple) else value


def country_code(value: Value) -> str | None:
    """Return an ISO 3166-1 alpha-2 code in capitals, ``None`` for anything else."""
    text = value.strip().upper() if isinstance(value, str) else ""
    return text if len(text) == 2 and text.isascii() and text.isalpha() else None


def values_of(kind: ObjectKind, thing: Mapping[str, Any]) -> dict[str, Value]:
    """Return the attributes of a user or group as Graph shows it; the manager as a reference where it was expanded."""
    values: dict[str, Value] = {}
    for name in SELECT[kind].split(","):
        value = thing.get(name)
        if name in {"id", "accountEnabled"} or isinstance(value, dict):
            continue
        if isinstance(value, list):
            texts = tuple(str(each) for each in value)
            values[name] = (texts[0] if texts else None) if name in ONE_VALUE else texts
        else:
            values[name] = value
    manager = thing.get(MANAGER)
    if isinstance(manager, dict) and isinstance(manager.get("id"), str):
        values[MANAGER] = Reference(ObjectKind.USER, manager["id"])
    return values
