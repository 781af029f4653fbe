"""How a group's members are shown: all of them by id, as far as they are asked for, bounded in lists."""

from typing import Any

import pytest

from benchmarks.counting import RoundTrips
from provisioning.scim import showing
from tests.scim.conftest import GROUP, Client

ROOT = "https://hub.example/scim/v2"


@pytest.fixture
async def group(client: Client) -> dict[str, Any]:
    """A group of a user, a group, and somebody whom the hub does not know."""
    members = [{"value": "u-1", "display": 'Mira "M" Bø\\ck'}, {"value": "g-1"}, {"value": "someone else"}]
    answer = await client.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Risk", "members": members})
    assert answer.status == 201
    assert answer.body["members"] == shown()
    return dict(answer.body)


def shown(*parts: str, order: tuple[int, ...] = (0, 1, 2)) -> list[dict[str, str]]:
    """The members of the group, as far as ``parts`` say."""
    everybody = [
        {"value": "u-1", "display": 'Mira "M" Bø\\ck', "$ref": f"{ROOT}/Users/u-1", "type": "User"},
        {"value": "g-1", "$ref": f"{ROOT}/Groups/g-1", "type": "Group"},
        {"value": "someone else"},
    ]
    entries = [everybody[position] for position in order]
    return [{name: text for name, text in each.items() if not parts or name in parts} for each in entries]


@pytest.mark.parametrize(
    ("query", "members"),
    [
        ({}, shown(order=(1, 2, 0))),
        ({"attributes": "members"}, shown(order=(1, 2, 0))),
        ({"attributes": "displayName,members"}, shown(order=(1, 2, 0))),
        ({"attributes": f"{GROUP}:members"}, shown(order=(1, 2, 0))),
        ({"attributes": "members.value"}, shown("value", order=(1, 2, 0))),
        ({"attributes": "members.value,members.type"}, shown("value", "type", order=(1, 2, 0))),
        ({"attributes": "members.display"}, shown("display", order=(0,))),
        ({"attributes": "displayName"}, None),
        ({"excludedAttributes": "members"}, None),
        ({"excludedAttributes": "displayName,Members"}, None),
        ({"excludedAttributes": "members.$ref"}, shown("value", "type", "display", order=(1, 2, 0))),
        ({"excludedAttributes": "displayName"}, shown(order=(1, 2, 0))),
    ],
)
async def test_members_are_shown_as_far_as_they_are_asked_for(
    client: Client, group: dict[str, Any], query: dict[str, str], members: list[dict[str, str]] | None
) -> None:
    """By id and in a list alike."""
    read = await client.get(f"/Groups/{group['id']}", **query)
    (listed,) = (await client.get("/Groups", **query))["Resources"]
    for body in (read, listed):
        assert body.get("members") == members


async def test_a_group_without_members_has_no_members_attribute(client: Client) -> None:
    group = await client.group("Risk")
    assert "members" not in group
    assert "members" not in await client.get(f"/Groups/{group['id']}")


async def test_the_name_sent_for_a_member_is_echoed_until_another_is_sent(client: Client) -> None:
    """Microsoft's Postman collection adds a member with a made-up displayName and looks for it."""
    group = await client.group("Risk")
    path = f"/Groups/{group['id']}"
    for name, value in (("new User", {"displayName": "new User"}), ("Noor", {"display": "Noor"})):
        add = {"name": "addMember", "op": "add", "path": "members", "value": [{**value, "value": "u-4"}]}
        assert (await client.patch(path, add)).status == 204
        (member,) = (await client.get(path))["members"]
        assert (member["value"], member["display"]) == ("u-4", name)


@pytest.mark.parametrize("display", ["x" * 257, 7, "a\u0000b", "line\nbreak", {"a": "x"}])
async def test_a_display_that_cannot_be_kept_is_refused(client: Client, display: Any) -> None:
    group = await client.group("Risk")
    add = {"op": "add", "path": "members", "value": [{"value": "u-1", "display": display}]}
    assert (await client.patch(f"/Groups/{group['id']}", add)).status == 400
    assert await client.members(group["id"]) == []


async def test_a_read_by_id_shows_all_members_and_none_of_them_twice(client: Client) -> None:
    everybody = [f"u-{number:04}" for number in range(1050)]
    group = await client.group("All", *everybody)
    assert [each["value"] for each in group["members"]] == everybody
    assert await client.members(group["id"]) == everybody


async def test_a_list_with_too_many_members_in_all_is_refused_with_the_way_out(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "MOST_MEMBERS", 5)
    one, other = [await client.group(name, "u-1", "u-2", "u-3") for name in ("One", "Other")]
    answer = await client.send("GET", "/Groups")
    assert (answer.status, answer.body["scimType"]) == (400, "tooMany")
    assert "excludedAttributes=members" in answer.body["detail"]
    assert (await client.get("/Groups", excludedAttributes="members"))["totalResults"] == 2
    assert len((await client.get("/Groups", filter='displayName eq "one"'))["Resources"][0]["members"]) == 3
    assert len(await client.members(one["id"])) == len(await client.members(other["id"])) == 3


async def test_a_group_that_has_not_changed_is_answered_without_reading_its_members(
    client: Client, trips: RoundTrips
) -> None:
    group = await client.group("Risk", "u-1")
    path, version = f"/Groups/{group['id']}", group["meta"]["version"]
    await client.get("/Groups", count=0)
    with trips.counted() as counted:
        answer = await client.send("GET", path, headers={"if-none-match": version})
    assert (answer.status, answer.body, len(counted)) == (304, None, 1)


async def test_put_answers_with_what_was_put_and_its_version(client: Client) -> None:
    group = await client.group("Risk", "u-1", "u-2")
    path = f"/Groups/{group['id']}"
    body = {"schemas": [GROUP], "displayName": "Audit", "members": [{"value": f"u-{n:03}"} for n in range(120)]}
    answer = await client.send("PUT", path, body)
    assert (answer.status, len(answer.body["members"]), answer.body["displayName"]) == (200, 120, "Audit")
    assert answer.body == await client.get(path)
    assert answer.headers["ETag"] == answer.body["meta"]["version"]
    assert (await client.send("PUT", path, body, headers={"if-match": answer.headers["ETag"]})).status == 200
    assert (await client.send("PUT", path, body, headers={"if-match": group["meta"]["version"]})).status == 412


async def test_a_new_group_of_any_size_answers_with_its_version(client: Client) -> None:
    group = await client.group("All", *(f"u-{number:03}" for number in range(120)))
    read = await client.send("GET", f"/Groups/{group['id']}")
    assert read.body == group
    assert read.headers["Content-Location"] == f"{ROOT}/Groups/{group['id']}"
