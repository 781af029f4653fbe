"""Attributes: the built-in mappings, and the way of values between the contract and Graph's JSON. Pure.

Not mapped unless a connection does: mail (Exchange's, where there is a mailbox) and otherMails (for accounts with
administrator roles only a privileged application may write it, and one refused property refuses the whole update).
"""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from connectors.contract import AttributeMapping, Attributes, Defaults, ObjectKind, Reference, Value
from connectors.errors import Rejected
from connectors.graph.catalogue import (
    ALSO_READ,
    LICENCES,
    MANAGER,
    MEMBERS,
    NEVER_CLEARED,
    REFUSED,
    SEPARATE,
    UPN,
    USAGE_LOCATION,
    WRITABLE,
    Form,
    form_of,
    properties_read,
)
from connectors.graph.licence_names import text_of

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_WORK = 'addresses[type eq "work"]'

COLLECTIONS = frozenset({"businessPhones", "otherMails"})
"""What a filter asks for with ``any``."""

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
            AttributeMapping("employeeOrgData.division", (f"{_ENTERPRISE}:division",)),
            AttributeMapping("employeeOrgData.costCenter", (f"{_ENTERPRISE}:costCenter",)),
            AttributeMapping("employeeId", (f"{_ENTERPRISE}:employeeNumber",)),
            AttributeMapping("employeeType", ("userType",)),
            AttributeMapping("mobilePhone", ('phoneNumbers[type eq "mobile"].value',)),
            AttributeMapping("businessPhones", ('phoneNumbers[type eq "work"].value',)),
            AttributeMapping("faxNumber", ('phoneNumbers[type eq "fax"].value',)),
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

SELECT: Mapping[ObjectKind, str] = {kind: ",".join(properties_read(kind)) for kind in DEFAULTS}
"""What is read. Without $select Graph leaves out accountEnabled, department and others."""

NAME: Mapping[ObjectKind, str] = {ObjectKind.USER: UPN, ObjectKind.GROUP: "displayName"}
"""What an administrator calls an account."""


def defaults_with_licences(everybody: tuple[str, ...], *, while_active: bool) -> Mapping[ObjectKind, Defaults]:
    """Return the built-in mappings of a connection that manages licences: those of everybody, and those entitled to.

    ``while_active``: deactivation takes them away.
    """
    users = DEFAULTS[ObjectKind.USER]
    licences = AttributeMapping(
        LICENCES,
        ("entitlements.value", "roles.value"),
        multivalued=True,
        always=everybody,
        while_active=while_active,
    )
    return {**DEFAULTS, ObjectKind.USER: dataclasses.replace(users, mappings=(*users.mappings, licences))}


def body_of(kind: ObjectKind, changes: Attributes) -> dict[str, Any]:
    """Return the JSON to write. Nothing and "" are null, or the empty collection.

    Not in here is what requests of their own write (``SEPARATE``), and the clearing of what Graph cannot clear.
    Members of one complex property come together. Raises ``Rejected`` for what cannot be written.
    """
    body: dict[str, Any] = {}
    for name, value in changes.items():
        if name in SEPARATE:
            continue
        converted = _converted(kind, name, value)
        if converted is None and name in NEVER_CLEARED:
            continue
        container, _, member = name.partition(".")
        if member:
            body.setdefault(container, {})[member] = converted
        else:
            body[name] = converted
    return body


def _converted(kind: ObjectKind, name: str, value: Value) -> Any:
    form = form_of(kind, name)
    if form is None:
        raise _not_writable(kind, name)
    if isinstance(value, Reference):
        raise Rejected(
            f"{name} cannot point at another account.",
            code="graph.notAReference",
            fix="Only manager and owners are references; correct the mapping.",
            attribute=name,
        )
    match form:
        case Form.TEXTS:
            return _texts(value)
        case Form.ONE_OF_TEXTS:
            return _texts(value)[:1]
        case Form.ANY if isinstance(value, tuple):
            return list(value)
        case Form.COUNTRY:
            # What is no country code leaves it as it is: Graph takes nothing else.
            return country_code(value)
    single = _single(value)
    if single is None or form is Form.ANY:
        return single
    match form:
        case Form.SWITCH:
            return _switch(name, single)
        case Form.MOMENT:
            return _moment(name, single)
    return str(single).lower() if isinstance(single, bool) else str(single)


