"""Memberships converge row by row: in any order, by hundreds at once, waiting for accounts that are not there yet."""

import asyncio

from connectors.errors import Rejected
from provisioning.connections.connection import Features
from provisioning.engine.links import LinkStatus
from tests.engine.conftest import World


async def test_members_are_added_and_removed(world: World) -> None:
    mira, noor = await world.user("mira"), await world.user("noor")
    risk = await world.group("Risk", mira, noor)
    await world.settle()
    assert world.members("Risk") == {"mira", "noor"}
    await world.hub.directory.change_members(risk.id, remove=[mira.id])
    await world.settle()
    assert world.members("Risk") == {"noor"}
    told = await world.told()
    assert told.count(("add member", "success", "")) == 2
    assert told[-1] == ("remove member", "success", "")


async def test_a_membership_waits_for_both_accounts_and_follows_at_once(world: World) -> None:
    mira = await world.user("mira", active=False)
    risk = await world.group("Risk", mira)
    jobs = await world.take()
    await world.run([job for job in jobs if job.members])
    await world.run([job for job in jobs if not job.members])
    await world.settle()
    row = await world.hub.links.member("target", risk.id, mira.id)
    assert row is not None
    assert row.status is LinkStatus.WAITING
    await world.patch(mira, active=True)
    await world.settle()
    assert world.members("Risk") == {"mira"}


async def test_jobs_of_members_before_the_group_and_the_users_end_in_the_same_state(world: World) -> None:
    people = [await world.user(f"u{n}") for n in range(5)]
    await world.group("Risk", *people)
    jobs = await world.take()
    await world.run(list(reversed(jobs)))
    await world.settle()
    assert world.members("Risk") == {f"u{n}" for n in range(5)}


async def test_two_hundred_parallel_changes_of_one_group_all_arrive(world: World) -> None:
    people = [await world.user(f"u{n:03}") for n in range(60)]
    risk = await world.group("Risk", *people[:30])
    await world.settle()
    change = world.hub.directory.change_members
    await asyncio.gather(
        *(change(risk.id, add=[each.id]) for each in people[30:]),
        *(change(risk.id, remove=[each.id]) for each in people[:30]),
    )
    await world.settle(shuffle=True)
    assert world.members("Risk") == {f"u{n:03}" for n in range(30, 60)}


async def test_a_member_that_comes_and_goes_ends_as_the_directory_says(world: World) -> None:
    mira = await world.user("mira")
    risk = await world.group("Risk")
    await world.settle()
    for _ in range(4):
        await world.hub.directory.change_members(risk.id, add=[mira.id])
        await world.hub.directory.change_members(risk.id, remove=[mira.id])
    await world.settle(shuffle=True)
    assert world.members("Risk") == set()
    await world.hub.directory.change_members(risk.id, add=[mira.id])
    await world.settle()
    assert world.members("Risk") == {"mira"}


async def test_a_deleted_user_leaves_the_groups_of_the_hub_and_of_a_target_that_keeps_the_account(
    empty_world: World,
) -> None:
    world = empty_world
    await world.connect(deletion="deactivate")
    mira, noor = await world.user("mira"), await world.user("noor")
    risk = await world.group("Risk", mira, noor)
    await world.settle()
    await world.delete(mira)
    await world.settle()
    assert [each async for each in world.hub.directory.memberships.members(risk.id)] == [noor.id]
    assert world.members("Risk") == {"noor"}


async def test_a_deactivated_user_keeps_the_memberships(world: World) -> None:
    mira = await world.user("mira")
    await world.group("Risk", mira)
    await world.settle()
    await world.patch(mira, active=False)
    await world.settle()
    assert world.members("Risk") == {"mira"}


async def test_nested_groups_are_members(world: World) -> None:
    inner = await world.group("Inner")
    await world.group("Outer", inner)
    await world.settle()
    assert world.members("Outer") == {"Inner"}


async def test_an_account_that_is_made_again_is_back_in_its_groups(world: World) -> None:
    mira = await world.user("mira")
    await world.group("Risk", mira)
    await world.settle()
    account = world.account("mira")
    group = world.account("Risk")
    assert account is not None
    assert group is not None
    del world.target.accounts[account.remote_id]
    del world.target.members[group.remote_id][account.remote_id]
    await world.patch(mira, title="Lead")
    await world.settle()
    assert world.members("Risk") == {"mira"}


async def test_a_group_that_somebody_deleted_there_is_made_again_with_its_members(world: World) -> None:
    mira, noor = await world.user("mira"), await world.user("noor")
    risk = await world.group("Risk", mira)
    await world.settle()
    group = world.account("Risk")
    assert group is not None
    del world.target.accounts[group.remote_id]
    del world.target.members[group.remote_id]
    await world.hub.directory.change_members(risk.id, add=[noor.id])
    await world.settle()
    assert world.members("Risk") == {"mira", "noor"}


async def test_a_deleted_group_leaves_no_rows_of_memberships(world: World) -> None:
    mira = await world.user("mira")
    risk = await world.group("Risk", mira)
    await world.settle()
    await world.delete(risk)
    await world.settle()
    assert world.account("Risk") is None
    assert await world.hub.links.table.query("target", f"m:{risk.id}:", f"m:{risk.id};") == []


async def test_memberships_that_are_switched_off_are_reported_and_left(empty_world: World) -> None:
    await empty_world.connect(features=Features(manage_memberships=False))
    await empty_world.group("Risk", await empty_world.user("mira"))
    await empty_world.settle()
    assert empty_world.members("Risk") == set()
    assert ("skip", "skipped", "membershipsOff") in await empty_world.told()


async def test_a_member_that_is_refused_is_escrowed_and_holds_nobody_up(world: World) -> None:
    mira = await world.user("mira")
    risk = await world.group("Risk", mira)
    await world.run([job for job in await world.take() if not job.members])
    world.target.failure = Rejected("This member is refused.", code="memory.refused", fix="Ask.")
    await world.hub.directory.change_members(risk.id, add=[mira.id])
    await world.settle()
    row = await world.hub.links.member("target", risk.id, mira.id)
    assert row is not None
    assert (row.status, row.problem.code) == (LinkStatus.ESCROWED, "memory.refused")
    world.target.failure = None
    noor = await world.user("noor")
    await world.hub.directory.change_members(risk.id, add=[noor.id])
    await world.settle()
    assert world.members("Risk") == {"noor"}
