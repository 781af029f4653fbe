"""The file that a repository keeps: YAML to values and back, with the line of whatever is wrong in it.

    objects:
      User:                          # the object in Entra; "User > TARGET" where there are two of them
        enabled: true
        flowTypes: [Add, Update, Delete]
        scope:                       # in scope is who meets all clauses of one of the filters
          - name: Staff
            clauses: [department EQUALS "Risk", employeeId IS NOT NULL]
        targetAttributes:            # what must be in the target's directory definition
          urn:ietf:params:scim:schemas:extension:northwind:2.0:User:badge: {type: String}
        attributes:
          displayName: displayName   # the short form: an attribute of the source
          userName: {attribute: userPrincipalName, matchingPriority: 1}
          active: {expression: 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'}
          userType: {constant: Employee, flowType: ObjectAddOnly}

What is left out has Graph's default: enabled, all flowTypes, no scope, matchingPriority 0, Always, FlowWhenChanged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from provisioning.entra.errors import Unusable
from provisioning.entra.mappings import (
    ATTRIBUTE_TYPES,
    FLOW_BEHAVIORS,
    FLOW_TYPES,
    OBJECT_FLOW_TYPES,
    AttributeMapping,
    Clause,
    Definition,
    FilterGroup,
    Managed,
    ObjectMapping,
    Source,
    SourceKind,
)

LARGEST = 1_048_576
"""Bytes of a file."""

_OBJECT = {"enabled", "flowTypes", "scope", "sourceAttributes", "targetAttributes", "attributes"}
_SOURCES: dict[str, SourceKind] = {"attribute": "attribute", "expression": "expression", "constant": "constant"}
_ATTRIBUTE = {*_SOURCES, "defaultValue", "matchingPriority", "flowType", "flowBehavior"}
_DEFINITION = {"type", "multivalued", "caseExact", "required", "referencedObjects"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file. ``line`` counts from 1; ``fatal``: it cannot be applied."""

    line: int
    words: str
    fatal: bool = True

    def shown(self, path: Path) -> str:
        """Return it as compilers write it: editors jump there."""
        return f"{path}:{self.line}: {'error' if self.fatal else 'warning'}: {self.words}"


