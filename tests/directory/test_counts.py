"""How many resources there are is right after every way a write can end, and cheap to know."""

import asyncio

import pytest

from benchmarks.counting import RoundTrips
from connectors.contract import ObjectKind
from provisioning.directory.counts import count_row
from provisioning.directory.directory import Directory, creation
from provisioning.directory.keys import new_generation
from provisioning.directory.resources import ResourceChanged, ResourceMissing, Taken
from provisioning.storage.entities import Exists
from provisioning.storage.store import Storage

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP


async def rows(storage: Storage) -> int:
    return len(await storage.table("directory").query("users", "n:", "n;", limit=5000))


async def fill(storage: Storage, count: int) -> None:
    """Write what creating users writes to count them."""
    made = [count_row(USER, new_generation(), 1) for _ in range(count)]
    for start in range(0, count, 100):
        await storage.table("directory").transact(made[start : start + 100])


async def test_creating_and_deleting_is_counted_by_kind(directory: Directory) -> None:
    mira = await directory.create(USER, {"userName": "mira"}, "entra")
    await directory.create(USER, {"userName": "bob"}, "entra")
    await directory.create(GROUP, {"displayName": "Risk"}, "entra", [mira.id])
    assert (await directory.counts.of(USER), await directory.counts.of(GROUP)) == (2, 1)
    await directory.delete(mira)
    assert (await directory.counts.of(USER), await directory.counts.of(GROUP)) == (1, 1)


async def test_a_change_does_not_change_the_number(directory: Directory) -> None:
    mira = await directory.create(USER, {"userName": "mira"}, "entra")
    await directory.replace(mira, {"userName": "mira.k"})
    assert await directory.counts.of(USER) == 1


async def test_what_was_refused_is_not_counted(directory: Directory) -> None:
    mira = await directory.create(USER, {"userName": "mira"}, "entra")
    with pytest.raises(Taken):
        await directory.create(USER, {"userName": "MIRA"}, "entra")
    await directory.replace(mira, {"userName": "mira.k"})
    with pytest.raises(ResourceChanged):
        await directory.delete(mira)
    assert await directory.counts.of(USER) == 1
    await directory.delete(await directory.get(USER, mira.id))
    with pytest.raises(ResourceMissing):
        await directory.delete(mira)
    assert await directory.counts.of(USER) == 0


async def test_a_transaction_that_is_sent_twice_counts_once(directory: Directory, storage: Storage) -> None:
    """So it is when the answer was lost: the row's key is the generation, which is made before."""
    _, _, operations = creation(USER, {"userName": "mira"}, "entra")
    table = storage.table("directory")
    await table.transact(operations)
    with pytest.raises(Exists):
        await table.transact(operations)
    assert await directory.counts.of(USER) == 1


async def test_parallel_writes_are_all_counted(directory: Directory) -> None:
    made = await asyncio.gather(*(directory.create(USER, {"userName": f"u{n}"}, "entra") for n in range(40)))
    await asyncio.gather(*(directory.delete(each) for each in made[:15]))
    assert await directory.counts.of(USER) == 25


async def test_folding_keeps_the_number_and_leaves_few_rows(directory: Directory, storage: Storage) -> None:
    await fill(storage, 230)
    folded = [await directory.counts.fold(USER) for _ in range(4)]
    assert folded == [99, 99, 0, 0], "the last few wait until it is worth it"
    assert await directory.counts.of(USER) == 230
    assert await rows(storage) == 33
    await fill(storage, 60)
    assert await directory.counts.fold(USER) == 92
    assert await directory.counts.of(USER) == 290


async def test_two_who_fold_at_once_do_not_disturb_the_number(directory: Directory, storage: Storage) -> None:
    await fill(storage, 150)
    folded = await asyncio.gather(*(directory.counts.fold(USER) for _ in range(5)))
    assert sorted(folded, reverse=True)[:2] == [99, 0]
    assert await directory.counts.of(USER) == 150


async def test_counting_is_one_round_trip_and_right_beyond_a_page_too(
    directory: Directory, storage: Storage, trips: RoundTrips
) -> None:
    await fill(storage, 1100)
    assert await directory.counts.of(USER) == 1100
    while await directory.counts.fold(USER):
        continue
    with trips.counted() as counted:
        assert await directory.counts.of(USER) == 1100
    assert len(counted) == 1
