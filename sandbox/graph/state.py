"""The state of one tenant: objects, relationships, and the index behind uniqueness and look-ups. Pure."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.graph.clock import Clock, timestamp
from sandbox.graph.errors import conflict, not_found
from sandbox.graph.knobs import Knobs
from sandbox.graph.properties import Entity

INDEXED = frozenset(
    {"id", "userPrincipalName", "mail", "mailNickname", "employeeId", "displayName"}
    | {"onPremisesImmutableId", "proxyAddresses", "uniqueName"}
)
"""Properties that are found without looking at every object. Values are compared without regard to case."""

Links = dict[str, dict[str, int]]
"""From an object id to the ids that it is related to, each with the number of its turn: pages go by it."""


@dataclass(slots=True)
class DirectoryObject:
    """A user or a group. ``values`` holds what is set; ``order`` never changes and is what pages go by."""

    entity: Entity
    id: str
    order: int
    values: dict[str, Any]
    created: datetime
    deleted: datetime | None = None

    def value(self, name: str) -> Any:
        """Return a property as it is read: null or the empty collection where nothing is set."""
        if name == "id":
            return self.id
        if name == "deletedDateTime":
            return timestamp(self.deleted) if self.deleted else None
        known = self.entity.properties[name]
        value = self.values.get(name, known.default)
        return list(value) if isinstance(value, tuple) else value


@dataclass(slots=True)
class Tenant:
    """One directory. ``domains`` are its verified domains, the first of which is the default and the initial one."""

    id: str
    domains: tuple[str, ...] = ("contoso.example", "contoso.onmicrosoft.example")
    display_name: str = "Contoso"
    knobs: Knobs = field(default_factory=Knobs)
    clock: Clock = field(default_factory=Clock)
    objects: dict[str, DirectoryObject] = field(default_factory=dict)
    members: Links = field(default_factory=dict)
    member_of: Links = field(default_factory=dict)
    owners: Links = field(default_factory=dict)
    managers: dict[str, str] = field(default_factory=dict)
    _index: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    _turn: int = 0

    def turn(self) -> int:
        """Return the next number of the order in which things came to be."""
        self._turn += 1
        return self._turn

    # Reading

    def visible(self, thing: DirectoryObject) -> bool:
        """Whether it is there for readers: not deleted, and past the read-after-write delay."""
        age = (self.clock.now() - thing.created).total_seconds()
        return thing.deleted is None and age >= self.knobs.read_after_write_delay

    def get(self, key: str, *entities: Entity) -> DirectoryObject:
        """Return the visible object with this id, of one of the types where some are given, or raise 404."""
        thing = self.objects.get(key.lower())
        if thing is None or not self.visible(thing) or (entities and thing.entity not in entities):
            raise not_found(key)
        return thing

    def user_by_name(self, name: str, entity: Entity) -> DirectoryObject:
        """Return the visible user with this userPrincipalName, or raise 404."""
        for thing in self.holding("userPrincipalName", name):
            if thing.entity is entity and self.visible(thing):
                return thing
        raise not_found(name)

    def all(self, entity: Entity, *, deleted: bool = False) -> Iterator[DirectoryObject]:
        """Return the visible (or the deleted) objects of one type in the order in which they were created."""
        things = (thing for thing in self.objects.values() if thing.entity is entity)
        return (thing for thing in things if (thing.deleted is not None if deleted else self.visible(thing)))

    def holding(self, name: str, value: str) -> list[DirectoryObject]:
        """Return the objects that are not deleted and hold a value in an indexed property, visible or not yet."""
        return [self.objects[key] for key in self._index.get((name, value.casefold()), ())]

    # Writing

    def add(self, entity: Entity, values: dict[str, Any]) -> DirectoryObject:
        """Create an object. Raises the conflict when a unique value is taken; nothing is kept then."""
        now = self.clock.now()
        self.check_free(entity, values, but=None)
        thing = DirectoryObject(entity, str(uuid.uuid4()), self.turn(), {}, now)
        thing.values = {"createdDateTime": timestamp(now)} | values
        self.objects[thing.id] = thing
        self._enter(thing)
        return thing

    def take(self, thing: DirectoryObject) -> None:
        """Put an object in that was kept elsewhere, as it was."""
        self.objects[thing.id] = thing
        if thing.deleted is None:
            self._enter(thing)

    def update(self, thing: DirectoryObject, values: dict[str, Any]) -> None:
        """Write values. Raises the conflict when a unique value is taken; nothing is changed then."""
        self.check_free(thing.entity, thing.values | values, but=thing.id)
        self._leave(thing)
        thing.values |= values
        self._enter(thing)

    def soft_delete(self, thing: DirectoryObject) -> None:
        """Put the object among the deleted ones: its names are free, its relationships wait for a restore."""
        self._leave(thing)
        thing.deleted = self.clock.now()

    def restore(self, thing: DirectoryObject, values: dict[str, Any]) -> None:
        """Take the object back under the given values. Raises the conflict when somebody else has its name now."""
        self.check_free(thing.entity, thing.values | values, but=thing.id)
        thing.values |= values
        thing.deleted = None
        self._enter(thing)

    def purge(self, thing: DirectoryObject) -> None:
        """Remove the object and every relationship it has, for good."""
        if thing.deleted is None:
            self._leave(thing)
        for member in list(self.members.pop(thing.id, {})):
            self.member_of[member].pop(thing.id, None)
        for group in list(self.member_of.pop(thing.id, {})):
            self.members[group].pop(thing.id, None)
        self.owners.pop(thing.id, None)
        for owners in self.owners.values():
            owners.pop(thing.id, None)
        self.managers.pop(thing.id, None)
        for report in [key for key, manager in self.managers.items() if manager == thing.id]:
            del self.managers[report]
        del self.objects[thing.id]

    def link(self, links: Links, group: str, member: str) -> None:
        """Relate a member or an owner to a group."""
        order = self.turn()
        links.setdefault(group, {})[member] = order
        if links is self.members:
            self.member_of.setdefault(member, {})[group] = order

    def unlink(self, links: Links, group: str, member: str) -> None:
        """Take a member or an owner out of a group; it is one."""
        del links[group][member]
        if links is self.members:
            del self.member_of[member][group]

    # Uniqueness

    def check_free(self, entity: Entity, values: dict[str, Any], *, but: str | None) -> None:
        """Raise the conflict when another object holds a value that is unique.

        Users: userPrincipalName and onPremisesImmutableId. Groups: uniqueName, and mailNickname among the
        mail-enabled ones. Everything with a mailbox: proxyAddresses, across users and groups.
        """
        names = ["userPrincipalName", "onPremisesImmutableId", "uniqueName", "proxyAddresses"]
        if values.get("mailEnabled") is True:
            names.insert(0, "mailNickname")
        for name in names:
            for value in _texts(values.get(name)):
                for other in self.holding(name, value):
                    if other.id != but and (name != "mailNickname" or other.values.get("mailEnabled") is True):
                        raise conflict(name)

    def _enter(self, thing: DirectoryObject) -> None:
        for entry in _entries(thing):
            self._index.setdefault(entry, {})[thing.id] = None

    def _leave(self, thing: DirectoryObject) -> None:
        for entry in _entries(thing):
            holders = self._index.get(entry, {})
            holders.pop(thing.id, None)
            if not holders:
                self._index.pop(entry, None)


def _entries(thing: DirectoryObject) -> list[tuple[str, str]]:
    named = [("id", thing.id), *((name, thing.values.get(name)) for name in INDEXED if name != "id")]
    return [(name, text.casefold()) for name, value in named for text in _texts(value)]


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return value if isinstance(value, list) else ()
