"""What can be said of a file without Entra: against the hub's own schema, Entra's functions and its limits. Pure."""

from collections.abc import Mapping

from provisioning.entra.expressions import FUNCTIONS, NotAnExpression, check, functions
from provisioning.entra.file import MappingFile
from provisioning.entra.mappings import OPERATORS, WITHOUT_VALUES, AttributeMapping, ObjectMapping
from provisioning.scim.schema.schemas import definitions, resource_types
from provisioning.scim.schema.shape import Shape, shapes

_URN = "urn:ietf:params:scim:schemas:extension:"


def validate(read: MappingFile) -> None:
    """Note what is wrong in a file that could be read as YAML."""
    known = shapes(definitions(), resource_types())
    for name, mapping in read.managed.items():
        kind = name.partition(" > ")[0]
        line = read.lines[name]
        shape = known.get(kind)
        if shape is None:
            read.note(line, f"{name}: the hub knows {' and '.join(known)}, so nothing is checked here", fatal=False)
        _object(read, name, mapping)
        meant: dict[str, str] = {}
        for target, each in mapping.attributes.items():
            _source(read, read.lines[name, target], each)
            path = _target(read, name, mapping, target, shape) if shape is not None else target
            if path in meant:
                read.note(read.lines[name, target], f"{target} and {meant[path]} are the same attribute of the hub")
            meant[path] = target


def _object(read: MappingFile, name: str, mapping: ObjectMapping) -> None:
    line = read.lines[name]
    kind = name.partition(" > ")[0]
    matching: dict[int, str] = {}
    for target, each in mapping.attributes.items():
        priority = each.matching_priority
        if priority and priority in matching:
            at = read.lines[name, target]
            read.note(at, f"{target} and {matching[priority]} both have matchingPriority {priority}")
        elif priority:
            matching[priority] = target
    if not matching:
        read.note(line, f"{name} has no matching attribute: give one a matchingPriority of 1")
    folded = {target.lower() for target in mapping.attributes}
    for needed, why in _NEEDED.get(kind, {}).items():
        if needed.lower() not in folded:
            read.note(line, f"{name} does not map {needed}: {why}")
    for group in mapping.scope:
        for clause in group.clauses:
            if clause.operator not in OPERATORS:
                # No error: a tenant may have others. ``missing`` takes those that its schema uses already.
                read.note(line, f"{clause}: {clause.operator!r} is none of {', '.join(OPERATORS)}", fatal=False)
            elif (clause.operator in WITHOUT_VALUES) == bool(clause.values):
                takes = "takes no value" if clause.values else "needs a value"
                read.note(line, f"{clause}: {clause.operator} {takes}")
            if clause.attribute in _NOT_IN_SCOPE:
                read.note(line, f"{clause}: Entra does not filter by {clause.attribute}")


_NOT_IN_SCOPE = frozenset({"appRoleAssignments", "manager", "members", "otherMails", "proxyAddresses", "userType"})
"""Source: scoping filters (Microsoft's documentation). They are references, multi-valued, or not supported."""

_NEEDED: Mapping[str, Mapping[str, str]] = {
    "User": {"userName": "nobody can be created without it", "active": "leavers would stay active"},
    "Group": {"displayName": "no group can be created without it"},
}


def _target(read: MappingFile, name: str, mapping: ObjectMapping, target: str, shape: Shape) -> str:
    """Check a target, and return what it is in the hub, in one spelling."""
    line = read.lines[name, target]
    found = shape.resolve(target)
    if found is None or found.attribute is None or found.last is None:
        if not target.startswith(_URN):
            read.note(
                line, f"the hub's schema has no {target!r}: what is sent there is dropped. Compare /scim/v2/Schemas"
            )
        elif target not in mapping.target_definitions:
            read.note(
                line, f"{target} is an extension of your own: name it under targetAttributes, so that Entra has it"
            )
        else:
            read.note(line, f"{target}: declare this extension in the hub (docs/schemas.md)", fatal=False)
        return target
    if found.last.read_only:
        read.note(line, f"{target} is read-only in the hub: take this mapping out")
    if found.attribute.name == "entitlements":
        read.note(line, "Entra cannot send entitlements", fatal=False)
    if str(found) != target:
        read.note(line, f"{target!r} is written {str(found)!r} in the hub's schema", fatal=False)
    return str(found).lower()


def _source(read: MappingFile, line: int, mapping: AttributeMapping) -> None:
    if mapping.source.kind != "expression":
        return
    written = mapping.source.text
    try:
        check(written)
    except NotAnExpression as error:
        read.note(line, f"{mapping.target}: the expression is not understood: {error}")
        return
    for name in functions(written):
        if name not in FUNCTIONS:
            meant = [each for each in FUNCTIONS if each.lower() == name.lower()]
            hint = f"; names are case-sensitive: {meant[0]}" if meant else ""
            read.note(line, f"{mapping.target}: Entra has no function {name}{hint}")
        elif name == "SelectUniqueValue":
            read.note(line, f"{mapping.target}: SelectUniqueValue works towards Entra and AD only, not to a SCIM app")
    if not any(part.kind == "attribute" for part in check(written)) and not any(functions(written)):
        read.note(line, f"{mapping.target}: {written} is no expression; an attribute is written [{written}]")