def _not_writable(kind: ObjectKind, name: str) -> Rejected:
    reason = REFUSED[kind].get(name, "")
    return Rejected(
        f"{name[:80]} of a {kind.lower()} cannot be written. {reason}".strip()
        if reason
        else f"{name[:80]!r} is no attribute of a {kind.lower()} that this connector writes.",
        code="graph.attribute",
        fix="Take it out of the mapping." if reason else "Correct the mapping; the documentation lists the attributes.",
        attribute=name[:80],
    )


def _texts(value: Value) -> list[str]:
    if isinstance(value, tuple):
        return [each for each in value if each]
    return [] if value is None or value == "" else [str(value)]


def _single(value: Value) -> str | int | bool | None:
    if isinstance(value, tuple):
        value = value[0] if value else None
    return None if value == "" or isinstance(value, Reference | tuple) else value


def _switch(name: str, value: str | int | bool) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in {"true", "false"}:
        raise _malformed(name, "true or false")
    return word == "true"


def _moment(name: str, value: str | int | bool) -> str:
    """Return a moment in UTC as Graph writes it; a date is its midnight (UTC), and so is a time without an offset."""
    text = str(value).strip()
    try:
        moment = datetime.fromisoformat(text) if len(text) > len("2026-11-23") else _midnight(text)
    except ValueError:
        raise _malformed(name, "a date (2026-11-23) or a date and time (2026-11-23T08:00:00Z)") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _midnight(text: str) -> datetime:
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _malformed(name: str, wanted: str) -> Rejected:
    return Rejected(
        f"The value of {name} is not {wanted}.",
        code="graph.malformedValue",
        fix="Correct the value in the source or the mapping.",
        attribute=name,
    )


def country_code(value: Value) -> str | None:
    """Return an ISO 3166-1 alpha-2 code in capitals, ``None`` for anything else."""
    text = value.strip().upper() if isinstance(value, str) else ""
    return text if len(text) == 2 and text.isascii() and text.isalpha() else None


def values_of(kind: ObjectKind, thing: Mapping[str, Any], names: Iterable[str] | None = None) -> dict[str, Value]:
    """Return the attributes of a user or group as Graph shows it; the manager as a reference where it was expanded.

    ``names`` are the properties to look at, all that are read as a rule unless given; what is absent is ``None``.
    Complex properties come member by member, licences by their ids (``licences`` gives them their names).
    """
    values: dict[str, Value] = {}
    for name in SELECT[kind].split(",") if names is None else names:
        if name == "id" or name == MANAGER or "@" in name or (name in ALSO_READ[kind] and name not in WRITABLE[kind]):
            continue
        value = thing.get(name)
        if name == LICENCES:
            values[name] = _licence_ids(value)
        elif name in MEMBERS or isinstance(value, dict):
            values |= _members(name, value if isinstance(value, dict) else {})
        elif isinstance(value, list):
            texts = tuple(str(each) for each in value if not isinstance(each, dict))
            one = WRITABLE[kind].get(name) is Form.ONE_OF_TEXTS
            values[name] = (texts[0] if texts else None) if one else texts
        else:
            values[name] = value
    manager = thing.get(MANAGER)
    if isinstance(manager, dict) and isinstance(manager.get("id"), str):
        values[MANAGER] = Reference(ObjectKind.USER, manager["id"])
    return values


def _members(name: str, value: Mapping[str, Any]) -> dict[str, Value]:
    known = MEMBERS.get(name) or tuple(each for each in value if "@" not in each)
    return {f"{name}.{member}": value.get(member) for member in known}


def _licence_ids(value: object) -> tuple[str, ...]:
    licences = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    return tuple(text_of(str(each.get("skuId")), map(str, each.get("disabledPlans") or ())) for each in licences)
