"""Groups in groups through the protocol: a circle is refused, and a user's groups are shown, direct and indirect."""

import asyncio
from typing import Any

import pytest

from benchmarks.counting import RoundTrips
from tests.scim.conftest import GROUP, Client

ROOT = "https://hub.example/scim/v2"


async def add(client: Client, group: dict[str, Any], *members: str) -> Any:
    """Add members as Entra does."""
    values = [{"$ref": None, "value": each} for each in members]
    return await client.patch(f"/Groups/{group['id']}", {"op": "Add", "path": "members", "value": values})


async def groups_of(client: Client, user: dict[str, Any]) -> dict[str, Any]:
    read = await client.get(f"/Users/{user['id']}", attributes="groups")
    return {each["value"]: each for each in read.get("groups", [])}


async def test_a_circle_is_refused_by_patch_and_put_with_words_and_changes_nothing(client: Client) -> None:
    inner = await client.group("Inner", "u-1")
    outer = await client.group("Outer", inner["id"])
    put = {"schemas": [GROUP], "displayName": "Renamed", "members": [{"value": outer["id"]}]}
    rename = {"op": "replace", "path": "displayName", "value": "Renamed"}
    members = {"op": "add", "path": "members", "value": [{"value": outer["id"]}]}
    path = f"/Groups/{inner['id']}"
    for answer in (
        await add(client, inner, "u-2", outer["id"]),
        await add(client, inner, inner["id"]),
        await client.patch(path, rename, members),
        await client.patch(path, {**members, "op": "replace"}),
        await client.send("PUT", path, put),
    ):
        assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
        assert f"cannot be a member of group {inner['id']}" in answer.body["detail"]
    read = await client.get(path)
    assert (read["displayName"], [each["value"] for each in read["members"]]) == ("Inner", ["u-1"])


async def test_a_group_taken_out_may_take_the_other_in(client: Client) -> None:
    inner = await client.group("Inner")
    outer = await client.group("Outer", inner["id"])
    remove = {"op": "Remove", "path": "members", "value": [{"value": inner["id"]}]}
    assert (await client.patch(f"/Groups/{outer['id']}", remove)).status == 204
    assert (await add(client, inner, outer["id"])).status == 204


async def test_parallel_adds_through_the_protocol_never_make_a_circle(client: Client) -> None:
    groups = [await client.group(f"G{number}") for number in range(4)]
    pairs = [(outer, inner) for outer in groups for inner in groups if outer is not inner]
    answers = await asyncio.gather(*(add(client, outer, inner["id"]) for outer, inner in pairs))
    assert sorted(answer.status for answer in answers) == [204] * 6 + [400] * 6


async def test_groups_of_a_user_are_direct_and_indirect_with_names(client: Client) -> None:
    user = await client.user()
    inner = await client.group("Inner", user["id"])
    middle = await client.group("Middle", inner["id"])
    outer = await client.group("Outer", middle["id"], user["id"])
    assert await groups_of(client, user) == {
        each["id"]: {
            "value": each["id"],
            "$ref": f"{ROOT}/Groups/{each['id']}",
            "display": each["displayName"],
            "type": kind,
        }
        for each, kind in ((inner, "direct"), (middle, "indirect"), (outer, "direct"))
    }


async def test_a_deleted_group_is_no_group_of_its_members_at_once(client: Client) -> None:
    """Its rows are removed by the outbox, later."""
    user = await client.user()
    group = await client.group("Risk", user["id"])
    assert (await client.send("DELETE", f"/Groups/{group['id']}")).status == 204
    assert await groups_of(client, user) == {}


@pytest.mark.parametrize("attributes", ["groups", "groups.value", "userName,groups"])
async def test_groups_are_shown_as_far_as_they_are_asked_for(client: Client, attributes: str) -> None:
    user = await client.user()
    group = await client.group("Risk", user["id"])
    (shown,) = (await client.get(f"/Users/{user['id']}", attributes=attributes))["groups"]
    assert shown["value"] == group["id"]
    assert ("display" in shown) == (attributes != "groups.value")


async def test_a_list_of_users_with_their_groups_asks_for_each_group_once(client: Client, trips: RoundTrips) -> None:
    """One read for each user, and two for each group, of its name and of what it is in: not those for each user."""
    users = [await client.user(f"mira{number}") for number in range(30)]
    inner = await client.group("Inner", *(user["id"] for user in users))
    outer = await client.group("Outer", inner["id"])
    with trips.counted() as plain:
        await client.get("/Users")
    with trips.counted() as counted:
        listed = (await client.get("/Users", attributes="groups"))["Resources"]
    assert len(listed) == 30
    for each in listed:
        assert {(group["value"], group["display"]) for group in each["groups"]} == {
            (inner["id"], "Inner"),
            (outer["id"], "Outer"),
        }
    assert len(counted) - len(plain) <= 30 + 2 * 2 * 20  # twenty users are asked for at the same time


async def test_groups_of_a_user_cannot_be_written(client: Client) -> None:
    group = await client.group("Risk")
    user = await client.user(groups=[{"value": group["id"]}])
    write = {"op": "add", "path": "groups", "value": [{"value": group["id"]}]}
    assert (await client.patch(f"/Users/{user['id']}", write)).status in {200, 204, 400}
    assert await client.members(group["id"]) == []
    assert await groups_of(client, user) == {}


async def test_nested_users_are_not_flattened_into_the_outer_group(client: Client) -> None:
    user = await client.user()
    inner = await client.group("Inner", user["id"])
    outer = await client.group("Outer", inner["id"])
    (member,) = (await client.get(f"/Groups/{outer['id']}"))["members"]
    assert member == {"value": inner["id"], "$ref": f"{ROOT}/Groups/{inner['id']}", "type": "Group"}
