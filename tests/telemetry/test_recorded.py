"""What the hub records while it works: jobs by how they ended, SCIM requests as answered, refused calls by reason."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import Misconfigured, Rejected
from provisioning.engine.jobs import Job, JobType
from provisioning.scim.endpoint import ScimEndpoint
from provisioning.sources.rates import Rate
from tests.engine.conftest import USER, World, empty_world, settings, world
from tests.scim.conftest import Client
from tests.telemetry.conftest import Recorded

__all__ = ["empty_world", "settings", "world"]


def jobs(recorded: Recorded) -> list[tuple[str, str, str]]:
    """Connection, type and outcome of each job that was recorded."""
    return [
        (attributes["connection"], attributes["type"], attributes["outcome"])
        for name, _, attributes in recorded
        if name == "lockstep.jobs"
    ]


async def test_a_job_that_did_its_work_is_done_and_its_time_is_told(world: World, recorded: Recorded) -> None:
    await world.user("mira")
    await world.settle()
    assert jobs(recorded) == [("target", "converge", "done")]
    assert [name for name, value, _ in recorded if value > 0 and name == "lockstep.jobs.duration"]


@pytest.mark.parametrize("error", [Rejected("x", code="memory.refused"), Misconfigured("x", code="memory.denied")])
async def test_a_job_that_the_system_refused_is_failed(
    world: World, recorded: Recorded, error: Rejected | Misconfigured
) -> None:
    world.target.failure = error
    await world.user("mira")
    await world.settle()
    assert jobs(recorded) == [("target", "converge", "failed")]


async def test_a_group_whose_member_is_refused_is_a_failed_job(world: World, recorded: Recorded) -> None:
    mira = await world.user("mira")
    staff = await world.group("staff", mira)
    await world.settle()
    recorded.clear()
    world.target.failure = Rejected("x", code="memory.refused")
    await world.hub.directory.change_members(staff.id, remove=[mira.id])
    await world.settle()
    assert jobs(recorded) == [("target", "members", "failed")]


async def test_a_job_whose_link_is_held_is_busy(world: World, recorded: Recorded) -> None:
    mira = await world.user("mira")
    await world.settle()
    link = await world.link(mira)
    await world.hub.links.lease(link)
    recorded.clear()
    await world.patch(mira, displayName="Mira")
    await world.run(await world.take())
    assert jobs(recorded) == [("target", "converge", "busy")]


async def test_a_job_of_a_connection_that_stands_still_is_dropped(world: World, recorded: Recorded) -> None:
    connection = await world.hub.connections.get("target")
    await world.hub.circuits.quarantine(connection, Misconfigured("x", code="memory.denied"))
    await world.run([Job(JobType.CONVERGE, "target", USER, "u"), Job(JobType.CONVERGE, "unknown", USER, "u")])
    assert jobs(recorded) == [("target", "converge", "dropped"), ("unknown", "converge", "dropped")]


async def test_a_jobs_line_names_what_it_was_about(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    mira = await world.user("mira")
    await world.settle()
    (line,) = [json.loads(each.getMessage()) for each in caplog.records if each.name == "provisioning.engine.executor"]
    assert line["message"] == "job done"
    assert (line["connection"], line["type"], line["kind"], line["resource"]) == ("target", "converge", "User", mira.id)
    assert line["correlation"]


async def test_a_connection_that_stops_is_a_line_with_the_code(world: World, caplog: pytest.LogCaptureFixture) -> None:
    connection = await world.hub.connections.get("target")
    await world.hub.circuits.quarantine(connection, Misconfigured("words", code="ldap.invalidCredentials"))
    (line,) = [json.loads(each.getMessage()) for each in caplog.records if "connection stopped" in each.getMessage()]
    assert (line["connection"], line["health"], line["code"]) == ("target", "quarantined", "ldap.invalidCredentials")


async def test_a_message_of_a_later_version_is_read_without_what_it_has_added() -> None:
    job = Job(JobType.CONVERGE, "target", USER, "u", correlation="c", trace="00-0-0-00")
    body = json.dumps({**job.message(), "flavour": "new"})
    assert Job.parse(body) == job
    assert Job.parse('{"v": 1, "type": "converge", "connection": "target"}').trace == ""


@pytest.fixture
async def client(world: World) -> Client:
    """A SCIM client of the world's hub."""
    await world.hub.sources.create("entra", "Entra")
    _, token = await world.hub.sources.issue("entra", "", datetime.now(UTC) + timedelta(days=1))
    return Client(ScimEndpoint(world.hub.directory, world.hub.sources, 4_194_304), token)


async def test_a_scim_request_is_told_by_method_resource_and_status(client: Client, recorded: Recorded) -> None:
    await client.send("GET", "/Users")
    await client.send("get", "/groups/unknown")
    await client.send("BREW", "/mira@northwind.example/Users")
    told = {
        (attributes["method"], attributes["resource"], attributes["status"])
        for name, _, attributes in recorded
        if name == "lockstep.scim.requests"
    }
    assert told == {("GET", "Users", "200"), ("GET", "Groups", "404"), ("other", "other", "405")}
    assert "mira" not in repr(recorded)


async def test_a_refused_call_is_told_by_its_reason(client: Client, recorded: Recorded) -> None:
    for authorization in ("Bearer made-up", ""):
        await client.send("GET", "/Users", headers={"authorization": authorization})
    await client.endpoint.sources.change("entra", lambda source: replace(source, rate=Rate(1, 1)))
    for _ in range(3):
        await client.send("GET", "/Users")
    reasons = [attributes["reason"] for name, _, attributes in recorded if name == "lockstep.scim.refused"]
    assert reasons == ["unknown", "missing", "rate", "rate"]
