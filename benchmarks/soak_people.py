"""The population of a soak run: who is there, what Entra may ask for next, and what stands afterwards.

Whoever a request is under way for is busy and is left alone until it is answered, so that each answer is known
beforehand; groups are never busy, as Entra changes one in parallel too. Every choice comes from one seeded generator.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sandbox.entra import requests
from sandbox.entra.compare import Picture, wanted
from sandbox.entra.people import Person, Tenant, object_id
from sandbox.entra.requests import ENTERPRISE, Dialect, Request
from sandbox.state import DOMAIN

SENIORS = 20
"""The first so many are everybody's managers: they are never deleted, so that no reference points nowhere."""


NEW = 120
"""So many are hired in a minute."""
_FIRST = 100_000


def _nothing(_: Mapping[str, Any]) -> None:
    return


@dataclass(frozen=True, slots=True)
class Act:
    """One request with the statuses that it must get; ``done`` is told the body. ``busy`` are the keys of people."""

    name: str
    request: Request
    expect: frozenset[int] = frozenset({200})
    busy: tuple[str, ...] = ()
    done: Callable[[Mapping[str, Any]], None] = _nothing


@dataclass(slots=True)
class Population:
    """Everybody, as Entra wants them to be."""

    chance: random.Random
    people: dict[str, Person] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    gone: list[str] = field(default_factory=list)
    _hired: int = 0

    def picture(self) -> Picture:
        """Draw what every target should show."""
        return wanted(Tenant(self.people, {name: frozenset(keys) for name, keys in self.members.items()}))

    def next(self) -> Act:
        """Choose what comes next, by the weights of ``MIX``."""
        while True:
            make = self.chance.choices(list(MIX), list(MIX.values()))[0]
            act = make(self)
            if act is not None:
                self.busy.update(act.busy)
                return act

    def finished(self, act: Act, body: Mapping[str, Any]) -> None:
        """Take over what an act has changed."""
        act.done(body)
        self.busy.difference_update(act.busy)

    def dialect(self) -> Dialect:
        """Return one of the two, as it comes."""
        return self.chance.choice((Dialect.DEFAULT, Dialect.OPTSCIM))

    def free(self) -> Person | None:
        """Return somebody whom nothing is under way for, if chance finds one quickly."""
        if not self.people:
            return None
        keys = list(self.people)
        for _ in range(10):
            key = self.chance.choice(keys)
            if key not in self.busy:
                return self.people[key]
        return None

    def is_new(self, person: Person) -> bool:
        """Tell whether somebody came in the last minute. Who is disabled before having an account never gets one."""
        return int(person.employee_number) - _FIRST > self._hired - NEW

    def hire(self) -> Act:
        """Create a user who was never there."""
        self._hired += 1
        key = f"person{self._hired:06}"
        given = self.chance.choice(("Mira", "Zoë", "Björn", "Aisha", "Tomás", "Siobhán"))
        person = Person(
            key=key,
            user_name=f"{key}@{DOMAIN}",
            given_name=given,
            family_name=f"O'Súil {self._hired}",
            title="Analyst",
            department="Risk",
            employee_number=str(_FIRST + self._hired),
        )

        def done(body: Mapping[str, Any]) -> None:
            self.people[key], self.ids[key] = person, str(body["id"])

        return Act("create user", requests.create_user(person, self.dialect()), frozenset({201}), (key,), done)

    def found(self, name: str) -> Act:
        """Create an empty group."""

        def done(body: Mapping[str, Any]) -> None:
            self.groups[name], self.members[name] = str(body["id"]), set()

        request = requests.create_group(name, str(object_id(name)), self.dialect())
        return Act("create group", request, frozenset({201}), (), done)

    def join(self, group: str, keys: tuple[str, ...]) -> Act:
        """Put people into a group."""

        def done(_: Mapping[str, Any]) -> None:
            self.members[group].update(keys)

        request = requests.add_members(self.groups[group], [self.ids[key] for key in keys], self.dialect())
        return Act("add members", request, frozenset({204}), keys, done)

    def group(self) -> str:
        """Return the name of some group."""
        return self.chance.choice(list(self.groups))


def _match(population: Population) -> Act | None:
    person = population.free()
    if person is None:
        return None
    return Act("match user", requests.find_user(person.user_name, population.dialect()), busy=(person.key,))


def _read(population: Population) -> Act | None:
    person = population.free()
    if person is None:
        return None
    request = requests.read_user(population.ids[person.key], population.dialect())
    return Act("read user", request, busy=(person.key,))


def _change(population: Population) -> Act | None:
    person = population.free()
    if person is None:
        return None
    title = population.chance.choice(("Analyst", "Senior Analyst", "Auditor", "Head of Risk & Audit", ""))
    department = population.chance.choice(("Risk", "Sales", "Engineering", ""))
    changed = replace(person, title=title, department=department)
    values = {"title": title, f"{ENTERPRISE}:department": department}
    return _changing(population, "patch user", changed, values)


