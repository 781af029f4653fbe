"""What a filter asks of the store: which indexes answer it, and what a scan may leave out. Pure.

Of a conjunction one term is answered by the cheapest index; a disjunction by the indexes of all its terms. The whole
filter is then evaluated on what that found, so a question may find too much but never too little.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, cast

from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Present,
    ValuePath,
)

from connectors.contract import ObjectKind
from provisioning.directory.index import is_indexed
from provisioning.directory.indexing import Indexing
from provisioning.directory.keys import encode, fold
from provisioning.scim.limits import MOST_QUESTIONS
from provisioning.scim.schema.shape import Shape, Target
from provisioning.storage.entities import Condition, after

RELATIONS = {ObjectKind.USER: "groups", ObjectKind.GROUP: "members"}
_RANKS = ("id", "userName", "externalId")
_COLUMNS = {"meta.created": "created", "meta.lastModified": "modified", "active": "active"}
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Question:
    """A term that an index answers: ``id``, ``relation`` (member or group id), or the name of an index.

    ``prefix`` asks for the values that begin with ``value``.
    """

    attribute: str
    value: str
    prefix: bool = False

    @property
    def rank(self) -> int:
        """The order of cost: unique values, other values, memberships, beginnings."""
        if self.attribute in _RANKS and not self.prefix:
            return _RANKS.index(self.attribute)
        return len(_RANKS) + (2 if self.prefix else 1 if self.attribute == "relation" else 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the store is asked for the resources that a filter may match.

    ``questions`` are asked together; none at all where nothing can match. ``None`` means a scan: of the ids from
    ``first`` on and before ``last``, and of the rows that meet ``where``.
    """

    questions: tuple[Question, ...] | None = None
    first: str = ""
    last: str = ""
    where: tuple[Condition, ...] = field(default_factory=tuple)

    def asks(self, attribute: str, value: str) -> bool:
        """Tell whether everything that is found is the answer to this one question."""
        return self.questions == (Question(attribute, value),)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a filter is read against: a kind, its attributes, and the indexes that may be asked."""

    kind: ObjectKind
    shape: Shape
    indexing: Indexing

    def target(self, path: AttrPath) -> Target | None:
        """Return the attribute that a path names, or ``None`` where the kind has none."""
        target = self.shape.resolve(str(path))
        return target if target is not None and target.attribute is not None else None

    def name(self, path: AttrPath) -> str:
        """Return a path as the schemas write it, with the URN of an extension; "" for one that is unknown."""
        return str(self.target(path) or "")

    def index(self, target: Target, type_: str = "") -> str | None:
        """Return the name of the index of an attribute's values, of one type where there is one for it."""
        if target.attribute is None:
            return None
        name = f"{target.urn}:{target.attribute.name}" if target.urn else target.attribute.name
        if target.part is not None and target.part.name != "value":
            name = f"{name}.{target.part.name}"
        names = [f"{name}:{encode(fold(type_))}", name] if type_ else [name]
        return next((each for each in names if is_indexed(self.kind, each, self.indexing)), None)


def plan(scope: Scope, node: FilterNode | None) -> Plan:
    """Return the cheapest plan whose answer holds everything that a filter matches."""
    if node is None:
        return Plan()
    found = Plan(_questions(scope, node))
    for term in _terms(node):
        if isinstance(term, Comparison):
            found = _narrowed(found, scope.name(term.attr_path), term)
    return found


def _terms(node: FilterNode) -> tuple[FilterNode, ...]:
    return node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_ else (node,)


def _questions(scope: Scope, node: FilterNode) -> tuple[Question, ...] | None:
    """Return what to ask the indexes for all that a node matches: nothing, or ``None`` where they cannot tell."""
    question = None
    match node:
        case LogicalExpr(op=LogicalOperator.and_):
            asked = [found for term in node.terms if (found := _questions(scope, term)) is not None]
            return min(asked, key=_cost, default=None)
        case LogicalExpr():
            return _union([_questions(scope, term) for term in node.terms])
        case Comparison() | Present() | ValuePath():
            target = scope.target(node.attr_path)
            if target is None:
                return ()  # RFC 7644 3.4.2.1: what a kind does not have matches none of its resources
            if isinstance(node, Comparison):
                question = _of_comparison(scope, target, node)
            elif isinstance(node, ValuePath):
                question = _of_value_path(scope, target, node.val_filter)
    return None if question is None else (question,)


