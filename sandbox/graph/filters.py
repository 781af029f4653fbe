"""$filter: a parser for what Graph offers of OData's expression grammar, and its meaning on a directory object.

eq, ne, ge, le, in, startswith, endswith, not, and, or, parentheses, and ``any`` on collections. Which operator is
offered depends on the property, and ne, not and endswith are advanced queries: they need ``$count=true`` and the
header ``ConsistencyLevel: eventual``. Strings are compared without regard to case.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from sandbox.graph.comparisons import Literal, comparison
from sandbox.graph.errors import GraphError, bad_request, unsupported_query
from sandbox.graph.properties import Entity, Property, Type
from sandbox.graph.state import INDEXED, DirectoryObject

type Test = Callable[[DirectoryObject], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')"
    r"|(?P<moment>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<number>-?\d+(?![\w-]))"
    r"|(?P<name>[A-Za-z_][\w/.]*)"
    r"|(?P<mark>[(),:]))"
)
_COMPARISONS = frozenset({"eq", "ne", "ge", "le"})
_ADVANCED = {"ne": "Not equals", "not": "Not", "endswith": "EndsWith"}
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter. ``index`` names indexed values one of which every match holds; ``None``: look at all objects."""

    test: Test
    index: tuple[tuple[str, str], ...] | None = None


def parse_filter(text: str, entity: Entity, *, advanced: bool) -> Filter:
    """Parse a filter on one entity type. Raises 400 for what is malformed or not offered."""
    parser = _Parser(text, entity, advanced=advanced)
    result = parser.alternatives()
    parser.end()
    return result


