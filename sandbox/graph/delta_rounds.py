"""One round of a delta query: which objects it tells of, in which portions, from which position on. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import batched

from sandbox.graph.delta_tokens import DeltaToken
from sandbox.graph.entities import ENTITIES, GROUP
from sandbox.graph.state import DirectoryObject, Tenant

RELATIONS = {"users": "manager", "groups": "members"}
"""What a delta query can track beside properties, when it is selected."""


@dataclass(frozen=True, slots=True)
class Link:
    """One end of a relationship that was added, or (not ``linked``) taken away."""

    id: str
    type: str
    linked: bool


@dataclass(frozen=True, slots=True)
class Portion:
    """What one entry of a page tells of one object. ``names`` are the changed properties; ``None``: all of them.

    ``links`` may be a part of all: the rest comes in portions of their own. ``following`` is where the round goes on.
    """

    id: str
    names: frozenset[str] | None
    links: tuple[Link, ...]
    following: tuple[int, int]


@dataclass(slots=True)
class _Summary:
    names: frozenset[str] | None = frozenset()
    links: dict[str, Link] = field(default_factory=dict)


def tracks(token: DeltaToken, relation: str) -> bool:
    """Whether the round tells of a relationship. Without $select, groups come with their members."""
    if token.select is None:
        return relation == "members"
    return relation in token.select


def portions(tenant: Tenant, token: DeltaToken) -> Iterator[Portion]:
    """Return what is left of a round, in its order, from the token's position on."""
    return _everything(tenant, token) if token.since is None else _changes(tenant, token)


def _everything(tenant: Tenant, token: DeltaToken) -> Iterator[Portion]:
    """Objects in the order in which they came to be: one that is deleted on the way shifts nothing."""
    entity = ENTITIES[token.collection]
    after, turn = token.position
    for thing in tenant.all(entity):
        if thing.order < after or (thing.order == after and turn < 0) or (token.ids and thing.id not in token.ids):
            continue
        links = _current(tenant, token, thing, turn if thing.order == after else 0)
        parts = list(batched(links, tenant.knobs.delta_page_members, strict=False)) or [()]
        for number, part in enumerate(parts, start=1):
            position = (thing.order, -1 if number == len(parts) else part[-1][0])
            yield Portion(thing.id, None, tuple(link for _, link in part), position)


def _current(tenant: Tenant, token: DeltaToken, thing: DirectoryObject, turn: int) -> list[tuple[int, Link]]:
    if thing.entity is GROUP:
        held = tenant.members.get(thing.id, {}) if tracks(token, "members") else {}
    else:
        manager = tenant.managers.get(thing.id) if tracks(token, "manager") else None
        held = {manager: 1} if manager else {}
    others = [(order, tenant.objects[key]) for key, order in held.items() if order > turn]
    return [
        (order, Link(other.id, other.entity.odata_type, linked=True))
        for order, other in sorted(others, key=lambda pair: pair[0])
        if tenant.visible(other)
    ]


def _changes(tenant: Tenant, token: DeltaToken) -> Iterator[Portion]:
    """Objects in the order of their first change in the round; what they changed to is looked up when it is shown."""
    place, part_number = token.position
    for number, (key, summary) in enumerate(_summaries(tenant, token).items()):
        if number < place:
            continue
        links = batched(summary.links.values(), tenant.knobs.delta_page_members, strict=False)
        parts: list[tuple[Link, ...]] = list(links) or [()]
        for index, part in enumerate(parts):
            if number == place and index < part_number:
                continue
            following = (number, index + 1) if index + 1 < len(parts) else (number + 1, 0)
            yield Portion(key, summary.names, part, following)


def _summaries(tenant: Tenant, token: DeltaToken) -> dict[str, _Summary]:
    entity = ENTITIES[token.collection]
    summaries: dict[str, _Summary] = {}
    wanted = None if token.select is None else frozenset(token.select)
    for change in tenant.changes.between(token.since or 0, token.until or 0):
        if change.entity is not entity or (token.ids and change.id not in token.ids):
            continue
        if change.relation:
            if tracks(token, change.relation):
                links = summaries.setdefault(change.id, _Summary()).links
                links[change.other] = Link(change.other, change.other_type, linked=change.linked)
        elif change.names is None:
            summaries.setdefault(change.id, _Summary()).names = None
        elif wanted is None or change.names & wanted:
            summary = summaries.setdefault(change.id, _Summary())
            if summary.names is not None:
                summary.names |= change.names
    return summaries
