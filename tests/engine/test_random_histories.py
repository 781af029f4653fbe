"""Whatever happens to people, to messages and to the target, in whatever order: the target ends as the directory says.

Each history is drawn from a seed: changes of users, groups, managers and memberships, with jobs lost, doubled, shuffled
and run at once, and a target that is down or loses its answers for a while. Afterwards only the sweeper helps.
"""

import asyncio
import random
import time
from typing import Any

import pytest

from connectors.contract import ObjectKind, Reference
from connectors.errors import Rejected, Unavailable
from provisioning.directory.resources import Resource, ResourceMissing
from provisioning.engine.jobs import Job
from provisioning.storage.entities import delete, insert, merge
from tests.engine.conftest import MANAGER, World

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
STEPS = 60


class History:
    """One run of chance."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.users: list[Resource] = []
        self.groups: list[Resource] = []
        self.names = iter(f"name{number}" for number in range(10_000))

    async def step(self) -> None:
        """Do one thing to the directory, and sometimes something to the messages or the target."""
        act = self.chance.choice(
            [
                *(self.hire, self.hire, self.change, self.change, self.rename, self.toggle, self.manage, self.leave),
                *(self.found, self.dissolve, self.join, self.member, self.member, self.member),
            ]
        )
        await act()
        if self.chance.random() < 0.35:
            await self.work()
        if self.chance.random() < 0.08:
            await self.disturb()

    async def work(self) -> None:
        """Run the jobs that wait: some lost, some twice, in any order."""
        jobs: list[Job] = []
        for job in await self.world.take():
            jobs += [job] * self.chance.choice([0, 1, 1, 1, 1, 2])
        self.chance.shuffle(jobs)
        await self.world.run(jobs, at_once=self.chance.random() < 0.5)

    async def disturb(self) -> None:
        """Let the target misbehave, or behave again."""
        target = self.world.target
        target.failure = self.chance.choice(
            [None, None, Unavailable("down", code="memory.down"), Rejected("no", code="memory.no")]
        )
        target.answers_lost = self.chance.random() < 0.3

    async def hire(self) -> None:
        name = next(self.names)
        self.users.append(await self.world.user(name, active=self.chance.random() < 0.85, title="new"))

    async def found(self) -> None:
        self.groups.append(await self.world.group(next(self.names)))

    async def change(self) -> None:
        await self._patch(title=self.chance.choice([None, "", "Analyst", "Lead", "Head"]))

    async def rename(self) -> None:
        await self._patch(userName=next(self.names))

    async def toggle(self) -> None:
        await self._patch(active=self.chance.random() < 0.6)

    async def manage(self) -> None:
        if self.users:
            boss = self.chance.choice(self.users)
            await self._patch(**{MANAGER: {"manager": {"value": boss.id}} if self.chance.random() < 0.8 else None})

    async def join(self) -> None:
        if self.users and self.groups:
            some = self.chance.sample(self.users, min(len(self.users), 4))
            await self._members(self.chance.choice(self.groups), add=[each.id for each in some])

    async def member(self) -> None:
        if self.users and self.groups:
            who = [self.chance.choice(self.users).id]
            group = self.chance.choice(self.groups)
            await self._members(group, **{self.chance.choice(["add", "remove"]): who})

    async def leave(self) -> None:
        if self.users:
            await self.world.delete(self.users.pop(self.chance.randrange(len(self.users))))

    async def dissolve(self) -> None:
        if len(self.groups) > 1 and self.chance.random() < 0.5:
            await self.world.delete(self.groups.pop(self.chance.randrange(len(self.groups))))

    async def _patch(self, **attributes: Any) -> None:
        if self.users:
            await self.world.patch(self.chance.choice(self.users), **attributes)

    async def _members(self, group: Resource, **change: list[str]) -> None:
        await self.world.hub.directory.change_members(group.id, **change)  # type: ignore[arg-type]

    async def calm(self) -> None:
        """Let the target work, and the sweeper bring everything in step."""
        self.world.target.failure = None
        self.world.target.answers_lost = False
        await self.world.hub.circuits.free(await self.world.hub.connections.get("target"))
        end = time.monotonic() + 100
        while time.monotonic() < end:
            await ring_all(self.world)
            await self.world.sweep()
            await self.world.settle()
            counts = await self.world.hub.health.counts()
            if not (counts.outbox or counts.links_behind - counts.waiting or counts.unavailable):
                return
            await asyncio.sleep(0.5)
        due = await self.world.hub.links.table.query("target", "d:", "d;")
        rows = [await self.world.hub.links.table.get("target", row["RowKey"].split(":", 2)[2]) for row in due]
        raise AssertionError(
            f"does not come to rest: {counts} {[(row['code'], row['message']) for row in rows if row]}"
        )

    async def check(self) -> None:
        """Compare the target with the directory."""
        hub, target = self.world.hub, self.world.target
        links = {each.id: await hub.links.get("target", each.id) for each in (*self.users, *self.groups)}
        remote = {key: link.remote_id for key, link in links.items() if link is not None and link.remote_id}
        assert sorted(remote.values()) == sorted(target.accounts), "an account without an owner, or two for one"
        for user in [await hub.directory.get(USER, each.id) for each in self.users]:
            wanted = dict(user.document)
            active = wanted.get("active") is not False
            if user.id not in remote:
                assert not active, f"{wanted['userName']} has no account"
                continue
            account = target.accounts[remote[user.id]]
            assert (account.name, account.active) == (wanted["userName"], active)
            assert (account.attributes.get("title") or None) == (wanted.get("title") or None)
            boss = ((wanted.get(MANAGER) or {}).get("manager") or {}).get("value")
            stands = account.attributes.get("manager")
            if boss in remote:
                assert isinstance(stands, Reference)
                assert stands.remote_id == remote[boss]
        for group in self.groups:
            members = {each async for each in hub.directory.memberships.members(group.id)}
            assert set(target.members[remote[group.id]]) == {remote[each] for each in members if each in remote}
        for gone in set(links) - {each.id for each in (*self.users, *self.groups)}:
            with pytest.raises(ResourceMissing):
                await hub.directory.get(USER, gone)


async def ring_all(world: World) -> None:
    """Turn every clock back, so that nobody waits for its time."""
    table = world.hub.links.table
    for row in await table.query("target", "d:", "d;"):
        _, when, key = row["RowKey"].split(":", 2)
        if when.startswith("000000"):
            continue
        past = f"d:0000000000000001:{key}"
        await table.transact(
            [
                merge({"PartitionKey": "target", "RowKey": key, "due": past}),
                insert({"PartitionKey": "target", "RowKey": past, "status": row["status"]}),
                delete("target", row["RowKey"]),
            ]
        )


@pytest.mark.parametrize("seed", range(4))
async def test_the_target_ends_as_the_directory_says(world: World, seed: int) -> None:
    history = History(world, seed)
    for _ in range(STEPS):
        await history.step()
    await history.calm()
    await history.check()
