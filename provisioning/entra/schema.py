"""Graph's synchronization schema as JSON: what is managed of it read out, and written in again. Pure.

What the file does not manage stays as it is: rules, metadata, experimental filters, properties that are not known
here, and objects that the file does not name. ``merge`` changes single values in a copy, never a whole that it has not
read.
"""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.entra.errors import Unusable
from provisioning.entra.mappings import (
    ATTRIBUTE_TYPES,
    OBJECT_FLOW_TYPES,
    AttributeMapping,
    Clause,
    Definition,
    FilterGroup,
    Managed,
    ObjectMapping,
    Source,
)

type Json = dict[str, Any]
type Parse = Callable[[str], Json]
"""Makes Graph's ``attributeMappingSource`` of an expression."""

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:"


@dataclass(frozen=True, slots=True)
class Place:
    """An object mapping in the JSON, with the rule that it is of."""

    key: str
    rule: Json
    mapping: Json


def without_annotations(schema: Json) -> Json:
    """Return a schema without what only an answer has: ``@odata.context`` and Graph's ``directories@odata.context``."""
    return {name: value for name, value in schema.items() if "@odata." not in name}


def fingerprint(schema: Json) -> str:
    """Return what tells two states of a schema apart: SHA-256 of all of it but the annotations of the answer."""
    text = json.dumps(without_annotations(schema), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def places(schema: Json) -> list[Place]:
    """Return the object mappings by the names that the file has for them. Raises ``Unusable`` for what is no schema."""
    rules = schema.get("synchronizationRules")
    if not isinstance(rules, list):
        raise Unusable("This is no synchronization schema: it has no synchronizationRules.")
    found = [(rule, mapping) for rule in rules for mapping in rule.get("objectMappings") or []]
    sources = [str(mapping.get("sourceObjectName")) for _, mapping in found]
    keyed = []
    for (rule, mapping), source in zip(found, sources, strict=True):
        key = source if sources.count(source) == 1 else f"{source} > {mapping.get('targetObjectName')}"
        keyed.append(Place(key, rule, mapping))
    keys = [place.key for place in keyed]
    for key in keys:
        if keys.count(key) > 1:
            raise Unusable(f"The schema maps {key} twice, in two rules: a file cannot tell them apart.")
    return keyed


def directory(schema: Json, name: str, object_name: str) -> list[Json]:
    """Return the definitions of an object's attributes, to be read or added to; empty where there are none."""
    for each in schema.get("directories") or []:
        if each.get("name") == name:
            for thing in each.get("objects") or []:
                if thing.get("name") == object_name:
                    attributes: list[Json] = thing.setdefault("attributes", [])
                    return attributes
    return []


def sides(schema: Json, place: Place) -> tuple[list[Json], list[Json]]:
    """Return the attribute definitions of an object mapping's source and of its target."""
    rule, mapping = place.rule, place.mapping
    return (
        directory(schema, rule.get("sourceDirectoryName", ""), mapping.get("sourceObjectName", "")),
        directory(schema, rule.get("targetDirectoryName", ""), mapping.get("targetObjectName", "")),
    )


def read(schema: Json, wanted: Managed | None = None) -> Managed:
    """Return what is managed of a schema.

    Of the hundreds of definitions only some are a person's: those that ``wanted`` names, or without it those of
    extensions of the organisation's own that are mapped.
    """
    return {place.key: _object_mapping(schema, place, wanted) for place in places(schema)}


def _object_mapping(schema: Json, place: Place, wanted: Managed | None) -> ObjectMapping:
    mapping = place.mapping
    attributes: dict[str, AttributeMapping] = {}
    for each in mapping.get("attributeMappings") or []:
        target = str(each.get("targetAttributeName"))
        if target in attributes:
            raise Unusable(f"{place.key}: the schema maps {target} twice. Take one out in the admin center first.")
        attributes[target] = _attribute_mapping(target, each)
    source, target_side = sides(schema, place)
    named = wanted.get(place.key) if wanted is not None else None
    from_source = set(named.source_definitions) if named else set()
    from_target = set(named.target_definitions) if named else set()
    if wanted is None:
        from_target = {name for name in attributes if name.startswith("urn:") and not name.startswith(_ENTERPRISE)}
    return ObjectMapping(
        attributes=attributes,
        enabled=mapping.get("enabled") is not False,
        flow_types=_flow_types(mapping.get("flowTypes")),
        scope=tuple(_groups((mapping.get("scope") or {}).get("groups"))),
        source_definitions=_definitions(source, from_source),
        target_definitions=_definitions(target_side, from_target),
    )


def _attribute_mapping(target: str, given: Json) -> AttributeMapping:
    return AttributeMapping(
        target=target,
        source=_source(given.get("source")),
        # The portal writes "" where the API shows null: both mean that there is none.
        default_value=given.get("defaultValue") or None,
        matching_priority=given.get("matchingPriority") or 0,
        flow_type=given.get("flowType") or "Always",
        flow_behavior=given.get("flowBehavior") or "FlowWhenChanged",
    )


def _source(given: Json | None) -> Source:
    if not given:
        return Source("none")
    kind, name = given.get("type") or "Attribute", given.get("name")
    if kind == "Attribute" and name:
        return Source("attribute", name)
    if kind == "Constant" and name is not None:
        return Source("constant", name)
    return Source.of_expression(given.get("expression") or "")


def _flow_types(given: object) -> tuple[str, ...]:
    if not isinstance(given, str):
        return OBJECT_FLOW_TYPES
    words = [word.strip() for word in given.split(",")]
    return tuple(sorted((w for w in words if w and w != "None"), key=lambda w: (*OBJECT_FLOW_TYPES, w).index(w)))


def _groups(given: Any) -> Iterator[FilterGroup]:
    for group in given or []:
        clauses = tuple(
            Clause(
                clause.get("sourceOperandName") or "",
                clause.get("operatorName") or "",
                tuple((clause.get("targetOperand") or {}).get("values") or ()),
            )
            for clause in group.get("clauses") or []
        )
        yield FilterGroup(group.get("name") or "", clauses)


def _definitions(side: list[Json], names: set[str]) -> Mapping[str, Definition]:
    return {each["name"]: _definition(each) for each in side if each.get("name") in names}


def _definition(given: Json) -> Definition:
    referenced = given.get("referencedObjects") or []
    return Definition(
        name=given["name"],
        type=_type(given.get("type")),
        multivalued=bool(given.get("multivalued")),
        case_exact=bool(given.get("caseExact")),
        required=bool(given.get("required")),
        referenced_objects=tuple(each.get("referencedObjectName", "") for each in referenced),
    )


def _type(given: object) -> str:
    """Return a type as the reference spells it: examples in Microsoft's documentation have ``string``."""
    return next((each for each in ATTRIBUTE_TYPES if each.lower() == str(given).lower()), "String")


# Writing


def merge(schema: Json, wanted: Managed, parse: Parse) -> Json:
    """Return a copy of a schema that says what is wanted. ``parse`` is asked for each function that is new.

    Raises ``Unusable`` for an object that the schema does not map, and for a rule that may not be edited.
    """
    merged = copy.deepcopy(without_annotations(schema))
    by_key = {place.key: place for place in places(merged)}
    live = read(merged, wanted)
    for key, mapping in wanted.items():
        if key not in by_key:
            raise Unusable(f"The job does not map {key}; it maps {', '.join(by_key)}.")
        if mapping == live[key]:
            continue
        place = by_key[key]
        if place.rule.get("editable") is False:
            raise Unusable(f"{key}: Entra does not let the rule {place.rule.get('name')!r} be edited.")
        for side, definitions in zip(
            sides(merged, place), (mapping.source_definitions, mapping.target_definitions), strict=True
        ):
            _write_definitions(side, definitions)
        _write_mapping(place.mapping, mapping, live[key], parse)
    return merged


def _write_mapping(into: Json, wanted: ObjectMapping, live: ObjectMapping, parse: Parse) -> None:
    if wanted.enabled != live.enabled:
        into["enabled"] = wanted.enabled
    if wanted.flow_types != live.flow_types:
        into["flowTypes"] = ", ".join(wanted.flow_types) or "None"
    if wanted.scope != live.scope:
        scope = into.get("scope") or {"categoryFilterGroups": [], "inputFilterGroups": []}
        into["scope"] = scope | {"groups": [_group_json(group) for group in wanted.scope]}
    if wanted.attributes == live.attributes:
        return
    kept = [
        each for each in into.get("attributeMappings") or [] if each.get("targetAttributeName") in wanted.attributes
    ]
    known = {each["targetAttributeName"] for each in kept}
    new = [{"targetAttributeName": name, "exportMissingReferences": False} for name in wanted.attributes]
    kept += [each for each in new if each["targetAttributeName"] not in known]
    for each in kept:
        target = each["targetAttributeName"]
        _write_attribute(each, wanted.attributes[target], live.attributes.get(target), parse)
    into["attributeMappings"] = kept


def _write_attribute(into: Json, wanted: AttributeMapping, live: AttributeMapping | None, parse: Parse) -> None:
    if live is None or wanted.source != live.source:
        into["source"] = source_json(wanted.source, parse)
    for name, value, before in (
        ("defaultValue", wanted.default_value, live and live.default_value),
        ("matchingPriority", wanted.matching_priority, live and live.matching_priority),
        ("flowType", wanted.flow_type, live and live.flow_type),
        ("flowBehavior", wanted.flow_behavior, live and live.flow_behavior),
    ):
        if live is None or value != before:
            into[name] = value


def source_json(source: Source, parse: Parse) -> Json | None:
    """Return Graph's form of a source."""
    if source.kind == "none":
        return None
    if source.kind == "expression":
        return parse(source.text)
    kind = "Attribute" if source.kind == "attribute" else "Constant"
    return {"expression": source.expression, "name": source.text, "parameters": [], "type": kind}


def _group_json(group: FilterGroup) -> Json:
    return {
        "name": group.name,
        "clauses": [
            {
                "operatorName": clause.operator,
                "sourceOperandName": clause.attribute,
                "targetOperand": {"values": list(clause.values)},
            }
            for clause in group.clauses
        ],
    }


def _write_definitions(side: list[Json], wanted: Mapping[str, Definition]) -> None:
    known = {each.get("name"): each for each in side}
    for name, definition in wanted.items():
        into = known.get(name)
        if into is not None and _definition(into) == definition:
            continue
        if into is None:
            into = {"anchor": False, "defaultValue": None, "metadata": [], "mutability": "ReadWrite", "name": name}
            side.append(into)
        into["type"] = definition.type
        into["multivalued"] = definition.multivalued
        into["caseExact"] = definition.case_exact
        into["required"] = definition.required
        into["referencedObjects"] = [
            {"referencedObjectName": each, "referencedProperty": None} for each in definition.referenced_objects
        ]