class _Parser:
    def __init__(self, text: str, entity: Entity, *, advanced: bool) -> None:
        self._text = text
        self._entity = entity
        self._advanced = advanced
        self._tokens = self._tokenize()
        self._at = 0
        self._depth = 0

    # Grammar: alternatives = conjunction {or conjunction}; conjunction = factor {and factor}

    def alternatives(self) -> Filter:
        parts = [self._conjunction()]
        while self._take_name("or"):
            parts.append(self._conjunction())
        if len(parts) == 1:
            return parts[0]
        tests = [part.test for part in parts]
        indexes = [part.index for part in parts]
        index = None if None in indexes else tuple(entry for part in indexes if part for entry in part)
        return Filter(lambda thing: any(test(thing) for test in tests), index)

    def _conjunction(self) -> Filter:
        parts = [self._factor()]
        while self._take_name("and"):
            parts.append(self._factor())
        if len(parts) == 1:
            return parts[0]
        tests = [part.test for part in parts]
        index = next((part.index for part in parts if part.index is not None), None)
        return Filter(lambda thing: all(test(thing) for test in tests), index)

    def _factor(self) -> Filter:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail("it is nested too deeply")
        try:
            if self._take_name("not"):
                self._require("not")
                inner = self._factor().test
                return Filter(lambda thing: not inner(thing))
            if self._take("("):
                inside = self.alternatives()
                self._expect(")")
                return inside
            return self._condition()
        finally:
            self._depth -= 1

    def _condition(self) -> Filter:
        name = self._name()
        if name.casefold() in ("startswith", "endswith"):
            return self._prefix(name.casefold())
        if name.endswith("/any"):
            return self._any(name.removesuffix("/any"))
        known = self._property(name)
        if known.type is Type.STRINGS:
            raise self._not_offered(name)
        operator = self._name().casefold()
        if operator == "in":
            self._offered(name, known, "in")
            return self._equal_to_any(name, self._list(name, known))
        if operator not in _COMPARISONS:
            self._fail(f"'{operator}' is not an operator")
        self._offered(name, known, operator)
        literal = self._literal(name, known)
        if operator == "eq":
            return self._equal_to_any(name, [literal])
        compare = comparison(operator, literal)
        return Filter(lambda thing: compare(thing.value(name)))

    def _equal_to_any(self, name: str, literals: list[Literal]) -> Filter:
        wanted = [comparison("eq", literal) for literal in literals]
        index = None
        if name in INDEXED and all(isinstance(literal, str) for literal in literals):
            index = tuple((name, str(literal)) for literal in literals)
        return Filter(lambda thing: any(compare(thing.value(name)) for compare in wanted), index)

    def _prefix(self, function: str) -> Filter:
        self._expect("(")
        name = self._name()
        known = self._property(name)
        if known.type is Type.STRINGS:
            raise self._not_offered(name)
        self._offered(name, known, function)
        self._expect(",")
        compare = comparison(function, self._literal(name, known))
        self._expect(")")
        return Filter(lambda thing: compare(thing.value(name)))

    def _any(self, name: str) -> Filter:
        known = self._property(name)
        if known.type is not Type.STRINGS:
            self._fail(f"'{name}' is not a collection")
        self._expect("(")
        variable = self._name()
        self._expect(":")
        first = self._name()
        if first.casefold() in ("startswith", "endswith"):
            operator = first.casefold()
            self._expect("(")
            self._variable(self._name(), variable)
            self._expect(",")
            literal = self._literal(name, known)
            self._expect(")")
        else:
            self._variable(first, variable)
            operator = self._name().casefold()
            if operator not in _COMPARISONS:
                self._fail(f"'{operator}' is not an operator")
            literal = self._literal(name, known)
        self._expect(")")
        self._offered(name, known, operator)
        compare = comparison(operator, literal)
        index = ((name, literal),) if operator == "eq" and name in INDEXED and isinstance(literal, str) else None
        return Filter(lambda thing: any(compare(item) for item in thing.value(name)), index)

    def _list(self, name: str, known: Property) -> list[Literal]:
        self._expect("(")
        literals = [self._literal(name, known)]
        while self._take(","):
            literals.append(self._literal(name, known))
        self._expect(")")
        # Microsoft documents 15 values for one `in`.
        if len(literals) > 15:
            raise unsupported_query(
                f"Too many child clauses specified in search filter expression containing 'in': {name}."
            )
        return literals

    # What the entity offers

    def _property(self, name: str) -> Property:
        record, _, member = name.partition("/")
        known = self._entity.properties.get(record)
        if known is not None and member:
            known = Property(operators=known.operators) if member in known.members else None
        if known is None:
            kind = self._entity.odata_type.removeprefix("#")
            raise bad_request(
                f"Invalid filter clause: Could not find a property named '{name}' on type '{kind}'.", code="BadRequest"
            )
        return known

    def _offered(self, name: str, known: Property, operator: str) -> None:
        if operator not in known.operators:
            raise self._not_offered(name)
        if operator in _ADVANCED:
            self._require(operator)

    def _not_offered(self, name: str) -> GraphError:
        return unsupported_query(
            f"Unsupported or invalid query filter clause specified for property '{name}' of resource "
            f"'{self._entity.name}'."
        )

    def _require(self, operator: str) -> None:
        if not self._advanced:
            raise unsupported_query(
                f"Operator '{_ADVANCED[operator]}' is not supported because the 'ConsistencyLevel:eventual' header or "
                "$count=true is missing. Refer to https://aka.ms/graph-docs/advanced-queries for more information"
            )

    # Tokens

    def _tokenize(self) -> list[tuple[str, str]]:
        tokens, at = [], 0
        text = self._text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found:
                self._fail(f"syntax error at position {at}")
            tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
            at = found.end()
        return tokens

    def _next(self) -> tuple[str, str]:
        if self._at == len(self._tokens):
            self._fail("expression expected at its end")
        self._at += 1
        return self._tokens[self._at - 1]

    def _name(self) -> str:
        kind, token = self._next()
        if kind != "name":
            self._fail(f"a name was expected, and not {token}")
        return token

    def _take(self, mark: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == ("mark", mark)
        self._at += found
        return found

    def _take_name(self, name: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == ("name", name)
        self._at += found
        return found

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            self._fail(f"'{mark}' was expected")

    def _variable(self, name: str, wanted: str) -> None:
        if name != wanted:
            self._fail(f"'{wanted}' was expected, and not '{name}'")

    def end(self) -> None:
        """Raise 400 unless everything was read."""
        if self._at != len(self._tokens):
            self._fail(f"syntax error at '{self._tokens[self._at][1]}'")

    def _literal(self, name: str, known: Property) -> Literal:
        kind, text = self._next()
        literal: Literal
        if kind == "string":
            literal = text[1:-1].replace("''", "'")
        elif kind == "moment":
            try:
                literal = datetime.fromisoformat(text)
            except ValueError:
                self._fail(f"{text} is no moment")
        elif kind == "name" and text in ("true", "false"):
            literal = text == "true"
        elif kind == "name" and text == "null":
            return None
        elif kind == "number":
            literal = int(text)
        else:
            self._fail(f"a value was expected, and not {text}")
        fitting = {Type.BOOLEAN: bool, Type.MOMENT: datetime, Type.INTEGER: int}.get(known.type, str)
        if not isinstance(literal, fitting) or (fitting is int and isinstance(literal, bool)):
            self._fail(f"A value of '{name}' must be of type {known.type.value}")
        return literal

    def _fail(self, why: str) -> NoReturn:
        raise bad_request(f"Invalid filter clause: {why} in '{self._text[:200]}'.", code="BadRequest")
