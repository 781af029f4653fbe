"""Memberships are rows: adding and removing cost what changes, parallel changes lose nothing."""

import asyncio

import pytest

from benchmarks.counting import RoundTrips
from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.memberships import edits
from provisioning.directory.outbox import Announcement
from provisioning.directory.resources import Resource, ResourceChanged, ResourceMissing, Taken

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


async def test_removing_many_who_are_not_in_costs_no_round_trip_for_each(
    directory: Directory, group: Resource, trips: RoundTrips
) -> None:
    """The first transaction finds one missing; the others are then looked up, all at once."""
    await directory.change_members(group.id, add=["u-1", "u-2"])
    with trips.counted() as counted:
        await directory.change_members(group.id, remove=["u-1", *(f"u-x{n}" for n in range(30)), "u-2"])
    assert counted.requests.count("POST $batch") == 2
    assert await members(directory, group) == []


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


@pytest.mark.parametrize("count", [0, 1, 70])
async def test_a_group_is_created_with_any_number_of_members_and_all_are_announced(
    directory: Directory, announced: list[Announcement], count: int
) -> None:
    """The job for the group itself does not look at its members."""
    everybody = [f"u-{n:03}" for n in range(count)]
    made = await directory.create(GROUP, {"displayName": "All"}, "entra", everybody)
    assert await members(directory, made) == everybody
    assert [each.members for each in announced if not each.members] == [()]
    assert sorted(member for each in announced for member in each.members) == everybody


async def test_members_who_come_and_go_in_one_change_are_one_transaction(
    directory: Directory, group: Resource, announced: list[Announcement], trips: RoundTrips
) -> None:
    await directory.change_members(group.id, add=[f"u-{n}" for n in range(24)])
    announced.clear()
    with trips.counted() as counted:
        await directory.change_members(
            group.id, add=[f"u-new{n}" for n in range(25)], remove=[f"u-{n}" for n in range(24)]
        )
    assert counted.requests == ["POST $batch"]
    assert [len(each.members) for each in announced] == [49]
    assert await members(directory, group) == sorted(f"u-new{n}" for n in range(25))


async def test_one_who_comes_and_goes_in_the_same_change_is_in(directory: Directory, group: Resource) -> None:
    await directory.change_members(group.id, add=["u-1"], remove=["u-1", "u-2"])
    assert await members(directory, group) == ["u-1"]


async def test_the_name_that_was_sent_for_a_member_is_kept_until_another_is_sent(
    directory: Directory, group: Resource
) -> None:
    await directory.change_members(group.id, add=["u-1", "u-2"], displays={"u-1": "Mira"})
    assert [each async for each in directory.memberships.shown(group.id)] == [("u-1", "Mira"), ("u-2", "")]
    await directory.change_members(group.id, add=["u-1"], displays={"u-1": "Mira B."})
    assert [each async for each in directory.memberships.shown(group.id)] == [("u-1", "Mira B."), ("u-2", "")]


async def test_the_document_and_the_members_change_in_one_transaction_or_not_at_all(
    directory: Directory, group: Resource, announced: list[Announcement], trips: RoundTrips
) -> None:
    await directory.create(GROUP, {"displayName": "Audit"}, "entra")
    announced.clear()
    with pytest.raises(Taken):
        await directory.replace(group, {"displayName": "Audit"}, edits(["u-1"], ()))
    assert (await members(directory, group), announced) == ([], [])
    with trips.counted() as counted:
        changed = await directory.replace(group, {"displayName": "Risk EMEA"}, edits(["u-1"], ["u-9"]))
    assert counted.requests.count("POST $batch") == 2  # one who is not in was taken out of it
    assert await members(directory, group) == ["u-1"]
    assert await directory.get(GROUP, group.id) == changed
    assert [each.members for each in announced] == [(), ("u-1", "u-9")]
    outbox = [row.announcement for row in await directory.outbox.oldest(GROUP)]
    assert [each for each in outbox if each.resource_id == group.id][-2:] == announced


async def test_a_document_with_more_members_than_fit_takes_along_as_many_as_do(
    directory: Directory, group: Resource, announced: list[Announcement]
) -> None:
    announced.clear()
    everybody = [f"u-{n:03}" for n in range(120)]
    changed = await directory.replace(group, {"displayName": "Risk EMEA"}, edits(everybody, ()))
    assert await members(directory, group) == everybody
    first, *rest = [len(each.members) for each in announced if each.members]
    assert (first > 40, sum([first, *rest]), len(rest)) == (True, 120, 2)
    assert (await directory.get(GROUP, group.id)).generation == changed.generation


async def test_a_new_group_has_the_version_that_its_last_members_gave_it(directory: Directory) -> None:
    made = await directory.create(GROUP, {"displayName": "All"}, "entra", [f"u-{n:03}" for n in range(70)])
    assert await directory.get(GROUP, made.id) == made
    await directory.replace(made, {"displayName": "Everybody"})


async def test_the_difference_to_a_new_set_names_who_comes_goes_or_is_called_otherwise(
    directory: Directory, group: Resource
) -> None:
    await directory.change_members(group.id, add=["u-1", "u-2", "u-3"], displays={"u-2": "Two"})
    found = await directory.memberships.difference(group.id, {"u-2": "Zwei", "u-3": "", "u-4": ""})
    assert found == edits(["u-2", "u-4"], ["u-1"], {"u-2": "Zwei"})
    assert await directory.memberships.difference(group.id, {"u-1": "", "u-2": "Two", "u-3": ""}) == []


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
        await directory.edit_members(group.id, edits(["u-2"], ()), group.etag)
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
