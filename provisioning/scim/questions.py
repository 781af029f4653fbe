"""Which part of a filter an index can answer, and which memberships it asks about. Pure.

Of a conjunction one term is answered by the cheapest index; the whole filter is then evaluated on what that found.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from connectors.contract import ObjectKind
from provisioning.directory.index import is_indexed
from provisioning.directory.keys import encode, fold
from provisioning.scim.shape import Shape

_RELATIONS = {ObjectKind.USER: "groups", ObjectKind.GROUP: "members"}
_RANKS = ("id", "userName", "externalId", "relation")


@dataclass(frozen=True, slots=True)
class Question:
    """A term that an index answers: ``id``, ``relation`` (member or group id), or an indexed attribute's name."""

    attribute: str
    value: str

    @property
    def rank(self) -> int:
        """The order of cost; the lowest is asked."""
        return _RANKS.index(self.attribute) if self.attribute in _RANKS else len(_RANKS)


@dataclass(frozen=True, slots=True)
class Relations:
    """What a filter asks about memberships: whether certain ids are in, or (``whole``) something about all of them."""

    ids: frozenset[str] = field(default_factory=frozenset)
    whole: bool = False


def best_question(kind: ObjectKind, shape: Shape, node: FilterNode) -> Question | None:
    """Return the cheapest question whose answer holds everything that the filter matches, if there is one."""
    asked = [question for term in _terms(node) if (question := _question(kind, shape, term)) is not None]
    return min(asked, key=lambda question: question.rank, default=None)


def relations(kind: ObjectKind, shape: Shape, node: FilterNode) -> Relations:
    """Return what a filter asks about a group's members or a user's groups, anywhere in it."""
    ids: set[str] = set()
    whole = False
    for each in _leaves(node):
        path = each.attr_path
        if _name(shape, path) not in {_RELATIONS[kind], f"{_RELATIONS[kind]}.value"}:
            whole = whole or path.attr.lower() == _RELATIONS[kind]
        elif isinstance(each, ValuePath):
            inner = _alternatives(each.val_filter)
            ids.update(inner or ())
            whole = whole or inner is None
        elif (value := _compares(each)) is not None:
            ids.add(value)
        else:
            whole = True
    return Relations(frozenset(ids), whole)


def _terms(node: FilterNode) -> tuple[FilterNode, ...]:
    return node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_ else (node,)


def _leaves(node: FilterNode) -> Iterator[Comparison | Present | ValuePath]:
    match node:
        case Not():
            yield from _leaves(node.expr)
        case LogicalExpr():
            for term in node.terms:
                yield from _leaves(term)
        case Comparison() | Present() | ValuePath():
            yield node


def _compares(node: FilterNode) -> str | None:
    """Return the string that a comparison asks to be equal to."""
    if isinstance(node, Comparison) and node.op == CompareOperator.eq and isinstance(node.value, str):
        return node.value
    return None


def _alternatives(node: FilterNode) -> set[str] | None:
    """Return the ids that ``value eq "a" or value eq "b"`` asks for; ``None`` for any other condition on a value."""
    terms = node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_ else (node,)
    values = [
        _compares(term) if isinstance(term, Comparison) and str(term.attr_path).lower() == "value" else None
        for term in terms
    ]
    return None if None in values else {value for value in values if value is not None}


def _name(shape: Shape, path: AttrPath) -> str:
    target = shape.resolve(str(path))
    if target is None or target.attribute is None or target.urn:
        return ""
    return f"{target.attribute.name}.{target.part.name}" if target.part else target.attribute.name


def _question(kind: ObjectKind, shape: Shape, node: FilterNode) -> Question | None:
    if isinstance(node, ValuePath):
        return _value_path_question(kind, _name(shape, node.attr_path), node.val_filter)
    value = _compares(node)
    if value is None or not isinstance(node, Comparison):
        return None
    name = _name(shape, node.attr_path).removesuffix(".value")
    if name == _RELATIONS[kind]:
        return Question("relation", value)
    return Question(name, value) if name == "id" or is_indexed(kind, name) else None


def _value_path_question(kind: ObjectKind, name: str, condition: FilterNode) -> Question | None:
    equal = {
        term.attr_path.attr.lower(): value
        for term in _terms(condition)
        if isinstance(term, Comparison) and (value := _compares(term)) is not None and term.attr_path.sub_attr is None
    }
    if "value" not in equal:
        return None
    if name == _RELATIONS[kind]:
        return Question("relation", equal["value"])
    if not is_indexed(kind, name):
        return None
    return Question(f"{name}:{encode(fold(equal['type']))}" if "type" in equal else name, equal["value"])
