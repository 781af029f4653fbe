"""What a filter asks about memberships, which are not in the documents that it is evaluated on. Pure.

What is loaded of them is as little as gives the same answer: one row tells that there is a member, and a member of each
type tells everything about types.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    Not,
    Present,
    ValuePath,
)

from provisioning.scim.search.questions import RELATIONS, Scope


@dataclass(frozen=True, slots=True)
class Relations:
    """Whether certain ids are in (``ids``), whether any is (``present``), of which types (``types``), or everything.

    The first ones apart from ``ids`` are what ``present`` and ``types`` ask for.
    """

    ids: frozenset[str] = field(default_factory=frozenset)
    present: bool = False
    types: bool = False
    whole: bool = False

    @property
    def samples(self) -> bool:
        """Whether some of the members stand for all of them."""
        return self.present or self.types

    def __bool__(self) -> bool:
        return bool(self.ids or self.present or self.types or self.whole)

    def __or__(self, other: "Relations") -> "Relations":
        return Relations(
            self.ids | other.ids,
            self.present or other.present,
            self.types or other.types,
            self.whole or other.whole,
        )


NOTHING = Relations()


def relations(scope: Scope, node: FilterNode | None) -> Relations:
    """Return what a filter asks about a group's members or a user's groups, anywhere in it."""
    found = NOTHING
    for each in _leaves(node):
        name, _, part = scope.name(each.attr_path).partition(".")
        if name != RELATIONS[scope.kind]:
            continue
        if not isinstance(each, ValuePath):
            found |= _asked(part or "value", each)
            continue
        inner = NOTHING
        for leaf in _leaves(each.val_filter):
            inner |= _asked(leaf.attr_path.attr.lower(), leaf)
        only_named = _only_named(each.val_filter)
        found |= Relations(inner.ids, whole=inner.whole) if only_named else inner | Relations(types=True)
    return found


def _leaves(node: FilterNode | None) -> Iterator[Comparison | Present | ValuePath]:
    match node:
        case Not():
            yield from _leaves(node.expr)
        case LogicalExpr():
            for term in node.terms:
                yield from _leaves(term)
        case Comparison() | Present() | ValuePath():
            yield node


def _asked(part: str, leaf: Comparison | Present | ValuePath) -> Relations:
    """Return what one condition on members needs to see of them."""
    if part == "type":
        return Relations(types=True)
    if part != "value":
        return Relations(whole=True)
    if isinstance(leaf, Present):
        return Relations(present=True)
    if isinstance(leaf, Comparison) and leaf.op in {CompareOperator.eq, CompareOperator.ne}:
        return Relations(ids=frozenset({leaf.value})) if isinstance(leaf.value, str) else Relations(present=True)
    return Relations(whole=True)


def _only_named(condition: FilterNode) -> bool:
    """Tell whether a condition can only hold for ids that it names: all its alternatives ask for an equal value."""
    match condition:
        case LogicalExpr(op="or"):
            return all(_only_named(term) for term in condition.terms)
        case LogicalExpr():
            return any(_only_named(term) for term in condition.terms)
        case Comparison():
            return (
                condition.attr_path.attr.lower() == "value"
                and condition.op == CompareOperator.eq
                and isinstance(condition.value, str)
            )
    return False
