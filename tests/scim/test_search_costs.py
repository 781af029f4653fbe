"""What a search costs in storage round trips, in a small directory and in one of more than a page. Counted."""

from itertools import batched
from typing import Any

import pytest

from benchmarks.counting import Counted, RoundTrips
from connectors.contract import ObjectKind
from provisioning.directory.counts import count_row
from provisioning.directory.directory import TABLE, creation
from provisioning.directory.keys import new_generation
from provisioning.storage.store import Storage
from tests.scim.conftest import Client

FEW, MANY = 40, 1050
WHOLE = 40


@pytest.fixture(params=[FEW, MANY])
async def people(client: Client, storage: Storage, request: pytest.FixtureRequest) -> Client:
    """Users in some number; of most of them only what these searches read, because the emulator is slow to fill.

    The caller's token has been looked up.
    """
    operations = [count_row(ObjectKind.USER, new_generation(), request.param)]
    for number in range(request.param):
        document = {"userName": f"u{number:05}", "displayName": f"D{number}"}
        document["emails"] = [{"type": "work", "value": f"u{number}@x"}]
        for each in creation(ObjectKind.USER, document, "entra")[2]:
            key = each.entity["RowKey"]
            if key.startswith(("d:", "x:userName:")) or (key.startswith("x:") and number < WHOLE):
                operations.append(each)
    for chunk in batched(operations, 100, strict=False):
        await storage.table(TABLE).transact(chunk)
    await client.get("/Users", count=1)
    return client


async def cost(people: Client, trips: RoundTrips, **query: Any) -> tuple[Any, Counted]:
    with trips.counted() as counted:
        page = await people.get("/Users", **query)
    return page, counted


async def test_an_indexed_filter_and_a_page_cost_the_same_in_any_directory(people: Client, trips: RoundTrips) -> None:
    for text, budget in (
        ('userName eq "u00007"', 2),
        ('displayName eq "d7"', 2),
        ('emails[type eq "work"].value eq "u7@x"', 2),
        ('userName eq "u00007" and active ne false', 2),
        ('displayName eq "D7" and emails.value ew "x"', 2),
        ('userName eq "u00007" or emails eq "u7@x"', 3),
        ('userName sw "u00007"', 2),
        ('userName eq "nobody"', 1),
    ):
        page, counted = await cost(people, trips, filter=text)
        assert (page["totalResults"], len(counted)) == (int(budget > 1), budget), text

    first, counted = await cost(people, trips, cursor="", count=20)
    assert len(counted) == 2, "the page, and beside it how many there are"
    page, counted = await cost(people, trips, cursor=first["nextCursor"], count=20)
    assert (len(page["Resources"]), len(counted)) == (20, 2)
    page, counted = await cost(people, trips, cursor=page["previousCursor"], count=20)
    assert page["Resources"] == first["Resources"]
    assert len(counted) <= 5, "backwards: how many there are, twice, and a range or two"
    page, counted = await cost(people, trips, count=20)
    assert (len(page["Resources"]), len(counted)) == (20, 2)

    first, counted = await cost(people, trips, sortBy="userName", cursor="", count=20)
    assert len(counted) == 22, "the names, how many there are, and each user, side by side"
    page, counted = await cost(people, trips, sortBy="userName", cursor=first["nextCursor"], count=20)
    assert [each["userName"] for each in page["Resources"]] == [f"u{number:05}" for number in range(20, 40)]
    assert len(counted) == 22


async def test_a_page_by_index_costs_the_keys_before_it(people: Client, trips: RoundTrips) -> None:
    total = (await people.get("/Users", count=0))["totalResults"]
    page, counted = await cost(people, trips, startIndex=total - 9, count=20)
    assert len(page["Resources"]) == 10
    assert len(counted) == 2 + -(-(total - 10) // 1000)
