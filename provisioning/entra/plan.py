"""The plan: what would change, as a person reads it, and what of it is dangerous. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from provisioning.entra.mappings import AttributeMapping, FilterGroup, Managed, ObjectMapping, Source
from provisioning.entra.terminal import printable

type Sign = Literal["+", "-", "~"]

_IDENTITY = {"User": ("active", "userName", "externalId"), "Group": ("displayName", "externalId", "members")}
"""Targets whose loss or change is felt: leavers, matching, groups. Of other objects all of them."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a plan. ``what`` is an attribute of the target, or a property of the object mapping."""

    sign: Sign
    object: str
    what: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        shown = {"+": self.after, "-": self.before, "~": f"{self.before or '(none)'}  ->  {self.after or '(none)'}"}
        return printable(f"  {self.sign} {self.what}: {shown[self.sign]}")


@dataclass(frozen=True, slots=True)
class Plan:
    """``dangers`` are sentences that each say what would happen to people."""

    changes: tuple[Change, ...]
    dangers: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Yield the plan for a terminal."""
        for key in dict.fromkeys(change.object for change in self.changes):
            yield printable(key)
            yield from (str(change) for change in self.changes if change.object == key)
        for danger in self.dangers:
            yield printable(f"DANGER: {danger}")
        counts = [sum(change.sign == sign for change in self.changes) for sign in "+~-"]
        yield "Plan: {} to add, {} to change, {} to remove.".format(*counts)


def compare(live: Managed, wanted: Managed) -> Plan:
    """Return what it takes to get from the one to the other. Objects that are not wanted are nobody's concern."""
    changes, dangers = [], []
    for key, mapping in wanted.items():
        before = live.get(key)
        if before is not None and before != mapping:
            changes += list(_changes(key, before, mapping))
            dangers += list(_dangers(key, before, mapping))
    return Plan(tuple(changes), tuple(dangers))


def _changes(key: str, live: ObjectMapping, wanted: ObjectMapping) -> Iterator[Change]:
    if live.enabled != wanted.enabled:
        yield Change("~", key, "enabled", _yes(live.enabled), _yes(wanted.enabled))
    if live.flow_types != wanted.flow_types:
        yield Change("~", key, "flowTypes", ", ".join(live.flow_types), ", ".join(wanted.flow_types))
    yield from _scope_changes(key, live.scope, wanted.scope)
    for name, before, after in (
        ("sourceAttributes", live.source_definitions, wanted.source_definitions),
        ("targetAttributes", live.target_definitions, wanted.target_definitions),
    ):
        yield from _pairs(key, f"{name} ", _texts(before), _texts(after), remove=False)
    yield from _pairs(key, "", _texts(live.attributes), _texts(wanted.attributes))


def _scope_changes(key: str, live: tuple[FilterGroup, ...], wanted: tuple[FilterGroup, ...]) -> Iterator[Change]:
    if live == wanted:
        return
    for group in live:
        if group not in wanted:
            yield Change("-", key, "scope", before=str(group))
    for group in wanted:
        if group not in live:
            yield Change("+", key, "scope", after=str(group))
    if sorted(map(str, live)) == sorted(map(str, wanted)):
        yield Change("~", key, "scope", "; ".join(map(str, live)), "; ".join(map(str, wanted)))


def _pairs(
    key: str, prefix: str, live: Mapping[str, str], wanted: Mapping[str, str], *, remove: bool = True
) -> Iterator[Change]:
    for name in live:
        if name not in wanted and remove:
            yield Change("-", key, prefix + name, before=live[name])
        elif name in wanted and live[name] != wanted[name]:
            yield Change("~", key, prefix + name, live[name], wanted[name])
    for name in wanted:
        if name not in live:
            yield Change("+", key, prefix + name, after=wanted[name])


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: text(value) if isinstance(value, AttributeMapping) else str(value) for name, value in values.items()}


def text(mapping: AttributeMapping) -> str:
    """Return an attribute mapping in one line."""
    written = "(no source)" if mapping.source.kind == "none" else mapping.source.expression
    if mapping.default_value is not None:
        written += f', default "{mapping.default_value}"'
    if mapping.matching_priority:
        written += f", matchingPriority {mapping.matching_priority}"
    if mapping.flow_type != "Always":
        written += f", flowType {mapping.flow_type}"
    if mapping.flow_behavior != "FlowWhenChanged":
        written += f", flowBehavior {mapping.flow_behavior}"
    return written


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _matching(mapping: ObjectMapping) -> dict[str, tuple[int, Source]]:
    found = {each.target: (each.matching_priority, each.source) for each in mapping.attributes.values()}
    return {target: how for target, how in found.items() if how[0] > 0}


def _dangers(key: str, live: ObjectMapping, wanted: ObjectMapping) -> Iterator[str]:
    before, after = _matching(live), _matching(wanted)
    if before != after:
        yield (
            f"{key}: objects are matched by {_named(after)} instead of {_named(before)}. Whoever is not found by it is "
            "created a second time; what is found belongs to somebody else if the values are not unique."
        )
    for target in _IDENTITY.get(key.partition(" > ")[0], _LOST):
        old, new = live.attributes.get(target), wanted.attributes.get(target)
        if old is not None and new is None:
            yield f"{key}: {target} is not mapped any more. {_LOST[target]}"
        elif new is not None and target in _CHANGED and _flow(old) != _flow(new):
            yield f"{key}: {target} gets another value, or at other times. {_CHANGED[target]}"
    if live.scope != wanted.scope:
        yield (
            f"{key}: the scoping filter changes. Who was in scope and is not any more is treated as a leaver: "
            "people are disabled, groups deleted. Entra looks at everybody again."
        )
    if live.enabled and not wanted.enabled:
        yield f"{key}: the object mapping is switched off. Nothing of this kind is synchronized, leavers included."
    for flow, what in (("Add", "Nobody new is created"), ("Update", "No change is sent"), ("Delete", "No leaver is")):
        if flow in live.flow_types and flow not in wanted.flow_types:
            done = f"{what} disabled or deleted" if flow == "Delete" else what
            yield f"{key}: flowTypes loses {flow}. {done}."
    if "Delete" in wanted.flow_types and "Delete" not in live.flow_types:
        yield f"{key}: flowTypes gains Delete. Who has left, or is out of scope, is disabled or deleted from now on."


def _flow(mapping: AttributeMapping | None) -> tuple[Source, str | None, str] | None:
    return None if mapping is None else (mapping.source, mapping.default_value, mapping.flow_type)


_LOST = {
    "active": "Check that leavers and blocked people still arrive as inactive.",
    "userName": "Nobody can be created without it.",
    "externalId": "The hub does not know any more which object in Entra a resource is.",
    "displayName": "A group cannot be created without it.",
    "members": "Changes of members do not arrive any more.",
}

_CHANGED = {
    "active": _LOST["active"],
    "userName": "Everybody whose name is another then is renamed.",
    "displayName": "Groups whose name is another then are renamed.",
    "members": "Check that who joins a group and who leaves it still arrives.",
}


def _named(matching: dict[str, tuple[int, Source]]) -> str:
    in_order = sorted(matching.items(), key=lambda item: item[1][0])
    return ", then ".join(f"{target} <- {how[1].expression or '(no source)'}" for target, how in in_order) or "nothing"
