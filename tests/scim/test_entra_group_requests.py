"""Requests about groups, literally as Entra and Microsoft's Postman collection send them (entra.md 1.10)."""

import asyncio
from typing import Any

import pytest

from tests.scim.conftest import PATCH, Client

RENAME = {"op": "Replace", "path": "displayName", "value": "Risk EMEA"}


def add(*members: str) -> dict[str, Any]:
    """Members as Entra adds them."""
    return {"op": "Add", "path": "members", "value": [{"$ref": None, "value": each} for each in members]}


@pytest.fixture
async def group(client: Client) -> str:
    """A group of three members; its id."""
    return str((await client.group("Risk team", "u-1", "u-2", "u-3"))["id"])


async def test_a_rename_answers_204_and_keeps_the_members(client: Client, group: str) -> None:
    answer = await client.patch(f"/Groups/{group}", RENAME)
    assert (answer.status, answer.body) == (204, None)
    read = await client.get(f"/Groups/{group}")
    assert (read["displayName"], [each["value"] for each in read["members"]]) == ("Risk EMEA", ["u-1", "u-2", "u-3"])
    assert (await client.get("/Groups", filter='displayName eq "risk emea"'))["totalResults"] == 1
    assert (await client.get("/Groups", filter='displayName eq "Risk team"'))["totalResults"] == 0


@pytest.mark.parametrize(
    ("body", "left"),
    [
        # add: several at once, idempotent
        ({"Operations": [add("u-4", "u-5")]}, "u-1 u-2 u-3 u-4 u-5"),
        ({"Operations": [add("u-1", "u-1", "u-4")]}, "u-1 u-2 u-3 u-4"),
        # remove without the flag: by the RFC's reading this would take out everybody
        ({"Operations": [{"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "u-1"}]}]}, "u-2 u-3"),
        (
            {"Operations": [{"op": "Remove", "path": "members", "value": [{"value": "u-1"}, {"value": "u-3"}]}]},
            "u-2",
        ),
        # remove with the flag
        ({"Operations": [{"op": "remove", "path": 'members[value eq "u-1"]'}]}, "u-2 u-3"),
        # several operations in one PATCH
        (
            {
                "Operations": [
                    {"op": "remove", "path": 'members[value eq "u-1"]'},
                    {"op": "remove", "path": 'members[value eq "u-2"]'},
                    add("u-4"),
                ]
            },
            "u-3 u-4",
        ),
        # remove all, as the Postman collection does
        ({"Operations": [{"op": "remove", "path": "members"}]}, ""),
        # a name, a bare string, and an id at the top
        ({"Operations": [{"name": "addMember", "op": "add", "path": "members", "value": "u-4"}]}, "u-1 u-2 u-3 u-4"),
        ({"id": "whatever", "Operations": [add("u-4")]}, "u-1 u-2 u-3 u-4"),
        # without a path
        ({"Operations": [{"op": "add", "value": {"members": [{"value": "u-4"}]}}]}, "u-1 u-2 u-3 u-4"),
        # whoever is in already, or is not in: nothing to do
        ({"Operations": [add("u-2")]}, "u-1 u-2 u-3"),
        ({"Operations": [{"op": "Remove", "path": "members", "value": [{"value": "u-9"}]}]}, "u-1 u-2 u-3"),
        # a nested group is a member like any other
        ({"Operations": [add("g-00000000000000000000000000000001")]}, "g-00000000000000000000000000000001 u-1 u-2 u-3"),
    ],
)
async def test_members_change_as_asked_and_no_others(
    client: Client, group: str, body: dict[str, Any], left: str
) -> None:
    answer = await client.send("PATCH", f"/Groups/{group}", {"schemas": [PATCH]} | body)
    assert (answer.status, answer.body) == (204, None)
    assert sorted(await client.members(group)) == left.split()


async def test_one_patch_for_each_member_at_the_same_time_loses_nobody(client: Client) -> None:
    """In practice Entra sends one PATCH for each member, in parallel."""
    made = await client.group("Everybody")
    ids = [f"u-{number:03}" for number in range(40)]
    answers = await asyncio.gather(*(client.patch(f"/Groups/{made['id']}", add(each)) for each in ids))
    assert {answer.status for answer in answers} == {204}
    assert sorted(await client.members(made["id"])) == ids


async def test_rename_and_members_in_one_patch(client: Client, group: str) -> None:
    assert (await client.patch(f"/Groups/{group}", RENAME, add("u-4"))).status == 204
    read = await client.get(f"/Groups/{group}")
    assert (read["displayName"], len(read["members"])) == ("Risk EMEA", 4)


async def test_a_rename_to_a_taken_name_changes_neither_name_nor_members(client: Client, group: str) -> None:
    await client.group("Risk EMEA")
    answer = await client.patch(f"/Groups/{group}", add("u-4"), RENAME)
    assert (answer.status, answer.body["scimType"]) == (409, "uniqueness")
    read = await client.get(f"/Groups/{group}")
    assert (read["displayName"], len(read["members"])) == ("Risk team", 3)


@pytest.mark.parametrize("operation", [RENAME, add("u-1"), {"op": "remove", "path": "members"}])
async def test_a_group_that_is_not_there_is_404(client: Client, operation: dict[str, Any]) -> None:
    answer = await client.patch("/Groups/g-00000000000000000000000000000009", operation)
    assert (answer.status, answer.body["status"]) == (404, "404")
