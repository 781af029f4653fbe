"""Level-triggered: jobs may come twice, in any order, ten at a time; the end is the same and repeats change nothing."""

import asyncio
import random
from datetime import UTC, datetime

from provisioning.engine.link_store import LinkBusy
from provisioning.engine.links import Link, LinkStatus
from tests.engine.conftest import World


async def busy_life(world: World) -> None:
    """A user's changes, whose jobs all wait on the queue together."""
    mira = await world.user("mira", title="Analyst")
    for title in ("Lead", "Head", "Chief"):
        mira = await world.patch(mira, title=title)
    mira = await world.patch(mira, userName="mira.lind", active=False)
    await world.patch(mira, active=True, title="Fellow")


def fellow(world: World) -> None:
    account = world.account("mira.lind")
    assert account is not None
    assert account.active
    assert account.attributes["title"] == "Fellow"
    assert len(world.target.accounts) == 1


async def test_ten_jobs_for_one_user_at_once_leave_one_account_in_its_newest_state(world: World) -> None:
    await busy_life(world)
    jobs = await world.take()
    await world.run((jobs * 2)[:10], at_once=True)
    await world.settle()
    fellow(world)


async def test_jobs_in_any_order_end_in_the_same_state(world: World) -> None:
    await busy_life(world)
    jobs = await world.take()
    for seed in range(3):
        random.Random(seed).shuffle(jobs)
        await world.run(jobs)
        fellow(world)


async def test_a_second_delivery_changes_nothing(world: World) -> None:
    await busy_life(world)
    await world.group("Risk", await world.user("noor"))
    await world.settle()
    calls, entries = list(world.target.calls), await world.report()
    links = {each: await world.hub.links.table.query("target", "l:", "l;") for each in ("target",)}
    await world.run(world.delivered)
    await world.settle()
    assert world.target.calls == calls
    assert await world.report() == entries
    assert {each: await world.hub.links.table.query("target", "l:", "l;") for each in ("target",)} == links


async def test_a_delete_overtakes_the_changes_before_it(world: World) -> None:
    mira = await world.user("mira")
    await world.patch(mira, title="Lead")
    await world.delete(mira)
    jobs = await world.take()
    await world.run(list(reversed(jobs)), at_once=False)
    await world.settle()
    assert world.account("mira") is None


async def test_a_leased_link_is_left_alone_and_looked_at_later(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    held = await world.hub.links.lease(await world.link(mira))
    await world.patch(mira, title="Lead")
    await world.run(await world.take())
    account = world.account("mira")
    assert account is not None
    assert not account.attributes.get("title")
    await world.hub.links.release(held)
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.attributes["title"] == "Lead"


async def test_a_lease_that_ran_out_is_taken_over_and_its_holder_cannot_settle(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    held = await world.hub.links.lease(await world.link(mira))
    await world.patch(mira, title="Lead")
    await world.settle(rounds=100)
    link = await world.link(mira)
    assert link.lease != held.lease
    assert link.status is LinkStatus.APPLIED
    account = world.account("mira")
    assert account is not None
    assert account.attributes["title"] == "Lead"


async def test_a_job_that_finds_the_link_held_comes_back_in_seconds_not_after_the_lease(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    await world.hub.links.lease(await world.link(mira))
    (stored,) = [Link.of(row) for row in await world.hub.links.table.query("target", "l:", "l;")]
    assert stored.lease_left(datetime.now(UTC)) > 4
    for left in (0.0, 4.0, 60.0, 3600.0):
        assert 1 <= LinkBusy(left).retry_in <= 3
    await world.patch(mira, title="Lead")
    await world.run(await world.take())
    await asyncio.sleep(1.2)
    assert len(await world.take()) == 1