def _rename(population: Population) -> Act | None:
    person = population.free()
    if person is None:
        return None
    name = f"{person.key}.{population.chance.randrange(10**6)}@{DOMAIN}"
    values = {"userName": name, 'emails[type eq "work"].value': name}
    return _changing(population, "rename user", replace(person, user_name=name), values)


def _changing(population: Population, name: str, changed: Person, values: Mapping[str, str]) -> Act:
    def done(_: Mapping[str, Any]) -> None:
        population.people[changed.key] = changed

    request = requests.update_user(population.ids[changed.key], values, population.dialect())
    return Act(name, request, frozenset({200, 204}), (changed.key,), done)


def _switch(population: Population) -> Act | None:
    disabled = [key for key, each in population.people.items() if not each.active and key not in population.busy]
    if disabled and population.chance.random() < 0.5:
        person: Person | None = population.people[population.chance.choice(disabled)]
    else:
        person = population.free()
    if person is None or population.is_new(person):
        return None
    changed = replace(person, active=not person.active)

    def done(_: Mapping[str, Any]) -> None:
        population.people[person.key] = changed

    request = requests.set_active(population.ids[person.key], changed.active, population.dialect())
    name = "enable user" if changed.active else "disable user"
    return Act(name, request, frozenset({200, 204}), (person.key,), done)


def _manage(population: Population) -> Act | None:
    person = population.free()
    seniors = [key for key in population.people if key in _SENIOR_KEYS]
    if person is None or not seniors:
        return None
    manager = population.chance.choice(seniors)
    if manager == person.key:
        return None
    changed = replace(person, manager=manager)

    def done(_: Mapping[str, Any]) -> None:
        population.people[person.key] = changed

    request = requests.set_manager(population.ids[person.key], population.ids[manager], population.dialect())
    return Act("set manager", request, frozenset({200, 204}), (person.key,), done)


def _leave(population: Population) -> Act | None:
    person = population.free()
    if person is None or person.key in _SENIOR_KEYS:
        return None
    key = person.key

    def done(_: Mapping[str, Any]) -> None:
        del population.people[key]
        population.gone = [*population.gone[-99:], population.ids.pop(key)]
        for keys in population.members.values():
            keys.discard(key)

    request = requests.delete_user(population.ids[key], population.dialect())
    return Act("delete user", request, frozenset({204}), (key,), done)


def _join(population: Population) -> Act | None:
    group = population.group()
    chosen = {person.key for _ in range(population.chance.choice((1, 1, 1, 5))) if (person := population.free())}
    newcomers = tuple(sorted(chosen - population.members[group]))
    return population.join(group, newcomers) if newcomers else None


def _part(population: Population) -> Act | None:
    group = population.group()
    keys = sorted(population.members[group] - population.busy)
    if not keys:
        return None
    key = population.chance.choice(keys)

    def done(_: Mapping[str, Any]) -> None:
        population.members[group].discard(key)

    request = requests.remove_member(population.groups[group], population.ids[key], population.dialect())
    return Act("remove member", request, frozenset({204}), (key,), done)


def _read_group(population: Population) -> Act:
    request = requests.read_group(population.groups[population.group()], population.dialect())
    return Act("read group", request)


def _match_group(population: Population) -> Act:
    return Act("match group", requests.find_group(population.group(), population.dialect()))


def _test(population: Population) -> Act:
    guid = str(UUID(int=population.chance.getrandbits(128), version=4))
    return Act("test connection", requests.find_user(guid, population.dialect()))


def _discover(population: Population) -> Act:
    place = population.chance.choice(("/ServiceProviderConfig", "/Schemas", "/ResourceTypes"))
    return Act("discovery", Request("GET", place))


def _gone(population: Population) -> Act | None:
    if not population.gone:
        return None
    request = requests.read_user(population.chance.choice(population.gone), population.dialect())
    return Act("read a deleted user (404)", request, frozenset({404}))


def _again(population: Population) -> Act | None:
    person = population.free()
    if person is None:
        return None
    other = replace(person, key=f"{person.key}again")
    return Act("create twice (409)", requests.create_user(other, population.dialect()), frozenset({409}), (person.key,))


_SENIOR_KEYS = frozenset(f"person{number:06}" for number in range(1, SENIORS + 1))

MIX: Mapping[Callable[[Population], Act | None], int] = {
    _match: 24,
    _read: 10,
    Population.hire: 8,
    _leave: 8,
    _change: 18,
    _switch: 6,
    _manage: 4,
    _rename: 2,
    _join: 6,
    _part: 4,
    _read_group: 3,
    _match_group: 2,
    _test: 1,
    _discover: 2,
    _gone: 1,
    _again: 1,
}
"""Weights. As many leave as come, so that a directory of one size is kept busy."""
