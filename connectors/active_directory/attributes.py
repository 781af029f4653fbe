"""From the contract's values to octets of Active Directory, and back: by the syntax of each attribute.

Most are texts and stay so. ``manager`` and its like are DNs and become references. ``accountExpires`` is shown and
taken as a date (``times``). What nobody may map (identifiers, passwords, the switch of activity, what the system keeps)
is neither read nor written.
"""

from collections.abc import Iterable, Mapping, Sequence

from connectors.active_directory.activation import is_enabled
from connectors.active_directory.directory import CONDITIONS, Directory, id_of
from connectors.active_directory.identifiers import guid_base, parse_extended_dn, sid_text
from connectors.active_directory.times import expiry_of, expiry_text
from connectors.contract import Account, Attributes, ObjectKind, Reference, Value
from connectors.errors import Rejected
from connectors.ldap_client.session import Entry
from connectors.ldap_client.values import HIDDEN, Texts, attribute_name, texts_of, value_of

USER = ObjectKind.USER
ACCOUNT_EXPIRES = "accountexpires"

RESERVED = frozenset({
    *HIDDEN, "unicodepwd", "useraccountcontrol", "pwdlastset", "lockouttime", "objectguid", "objectsid", "member",
    "distinguishedname", "objectcategory", "samaccounttype", "grouptype", "primarygroupid", "isdeleted",
})  # fmt: skip
"""Never written by a mapping: identity, secrets, memberships, and the states that verbs of their own set."""

_TEXTS_OF_OCTETS = {"objectsid": sid_text}
_CASE_EXACT = "1.2.840.113556.1.4.1362"
OCTETS = {"1.3.6.1.4.1.1466.115.121.1.40", "1.3.6.1.4.1.1466.115.121.1.5", "1.2.840.113556.1.4.907"}
"""Syntaxes of what is no text: not part of an account."""


def account_of(kind: ObjectKind, directory: Directory, entry: Entry) -> Account:
    """Return an entry that came with extended DNs as an account; ``active`` only where the entry tells it."""
    active = is_enabled(entry) if kind is USER and entry.octets("userAccountControl") else None
    return Account(kind, id_of(entry), entry.dn, values_of(directory, entry), active)


def values_of(directory: Directory, entry: Entry) -> dict[str, Value]:
    """Return what an entry that came with extended DNs holds, by its names of attributes."""
    attributes: dict[str, Value] = {}
    for name in entry.attributes:
        lower = name.lower()
        if ";" in name or lower in RESERVED - {"objectsid"}:
            continue
        if (value := _value(directory, lower, entry.octets(name), entry.values(name))) is not None:
            attributes[name] = value
    return attributes


def texts(directory: Directory, attributes: Attributes) -> Texts:
    """Return the wanted texts by the attributes' names: references as DNs, no value twice. Raises ``Rejected``."""
    wanted: Texts = {}
    for name, value in attributes.items():
        lower = attribute_name(name).lower()
        if lower in RESERVED:
            raise Rejected(
                f"A mapping names {name}, which the connector sets itself or nobody can.",
                code="ad.reservedAttribute",
                fix="Remove this target from the mappings.",
                attribute=name,
            )
        if isinstance(value, Reference):
            wanted[name] = [_reference_dn(directory, name, value)]
        elif lower == ACCOUNT_EXPIRES:
            wanted[name] = [_expiry(name, value)]
        else:
            wanted[name] = _distinct(directory, lower, texts_of(name, value))
        _must_fit(directory, name, wanted[name])
    return wanted


def first_values(entries: Iterable[Mapping[str, Sequence[str]]]) -> dict[str, str]:
    """Return the first text of each attribute by lower-case names; what comes later wins, and blank clears."""
    merged: dict[str, str] = {}
    for entry in entries:
        merged |= {name.lower(): values[0] if values else "" for name, values in entry.items()}
    return merged


def _value(directory: Directory, name: str, octets: list[bytes], values: list[str]) -> Value:
    if name in _TEXTS_OF_OCTETS:
        return value_of([_TEXTS_OF_OCTETS[name](value) for value in octets]) if octets else None
    if directory.schema.is_dn(name):
        # Those with many values are memberships and links back.
        extended = parse_extended_dn(values[0]) if len(values) == 1 and directory.schema.is_single(name) else None
        return Reference(USER, extended.guid) if extended else None
    if directory.schema.syntax(name) in OCTETS or not values:
        return None
    if name == ACCOUNT_EXPIRES:
        return expiry_text(values[0])
    return value_of(values)


def _expiry(name: str, value: Value) -> str:
    try:
        return str(expiry_of(next(iter(texts_of(name, value)), "")))
    except (ValueError, OverflowError):
        raise Rejected(
            f"{name} is neither a date nor a number of the directory's.",
            code="ad.invalidDate",
            fix="Map a date such as 2027-03-31 (the last day), a time such as 2027-03-31T17:00:00Z, or nothing.",
            attribute=name,
        ) from None


def _reference_dn(directory: Directory, name: str, reference: Reference) -> str:
    """Return the DN a reference stands for. Raises ``Rejected`` where nobody has that id."""
    try:
        base = guid_base(reference.remote_id)
    except ValueError:
        base = None
    condition = CONDITIONS[reference.kind]
    entry = directory.session.read(base, ["1.1"], search_filter=condition) if base else None
    if entry is None:
        raise Rejected(
            f"{name} points at a {reference.kind} that is not in the domain.",
            code="ad.referenceMissing",
            fix="It is written when that account has been provisioned; check that it is in scope.",
            attribute=name,
        )
    return entry.dn


def _distinct(directory: Directory, name: str, values: list[str]) -> list[str]:
    """Return the values without those that the directory takes for equal: it ignores case, and refuses one twice."""
    exact = directory.schema.syntax(name) == _CASE_EXACT
    kept: dict[str, str] = {}
    for value in values:
        kept.setdefault(value if exact else value.casefold(), value)
    return list(kept.values())


def _must_fit(directory: Directory, name: str, values: list[str]) -> None:
    if len(values) > 1 and directory.schema.is_single(name):
        raise Rejected(
            f"{name} takes one value only, and is mapped to several.",
            code="ad.singleValued",
            fix="Map one value to it.",
            attribute=name,
        )
