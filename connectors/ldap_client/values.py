"""From the contract's values to the texts that LDAP knows (RFC 4517), and back."""

from collections.abc import Sequence

from connectors.contract import Reference, Value
from connectors.errors import Rejected
from connectors.ldap_client.settings import ATTRIBUTE_NAME

HIDDEN = frozenset({"objectclass", "userpassword"})
"""Never part of an account: structure, and secrets."""

type Texts = dict[str, list[str]]
"""Attribute -> its wanted values; none clears it."""


def attribute_name(name: str) -> str:
    """Return a mapping's target if it can be an attribute. Raises ``Rejected``."""
    if not ATTRIBUTE_NAME.fullmatch(name):
        raise Rejected(
            "A mapping names a target that cannot be an LDAP attribute.",
            code="ldap.invalidAttributeName",
            fix="Correct the mapping's target: letters, digits and hyphens.",
        )
    return name


def texts_of(name: str, value: Value) -> list[str]:
    """Return a value's texts (RFC 4517: booleans are TRUE and FALSE). Blank ones are none: no syntax holds them."""
    match value:
        case None:
            return []
        case bool():
            return ["TRUE" if value else "FALSE"]
        case tuple():
            return [text for text in value if text.strip()]
        case Reference():
            raise TypeError(f"{name} is a reference and becomes a DN")
        case _:
            return [text] if (text := str(value)).strip() else []


def value_of(values: Sequence[str]) -> Value:
    """Return what an attribute holds: one text, or a tuple of several."""
    return values[0] if len(values) == 1 else tuple(values)


def naming_value(name: str, values: Sequence[str]) -> str:
    """Return the value that names an entry. Raises ``Rejected`` where there is none, or none that a DN can hold."""
    if not values:
        raise Rejected(
            f"The naming attribute {name} has no value.",
            code="ldap.nameMissing",
            fix=f"Map {name} from an attribute that everybody has.",
            attribute=name,
        )
    if "\0" in values[0]:
        raise Rejected(
            f"The naming attribute {name} holds a character that no name may have.",
            code="ldap.nameInvalid",
            fix="Correct the value at its source.",
            attribute=name,
        )
    return values[0]
