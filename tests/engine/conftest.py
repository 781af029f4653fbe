"""A hub with an in-memory target, and a queue that the test works off itself: jobs run when it says so."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from connectors.contract import Account, ObjectKind
from connectors.memory import DIRECTORIES
from connectors.memory import Directory as Target
from provisioning.connections.connection import Connection
from provisioning.directory.resources import Resource
from provisioning.engine.jobs import Job
from provisioning.engine.links import Link
from provisioning.engine.sweeper import Swept
from provisioning.hub import Hub
from provisioning.reports.entries import Entry
from provisioning.settings import Settings
from provisioning.storage.store import Storage
from tests.draining import take

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(slots=True)
class World:
    """The hub, its targets by connection id, and shorthands that read well in tests."""

    hub: Hub
    targets: dict[str, Target] = field(default_factory=dict)
    delivered: list[Job] = field(default_factory=list)

    async def connect(self, connection_id: str = "target", **fields: Any) -> Connection:
        """Add an enabled connection with a target of its own."""
        name = f"{id(self)}-{connection_id}"
        self.targets[connection_id] = DIRECTORIES[name] = Target()
        connection = Connection(
            connection_id, connection_id, "memory", enabled=True, settings={"directory": name}, **fields
        )
        return await self.hub.connections.create(connection)

    async def change(self, connection_id: str = "target", **fields: Any) -> Connection:
        """Change a connection's fields."""
        connection = await self.hub.connections.get(connection_id)
        return await self.hub.connections.update(replace(connection, **fields))

    @property
    def target(self) -> Target:
        """The only target."""
        return self.targets["target"]

    async def user(self, name: str, **attributes: Any) -> Resource:
        """Create a user as SCIM would."""
        return await self.hub.directory.create(USER, {"userName": name, "displayName": name, **attributes}, "entra")

    async def group(self, name: str, *members: Resource) -> Resource:
        """Create a group as SCIM would."""
        made = await self.hub.directory.create(GROUP, {"displayName": name}, "entra")
        if members:
            await self.hub.directory.change_members(made.id, add=[member.id for member in members])
        return made

    async def patch(self, resource: Resource, **attributes: Any) -> Resource:
        """Change a resource's attributes."""
        current = await self.hub.directory.get(resource.kind, resource.id)
        return await self.hub.directory.replace(current, {**current.document, **attributes})

    async def delete(self, resource: Resource) -> None:
        """Delete a resource."""
        await self.hub.directory.delete(await self.hub.directory.get(resource.kind, resource.id))

    async def take(self) -> list[Job]:
        """Take what is visible on the queue, without running it."""
        return await take(self.hub)

    async def lose(self) -> list[Job]:
        """Lose every message on the queue, as a crash between commit and enqueue does."""
        return await self.take()

    async def run(self, jobs: list[Job], *, at_once: bool = False) -> None:
        """Run jobs one after the other, or all at once."""
        self.delivered += jobs
        if at_once:
            await asyncio.gather(*(self.hub.executor.execute(job) for job in jobs))
            return
        for job in jobs:
            await self.hub.executor.execute(job)

    async def settle(self, *, rounds: int = 60, shuffle: bool = False, at_once: bool = True) -> None:
        """Work the queue off until nothing is left on it, what was put back for a second included."""
        for _ in range(rounds):
            jobs = await self.take()
            if shuffle:
                random.Random(7).shuffle(jobs)
            await self.run(jobs, at_once=at_once)
            if not jobs:
                if await self.hub.storage.queue("provisioning-jobs").length() == 0:
                    return
                await asyncio.sleep(0.25)
        raise AssertionError("The queue does not run empty.")

    async def sweep(self) -> Swept:
        """Let the sweeper run once."""
        return await self.hub.sweeper.sweep()

    async def link(self, resource: Resource, connection: str = "target") -> Link:
        """The link of a resource."""
        link = await self.hub.links.get(connection, resource.id)
        assert link is not None
        return link

    def account(self, name: str, connection: str = "target") -> Account | None:
        """The account with a login or group name, ignoring case."""
        accounts = self.targets[connection].accounts.values()
        found = [each for each in accounts if each.name.lower() == name.lower()]
        assert len(found) < 2, f"duplicate account {name}"
        return found[0] if found else None

    def members(self, name: str, connection: str = "target") -> set[str]:
        """The names of a group account's members."""
        group = self.account(name, connection)
        assert group is not None
        target = self.targets[connection]
        return {target.accounts[member].name for member in target.members[group.remote_id]}

    async def report(self, **search: Any) -> list[Entry]:
        """The report's entries, oldest first."""
        return list(reversed((await self.hub.reports.search(limit=200, **search)).entries))

    async def told(self, **search: Any) -> list[tuple[str, str, str]]:
        """Action, status and code of the report's entries, oldest first."""
        return [(each.action.value, each.status.value, each.code) for each in await self.report(**search)]


@pytest.fixture
def settings() -> Settings:
    """Short terms, so that tests need not wait."""
    return Settings(sweep_grace_seconds=1, lease_seconds=5)


@pytest.fixture
async def empty_world(storage: Storage, settings: Settings) -> AsyncIterator[World]:
    """A hub without connections. Other instances' caches are not waited for."""
    hub = Hub.over(storage, settings)
    hub.connections._active_seconds = 0.0
    yield World(hub)
    await hub.connectors.close()


@pytest.fixture
async def world(empty_world: World) -> World:
    """A hub with one connection, ``target``."""
    await empty_world.connect()
    return empty_world
