"""The part of a server's schema (RFC 4512, 4) that connectors need: what classes demand, how values compare.

And what its root DSE offers (RFC 4512, 5.1), because both are read together and are true for as long.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.ldap_client.library import (
    AttributeTypeInfo,
    DitContentRuleInfo,
    DitStructureRuleInfo,
    NameFormInfo,
    ObjectClassInfo,
)
from connectors.ldap_client.names import folded
from connectors.ldap_client.session import Session

DN_SYNTAXES = {"1.3.6.1.4.1.1466.115.121.1.12", "1.3.6.1.4.1.1466.115.121.1.34"}


@dataclass(frozen=True)
class Schema:
    """Object classes and attribute types by lower-case name. Empty where the server does not show its schema."""

    classes: dict[str, Any]
    attributes: dict[str, Any]
    content_rules: dict[str, Any] = field(default_factory=dict)
    """DIT content rules by the name of their structural class, in lower case (RFC 4512, 4.1.6)."""
    name_forms: dict[str, Any] = field(default_factory=dict)
    """Name forms that a structure rule uses, by the name of their structural class (RFC 4512, 4.1.7)."""
    offers: frozenset[str] = frozenset()
    """Numbers of the controls, extended operations and features that the server names."""
    contained: dict[tuple[str, ...], frozenset[str]] = field(default_factory=dict, repr=False, compare=False)
    """What was worked out already: asked for every entry, and always the same."""

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

    def demanded(self, classes: Iterable[str]) -> frozenset[str]:
        """Return the attributes that entries of these classes must have, in lower case, inherited ones included."""
        classes = tuple(classes)
        return self._contained(classes, "must_contain") | self._ruled(classes, "must_contain")

    def allowed(self, classes: Iterable[str]) -> frozenset[str]:
        """Return all attributes that entries of these classes may or must have, in lower case."""
        classes = tuple(classes)
        may = self._contained(classes, "may_contain") | self._ruled(classes, "may_contain")
        return (self.demanded(classes) | may) - self._ruled(classes, "not_contains")

    def lineage(self, name: str) -> set[str]:
        """Return the names of a class and of all its superiors, in lower case."""
        names: set[str] = set()
        todo = [name.lower()]
        while todo:
            info = self.classes.get(todo.pop())
            if info is not None and not names & (own := {text.lower() for text in (info.oid, *(info.name or ()))}):
                names |= own
                todo += [superior.lower() for superior in info.superior or ()]
        return names

    def writable(self, classes: Iterable[str]) -> set[str]:
        """Return those of the allowed attributes that clients may write at all, in lower case."""
        return {name for name in self.allowed(classes) if not self._inherited(name, "no_user_modification")}

    def names_of(self, attribute: str) -> set[str]:
        """Return all names of an attribute in lower case (``sn`` is ``surname``)."""
        info = self.attributes.get(attribute.lower())
        return {name.lower() for name in info.name or ()} if info else {attribute.lower()}

    def is_dn(self, attribute: str) -> bool:
        """Whether the attribute holds DNs."""
        return self._inherited(attribute, "syntax") in DN_SYNTAXES

    def is_single(self, attribute: str) -> bool:
        """Whether the attribute takes one value only."""
        info = self.attributes.get(attribute.lower())
        return bool(info and info.single_value)

    def syntax(self, attribute: str) -> str:
        """Return the number of the attribute's syntax (RFC 4517, 3.3), or nothing where it is not known."""
        return str(self._inherited(attribute, "syntax") or "")

    def distinct(self, attribute: str, values: Sequence[str]) -> list[str]:
        """Return the values without those that the server takes for equal: it refuses to have one twice."""
        rule = str(self._inherited(attribute, "equality") or "")
        kept: dict[str, str] = {}
        for value in values:
            kept.setdefault(_comparable(rule, value), value)
        return list(kept.values())

    def _contained(self, classes: tuple[str, ...], which: str) -> frozenset[str]:
        key = (which, *classes)
        if key not in self.contained:
            infos = [self.classes[name] for of in classes for name in self.lineage(of) if name in self.classes]
            self.contained[key] = frozenset(name.lower() for info in infos for name in getattr(info, which) or ())
        return self.contained[key]

    def _ruled(self, classes: tuple[str, ...], which: str) -> frozenset[str]:
        """Return what DIT content rules of these classes add or preclude."""
        rules = [rule for name in classes if (rule := self.content_rules.get(name.lower()))]
        return frozenset(name.lower() for rule in rules for name in getattr(rule, which) or ())

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


_OFFERS = ("supportedControl", "supportedExtension", "supportedFeatures")
_RULES = ("dITContentRules", "dITStructureRules", "nameForms")


def read_schema(session: Session) -> Schema:
    """Read what the root DSE offers, and the schema that it names (RFC 4512, 4.4)."""
    root = session.read("", ["subschemaSubentry", *_OFFERS])
    offers = frozenset(number for name in _OFFERS for number in root.values(name)) if root else frozenset()
    places = root.values("subschemaSubentry") if root else []
    entry = session.read(places[0], ["objectClasses", "attributeTypes", *_RULES]) if places else None
    if entry is None:
        return Schema({}, {}, offers=offers)
    return schema_of(offers, *(entry.values(name) for name in ("objectClasses", "attributeTypes", *_RULES)))


def schema_of(
    offers: frozenset[str],
    classes: Sequence[str],
    attributes: Sequence[str],
    content_rules: Sequence[str] = (),
    structure_rules: Sequence[str] = (),
    name_forms: Sequence[str] = (),
) -> Schema:
    """Return the schema that definitions describe (RFC 4512, 4.1)."""
    parsers: Any = (ObjectClassInfo, AttributeTypeInfo, DitContentRuleInfo, DitStructureRuleInfo, NameFormInfo)
    definitions = (classes, attributes, content_rules, structure_rules, name_forms)
    parsed = [dict(parser.from_definition(list(texts))) for parser, texts in zip(parsers, definitions, strict=True)]
    by_name, forms = _by_name(parsed[0]), _by_name(parsed[4])
    in_use = [form for rule in parsed[3].values() if (form := forms.get(_first(rule.name_form).lower()))]
    return Schema(
        by_name,
        _by_name(parsed[1]),
        {name: rule for rule in parsed[2].values() for name in _names_of_class(by_name, str(rule.oid))},
        {name: form for form in in_use for name in _names_of_class(by_name, _first(form.object_class))},
        offers,
    )


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, list | tuple) and value else value or "")


def _names_of_class(classes: dict[str, Any], name: str) -> set[str]:
    info = classes.get(name.lower())
    return {text.lower() for text in (info.oid, *(info.name or ()))} if info else {name.lower()}


def _by_name(infos: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for info in dict(infos).values():
        for name in (str(info.oid), *(info.name or ())):
            found[name.lower()] = info
    return found


def _comparable(rule: str, value: str) -> str:
    if rule.lower().startswith("telephonenumber") or rule == "2.5.13.20":
        return re.sub("[ -]", "", value).casefold()
    if rule.lower().startswith("caseignore") or rule == "2.5.13.2":
        return folded(value)
    return value
