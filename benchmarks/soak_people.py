"""The population of a soak run: who is there, who may be asked about, and what stands afterwards.

Whoever a request is under way for is busy and is left alone until it is answered, so that each answer is known
beforehand; groups are never busy, as Entra changes one in parallel too. Every choice comes from one seeded generator.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.entra import requests
from sandbox.entra.compare import Picture, wanted
from sandbox.entra.people import Person, Tenant, object_id
from sandbox.entra.requests import Dialect, Request
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
