"""What is managed as the text of a file: what ``file`` reads. Pure."""

from collections.abc import Iterator
from typing import Any

import yaml

from provisioning.entra.mappings import OBJECT_FLOW_TYPES, AttributeMapping, Definition, Managed, ObjectMapping


def dump(managed: Managed) -> str:
    """Return what is managed as the text of a file."""
    objects = {name: dict(_object_members(mapping)) for name, mapping in managed.items()}
    text = yaml.safe_dump({"objects": objects}, sort_keys=False, allow_unicode=True, width=120)
    if text.replace("\n", "").isprintable():
        return text
    # Marks of direction and the like would show a reviewer something else than what stands there.
    return yaml.safe_dump({"objects": objects}, sort_keys=False, allow_unicode=False, width=120)


def _object_members(mapping: ObjectMapping) -> Iterator[tuple[str, Any]]:
    yield "enabled", mapping.enabled
    if mapping.flow_types != OBJECT_FLOW_TYPES:
        yield "flowTypes", list(mapping.flow_types)
    if mapping.scope:
        yield "scope", [{"name": group.name, "clauses": list(map(str, group.clauses))} for group in mapping.scope]
    for key, definitions in (
        ("sourceAttributes", mapping.source_definitions),
        ("targetAttributes", mapping.target_definitions),
    ):
        if definitions:
            yield key, {name: dict(_definition_members(each)) for name, each in definitions.items()}
    yield "attributes", {target: _attribute_members(each) for target, each in mapping.attributes.items()}


def _attribute_members(mapping: AttributeMapping) -> Any:
    members: dict[str, Any] = {mapping.source.kind: mapping.source.text} if mapping.source.kind != "none" else {}
    if mapping.default_value is not None or not members:
        members["defaultValue"] = mapping.default_value or ""
    if mapping.matching_priority:
        members["matchingPriority"] = mapping.matching_priority
    if mapping.flow_type != "Always":
        members["flowType"] = mapping.flow_type
    if mapping.flow_behavior != "FlowWhenChanged":
        members["flowBehavior"] = mapping.flow_behavior
    short = mapping.source.kind == "attribute" and len(members) == 1 and "(" not in mapping.source.text
    return mapping.source.text if short else members


def _definition_members(definition: Definition) -> Iterator[tuple[str, Any]]:
    yield "type", definition.type
    for key, value in (("multivalued", definition.multivalued), ("caseExact", definition.case_exact)):
        if value:
            yield key, value
    if definition.required:
        yield "required", True
    if definition.referenced_objects:
        yield "referencedObjects", list(definition.referenced_objects)
