"""The sweeper: what was committed arrives although messages are lost, and what has arrived is swept away."""

import asyncio

from provisioning.directory.counts import count_row
from provisioning.directory.keys import new_generation
from provisioning.engine.jobs import Job, JobType
from provisioning.engine.links import acknowledgement_key
from provisioning.storage.entities import upsert
from tests.engine.conftest import USER, World


async def outbox(world: World) -> int:
    return (await world.hub.health.counts()).outbox


async def later(world: World) -> None:
    """Wait until the grace of a change is over."""
    await asyncio.sleep(1.1)


async def test_what_all_connections_have_taken_over_is_swept_away(world: World) -> None:
    await world.connect("other")
    await world.group("Risk", await world.user("mira"))
    assert await outbox(world) == 3
    await world.settle()
    swept = await world.sweep()
    assert (swept.sent, swept.removed) == (0, 3)
    assert await outbox(world) == 0
    for connection in ("target", "other"):
        assert await world.hub.links.table.query(connection, "k:", "k;") == []


async def test_lost_messages_are_sent_again_after_the_grace(world: World) -> None:
    mira = await world.user("mira")
    await world.group("Risk", mira)
    await world.lose()
    assert (await world.sweep()).sent == 0
    await later(world)
    assert (await world.sweep()).sent == 3
    await world.settle()
    assert world.members("Risk") == {"mira"}
    assert (await world.sweep()).removed == 3


async def test_only_the_connection_that_missed_a_change_is_told_again(world: World) -> None:
    await world.connect("other")
    await world.user("mira")
    await world.run([job for job in await world.lose() if job.connection == "target"])
    await later(world)
    await world.sweep()
    assert [job.connection for job in await world.take()] == ["other"]


async def test_messages_that_are_lost_again_are_sent_again_ever_less_often(world: World) -> None:
    await world.user("mira")
    await world.lose()
    await later(world)
    assert (await world.sweep()).sent == 1
    await world.lose()
    await later(world)
    assert (await world.sweep()).sent == 0
    await later(world)
    assert (await world.sweep()).sent == 1


async def test_a_change_that_another_job_has_carried_out_is_acknowledged_when_swept(world: World) -> None:
    mira = await world.user("mira")
    await world.patch(mira, title="Lead")
    first, second = await world.take()
    await world.run([second, first])
    await later(world)
    await world.sweep()
    await world.settle()
    await world.sweep()
    assert await outbox(world) == 0


async def test_a_deleted_users_memberships_go_although_the_message_was_lost(world: World) -> None:
    mira = await world.user("mira")
    risk = await world.group("Risk", mira)
    await world.settle()
    await world.delete(mira)
    await world.lose()
    await later(world)
    await world.sweep()
    await world.settle()
    assert [each async for each in world.hub.directory.memberships.members(risk.id)] == []
    await later(world)
    await world.sweep()
    await world.settle()
    await world.sweep()
    assert await outbox(world) == 0


async def test_without_connections_the_outbox_does_not_grow(empty_world: World) -> None:
    await empty_world.user("mira")
    await empty_world.sweep()
    assert await outbox(empty_world) == 0


async def test_an_acknowledgement_without_its_outbox_row_is_tidied_away(world: World) -> None:
    mira = await world.user("mira")
    jobs = await world.take()
    await world.run(jobs)
    await world.sweep()
    await world.hub.links.table.transact(
        [upsert({"PartitionKey": "target", "RowKey": acknowledgement_key("users", mira.generation)})]
    )
    await later(world)
    assert await world.hub.sweeper.tidy() == 1
    assert await world.hub.links.table.query("target", "k:", "k;") == []


async def test_a_resync_brings_everybody_into_a_new_connection(world: World) -> None:
    people = [await world.user(f"u{n}") for n in range(5)]
    await world.group("Risk", *people)
    await world.settle()
    await world.connect("late")
    await world.hub.jobs.send([Job(JobType.RESYNC, "late", USER)])
    await world.settle()
    assert len(world.targets["late"].accounts) == 6
    assert world.members("Risk", "late") == {f"u{n}" for n in range(5)}


async def test_a_resync_of_what_is_in_step_changes_nothing(world: World) -> None:
    await world.group("Risk", await world.user("mira"))
    await world.settle()
    calls, entries = list(world.target.calls), await world.report()
    await world.hub.jobs.send([Job(JobType.RESYNC, "target", USER)])
    await world.settle()
    assert world.target.calls == calls
    assert await world.report() == entries


async def test_what_tells_how_many_resources_there_are_is_folded(world: World) -> None:
    rows = [count_row(USER, new_generation(), 1) for _ in range(100)]
    await world.hub.storage.table("directory").transact(rows)
    assert (await world.sweep()).folded == 99
    assert await world.hub.directory.counts.of(USER) == 100
    assert (await world.sweep()).folded == 0