@dataclass(slots=True)
class MappingFile:
    """A file that was read. ``lines`` has the line of each object, and of each ``(object, target)``."""

    path: Path
    managed: Managed
    lines: dict[str | tuple[str, str], int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def note(self, line: int, words: str, *, fatal: bool = True) -> None:
        """Keep a problem."""
        self.problems.append(Problem(line, words, fatal))

    @property
    def usable(self) -> bool:
        """Whether it may be applied."""
        return not any(problem.fatal for problem in self.problems)


def load(path: Path) -> MappingFile:
    """Read a file. What is wrong in it is in ``problems``; raises ``Unusable`` where there is nothing to read."""
    try:
        if path.stat().st_size > LARGEST:
            raise Unusable(f"{path} is larger than {LARGEST} bytes.")
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Unusable(f"{path} is not a text in UTF-8.") from None
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from None
    return parse(path, content)


def parse(path: Path, content: str) -> MappingFile:
    """Read the text of a file."""
    read = MappingFile(path, {})
    try:
        root = yaml.compose(content, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        read.note(mark.line + 1 if mark else 1, f"this cannot be read: {error.problem or error.context}")
        return read
    except RecursionError:
        read.note(1, "lists and mappings are in each other too deeply")
        return read
    except yaml.YAMLError:
        read.note(1, "this is no YAML: it has characters that a text file cannot have")
        return read
    if root is None:
        read.note(1, "the file is empty")
        return read
    _Reader(read).file(root)
    return read


class _Loader(yaml.SafeLoader):
    """Takes no aliases: some kilobytes of them stand for millions of lines, and hide what a review should see."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it out
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not taken: write it out", mark)
        return super().compose_node(parent, index)


class _Reader:
    """Walks the nodes of a file: they know their lines, which plain values do not."""

    def __init__(self, read: MappingFile) -> None:
        self._read = read

    def _wrong(self, node: yaml.Node, words: str) -> None:
        self._read.note(node.start_mark.line + 1, words)

    def file(self, node: yaml.Node) -> None:
        objects = {}
        for key, _, value in self._members(node, {"objects"}, "the file"):
            if key == "objects":
                for name, name_node, each in self._members(value, None, "objects"):
                    self._read.lines[name] = name_node.start_mark.line + 1
                    objects[name] = self._object(name, each)
        self._read.managed = objects
        if not objects and self._read.usable:
            self._wrong(node, "there are no objects in it: 'objects:' holds User and Group")

    def _object(self, name: str, node: yaml.Node) -> ObjectMapping:
        given: dict[str, Any] = {}
        for key, _, value in self._members(node, _OBJECT, name):
            if key == "enabled":
                given["enabled"] = self._boolean(value, True)
            elif key == "flowTypes":
                words = [self._choice(each, OBJECT_FLOW_TYPES, "") for each in self._items(value)]
                given["flow_types"] = tuple(word for word in OBJECT_FLOW_TYPES if word in words)
            elif key == "scope":
                given["scope"] = tuple(self._group(each) for each in self._items(value))
            elif key == "sourceAttributes":
                given["source_definitions"] = dict(self._definitions(value, key))
            elif key == "targetAttributes":
                given["target_definitions"] = dict(self._definitions(value, key))
            elif key == "attributes":
                given["attributes"] = dict(self._attributes(name, value))
        if not given.get("attributes"):
            self._wrong(node, f"{name} has no attributes: name at least the one that objects are matched by")
        return ObjectMapping(**{"attributes": {}, **given})

    def _attributes(self, name: str, node: yaml.Node) -> Iterator[tuple[str, AttributeMapping]]:
        for target, key_node, value in self._members(node, None, "attributes"):
            self._read.lines[name, target] = key_node.start_mark.line + 1
            yield target, self._attribute(target, value)

    def _attribute(self, target: str, node: yaml.Node) -> AttributeMapping:
        if isinstance(node, yaml.ScalarNode):
            written = self._text(node)
            if written[:1] == "[" or "(" in written:
                self._wrong(node, f"{target}: write an expression as {{expression: ...}}; alone stands an attribute")
            return AttributeMapping(target, Source("attribute", written))
        given: dict[str, Any] = {}
        source = Source("none")
        sources = []
        for key, _, value in self._members(node, _ATTRIBUTE, target):
            if key in _SOURCES:
                sources.append(key)
                written = self._text(value)
                source = Source.of_expression(written) if key == "expression" else Source(_SOURCES[key], written)
            elif key == "defaultValue":
                given["default_value"] = self._text(value) or None
            elif key == "matchingPriority":
                given["matching_priority"] = self._number(value)
            elif key == "flowType":
                given["flow_type"] = self._choice(value, FLOW_TYPES, "Always")
            elif key == "flowBehavior":
                given["flow_behavior"] = self._choice(value, FLOW_BEHAVIORS, "FlowWhenChanged")
        if len(sources) > 1:
            self._wrong(node, f"{target} has {' and '.join(sources)}: a value has one source")
        if not sources and "default_value" not in given:
            self._wrong(node, f"{target} has no source: give it attribute, expression, constant or defaultValue")
        return AttributeMapping(target, source, **given)

    def _group(self, node: yaml.Node) -> FilterGroup:
        name, clauses = "", []
        for key, _, value in self._members(node, {"name", "clauses"}, "a filter of the scope"):
            if key == "name":
                name = self._text(value)
            elif key == "clauses":
                for each in self._items(value):
                    try:
                        clauses.append(Clause.parse(self._text(each)))
                    except ValueError as error:
                        self._wrong(each, str(error))
        if not clauses:
            self._wrong(node, "a filter needs clauses; without one nobody is in scope")
        return FilterGroup(name, tuple(clauses))

    def _definitions(self, node: yaml.Node, where: str) -> Iterator[tuple[str, Definition]]:
        for name, _, value in self._members(node, None, where):
            given: dict[str, Any] = {}
            for key, _, each in self._members(value, _DEFINITION, name):
                if key == "type":
                    given["type"] = self._choice(each, ATTRIBUTE_TYPES, "String")
                elif key == "referencedObjects":
                    given["referenced_objects"] = tuple(self._text(item) for item in self._items(each))
                else:
                    given["case_exact" if key == "caseExact" else key] = self._boolean(each, False)
            yield name, Definition(name, **given)

    # Nodes

    def _members(
        self, node: yaml.Node, known: set[str] | None, where: str
    ) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Yield the members of a mapping. Notes what is none, a key that is not known, and one that stands twice."""
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"{where} must hold 'key: value' lines")
            return
        seen: dict[str, int] = {}
        for key_node, value in node.value:
            key = self._text(key_node)
            if key in seen:
                self._wrong(key_node, f"{key} stands twice, on line {seen[key]} too")
            elif known is not None and key not in known:
                self._wrong(key_node, f"{key!r} is not known in {where}; there are {', '.join(sorted(known))}")
            else:
                seen[key] = key_node.start_mark.line + 1
                yield key, key_node, value

    def _items(self, node: yaml.Node) -> list[yaml.Node]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self._wrong(node, "this must be a list")
        return []

    def _text(self, node: yaml.Node) -> str:
        if isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null":
            return str(node.value)
        self._wrong(node, "this must be a text")
        return ""

    def _choice(self, node: yaml.Node, choices: tuple[str, ...], default: str) -> str:
        written = self._text(node)
        if written in choices:
            return written
        self._wrong(node, f"{written!r} is none of {', '.join(choices)}")
        return default

    def _boolean(self, node: yaml.Node, default: bool) -> bool:
        written = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        if written in ("true", "false"):
            return written == "true"
        self._wrong(node, "this must be true or false")
        return default

    def _number(self, node: yaml.Node) -> int:
        written = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        if written.isdecimal() and len(written) <= 4:
            return int(written)
        self._wrong(node, "this must be a whole number, 0 or more")
        return 0
