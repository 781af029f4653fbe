"""What a person manages of a synchronization schema, as values: the file says it and Graph's JSON holds it. Pure.

Names are Graph's: flowType, flowBehavior, matchingPriority, flowTypes, scope. Source: the resource types objectMapping,
attributeMapping, filter and attributeDefinition of Microsoft Graph 1.0.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from provisioning.entra.expressions import attribute, canonical, constant, quoted

type SourceKind = Literal["attribute", "expression", "constant", "none"]

FLOW_TYPES = ("Always", "ObjectAddOnly", "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly")
FLOW_BEHAVIORS = ("FlowWhenChanged", "FlowAlways")
OBJECT_FLOW_TYPES = ("Add", "Update", "Delete")
ATTRIBUTE_TYPES = ("String", "Integer", "Reference", "Binary", "Boolean", "DateTime")

OPERATORS = (
    "EQUALS",
    "NOT EQUALS",
    "IS TRUE",
    "IS FALSE",
    "IS NULL",
    "IS NOT NULL",
    "REGEX MATCH",
    "NOT REGEX MATCH",
    "Greater_Than",
    "Greater_Than_OR_EQUALS",
    "Includes",
    "ENDS_WITH",
    "&",
    "!&",
)
"""Of scoping filters, as Microsoft's documentation names them; ``GET .../schema/filterOperators`` lists a tenant's."""
WITHOUT_VALUES = frozenset({"IS TRUE", "IS FALSE", "IS NULL", "IS NOT NULL"})


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from. ``text`` is the attribute's name, the expression, or the constant."""

    kind: SourceKind
    text: str = ""

    @classmethod
    def of_expression(cls, text: str) -> "Source":
        """Return the source that an expression is; one that is just an attribute or a constant is that."""
        name, value = attribute(text), constant(text)
        if name is not None:
            return cls("attribute", name)
        return cls("expression", canonical(text)) if value is None else cls("constant", value)

    @property
    def expression(self) -> str:
        """The source as an expression."""
        written = {"attribute": f"[{self.text}]", "constant": quoted(self.text)}
        return written.get(self.kind, self.text)


@dataclass(frozen=True, slots=True)
class AttributeMapping:
    """How one attribute of the target gets its value. ``matching_priority`` 0: objects are not matched by it."""

    target: str
    source: Source
    default_value: str | None = None
    matching_priority: int = 0
    flow_type: str = "Always"
    flow_behavior: str = "FlowWhenChanged"


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of a scoping filter, written ``department EQUALS "Risk"``."""

    attribute: str
    operator: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        values = ", ".join(json.dumps(value, ensure_ascii=False) for value in self.values)
        return f"{self.attribute} {self.operator} {values}".rstrip()

    @classmethod
    def parse(cls, text: str) -> "Clause":
        """Read what ``str`` writes. Raises ``ValueError`` with words."""
        found = re.fullmatch(r'(\S+)\s+([^"]*[^"\s])(?:\s+(".*"))?', text.strip(), re.DOTALL)
        if found is None:
            raise ValueError('write a clause as ATTRIBUTE OPERATOR "VALUE", such as department EQUALS "Risk"')
        try:
            values = json.loads(f"[{found[3] or ''}]")
        except ValueError:
            raise ValueError(f"the values {found[3]} are no texts in quotes, with a comma between them") from None
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"the values {found[3]} must be texts in quotes")
        return cls(found[1], " ".join(found[2].split()), tuple(values))


@dataclass(frozen=True, slots=True)
class FilterGroup:
    """Clauses that must all hold. An object is in scope when one of the groups holds."""

    name: str
    clauses: tuple[Clause, ...]

    def __str__(self) -> str:
        return f"{self.name}: {' and '.join(map(str, self.clauses))}"


@dataclass(frozen=True, slots=True)
class Definition:
    """An attribute that must be in a directory's definition before a mapping can use it."""

    name: str
    type: str = "String"
    multivalued: bool = False
    case_exact: bool = False
    required: bool = False
    referenced_objects: tuple[str, ...] = ()

    def __str__(self) -> str:
        marks = [self.type]
        marks += [word for word, is_so in (("multivalued", self.multivalued), ("caseExact", self.case_exact)) if is_so]
        marks += ["required"] if self.required else []
        marks += [f"refers to {', '.join(self.referenced_objects)}"] if self.referenced_objects else []
        return ", ".join(marks)


@dataclass(frozen=True, slots=True)
class ObjectMapping:
    """How one kind of object is synchronized; ``attributes`` by target."""

    attributes: Mapping[str, AttributeMapping]
    enabled: bool = True
    flow_types: tuple[str, ...] = OBJECT_FLOW_TYPES
    scope: tuple[FilterGroup, ...] = ()
    source_definitions: Mapping[str, Definition] = field(default_factory=dict)
    target_definitions: Mapping[str, Definition] = field(default_factory=dict)


type Managed = Mapping[str, ObjectMapping]
"""What is managed, by the name of the object in the source directory; ``User > TARGET`` where that is not enough."""
