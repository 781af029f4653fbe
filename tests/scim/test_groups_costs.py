"""What a change of a group costs in storage round trips, whatever the size of the group. Counted, not estimated.

The jobs that follow are not in it: nobody listens to this directory's announcements.
"""

from typing import Any

import pytest

from benchmarks.counting import Counted, RoundTrips
from tests.scim.conftest import GROUP, Client

FEW, MANY = 10, 1200


@pytest.fixture(params=[FEW, MANY])
async def group(client: Client, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A small group and one of more than a page; the caller's token has been looked up."""
    return await client.group("Risk", *(f"u-{number:04}" for number in range(request.param)))


def add(*members: str) -> dict[str, Any]:
    return {"op": "Add", "path": "members", "value": [{"value": each} for each in members]}


def remove(*members: str) -> dict[str, Any]:
    return {"op": "Remove", "path": "members", "value": [{"value": each} for each in members]}


async def cost(client: Client, trips: RoundTrips, group: dict[str, Any], *operations: dict[str, Any]) -> Counted:
    with trips.counted() as counted:
        assert (await client.patch(f"/Groups/{group['id']}", *operations)).status == 204
    return counted


async def test_up_to_49_members_come_or_go_in_one_round_trip(
    client: Client, trips: RoundTrips, group: dict[str, Any]
) -> None:
    """With the jobs' messages that is two, where the budget has three."""
    fresh = [f"u-new{number}" for number in range(49)]
    assert len(await cost(client, trips, group, add("u-x"))) == 1
    assert len(await cost(client, trips, group, add(*fresh))) == 1
    assert len(await cost(client, trips, group, add(*fresh))) == 1
    assert len(await cost(client, trips, group, remove(*fresh))) == 1
    assert len(await cost(client, trips, group, remove("u-0001"), add("u-y"))) == 1
    assert len(await cost(client, trips, group, remove("u-stranger"))) == 2
    assert len(await cost(client, trips, group, add(*fresh, "u-z"))) == 2


async def test_a_rename_with_members_is_a_read_and_one_transaction(
    client: Client, trips: RoundTrips, group: dict[str, Any]
) -> None:
    rename = {"op": "Replace", "path": "displayName", "value": "Risk EMEA"}
    counted = await cost(client, trips, group, rename, add("u-x", "u-y"), remove("u-0001"))
    assert len(counted) == 2


async def test_the_members_are_not_read_where_they_are_not_asked_for(
    client: Client, trips: RoundTrips, group: dict[str, Any]
) -> None:
    for query in ({"excludedAttributes": "members"}, {"attributes": "displayName"}):
        with trips.counted() as counted:
            assert "members" not in await client.get(f"/Groups/{group['id']}", **query)
        assert len(counted) == 1


async def test_replacing_everybody_costs_the_reading_and_the_difference(
    client: Client, trips: RoundTrips, group: dict[str, Any]
) -> None:
    """One read of the group, one for each 1,000 members, one transaction for each 49 who come or go."""
    there = await client.members(group["id"])
    pages = 1 + len(there) // 1000
    everybody = [{"value": each} for each in [*there[2:], "u-new"]]
    counted = await cost(client, trips, group, {"op": "replace", "path": "members", "value": everybody})
    assert len(counted) == 1 + pages + 1
    assert set(await client.members(group["id"])) == {each["value"] for each in everybody}
    body = {"schemas": [GROUP], "displayName": "Risk", "members": everybody[:-1]}
    with trips.counted() as counted:
        assert (await client.send("PUT", f"/Groups/{group['id']}", body)).status == 200
    assert len(counted) == 1 + pages + 1 + pages  # the last for the answer
