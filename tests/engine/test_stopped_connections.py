"""What stops a connection, and what does not end the stop: jobs that were under way when it began."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Attributes, ObjectKind
from connectors.errors import Misconfigured, Rejected, Unavailable
from connectors.memory import MemoryConnector
from provisioning.engine.circuit import Health
from provisioning.engine.links import LinkStatus
from tests.engine.conftest import World

DOWN = Unavailable("The connection was lost.", code="memory.lost", fix="It is tried again.")
UNTRUSTED = Misconfigured("The certificate is not trusted.", code="memory.tls", fix="Enter the authority.")


async def test_lost_connections_do_not_turn_a_quarantine_into_a_stop_of_some_seconds(world: World) -> None:
    connection = await world.hub.connections.get("target")
    await world.hub.circuits.quarantine(connection, UNTRUSTED)
    for _ in range(5):
        await world.hub.circuits.failed(connection, DOWN)
    state = await world.hub.circuits.get("target", fresh=True)
    assert (state.status, state.code) == (Health.QUARANTINED, "memory.tls")
    assert state.stops(connection, datetime.now(UTC) + timedelta(minutes=4))


async def test_a_misconfigured_connection_is_quarantined_although_its_circuit_is_open(world: World) -> None:
    connection = await world.hub.connections.get("target")
    for _ in range(3):
        await world.hub.circuits.failed(connection, DOWN)
    await world.hub.circuits.quarantine(connection, UNTRUSTED)
    state = await world.hub.circuits.get("target", fresh=True)
    assert (state.status, state.code, state.fix) == (Health.QUARANTINED, "memory.tls", "Enter the authority.")
    assert await world.told() == [("connection", "waiting", "memory.lost"), ("connection", "failure", "memory.tls")]


@pytest.mark.parametrize("reason", ["quarantine", "circuit"])
async def test_a_job_that_was_under_way_before_a_stop_does_not_end_it(world: World, reason: str) -> None:
    connection = await world.hub.connections.get("target")
    if reason == "quarantine":
        await world.hub.circuits.quarantine(connection, UNTRUSTED)
    else:
        for _ in range(3):
            await world.hub.circuits.failed(connection, DOWN)
    await world.hub.circuits.succeeded(connection)
    assert (await world.hub.circuits.get("target", fresh=True)).stops(connection, datetime.now(UTC))
    assert ("connection", "success", "connection.back") not in await world.told()


async def test_a_step_that_fails_after_an_account_was_found_is_told_as_what_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.user("mira")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    await world.connect("other")
    world.targets["other"].accounts["1"] = account

    async def lost(*_: object) -> None:
        raise DOWN

    monkeypatch.setattr(MemoryConnector, "update", lost)
    mira = (await world.hub.directory.find(ObjectKind.USER, "userName", "mira", "entra"))[0]
    await world.patch(mira, title="Lead")
    await world.settle()
    assert await world.told(connection="other") == [("link", "success", ""), ("update", "waiting", "memory.lost")]


async def test_an_account_that_was_made_in_part_is_found_again_although_none_is_taken_over(
    empty_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = empty_world
    await world.connect(matching={ObjectKind.USER: ()})
    create = MemoryConnector.create

    async def partly(self: MemoryConnector, kind: ObjectKind, given: Attributes, *, active: bool) -> None:
        await create(self, kind, given, active=active)
        refused = Rejected("The password is refused.", code="memory.passwordPolicy", fix="Another one.")
        refused.may_have_happened = True
        raise refused

    with monkeypatch.context() as patched:
        patched.setattr(MemoryConnector, "create", partly)
        mira = await world.user("mira")
        await world.settle()
        assert (await world.link(mira)).status is LinkStatus.ESCROWED
    await world.patch(mira, title="Lead")
    await world.settle()
    assert (await world.link(mira)).status is LinkStatus.APPLIED
    assert len(world.target.accounts) == 1
