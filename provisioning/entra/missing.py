"""What a file takes for granted and a job's schema has not: objects, and attributes in its definitions. Pure."""

from collections.abc import Iterable, Iterator

from provisioning.entra.expressions import NotAnExpression, attributes
from provisioning.entra.mappings import OPERATORS, Managed, ObjectMapping
from provisioning.entra.schema import Json, Place, places, sides


def missing(schema: Json, wanted: Managed) -> list[str]:
    """Return a sentence for each thing that Entra would refuse the schema for."""
    by_key = {place.key: place for place in places(schema)}
    found = []
    operators = {*OPERATORS, *_operators(by_key.values())}
    for key, mapping in wanted.items():
        if key not in by_key:
            found.append(f"The job does not map {key}; it maps {', '.join(by_key)}.")
        else:
            found += list(_attributes(schema, by_key[key], mapping))
            found += [
                f"{key}: {clause}: {clause.operator!r} is no operator that is known, and no filter of the job uses it."
                for group in mapping.scope
                for clause in group.clauses
                if clause.operator not in operators
            ]
    return found


def _operators(live: Iterable[Place]) -> Iterator[str]:
    """Yield the operators that the job's filters use: that tenant has them, whatever the documentation names."""
    for place in live:
        for group in (place.mapping.get("scope") or {}).get("groups") or []:
            yield from (clause.get("operatorName") or "" for clause in group.get("clauses") or [])


def _attributes(schema: Json, place: Place, mapping: ObjectMapping) -> Iterator[str]:
    source, target = ({each.get("name") for each in side} for side in sides(schema, place))
    source |= set(mapping.source_definitions)
    target |= set(mapping.target_definitions)
    for each in mapping.attributes.values():
        if each.target not in target:
            yield (
                f"{place.key}: the target's directory definition has no {each.target!r}. Correct it, or name it under "
                "targetAttributes."
            )
        for name in _read_by(each.source.kind, each.source.text):
            if name not in source:
                yield (
                    f"{place.key}: {each.target} reads [{name}], which the source's directory definition has not. "
                    "Correct it, or name it under sourceAttributes."
                )
    for group in mapping.scope:
        for clause in group.clauses:
            if clause.attribute not in source:
                yield f"{place.key}: the scope asks for {clause.attribute}, which the source's definition has not."


def _read_by(kind: str, text: str) -> list[str]:
    if kind == "attribute":
        return [text]
    try:
        return list(attributes(text)) if kind == "expression" else []
    except NotAnExpression:
        return []
