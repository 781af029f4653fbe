"""Desired state, and the hub that works on it: forty people and four groups, the passing of time, the end of work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import ObjectKind
from provisioning.connections.connection import Connection
from provisioning.directory.resources import Resource
from provisioning.engine.circuit import STATE_ROW
from provisioning.hub import Hub
from provisioning.settings import Settings
from provisioning.storage.entities import delete, insert, merge
from provisioning.storage.store import Storage
from tests.draining import drain
from tests.faults.targets import GROUP, USER, GraphTarget, Target

CONNECTION = "target"
PEOPLE, GROUPS, MEMBERS = 40, 4, 9
_MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_PAST = "d:0000000000000001:"


@dataclass
class Office:
    """A hub with one connection, and what is wanted of it: people by login, groups with their members' logins."""

    hub: Hub
    target: Target
    people: dict[str, Resource] = field(default_factory=dict)
    groups: dict[str, Resource] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    managers: dict[str, str] = field(default_factory=dict)

    # What is wanted

    async def staff(self, **documents: dict[str, Any]) -> None:
        """Have all people and groups made in the hub; ``documents`` adds attributes to some people (p07)."""
        logins = [f"p{number:02}@{self.target.domain}" for number in range(PEOPLE)]
        # One of ten manages the nine that follow; the account may well come later than theirs.
        leaders = await asyncio.gather(*(self._person(login, documents) for login in logins[::10]))
        others = [login for login in logins if login not in self.people]
        for login in others[::3]:
            self.managers[login] = leaders[int(login[1])].document["userName"]
        await asyncio.gather(*(self._person(login, documents) for login in others))
        await asyncio.gather(*(self._group(number, logins) for number in range(GROUPS)))

    async def _person(self, login: str, documents: dict[str, dict[str, Any]]) -> Resource:
        name = login.partition("@")[0]
        document: dict[str, Any] = {"userName": login, "displayName": f"Person {name}", "title": f"Title of {name}"}
        if login in self.managers:
            document[_MANAGER] = {"manager": {"value": self.people[self.managers[login]].id}}
        made = await self.hub.directory.create(USER, {**document, **documents.get(name, {})}, "entra")
        self.people[login] = made
        return made

    async def _group(self, number: int, logins: list[str]) -> None:
        name, members = f"Group {number}", [logins[number * 10 + place] for place in range(MEMBERS)]
        made = await self.hub.directory.create(GROUP, {"displayName": name}, "entra")
        self.groups[name], self.members[name] = made, set(members)
        add = self.hub.directory.change_members
        ids = [self.people[login].id for login in members]
        await asyncio.gather(*(add(made.id, add=ids[start : start + 3]) for start in range(0, MEMBERS, 3)))
        self.groups[name] = await self.hub.directory.get(GROUP, made.id)

    async def change(self, login: str, **attributes: Any) -> None:
        """Change a person's attributes."""
        person = await self.hub.directory.get(USER, self.people[login].id)
        self.people[login] = await self.hub.directory.replace(person, {**person.document, **attributes})

    async def join(self, group: str, login: str) -> None:
        """Add a person to a group."""
        await self.hub.directory.change_members(self.groups[group].id, add=[self.people[login].id])
        self.members[group].add(login)

    async def dismiss(self, login: str) -> Resource:
        """Delete a person who is in no group and manages nobody."""
        person = self.people.pop(login)
        await self.hub.directory.delete(await self.hub.directory.get(USER, person.id))
        return person

    async def reconnect(self, **settings: Any) -> None:
        """Change the connection's settings, as an administrator does."""
        connection = await self.hub.connections.get(CONNECTION)
        await self.hub.connections.update(replace(connection, settings={**connection.settings, **settings}))

    # The hub at work

    async def work(self) -> None:
        """Work the queue off, many jobs at once."""
        await drain(self.hub)

    async def settle(self, *, escrowed: int = 0, rounds: int = 25) -> None:
        """Let time pass, sweep and work until nothing is behind but so many refused links, and what waits for them."""
        for _ in range(rounds):
            await self.work()
            await self.hub.sweeper.sweep()
            counts = await self.hub.health.counts()
            stopped = counts.unavailable or counts.quarantined
            waiting = counts.waiting if escrowed else 0
            if not (counts.jobs_waiting or counts.outbox or stopped) and counts.links_behind == escrowed + waiting:
                return
            await self.let_time_pass()
            await self.hub.sweeper.sweep()
        raise AssertionError(f"not settled: {counts}")

    async def let_time_pass(self) -> None:
        """Make everything due that waits for a time: the circuit's probe, the clocks of links and memberships.

        Quarantines stay: their time is an administrator's.
        """
        table = self.hub.links.table
        state = await self.hub.circuits.get(CONNECTION, fresh=True)
        if state.status == "unavailable" and state.until:
            past = state.until - timedelta(days=1)
            await table.transact([merge({"PartitionKey": CONNECTION, "RowKey": STATE_ROW, "until": past})])
            self.hub.circuits._seen.clear()
        for row in await table.query(CONNECTION, "d:", "d;"):
            key = row["RowKey"].split(":", 2)[2]
            if row["RowKey"] == _PAST + key:
                continue
            await table.transact(
                [
                    merge({"PartitionKey": CONNECTION, "RowKey": key, "due": _PAST + key}),
                    insert({"PartitionKey": CONNECTION, "RowKey": _PAST + key, "status": row["status"]}),
                    delete(CONNECTION, row["RowKey"]),
                ]
            )
        if isinstance(self.target, GraphTarget):
            self.target.simulator.clock.advance(30)


@asynccontextmanager
async def connected(
    storage: Storage, target: Target, monkeypatch: pytest.MonkeyPatch, *, takes_over: bool = True
) -> AsyncIterator[Office]:
    """A hub whose one connection leads to the target. Unless it ``takes_over``, accounts that exist are not linked."""
    matching: dict[ObjectKind, tuple[str, ...]] = {} if takes_over else {USER: (), GROUP: ()}
    monkeypatch.setenv("LOCKSTEP_SECRET_TARGET", target.secret)
    if isinstance(target, GraphTarget):
        monkeypatch.setenv("LOCKSTEP_TRUSTED_HOSTS", f"localhost:{target.port}")
    hub = Hub.over(storage, Settings(sweep_grace_seconds=1, lease_seconds=20))
    hub = replace(hub, sweeper=replace(hub.sweeper, grace=timedelta()))
    hub.connections._active_seconds = 0.0
    send = hub.jobs.send
    # A job that finds its link held is back at once, and not a second later.
    monkeypatch.setattr(hub.jobs, "send", lambda jobs, **_: send(jobs))
    await hub.connections.create(
        Connection(CONNECTION, CONNECTION, target.kind, enabled=True, settings=target.settings(), matching=matching)
    )
    try:
        yield Office(hub, target)
    finally:
        await hub.connectors.close()
