"""What Entra asks for in a soak run: each act on a population, and how often it comes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from benchmarks.soak_people import SENIORS, Act, Population
from sandbox.entra import requests
from sandbox.entra.people import Person
from sandbox.entra.requests import ENTERPRISE, Request
from sandbox.state import DOMAIN


def next_act(population: Population) -> Act:
    """Choose what comes next, by the weights of ``MIX``; whom it is about is busy from now on."""
    while True:
        make = population.chance.choices(list(MIX), list(MIX.values()))[0]
        act = make(population)
        if act is not None:
            population.busy.update(act.busy)
            return act


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
