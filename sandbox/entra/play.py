"""The play itself: a tenant is provisioned for the first time, then lives on. Entra calls the two parts cycles.

The play keeps its own idea of what should stand everywhere (``tenant``), which it changes only by what it sends.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from sandbox.entra import requests
from sandbox.entra.client import Client, Refused
from sandbox.entra.people import Tenant, object_id
from sandbox.entra.requests import ENTERPRISE, Dialect, Request
from sandbox.state import DOMAIN

PARALLEL = 8
"""How many requests are under way at a time. Entra does not say how many it sends; it is not one."""

BATCH = 5
"""Members in one PATCH for the group of everybody; the other groups get a PATCH for each member."""

EVERYBODY = "All Staff"

ADD_MEMBERS = "Add members, in parallel"

type Tick = Callable[[], None]


@dataclass
class Play:
    """One run of the play. ``tenant`` becomes what Entra wants in the end; ``ids`` are what the hub gave out."""

    client: Client
    tenant: Tenant
    ids: dict[str, str] = field(default_factory=dict)
    sent: int = 0
    _dialects: "itertools.cycle[Dialect]" = field(default_factory=lambda: itertools.cycle(Dialect))
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARALLEL))

    @property
    def dialect(self) -> Dialect:
        """The dialect of the next request: they take turns, as in an app where only some of Entra honours the flag."""
        return next(self._dialects)

    def initial_cycle(self) -> "Sequence[Act]":
        """Provision everybody: users first, then what refers to them."""
        people, groups = self.tenant.people, self.tenant.groups
        managed = [key for key, person in people.items() if person.manager]
        additions = [addition for name, members in groups.items() for addition in _additions(name, members)]
        return (
            Act("Test connection", [self.test_connection]),
            Act(f"Create {len(people)} users", [_later(self.create_user, key) for key in people]),
            Act("Set their managers", [_later(self.set_manager, key) for key in managed]),
            Act(f"Create {len(groups)} empty groups", [_later(self.create_group, name) for name in groups]),
            Act(ADD_MEMBERS, [_later(self.add_members, *addition) for addition in additions]),
        )

    def incremental_cycle(self) -> "Sequence[Act]":
        """Send what has changed since: people are promoted, marry, leave and come back."""
        return (
            Act(
                "Change, clear, rename, disable, restore",
                [self.change_title, self.clear_department, self.rename, self.disable_and_restore, self.disable],
            ),
            Act("Remove one member", [self.remove_member]),
            Act("Delete one user for good", [self.delete]),
        )

    async def test_connection(self) -> None:
        """What "Test Connection" does: ask for a user and a group that cannot be there, and expect an empty list."""
        for ask in (requests.find_user, requests.find_group):
            if await self._found(ask(str(uuid4()), self.dialect)):
                raise Refused("A user or group with a random name was found.")

    async def create_user(self, key: str) -> None:
        """Ask for the user by the matching attribute, then create it."""
        person = self.tenant.people[key]
        if await self._found(requests.find_user(person.user_name, self.dialect)):
            raise Refused(f"{person.user_name} is there already: the play wants a hub without a past.")
        self.ids[key] = _id_of(await self._send(requests.create_user(person, self.dialect), 201))

    async def set_manager(self, key: str) -> None:
        """Read the user, ask whether the manager is set, set it."""
        user, manager = self.ids[key], self.ids[self.tenant.people[key].manager or ""]
        await self._send(requests.read_user(user, self.dialect), 200)
        if await self._found(requests.has_manager(user, manager, self.dialect)):
            raise Refused(f"{key} has a manager before one was set.")
        await self._send(requests.set_manager(user, manager, self.dialect), 200, 204)

    async def create_group(self, name: str) -> None:
        """Ask for the group by its name, then create it without members."""
        if await self._found(requests.find_group(name, self.dialect)):
            raise Refused(f"Group {name} is there already: the play wants a hub without a past.")
        created = await self._send(requests.create_group(name, str(object_id(name)), self.dialect), 201)
        self.ids[name] = _id_of(created)

    async def add_members(self, name: str, keys: Sequence[str]) -> None:
        """Add members to a group while other requests do the same."""
        await self._read_group(name)
        members = [self.ids[key] for key in keys]
        await self._send(requests.add_members(self.ids[name], members, self.dialect), 200, 204)

    async def change_title(self) -> None:
        """A promotion."""
        await self._update("mokafor", {"title": "Lead Analyst"})
        self.tenant = self.tenant.with_person(replace(self.tenant.people["mokafor"], title="Lead Analyst"))

    async def clear_department(self) -> None:
        """An attribute that became empty is sent as an empty string."""
        await self._update("kmbeki", {f"{ENTERPRISE}:department": ""})
        self.tenant = self.tenant.with_person(replace(self.tenant.people["kmbeki"], department=""))

    async def rename(self) -> None:
        """A new family name, and with it a new user name and address."""
        user_name = f"pvasquez-oneill@{DOMAIN}"
        person = replace(self.tenant.people["pvasquez"], family_name="Vasquez O'Neill", user_name=user_name)
        values = {
            "userName": person.user_name,
            "displayName": person.display_name,
            "name.familyName": person.family_name,
            "name.formatted": person.display_name,
            'emails[type eq "work"].value': person.user_name,
        }
        await self._update("pvasquez", values)
        self.tenant = self.tenant.with_person(person)

    async def disable_and_restore(self) -> None:
        """Somebody loses the assignment by mistake and gets it back; the groups are not sent again."""
        for active in (False, True):
            await self._set_active("ghaugen", active)

    async def disable(self) -> None:
        """A leaver: the account stays, disabled."""
        await self._set_active("vpetrov", False)
        self.tenant = self.tenant.with_person(replace(self.tenant.people["vpetrov"], active=False))

    async def remove_member(self) -> None:
        """Remove one member in the default dialect, whose letter would empty the group."""
        name, key = "Engineering", "awexler"
        await self._read_group(name)
        request = requests.remove_member(self.ids[name], self.ids[key], Dialect.DEFAULT)
        await self._send(request, 200, 204)
        if await self._found(requests.has_member(self.ids[name], self.ids[key], self.dialect)):
            raise Refused(f"{key} is still a member of {name}.")
        self.tenant = self.tenant.without_member(name, key)

    async def delete(self) -> None:
        """Thirty days after the soft delete, which disabled the user, comes the hard one."""
        key = "xmorel"
        await self._set_active(key, False)
        await self._send(requests.delete_user(self.ids[key], self.dialect), 204)
        await self._send(requests.read_user(self.ids.pop(key), self.dialect), 404)
        self.tenant = self.tenant.without(key)

    async def _update(self, key: str, values: Mapping[str, str]) -> None:
        await self._send(requests.read_user(self.ids[key], self.dialect), 200)
        await self._send(requests.update_user(self.ids[key], values, self.dialect), 200, 204)

    async def _set_active(self, key: str, active: bool) -> None:
        await self._send(requests.read_user(self.ids[key], self.dialect), 200)
        await self._send(requests.set_active(self.ids[key], active, self.dialect), 200, 204)

    async def _read_group(self, name: str) -> None:
        if "members" in await self._send(requests.read_group(self.ids[name], self.dialect), 200):
            raise Refused(f"Group {name} was answered with members, though they were excluded.")

    async def _found(self, query: Request) -> bool:
        total = (await self._send(query, 200)).get("totalResults")
        if not isinstance(total, int):
            raise Refused(f"{query.method} {query.target}: the answer has no totalResults.")
        return total > 0

    async def _send(self, request: Request, *expected: int) -> Mapping[str, Any]:
        async with self._slots:
            self.sent += 1
            return await self.client.send(request, *expected)


@dataclass(frozen=True)
class Act:
    """A part of the play: ``scenes`` run side by side; the next act starts when all have ended."""

    title: str
    scenes: Sequence[Callable[[], Awaitable[None]]]

    async def run(self, tick: Tick) -> None:
        """Play every scene. ``tick`` is called after each. The first problem ends the act."""

        async def play(scene: Callable[[], Awaitable[None]]) -> None:
            await scene()
            tick()

        try:
            async with asyncio.TaskGroup() as group:
                for scene in self.scenes:
                    group.create_task(play(scene))
        except* Refused as problems:
            raise problems.exceptions[0] from None


def _additions(name: str, members: Iterable[str]) -> Iterable[tuple[str, tuple[str, ...]]]:
    size = BATCH if name == EVERYBODY else 1
    return ((name, batch) for batch in itertools.batched(sorted(members), size, strict=False))


def _later(scene: Callable[..., Awaitable[None]], *arguments: object) -> Callable[[], Awaitable[None]]:
    return lambda: scene(*arguments)


def _id_of(created: Mapping[str, Any]) -> str:
    if not isinstance(created.get("id"), str):
        raise Refused(f"A created resource came back without an id: {created}")
    return str(created["id"])
