"""Groups in groups: a group never contains itself, whoever adds at the same time; walks end and are bounded."""

import asyncio
import itertools

import pytest

from benchmarks.counting import RoundTrips
from connectors.contract import ObjectKind
from provisioning.directory.directory import TABLE, Directory
from provisioning.directory.nesting import Circle, Nesting, TooManyGroups
from provisioning.directory.resources import Resource
from provisioning.storage.entities import insert
from provisioning.storage.store import Storage

GROUP = ObjectKind.GROUP


async def groups(directory: Directory, *names: str) -> list[Resource]:
    """Make groups, each in the one before it."""
    made = [await directory.create(GROUP, {"displayName": name}, "entra") for name in names]
    for outer, inner in itertools.pairwise(made):
        await directory.change_members(outer.id, add=[inner.id])
    return made


async def below(directory: Directory, group: Resource) -> set[str]:
    return {each async for each in directory.memberships.nested_groups(group.id)}


async def above(directory: Directory, member_id: str) -> dict[str, bool]:
    return {group: direct async for group, direct in directory.memberships.all_groups_of(member_id)}


async def test_a_group_that_would_contain_itself_is_refused_by_name_of_both(directory: Directory) -> None:
    outer, middle, inner = await groups(directory, "Outer", "Middle", "Inner")
    for group, member in ((outer, outer), (middle, outer), (inner, outer), (inner, middle)):
        with pytest.raises(Circle, match=f"Group {member.id} cannot be a member of group {group.id}"):
            await directory.change_members(group.id, add=["u-1", member.id])
    assert [each async for each in directory.memberships.members(inner.id)] == []


async def test_two_ways_to_one_group_are_no_circle(directory: Directory) -> None:
    outer, middle, inner = await groups(directory, "Outer", "Middle", "Inner")
    await directory.change_members(outer.id, add=[inner.id])
    await directory.change_members(outer.id, add=[inner.id])
    assert await above(directory, inner.id) == {middle.id: True, outer.id: True}


async def test_everybody_above_and_below_is_found_once_and_told_apart_by_directness(directory: Directory) -> None:
    outer, middle, inner = await groups(directory, "Outer", "Middle", "Inner")
    await directory.change_members(inner.id, add=["u-1"])
    await directory.change_members(outer.id, add=["u-1"])
    assert await above(directory, "u-1") == {outer.id: True, inner.id: True, middle.id: False}
    assert await below(directory, outer) == {middle.id, inner.id}
    assert await below(directory, inner) == set()


async def test_a_group_is_made_with_groups_in_it(directory: Directory) -> None:
    (inner,) = await groups(directory, "Inner")
    everybody = [*(f"u-{n:02}" for n in range(60)), inner.id]
    outer = await directory.create(GROUP, {"displayName": "Outer"}, "entra", everybody)
    assert await below(directory, outer) == {inner.id}
    assert len([each async for each in directory.memberships.members(outer.id)]) == 61
    with pytest.raises(Circle):
        await directory.change_members(inner.id, add=[outer.id])


async def test_parallel_adds_of_groups_never_close_a_circle(directory: Directory) -> None:
    """Six groups, each of them to be put into each other one, all at once."""
    made = [await directory.create(GROUP, {"displayName": f"G{n}"}, "entra") for n in range(6)]
    pairs = [(outer, inner) for outer in made for inner in made if outer is not inner]

    async def put(outer: Resource, inner: Resource) -> bool:
        try:
            await directory.change_members(outer.id, add=[inner.id])
        except Circle:
            return False
        return True

    done = await asyncio.gather(*(put(*pair) for pair in pairs))
    assert done.count(True) == len(pairs) / 2
    for group in made:
        assert group.id not in await below(directory, group)


async def test_two_groups_put_into_each_other_at_once_leave_one_in_the_other(directory: Directory) -> None:
    for attempt in range(5):
        one, other = [await directory.create(GROUP, {"displayName": f"{n} {attempt}"}, "entra") for n in range(2)]
        results = await asyncio.gather(
            directory.change_members(one.id, add=[other.id]),
            directory.change_members(other.id, add=[one.id]),
            return_exceptions=True,
        )
        assert sorted(isinstance(each, Circle) for each in results) == [False, True]


async def test_only_a_change_that_adds_groups_pays_for_the_walk(directory: Directory, trips: RoundTrips) -> None:
    outer, inner = [await directory.create(GROUP, {"displayName": name}, "entra") for name in ("Outer", "Inner")]
    with trips.counted() as plain:
        await directory.change_members(outer.id, add=["u-1"])
    with trips.counted() as nested:
        await directory.change_members(outer.id, add=[inner.id])
    with trips.counted() as removed:
        await directory.change_members(outer.id, remove=[inner.id])
    assert (len(plain), len(nested), len(removed)) == (1, 3, 1)


async def test_a_circle_that_stands_already_hangs_nothing(directory: Directory, storage: Storage) -> None:
    """As a restored backup may hold one."""
    one, other = await groups(directory, "One", "Other")
    rows = [f"m:{other.id}:{one.id}", f"r:{one.id}:{other.id}"]
    await storage.table(TABLE).transact(
        [insert({"PartitionKey": "groups", "RowKey": row, "member": one.id}) for row in rows]
    )
    await directory.change_members(one.id, add=["u-1"])
    assert await below(directory, one) == {other.id}
    assert await above(directory, "u-1") == {one.id: True, other.id: False}
    with pytest.raises(Circle):
        await directory.change_members(one.id, add=[other.id])


async def test_a_walk_over_too_many_groups_ends_with_words(directory: Directory, storage: Storage) -> None:
    *_, last = await groups(directory, "A", "B", "C", "D")
    walk = Nesting(storage.table(TABLE), most_groups=2)
    with pytest.raises(TooManyGroups, match="More than 2 groups"):
        assert [each async for each in walk.above(last.id)]
    assert len([each async for each in Nesting(storage.table(TABLE), most_groups=3).above(last.id)]) == 3