def _union(found: Sequence[tuple[Question, ...] | None]) -> tuple[Question, ...] | None:
    together: dict[Question, None] = {}
    for questions in found:
        if questions is None:
            return None
        together |= dict.fromkeys(questions)
    return tuple(together) if len(together) <= MOST_QUESTIONS else None


def _cost(questions: tuple[Question, ...]) -> tuple[int, int]:
    return max((question.rank for question in questions), default=-1), len(questions)


def _of_comparison(scope: Scope, target: Target, node: Comparison) -> Question | None:
    name = str(target).removesuffix(".value")
    value = _text(node)
    if node.op == CompareOperator.eq and value is not None:
        if name in ("id", RELATIONS[scope.kind]):
            return Question("id" if name == "id" else "relation", value)
        index = scope.index(target)
        return Question(index, value) if index else None
    if node.op == CompareOperator.sw and value and (index := scope.index(target)):
        return Question(index, value, prefix=True)
    return None


def _of_value_path(scope: Scope, target: Target, condition: FilterNode) -> Question | None:
    equal = {
        term.attr_path.attr.lower(): value
        for term in _terms(condition)
        if isinstance(term, Comparison) and term.op == CompareOperator.eq and (value := _text(term)) is not None
    }
    type_ = equal.get("type", "")
    for part, value in equal.items():
        if part == "value" and str(target) == RELATIONS[scope.kind]:
            return Question("relation", value)
        inner = target.attribute.part(part) if target.attribute is not None else None
        index = scope.index(replace(target, part=inner), type_) if inner is not None and part != "type" else None
        if index:
            return Question(index, value)
    return None


def _text(node: Comparison) -> str | None:
    """Return the value of a comparison as the keys of indexes write it."""
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return str(node.value)
    return node.value if isinstance(node.value, str) else None


def _narrowed(scan: Plan, name: str, term: Comparison) -> Plan:
    """Return a scan that leaves out what a comparison excludes, as far as keys and columns can tell."""
    if name == "id":
        return _bounded(scan, term)
    column = _COLUMNS.get(name)
    value: bool | datetime | None = None
    if column == "active":
        value = term.value if isinstance(term.value, bool) and term.op == CompareOperator.eq else None
    elif column is not None and isinstance(term.value, str):
        value = _moment(term.value)
    if column is None or value is None or term.op not in _ORDER | {CompareOperator.eq}:
        return scan
    operator = cast('Literal["eq", "gt", "ge", "lt", "le"]', term.op.value)
    return replace(scan, where=(*scan.where, Condition(column, operator, value)))


_ORDER = frozenset({CompareOperator.gt, CompareOperator.ge, CompareOperator.lt, CompareOperator.le})


def _bounded(scan: Plan, term: Comparison) -> Plan:
    value = term.value
    if not isinstance(value, str) or not _ID.fullmatch(value):
        return scan
    behind = value + "\x20"  # ids have no character that sorts before the space
    first, last = scan.first, scan.last
    match term.op:
        case CompareOperator.gt:
            first = max(first, behind)
        case CompareOperator.ge:
            first = max(first, value)
        case CompareOperator.lt:
            last = min(last or value, value)
        case CompareOperator.le:
            last = min(last or behind, behind)
        case CompareOperator.sw:
            first, last = max(first, value), min(last or after(value), after(value))
        case _:
            return scan
    return replace(scan, first=first, last=last)


def _moment(text: str) -> datetime | None:
    """Return a moment that has a time zone; without one it compares with nothing (and the evaluation says so)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
