"""A job that failed for good becomes a report entry and a clock: nothing ends in a queue nobody reads."""

import json

from connectors.contract import ObjectKind
from provisioning.backup.runs import Position
from provisioning.engine.jobs import Job, JobType, backup_job
from provisioning.engine.links import LinkStatus
from tests.engine.conftest import World


async def test_a_poisoned_job_is_reported_and_its_link_escrowed_with_a_clock(world: World) -> None:
    mira = await world.user("mira")
    (job,) = await world.take()
    await world.hub.poison.read(json.dumps(job.message()).encode())
    link = await world.link(mira)
    assert (link.status, link.problem.code) == (LinkStatus.ESCROWED, "job.poisoned")
    assert len(await world.hub.links.table.query("target", "d:", "d;")) == 1
    entry = (await world.report())[-1]
    assert (entry.code, entry.resource_id, entry.correlation) == ("job.poisoned", mira.id, job.correlation)


async def test_a_poisoned_members_job_escrows_each_membership(world: World) -> None:
    mira = await world.user("mira")
    risk = await world.group("Risk", mira)
    job = Job(JobType.MEMBERS, "target", ObjectKind.GROUP, risk.id, members=(mira.id,))
    await world.hub.poison.read(json.dumps(job.message()).encode())
    row = await world.hub.links.member("target", risk.id, mira.id)
    assert row is not None
    assert row.status is LinkStatus.ESCROWED
    await world.settle()
    assert world.members("Risk") == {"mira"}


async def test_a_message_that_is_no_job_is_reported_by_its_digest_without_its_content(world: World) -> None:
    await world.hub.poison.read(b"mira's secret")
    (entry,) = await world.report(connection="hub")
    assert entry.code == "job.malformed"
    assert "mira" not in entry.reason


async def test_a_poisoned_backup_is_reported_with_the_runs_name_and_what_to_do(world: World) -> None:
    job = backup_job(Position("20261123T024700Z", "links"))
    await world.hub.poison.read(json.dumps(job.message()).encode())
    (entry,) = await world.report(connection="hub")
    assert (entry.code, entry.kind, entry.resource_id) == ("job.poisoned", "", "")
    assert entry.correlation == "20261123T024700Z"
    assert "provisioning.backup save" in entry.recommended_action
