"""Memberships are rows: adding and removing cost what changes, parallel changes lose nothing."""

import asyncio

import pytest

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.outbox import Announcement
from provisioning.directory.resources import Resource, ResourceChanged, ResourceMissing

GROUP = ObjectKind.GROUP


@pytest.fixture
async def group(directory: Directory) -> Resource:
    return await directory.create(GROUP, {"displayName": "Risk"}, "entra")


async def members(directory: Directory, group: Resource) -> list[str]:
    return [member async for member in directory.memberships.members(group.id)]


async def test_members_are_added_and_removed_both_ways(directory: Directory, group: Resource) -> None:
    await directory.change_members(group.id, add=["u-1", "u-2", "u-3"])
    await directory.change_members(group.id, remove=["u-2"])
    assert await members(directory, group) == ["u-1", "u-3"]
    assert [each async for each in directory.memberships.groups_of("u-1")] == [group.id]
    assert [each async for each in directory.memberships.groups_of("u-2")] == []


async def test_adding_twice_and_removing_who_is_not_in_change_nothing(directory: Directory, group: Resource) -> None:
    await directory.change_members(group.id, add=["u-1", "u-1"])
    await directory.change_members(group.id, add=["u-1"])
    await directory.change_members(group.id, remove=["u-9", "u-8"])
    assert await members(directory, group) == ["u-1"]


async def test_removing_some_who_are_in_and_some_who_are_not_removes_those_who_are(
    directory: Directory, group: Resource
) -> None:
    await directory.change_members(group.id, add=["u-1", "u-2", "u-3"])
    await directory.change_members(group.id, remove=["u-0", "u-1", "u-2x", "u-3"])
    assert await members(directory, group) == ["u-2"]


async def test_many_members_go_in_transactions_of_49_each_with_its_announcement(
    directory: Directory, group: Resource, announced: list[Announcement]
) -> None:
    announced.clear()
    everybody = [f"u-{n:03}" for n in range(120)]
    await directory.change_members(group.id, add=everybody)
    assert await members(directory, group) == everybody
    assert [len(each.members) for each in announced] == [49, 49, 22]


async def test_a_group_is_created_with_any_number_of_members(directory: Directory) -> None:
    everybody = [f"u-{n:03}" for n in range(70)]
    made = await directory.create(GROUP, {"displayName": "All"}, "entra", everybody)
    assert await members(directory, made) == everybody


async def test_a_change_of_members_gives_the_group_a_new_generation(directory: Directory, group: Resource) -> None:
    await directory.change_members(group.id, add=["u-1"])
    read = await directory.get(GROUP, group.id)
    assert read.generation != group.generation
    assert read.document == group.document


async def test_members_of_a_group_that_is_gone_are_refused(directory: Directory, group: Resource) -> None:
    await directory.delete(group)
    with pytest.raises(ResourceMissing):
        await directory.change_members(group.id, add=["u-1"])
    with pytest.raises(ResourceMissing):
        await directory.change_members(group.id, remove=["u-1"])
    assert await members(directory, group) == []


async def test_a_conditional_change_is_refused_when_the_group_has_changed(
    directory: Directory, group: Resource
) -> None:
    await directory.change_members(group.id, add=["u-1"])
    with pytest.raises(ResourceChanged):
        await directory.change_members(group.id, add=["u-2"], etag=group.etag)
    assert await members(directory, group) == ["u-1"]


async def test_two_hundred_parallel_changes_of_one_group_lose_nothing(directory: Directory, group: Resource) -> None:
    await directory.change_members(group.id, add=[f"u-old{n:03}" for n in range(100)])
    await asyncio.gather(
        *(directory.change_members(group.id, add=[f"u-new{n:03}"]) for n in range(100)),
        *(directory.change_members(group.id, remove=[f"u-old{n:03}"]) for n in range(100)),
    )
    assert await members(directory, group) == [f"u-new{n:03}" for n in range(100)]


async def test_a_deleted_user_is_forgotten_by_every_group_through_the_same_door(
    directory: Directory, group: Resource, announced: list[Announcement]
) -> None:
    other = await directory.create(GROUP, {"displayName": "Audit"}, "entra", ["u-1", "u-2"])
    await directory.change_members(group.id, add=["u-1"])
    announced.clear()
    await directory.forget("u-1")
    await directory.forget("u-1")
    assert await members(directory, group) == []
    assert await members(directory, other) == ["u-2"]
    assert sorted((each.resource_id, each.members) for each in announced) == sorted(
        [(group.id, ("u-1",)), (other.id, ("u-1",))]
    )


async def test_a_deleted_group_leaves_no_membership_behind(directory: Directory, group: Resource) -> None:
    outer = await directory.create(GROUP, {"displayName": "Outer"}, "entra", [group.id])
    await directory.change_members(group.id, add=[f"u-{n:03}" for n in range(60)])
    await directory.delete(await directory.get(GROUP, group.id))
    await directory.forget(group.id)
    assert await members(directory, group) == []
    assert await members(directory, outer) == []
    assert [each async for each in directory.memberships.groups_of("u-001")] == []
