"""The part of a server's schema (RFC 4512, 4) that the connector needs: what classes demand, how values compare."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.ldap_client.library import AttributeTypeInfo, ObjectClassInfo
from connectors.ldap_client.names import folded
from connectors.ldap_client.session import Session

DN_SYNTAXES = {"1.3.6.1.4.1.1466.115.121.1.12", "1.3.6.1.4.1.1466.115.121.1.34"}


@dataclass(frozen=True)
class Schema:
    """Object classes and attribute types by lower-case name. Empty where the server does not show its schema."""

    classes: dict[str, Any]
    attributes: dict[str, Any]

    @property
    def known(self) -> bool:
        """Whether the server showed its schema."""
        return bool(self.classes and self.attributes)

    def has_class(self, name: str) -> bool:
        """Whether there is such an object class."""
        return name.lower() in self.classes

    def has_attribute(self, name: str) -> bool:
        """Whether there is such an attribute type."""
        return name.lower() in self.attributes

    def demanded(self, classes: Iterable[str]) -> set[str]:
        """Return the attributes that entries of these classes must have, in lower case, inherited ones included."""
        return self._contained(classes, "must_contain")

    def allowed(self, classes: Iterable[str]) -> set[str]:
        """Return all attributes that entries of these classes may or must have, in lower case."""
        return self._contained(classes, "must_contain") | self._contained(classes, "may_contain")

    def names_of(self, attribute: str) -> set[str]:
        """Return all names of an attribute in lower case (``sn`` is ``surname``)."""
        info = self.attributes.get(attribute.lower())
        return {name.lower() for name in info.name or ()} if info else {attribute.lower()}

    def is_dn(self, attribute: str) -> bool:
        """Whether the attribute holds DNs."""
        return self._inherited(attribute, "syntax") in DN_SYNTAXES

    def distinct(self, attribute: str, values: Sequence[str]) -> list[str]:
        """Return the values without those that the server takes for equal: it refuses to have one twice."""
        rule = str(self._inherited(attribute, "equality") or "")
        kept: dict[str, str] = {}
        for value in values:
            kept.setdefault(_comparable(rule, value), value)
        return list(kept.values())

    def _contained(self, classes: Iterable[str], which: str) -> set[str]:
        names, todo, seen = set(), [name.lower() for name in classes], set()
        while todo:
            name = todo.pop()
            info = self.classes.get(name)
            if info is None or name in seen:
                continue
            seen.add(name)
            names |= {attribute.lower() for attribute in getattr(info, which) or ()}
            todo += [superior.lower() for superior in info.superior or ()]
        return names

    def _inherited(self, attribute: str, what: str) -> Any:
        """Return a property of an attribute type, from its supertypes where it has none itself (``cn`` is a name)."""
        for _ in range(10):
            info = self.attributes.get(attribute.lower())
            if info is None:
                return None
            if found := getattr(info, what):
                return found[0] if isinstance(found, list | tuple) else found
            if not info.superior:
                return None
            attribute = info.superior[0]
        return None


def read_schema(session: Session) -> Schema:
    """Read the schema that the root DSE names (RFC 4512, 4.4)."""
    root = session.read("", ["subschemaSubentry"])
    places = root.values("subschemaSubentry") if root else []
    entry = session.read(places[0], ["objectClasses", "attributeTypes"]) if places else None
    if entry is None:
        return Schema({}, {})
    classes: Any = ObjectClassInfo
    attributes: Any = AttributeTypeInfo  # ldap3's parsers have no types
    return Schema(
        _by_name(classes.from_definition(entry.values("objectClasses"))),
        _by_name(attributes.from_definition(entry.values("attributeTypes"))),
    )


def _by_name(infos: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for oid, info in dict(infos).items():
        for name in (str(oid), *(info.name or ())):
            found[name.lower()] = info
    return found


def _comparable(rule: str, value: str) -> str:
    if rule.lower().startswith("telephonenumber") or rule == "2.5.13.20":
        return re.sub("[ -]", "", value).casefold()
    if rule.lower().startswith("caseignore") or rule == "2.5.13.2":
        return folded(value)
    return value
