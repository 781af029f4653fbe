"""What a source may do: kinds, writing, and other sources' resources. A refusal is 403, with what to change."""

from typing import Any

import pytest
from scim2_server.requests import ScimRequest

from connectors.contract import ObjectKind
from provisioning.scim.published import published
from tests.scim.callers import caller
from tests.scim.conftest import GROUP, USER, Client

MEMBER = {"op": "add", "path": "members", "value": [{"value": "u-1"}]}
TITLE = {"op": "replace", "path": "title", "value": "Lead"}


async def test_a_source_for_one_kind_sees_and_writes_that_kind_only(client: Client) -> None:
    user, group = await client.user(), await client.group()
    people = await caller(client, "people", kinds=frozenset({ObjectKind.USER}))
    assert (await people.send("GET", f"/Users/{user['id']}")).status == 200
    assert (await people.patch(f"/Users/{user['id']}", TITLE)).status == 200
    for method, path, body in (
        ("GET", "/Groups", None),
        ("GET", f"/Groups/{group['id']}", None),
        ("POST", "/Groups/.search", {}),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "X"}),
        ("PUT", f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": "X"}),
        ("PATCH", f"/Groups/{group['id']}", {"Operations": [MEMBER]}),
        ("DELETE", f"/Groups/{group['id']}", None),
    ):
        answer = await people.send(method, path, body)
        assert (answer.status, answer.body["status"]) == (403, "403"), (method, path)
        assert "people" in answer.body["detail"]
    assert await client.get(f"/Groups/{group['id']}") == group


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_search_at_the_root_finds_what_the_source_may_see(client: Client, method: str) -> None:
    user = await client.user()
    await client.group()
    people = await caller(client, "people", kinds=frozenset({ObjectKind.USER}))
    answer = await people.send(method, "/" if method == "GET" else "/.search", {} if method == "POST" else None)
    assert [each["id"] for each in answer.body["Resources"]] == [user["id"]]
    assert answer.body["totalResults"] == 1


async def test_a_source_that_reads_only_writes_nothing(client: Client) -> None:
    user, group = await client.user(), await client.group()
    reader = await caller(client, "reader", writes=False)
    assert (await reader.get("/Users"))["totalResults"] == 1
    assert (await reader.send("POST", "/Groups/.search", {})).status == 200
    assert (await reader.send("GET", "/Schemas")).status == 200
    for method, path, body in (
        ("POST", "/Users", {"schemas": [USER], "userName": "noor"}),
        ("PUT", f"/Users/{user['id']}", {"schemas": [USER], "userName": "noor"}),
        ("PATCH", f"/Users/{user['id']}", {"Operations": [TITLE]}),
        ("PATCH", f"/Groups/{group['id']}", {"Operations": [MEMBER]}),
        ("DELETE", f"/Users/{user['id']}", None),
    ):
        answer = await reader.send(method, path, body)
        assert (answer.status, answer.body["status"]) == (403, "403"), (method, path)
        assert "read" in answer.body["detail"]
    assert await client.get(f"/Users/{user['id']}") == user
    assert await client.members(group["id"]) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/Users/{user}", {"schemas": [USER], "userName": "noor"}),
        ("PATCH", "/Users/{user}", {"Operations": [TITLE]}),
        ("DELETE", "/Users/{user}", None),
        ("PUT", "/Groups/{group}", {"schemas": [GROUP], "displayName": "X", "members": []}),
        ("PATCH", "/Groups/{group}", {"Operations": [MEMBER]}),
        ("PATCH", "/Groups/{group}", {"Operations": [{"op": "remove", "path": "members"}]}),
        ("PATCH", "/Groups/{group}", {"Operations": [{"op": "replace", "path": "displayName", "value": "X"}]}),
        ("DELETE", "/Groups/{group}", None),
    ],
)
async def test_a_source_for_its_own_resources_leaves_others_alone(
    client: Client, method: str, path: str, body: Any
) -> None:
    user, group = await client.user(), await client.group("Risk", "u-9")
    own = await caller(client, "own", own_only=True)
    answer = await own.send(method, path.format(user=user["id"], group=group["id"]), body)
    assert answer.status == 403, answer
    assert "entra" in answer.body["detail"]
    assert await client.get(f"/Users/{user['id']}") == user
    assert await client.get(f"/Groups/{group['id']}") == group


async def test_a_source_for_its_own_resources_reads_all_and_writes_its_own(client: Client) -> None:
    theirs = await client.user("theirs")
    own = await caller(client, "own", own_only=True)
    mine, group = await own.user("mine"), await own.group("Risk")
    assert (await own.get("/Users"))["totalResults"] == 2
    assert (await own.get(f"/Users/{theirs['id']}"))["userName"] == "theirs"
    assert (await own.patch(f"/Users/{mine['id']}", TITLE)).status == 200
    assert (await own.patch(f"/Groups/{group['id']}", MEMBER)).status == 204
    assert (await own.send("DELETE", f"/Groups/{group['id']}")).status == 204
    assert (await client.patch(f"/Users/{mine['id']}", TITLE)).status == 200


async def test_without_a_caller_nothing_is_authorised() -> None:
    """The service fails closed where nobody was authenticated."""
    service = published().service
    request = ScimRequest("GET", "https://hub.example/scim/v2", "/Users")
    with pytest.raises(Exception, match="bearer token"):
        service.authorize(request, service.match(request), service.resource_type_at("Users"))


async def test_a_source_for_users_learns_nothing_of_groups_through_them(client: Client) -> None:
    mira = await client.user("mira")
    risk = await client.group("Risk", mira["id"])
    mine = await caller(client, "people", kinds=frozenset({ObjectKind.USER}))
    shown = (await mine.send("GET", f"/Users/{mira['id']}", attributes="userName,groups")).body
    assert "groups" not in shown
    listed = (await mine.send("GET", "/Users", attributes="userName,groups")).body["Resources"]
    assert not any("groups" in each for each in listed)
    for query in (
        {"filter": f'groups.value eq "{risk["id"]}"'},
        {"filter": 'groups.display eq "Risk"'},
        {"filter": "groups pr"},
        {"sortBy": "groups.display"},
    ):
        assert (await mine.send("GET", "/Users", **query)).status == 403, query
    assert (await client.send("GET", "/Users", filter="groups pr")).body["totalResults"] == 1
