"""What follows from each error of the tree: later, quarantine, escrow, repair. One failing object holds nobody up."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import Account, ObjectKind
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from provisioning.engine.circuit import Health
from provisioning.engine.links import LinkStatus
from provisioning.engine.retries import Effect, decide
from provisioning.storage.entities import delete, insert, merge
from tests.engine.conftest import World

REFUSED = Rejected("The title is too long.", code="memory.tooLong", fix="Shorten the title.", attribute="title")
DOWN = Unavailable("The server does not answer.", code="memory.down", fix="Start it.")
WRONG = Misconfigured("The password is wrong.", code="memory.password", fix="Give the right one.")


@pytest.mark.parametrize(
    ("error", "status", "effect", "first", "tenth"),
    [
        (DOWN, LinkStatus.RETRYING, Effect.COUNT, 5, 300),
        (Unavailable("x", code="x", retry_after=77), LinkStatus.RETRYING, Effect.COUNT, 77, 300),
        (WRONG, LinkStatus.RETRYING, Effect.QUARANTINE, 0, 0),
        (REFUSED, LinkStatus.ESCROWED, Effect.NONE, 60, 30_720),
        (NotFound("x", code="x"), LinkStatus.ESCROWED, Effect.NONE, 60, 30_720),
        (AlreadyExists("x", code="x"), LinkStatus.ESCROWED, Effect.NONE, 60, 30_720),
    ],
)
def test_the_retry_table(error: ConnectorError, status: LinkStatus, effect: Effect, first: int, tenth: int) -> None:
    decision = decide(error, 1)
    assert (decision.status, decision.effect, decision.delay) == (status, effect, timedelta(seconds=first))
    assert decide(error, 10).delay == timedelta(seconds=tenth)
    assert decide(error, 1000).delay <= timedelta(hours=24)


async def test_a_refused_object_is_escrowed_with_the_fix_and_the_others_go_on(world: World) -> None:
    world.target.failure = REFUSED
    mira = await world.user("mira")
    await world.settle()
    link = await world.link(mira)
    assert (link.status, link.problem.code, link.attempts) == (LinkStatus.ESCROWED, "memory.tooLong", 1)
    entry = (await world.report())[-1]
    assert (entry.status.value, entry.code, entry.recommended_action) == ("failure", "memory.tooLong", REFUSED.fix)
    world.target.failure = None
    await world.user("noor")
    await world.settle()
    assert world.account("noor") is not None


async def test_an_escrowed_link_is_tried_at_once_when_the_person_changes(world: World) -> None:
    world.target.failure = REFUSED
    mira = await world.user("mira")
    await world.settle()
    world.target.failure = None
    await world.patch(mira, title="Lead")
    await world.settle()
    assert world.account("mira") is not None
    assert (await world.link(mira)).attempts == 0


async def test_an_escrowed_link_is_tried_again_by_its_own_clock(world: World) -> None:
    world.target.failure = REFUSED
    mira = await world.user("mira")
    await world.settle()
    world.target.failure = None
    link = await world.link(mira)
    assert link.due
    await ring_now(world, link.due, link.key)
    assert (await world.sweep()).due == 1
    assert (await world.sweep()).due == 0
    await world.settle()
    assert world.account("mira") is not None
    assert await world.hub.links.table.query("target", "d:", "d;") == []


async def test_a_create_that_may_have_happened_is_looked_up_and_not_done_twice(world: World) -> None:
    world.target.answers_lost = True
    mira = await world.user("mira")
    await world.settle()
    assert (await world.link(mira)).status is LinkStatus.RETRYING
    world.target.answers_lost = False
    await world.change(matching={ObjectKind.USER: ()})
    link = await world.link(mira)
    await ring_now(world, link.due, link.key)
    await world.sweep()
    await world.settle()
    assert len(world.target.accounts) == 1
    assert (await world.link(mira)).remote_id in world.target.accounts


async def test_a_create_that_may_have_happened_is_found_under_its_old_name_after_a_rename(world: World) -> None:
    world.target.answers_lost = True
    mira = await world.user("mira")
    await world.settle()
    world.target.answers_lost = False
    await world.patch(mira, userName="mira.lind")
    await world.settle()
    assert [account.name for account in world.target.accounts.values()] == ["mira.lind"]


async def test_a_create_that_may_have_happened_is_undone_when_the_person_is_gone(world: World) -> None:
    world.target.answers_lost = True
    mira = await world.user("mira")
    await world.settle()
    world.target.answers_lost = False
    assert len(world.target.accounts) == 1
    await world.delete(mira)
    await world.settle()
    assert world.target.accounts == {}
    assert (await world.told())[-1] == ("delete", "success", "")


async def test_what_may_have_been_created_is_left_where_no_account_is_taken_over(empty_world: World) -> None:
    world = empty_world
    await world.connect(matching={ObjectKind.USER: ()})
    world.target.answers_lost = True
    mira = await world.user("mira")
    await world.settle()
    world.target.answers_lost = False
    await world.delete(mira)
    await world.settle()
    assert len(world.target.accounts) == 1
    assert (await world.link(mira)).problem.code == "create.unsure"


async def test_an_account_that_exists_and_may_not_be_taken_over_is_escrowed(empty_world: World) -> None:
    world = empty_world
    await world.connect(matching={ObjectKind.USER: ()})
    world.target.accounts["1"] = Account(ObjectKind.USER, "1", "mira", {"login": "mira"}, True)
    mira = await world.user("mira")
    await world.settle()
    link = await world.link(mira)
    assert (link.status, link.problem.code) == (LinkStatus.ESCROWED, "match.blocked")


async def test_a_system_that_does_not_answer_opens_the_circuit_and_nothing_is_lost(world: World) -> None:
    world.target.failure = DOWN
    people = [await world.user(f"u{n}") for n in range(8)]
    await world.settle(at_once=False)
    state = await world.hub.circuits.get("target", fresh=True)
    assert (state.status, state.code, state.fix) == (Health.UNAVAILABLE, "memory.down", "Start it.")
    assert (await world.told()).count(("create", "waiting", "memory.down")) == 3
    assert [told for told in await world.told() if told[0] == "connection"] == [
        ("connection", "waiting", "memory.down")
    ]
    world.target.failure = None
    await recovered(world)
    assert {each.name for each in world.target.accounts.values()} == {f"u{n}" for n in range(8)}
    assert (await world.told(connection="target"))[-1]
    assert ("connection", "success", "connection.back") in await world.told()
    assert len(people) == len(world.target.accounts)


async def test_one_connection_that_is_down_does_not_hold_up_another(world: World) -> None:
    await world.connect("other")
    world.target.failure = DOWN
    for n in range(5):
        await world.user(f"u{n}")
    await world.settle()
    assert len(world.targets["other"].accounts) == 5
    assert world.target.accounts == {}


async def test_a_misconfigured_connection_is_quarantined_with_the_fix_in_words(world: World) -> None:
    world.target.failure = WRONG
    await world.user("mira")
    await world.user("noor")
    await world.settle(at_once=False)
    state = await world.hub.circuits.get("target", fresh=True)
    assert (state.status, state.fix) == (Health.QUARANTINED, "Give the right one.")
    told = await world.told()
    assert told.count(("connection", "failure", "memory.password")) == 1
    assert told.count(("create", "waiting", "memory.password")) == 1
    assert (await world.hub.health.counts()).quarantined == ("target",)


async def test_a_quarantined_connection_works_again_when_it_is_changed(world: World) -> None:
    world.target.failure = WRONG
    await world.user("mira")
    await world.settle()
    world.target.failure = None
    await world.change(name="corrected")
    await recovered(world)
    assert world.account("mira") is not None
    assert (await world.hub.circuits.get("target", fresh=True)).status is Health.OK


async def test_an_administrator_frees_a_quarantined_connection(world: World) -> None:
    world.target.failure = WRONG
    await world.user("mira")
    await world.settle()
    world.target.failure = None
    await world.hub.circuits.free(await world.hub.connections.get("target"))
    await recovered(world)
    assert world.account("mira") is not None


async def ring_now(world: World, due: str, key: str) -> None:
    """Turn a clock back so that it rings now."""
    table = world.hub.links.table
    stored = await table.get("target", key)
    row = await table.get("target", due)
    assert stored is not None
    assert row is not None
    past = f"d:0000000000000001:{key}"
    await table.transact(
        [
            merge({"PartitionKey": "target", "RowKey": key, "due": past}),
            insert({"PartitionKey": "target", "RowKey": past, "status": row["status"]}),
            delete("target", due),
        ]
    )


async def recovered(world: World) -> None:
    """Let time pass until the circuit lets a probe through, and the sweeper send what waits."""
    end = datetime.now(UTC) + timedelta(seconds=25)
    while datetime.now(UTC) < end:
        await asyncio.sleep(1)
        await world.sweep()
        await world.settle()
        counts = await world.hub.health.counts()
        if not (counts.unavailable or counts.quarantined or counts.outbox or counts.links_behind):
            return
    raise AssertionError(f"not recovered: {counts}")
