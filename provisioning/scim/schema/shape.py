"""The hub's schemas as the dialect needs them: attributes by folded name, and SCIM paths resolved against them. Pure.

scim2-models has the same knowledge, but bound to its own types and to the strict grammar; what Entra sends has to be
understood before those see it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioning.scim.schema.schemas import ENTERPRISE_USER, Definition


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: SCIM's name, type and characteristics, and its sub-attributes by folded name."""

    name: str
    kind: str
    multi: bool = False
    read_only: bool = False
    parts: Mapping[str, "Attribute"] = field(default_factory=dict)
    case_exact: bool = False

    def part(self, name: str) -> "Attribute | None":
        """Return a sub-attribute whatever the case; ``displayName`` of a value is its ``display``."""
        folded = name.lower()
        found = self.parts.get(folded)
        return self.parts.get("display") if found is None and folded == "displayname" else found

    @property
    def value(self) -> "Attribute | None":
        """The ``value`` sub-attribute, which stands for the whole where a client names no other."""
        return self.parts.get("value")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path points at. ``urn`` is the extension's, or empty for the core schema and the common attributes.

    ``attribute`` is ``None`` where the path is the URN of a schema alone. ``condition`` is the filter of a value path.
    """

    urn: str
    attribute: Attribute | None = None
    condition: str | None = None
    part: Attribute | None = None

    def __str__(self) -> str:
        if self.attribute is None:
            return self.urn
        head = f"{self.urn}:{self.attribute.name}" if self.urn else self.attribute.name
        selected = f"{head}[{self.condition}]" if self.condition is not None else head
        return f"{selected}.{self.part.name}" if self.part else selected

    @property
    def last(self) -> Attribute | None:
        """The attribute that a value written at this path belongs to."""
        return self.part or self.attribute


@dataclass(frozen=True, slots=True)
class Shape:
    """A resource type: its core URN, its attributes, and its extensions' attributes by URN."""

    urn: str
    attributes: Mapping[str, Attribute]
    extensions: Mapping[str, Mapping[str, Attribute]] = field(default_factory=dict)

    def split_urn(self, path: str) -> tuple[str, str] | None:
        """Return the extension's URN ("" for the core) and what follows it; ``None`` for a URN that is not known.

        A URN is known by any case, and without its last colon: ``...:enterprise:2.0User`` stands in a sample of
        Microsoft's documentation. Of two that fit, the longer is meant.
        """
        if path[:4].lower() != "urn:":
            return "", path
        folded = path.lower()
        for urn in sorted((self.urn, *self.extensions), key=len, reverse=True):
            for spelling in (urn.lower(), _without_last_colon(urn.lower())):
                if folded == spelling or folded.startswith(f"{spelling}:"):
                    return ("" if urn == self.urn else urn), path[len(spelling) + 1 :]
        return None

    def find(self, urn: str, name: str) -> tuple[str, Attribute] | None:
        """Return an attribute and the URN it belongs to, whatever the case of its name.

        A bare name that the core does not have is looked for in the extensions: Entra's samples send ``manager`` and
        ``department`` so, and mean the enterprise extension when an organisation's own has the name too.
        """
        folded = name.lower()
        if urn:
            found = self.extensions[urn].get(folded)
            return (urn, found) if found else None
        core = self.attributes.get(folded)
        if core is not None:
            return "", core
        owners = {each: attributes[folded] for each, attributes in self.extensions.items() if folded in attributes}
        owner = ENTERPRISE_USER if ENTERPRISE_USER in owners else next(iter(owners)) if len(owners) == 1 else None
        return None if owner is None else (owner, owners[owner])

    def extension(self, urn: str) -> str | None:
        """Return an extension's URN as it is published, whatever the case it is written in."""
        folded = urn.lower()
        return next((each for each in self.extensions if each.lower() == folded), None)

    def resolve(self, path: str) -> Target | None:
        """Return what a path points at, or ``None`` for one that is malformed or names nothing known."""
        pieces = split_value_path(path.strip())
        if pieces is None:
            return None
        head, condition, tail = pieces
        split = self.split_urn(head) if head else None
        if split is None:
            return None
        urn, names = split
        if not names:
            return Target(urn or self.urn) if condition is None and not tail else None
        name, dot, sub = names.partition(".")
        found = self.find(urn, name)
        if found is None or (condition is not None and dot):
            return None
        owner, attribute = found
        wanted = tail or sub
        part = attribute.part(wanted) if wanted else None
        if wanted and part is None:
            return None
        return Target(owner, attribute, condition, part)


def split_value_path(path: str) -> tuple[str, str | None, str] | None:
    """Split ``emails[type eq "work"].value`` into its head, condition and tail; ``None`` when brackets do not match.

    Brackets inside quotes do not count.
    """
    start = path.find("[")
    if start < 0:
        return path, None, ""
    quoted = escaped = False
    for position in range(start + 1, len(path)):
        char = path[position]
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "]" and not quoted:
            tail = path[position + 1 :]
            if tail and (not tail.startswith(".") or len(tail) == 1):
                return None
            return path[:start], path[start + 1 : position].strip(), tail[1:]
    return None


def _without_last_colon(urn: str) -> str:
    head, _, tail = urn.rpartition(":")
    return head + tail


def _attributes(definitions: Iterable[Definition]) -> dict[str, Attribute]:
    return {attribute.name.lower(): attribute for attribute in map(_attribute, definitions)}


def _attribute(definition: Mapping[str, Any]) -> Attribute:
    return Attribute(
        definition["name"],
        definition["type"],
        definition["multiValued"],
        definition["mutability"] == "readOnly",
        _attributes(definition.get("subAttributes", ())),
        definition.get("caseExact", False),
    )


def _common() -> Iterator[Attribute]:
    """Yield the attributes of every resource (RFC 7643 section 3.1)."""
    meta = (("resourceType", "string"), ("created", "dateTime"), ("lastModified", "dateTime"), ("version", "string"))
    yield Attribute("schemas", "string", multi=True, read_only=True)  # of a body: it follows from what is there
    yield Attribute("id", "string", read_only=True, case_exact=True)
    yield Attribute("externalId", "string", case_exact=True)
    yield Attribute(
        "meta",
        "complex",
        read_only=True,
        parts={name.lower(): Attribute(name, kind) for name, kind in (*meta, ("location", "reference"))},
    )


def shapes(definitions: Iterable[Definition], resource_types: Iterable[Definition]) -> dict[str, Shape]:
    """Return the shape of each resource type by its name, made from what is published of both."""
    defined = {each["id"]: _attributes(each["attributes"]) for each in definitions}
    common = {attribute.name.lower(): attribute for attribute in _common()}
    return {
        each["name"]: Shape(
            each["schema"],
            {**common, **defined[each["schema"]]},
            {extension["schema"]: defined[extension["schema"]] for extension in each.get("schemaExtensions", ())},
        )
        for each in resource_types
    }


def anything(by_name: Mapping[str, Shape]) -> Shape:
    """Return the shape of a search at the root, where a path may mean an attribute of any resource type.

    The core URNs stand among the extensions, so that they stay in a path: they tell the types apart
    (``urn:ietf:params:scim:schemas:core:2.0:Group:displayName`` is no user's).
    """
    attributes: dict[str, Attribute] = {}
    extensions: dict[str, Mapping[str, Attribute]] = {}
    for shape in by_name.values():
        attributes = {**shape.attributes, **attributes}
        extensions |= {shape.urn: shape.attributes, **shape.extensions}
    return Shape("", attributes, extensions)
