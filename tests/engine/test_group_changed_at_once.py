"""A group whose attributes and members changed in one transaction arrives whole, in any order of its two jobs."""

import asyncio

import pytest

from connectors.contract import ObjectKind
from provisioning.directory.memberships import edits
from provisioning.engine.jobs import JobType
from tests.engine.conftest import World


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_rename_with_members_makes_a_job_for_each_and_both_arrive(world: World, backwards: bool) -> None:
    mira, noor = await world.user("mira"), await world.user("noor")
    risk = await world.group("Risk", mira)
    await world.settle()
    group = await world.hub.directory.get(ObjectKind.GROUP, risk.id)
    await world.hub.directory.replace(group, {**group.document, "displayName": "Audit"}, edits([noor.id], [mira.id]))
    jobs = await world.take()
    assert [job.type for job in jobs] == [JobType.CONVERGE, JobType.MEMBERS]
    await world.run(jobs[::-1] if backwards else jobs)
    await world.settle()
    assert world.account("Risk") is None
    assert world.members("Audit") == {"noor"}


async def test_jobs_of_both_that_were_lost_are_sent_again(world: World) -> None:
    mira = await world.user("mira")
    risk = await world.group("Risk")
    await world.settle()
    group = await world.hub.directory.get(ObjectKind.GROUP, risk.id)
    await world.hub.directory.replace(group, {**group.document, "displayName": "Audit"}, edits([mira.id], []))
    await world.sweep()
    await world.lose()
    await asyncio.sleep(1.1)  # until the grace of the change is over
    assert (await world.sweep()).sent == 2
    await world.settle()
    assert world.members("Audit") == {"mira"}
