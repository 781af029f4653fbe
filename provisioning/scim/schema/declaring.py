"""Which attributes an administrator may declare as matching attributes, and what their index is made of. Pure."""

import re
from collections.abc import Mapping, Sequence

from connectors.contract import ObjectKind
from provisioning.directory.index import is_indexed
from provisioning.directory.indexing import Declared
from provisioning.scim.schema.schemas import Extension, definitions, resource_types
from provisioning.scim.schema.shape import Attribute, Shape, Target, shapes

_TYPES = frozenset({"string", "reference", "integer"})
_NOT_STORED = frozenset({"id", "meta", "schemas", "members", "groups"})
_CONDITION = re.compile(r'\s*type\s+eq\s+"([^"\\]{1,100})"\s*', re.IGNORECASE)


class NotDeclarable(ValueError):
    """The attribute cannot be a matching attribute; the text says why."""


def shapes_with(extensions: Sequence[Extension]) -> Mapping[str, Shape]:
    """Return the shape of each resource type with an organisation's own extensions."""
    return shapes(definitions(extensions), resource_types(extensions))


def declarable(kind: ObjectKind, shape: Shape, path: str) -> Declared:
    """Return what declaring an attribute by its path means: ``title``, ``phoneNumbers[type eq "work"].value``.

    Raises ``NotDeclarable``.
    """
    target = shape.resolve(path)
    if target is None or target.attribute is None:
        raise NotDeclarable(f"{kind} has no attribute of this path. Extensions' attributes begin with their URN.")
    attribute, part = target.attribute, target.part
    if not target.urn and attribute.name in _NOT_STORED:
        raise NotDeclarable(f"'{attribute.name}' is made by the hub; it can be filtered by as it is.")
    if attribute.kind == "complex" and part is None:
        part = attribute.value
        if part is None:
            example = next((each.name for each in attribute.parts.values()), "")
            raise NotDeclarable(f"Name a sub-attribute of '{attribute.name}', such as {attribute.name}.{example}.")
    last = part or attribute
    if last.kind not in _TYPES or last.name == "$ref":
        raise NotDeclarable(f"'{last.name}' is a {last.kind}: matching is by texts and integers.")
    declared = Declared(
        kind,
        attribute.name,
        target.urn,
        _type(attribute, target),
        part.name if part else "",
        last.case_exact,
        attribute.multi,
        last.kind == "integer",
    )
    if is_indexed(kind, declared.name):
        raise NotDeclarable(f"'{declared.path}' has an index already.")
    return declared


def _type(attribute: Attribute, target: Target) -> str:
    if target.condition is None:
        return ""
    match = _CONDITION.fullmatch(target.condition)
    if match is None or not attribute.multi or "type" not in attribute.parts or not match[1].isprintable():
        raise NotDeclarable('The only condition that is taken is a type, such as [type eq "work"].')
    return match[1]


def outdated(extensions: Sequence[Extension], declared: Sequence[Declared]) -> list[Declared]:
    """Return the declared attributes that would not be the same, or would be gone, with these extensions in force."""
    known = shapes_with(extensions)
    return [each for each in declared if each.urn and not _same(known[each.kind.value], each)]


def _same(shape: Shape, declared: Declared) -> bool:
    try:
        found = declarable(declared.kind, shape, declared.path)
    except NotDeclarable:
        return False
    return (found.name, found.case_exact, found.multi, found.number) == (
        declared.name,
        declared.case_exact,
        declared.multi,
        declared.number,
    )
