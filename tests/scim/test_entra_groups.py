"""Groups as Entra sends them: created empty, members added and removed row by row, in both dialects at once."""

import asyncio
from typing import Any

import pytest

from tests.scim.conftest import GROUP, Client

MICROSOFT = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


def values(*ids: str) -> list[dict[str, Any]]:
    """Members as Entra writes them."""
    return [{"$ref": None, "value": each} for each in ids]


async def test_a_group_as_entra_creates_one(client: Client) -> None:
    body = {
        "schemas": [GROUP, MICROSOFT],
        "externalId": "0b1c",
        "displayName": "Risk",
        "meta": {"resourceType": "Group"},
    }
    answer = await client.send("POST", "/Groups", body)
    assert answer.status == 201
    assert answer.body["displayName"] == "Risk"
    assert await client.members(answer.body["id"]) == []


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        ({"op": "Add", "path": "members", "value": values("u-4", "u-1")}, ["u-1", "u-2", "u-3", "u-4"]),
        ({"op": "add", "path": "members", "value": "u-4"}, ["u-1", "u-2", "u-3", "u-4"]),
        ({"op": "add", "value": {"members": values("u-4")}}, ["u-1", "u-2", "u-3", "u-4"]),
        ({"op": "Remove", "path": "members", "value": values("u-1")}, ["u-2", "u-3"]),
        ({"op": "remove", "path": 'members[value eq "u-2"]'}, ["u-1", "u-3"]),
        ({"op": "remove", "path": 'members[value eq "u-9"]'}, ["u-1", "u-2", "u-3"]),
        ({"op": "remove", "path": "members"}, []),
        ({"op": "Remove", "path": "members", "value": []}, ["u-1", "u-2", "u-3"]),
        ({"op": "replace", "path": "members", "value": values("u-3", "u-4")}, ["u-3", "u-4"]),
    ],
)
async def test_members_are_changed_as_asked_and_no_others(
    client: Client, operation: dict[str, Any], left: list[str]
) -> None:
    group = await client.group("Risk", "u-1", "u-2", "u-3")
    answer = await client.patch(f"/Groups/{group['id']}", operation)
    assert (answer.status, answer.body) == (204, None)
    assert await client.members(group["id"]) == left


async def test_a_group_is_renamed_and_changed_in_one_patch(client: Client) -> None:
    group = await client.group("Risk", "u-1")
    answer = await client.patch(
        f"/Groups/{group['id']}",
        {"op": "Replace", "path": "displayName", "value": "Risk EMEA"},
        {"op": "Add", "path": "members", "value": values("u-2")},
        {"op": "Remove", "path": "members", "value": values("u-1")},
    )
    assert answer.status == 204
    read = await client.get(f"/Groups/{group['id']}")
    assert (read["displayName"], [each["value"] for each in read["members"]]) == ("Risk EMEA", ["u-2"])


async def test_members_of_a_group_that_does_not_exist_are_not_found(client: Client) -> None:
    for operation in ({"op": "Add", "path": "members", "value": values("u-1")}, {"op": "remove", "path": "members"}):
        assert (await client.patch("/Groups/g-0", operation)).status == 404


async def test_excluded_members_are_left_out(client: Client) -> None:
    group = await client.group("Risk", "u-1")
    assert "members" not in await client.get(f"/Groups/{group['id']}", excludedAttributes="members")
    found = await client.get("/Groups", excludedAttributes="members", filter='displayName eq "risk"')
    assert "members" not in found["Resources"][0]


async def test_the_reference_check_of_a_member(client: Client) -> None:
    group = await client.group("Risk", "u-1")
    for member, hits in (("u-1", 1), ("u-2", 0)):
        question = f'id eq "{group["id"]}" and members eq "{member}"'
        assert (await client.get("/Groups", filter=question, attributes="id"))["totalResults"] == hits
    assert (await client.get("/Groups", filter='members[value eq "u-1"]'))["totalResults"] == 1


async def test_parallel_patches_of_one_group_lose_nobody(client: Client) -> None:
    group = await client.group("Risk", *(f"u-old{number}" for number in range(20)))
    path = f"/Groups/{group['id']}"
    answers = await asyncio.gather(
        *(client.patch(path, {"op": "Add", "path": "members", "value": values(f"u-new{n}")}) for n in range(20)),
        *(client.patch(path, {"op": "Remove", "path": "members", "value": values(f"u-old{n}")}) for n in range(20)),
    )
    assert {answer.status for answer in answers} == {204}
    assert set(await client.members(group["id"])) == {f"u-new{number}" for number in range(20)}


async def test_put_changes_members_by_the_difference(client: Client) -> None:
    group = await client.group("Risk", "u-1", "u-2")
    client.announced.clear()
    body = {"schemas": [GROUP], "displayName": "Risk", "members": values("u-2", "u-3")}
    answer = await client.send("PUT", f"/Groups/{group['id']}", body)
    assert answer.status == 200
    assert [each["value"] for each in answer.body["members"]] == ["u-2", "u-3"]
    assert [each.members for each in client.announced] == [("u-3", "u-1")]


async def test_put_without_members_leaves_them_and_an_empty_list_takes_all_out(client: Client) -> None:
    group = await client.group("Risk", "u-1", "u-2")
    path = f"/Groups/{group['id']}"
    assert (await client.send("PUT", path, {"schemas": [GROUP], "displayName": "Risk EMEA"})).status == 200
    assert await client.members(group["id"]) == ["u-1", "u-2"]
    assert (await client.send("PUT", path, {"schemas": [GROUP], "displayName": "Risk", "members": []})).status == 200
    assert await client.members(group["id"]) == []


async def test_a_conditional_patch_of_members(client: Client) -> None:
    group = await client.group("Risk")
    path, version = f"/Groups/{group['id']}", group["meta"]["version"]
    add = {"op": "Add", "path": "members", "value": values("u-1")}
    assert (await client.patch(path, add, headers={"if-match": version})).status == 204
    assert (await client.patch(path, add, headers={"if-match": version})).status == 412


async def test_groups_of_a_user_are_shown_when_asked_for(client: Client) -> None:
    user = await client.user()
    group = await client.group("Risk", user["id"])
    read = await client.get(f"/Users/{user['id']}", attributes="groups")
    assert [each["value"] for each in read["groups"]] == [group["id"]]
    assert "groups" not in await client.get(f"/Users/{user['id']}")


async def test_a_member_carries_its_type_and_reference(client: Client) -> None:
    user = await client.user()
    group = await client.group("Risk", user["id"])
    (member,) = (await client.get(f"/Groups/{group['id']}"))["members"]
    assert member["$ref"] == f"https://hub.example/scim/v2/Users/{user['id']}"
    assert member["type"] == "User"
