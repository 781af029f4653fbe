"""The state of one tenant: objects, relationships, and the index behind uniqueness and look-ups. Pure."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.graph.changes import Change, ChangeLog
from sandbox.graph.clock import Clock, timestamp
from sandbox.graph.enterprise_applications import EnterpriseApplication
from sandbox.graph.errors import conflict, not_found
from sandbox.graph.knobs import Knobs
from sandbox.graph.properties import Entity

INDEXED = frozenset(
    {"id", "userPrincipalName", "mail", "mailNickname", "employeeId", "displayName"}
    | {"onPremisesImmutableId", "proxyAddresses", "uniqueName", "assignedLicenses"}
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
        """Return a property as it is read: null or the empty collection where nothing is set.

        ``name`` may be a path into a record, as filters have it.
        """
        if "/" in name:
            record, _, member = name.partition("/")
            return (self.values.get(record) or {}).get(member)
        if name == "id":
            return self.id
        if name == "deletedDateTime":
            return timestamp(self.deleted) if self.deleted else None
        known = self.entity.properties.get(name)
        value = self.values.get(name, known.default if known else None)
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
    owner_of: Links = field(default_factory=dict)
    managers: dict[str, str] = field(default_factory=dict)
    reports: Links = field(default_factory=dict)
    changes: ChangeLog = field(default_factory=ChangeLog)
    applications: dict[str, EnterpriseApplication] = field(default_factory=dict)
    deleted: dict[str, None] = field(default_factory=dict)
    """The ids of the soft-deleted objects, the one that was deleted first in front."""
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

    def settled(self) -> int:
        """Return the number of the last change that readers can see already."""
        return self.changes.settled(self.clock.now() - timedelta(seconds=self.knobs.read_after_write_delay))

    def user_by_name(self, name: str, entity: Entity) -> DirectoryObject:
        """Return the visible user with this userPrincipalName, or raise 404."""
        for thing in self.holding("userPrincipalName", name):
            if thing.entity is entity and self.visible(thing):
                return thing
        raise not_found(name)

    def all(self, entity: Entity, *, deleted: bool = False) -> Iterator[DirectoryObject]:
        """Return the visible (or the deleted) objects of one type in the order in which they were created."""
        if deleted:
            gone = sorted((self.objects[key] for key in self.deleted), key=lambda thing: thing.order)
            return (thing for thing in gone if thing.entity is entity)
        born = self.clock.now() - timedelta(seconds=self.knobs.read_after_write_delay)
        things = (thing for thing in self.objects.values() if thing.entity is entity)
        return (thing for thing in things if thing.deleted is None and thing.created <= born)

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
        self._note(thing)
        return thing

    def take(self, thing: DirectoryObject) -> None:
        """Put an object in that was kept elsewhere, as it was."""
        self.objects[thing.id] = thing
        if thing.deleted is None:
            self._enter(thing)
        else:
            self.deleted[thing.id] = None

    def update(self, thing: DirectoryObject, values: dict[str, Any]) -> None:
        """Write values. Raises the conflict when a unique value is taken; nothing is changed then."""
        changed = {name for name, value in values.items() if thing.values.get(name) != value}
        if not changed:
            return
        self.check_free(thing.entity, thing.values | values, but=thing.id)
        if changed & INDEXED:
            self._leave(thing)
            thing.values |= values
            self._enter(thing)
        else:
            thing.values |= values
        self._note(thing, frozenset(changed))

    def soft_delete(self, thing: DirectoryObject) -> None:
        """Put the object among the deleted ones: its names are free, its relationships wait for a restore."""
        self._leave(thing)
        thing.deleted = self.clock.now()
        self.deleted[thing.id] = None
        self._note(thing)
        self._note_relationships(thing, linked=False)

    def restore(self, thing: DirectoryObject, values: dict[str, Any]) -> None:
        """Take the object back under the given values. Raises the conflict when somebody else has its name now."""
        self.check_free(thing.entity, thing.values | values, but=thing.id)
        thing.values |= values
        thing.deleted = None
        del self.deleted[thing.id]
        self._enter(thing)
        self._note(thing)
        self._note_relationships(thing, linked=True)

    def purge(self, thing: DirectoryObject) -> None:
        """Remove the object and every relationship it has, for good."""
        if thing.deleted is None:
            self._leave(thing)
            self._note_relationships(thing, linked=False)
        self._note(thing)
        for links, back in ((self.members, self.member_of), (self.owners, self.owner_of)):
            for other in links.pop(thing.id, {}):
                back[other].pop(thing.id, None)
            for other in back.pop(thing.id, {}):
                links[other].pop(thing.id, None)
        if thing.id in self.managers:
            self.reports[self.managers.pop(thing.id)].pop(thing.id, None)
        for report in self.reports.pop(thing.id, {}):
            self.managers.pop(report, None)
        self.deleted.pop(thing.id, None)
        del self.objects[thing.id]

    def expire(self) -> None:
        """Remove for good what has been among the deleted objects for its time."""
        while self.deleted:
            thing = self.objects[next(iter(self.deleted))]
            age = (self.clock.now() - thing.deleted).total_seconds() if thing.deleted else 0
            if age < self.knobs.deleted_lifetime:
                return
            self.purge(thing)

    # Relationships

    def link(self, links: Links, group: str, member: str) -> None:
        """Relate a member or an owner to a group."""
        order = self.turn()
        links.setdefault(group, {})[member] = order
        back = self.member_of if links is self.members else self.owner_of
        back.setdefault(member, {})[group] = order
        if links is self.members:
            self._note_link(self.objects[group], "members", self.objects[member], linked=True)

    def unlink(self, links: Links, group: str, member: str) -> None:
        """Take a member or an owner out of a group; it is one."""
        del links[group][member]
        back = self.member_of if links is self.members else self.owner_of
        del back[member][group]
        if links is self.members:
            self._note_link(self.objects[group], "members", self.objects[member], linked=False)

    def manage(self, user: DirectoryObject, manager: DirectoryObject | None) -> None:
        """Set the manager of a user, or take it away."""
        before = self.managers.pop(user.id, None)
        if before is not None:
            del self.reports[before][user.id]
            if manager is None or before != manager.id:
                self._note_link(user, "manager", self.objects[before], linked=False)
        if manager is not None:
            self.managers[user.id] = manager.id
            self.reports.setdefault(manager.id, {})[user.id] = self.turn()
            if before != manager.id:
                self._note_link(user, "manager", manager, linked=True)

    # What delta queries go by

    def _note(self, thing: DirectoryObject, names: frozenset[str] | None = None) -> None:
        self.changes.note(Change(thing.entity, thing.id, self.clock.now(), names))

    def _note_link(self, thing: DirectoryObject, relation: str, other: DirectoryObject, *, linked: bool) -> None:
        names: frozenset[str] = frozenset()
        kind = other.entity.odata_type
        self.changes.note(
            Change(thing.entity, thing.id, self.clock.now(), names, relation, other.id, kind, linked=linked)
        )

    def _note_relationships(self, thing: DirectoryObject, *, linked: bool) -> None:
        """Note what a deletion or a restore does to the groups and the reports of an object, and to its own."""
        for group in self.member_of.get(thing.id, ()):
            self._note_link(self.objects[group], "members", thing, linked=linked)
        for report in self.reports.get(thing.id, ()):
            self._note_link(self.objects[report], "manager", thing, linked=linked)
        if linked:
            for member in self.members.get(thing.id, ()):
                self._note_link(thing, "members", self.objects[member], linked=True)
            if thing.id in self.managers:
                self._note_link(thing, "manager", self.objects[self.managers[thing.id]], linked=True)

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
    if not isinstance(value, list):
        return ()
    return [item["skuId"] if isinstance(item, dict) else item for item in value]
