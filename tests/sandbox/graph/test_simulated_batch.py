"""$batch: twenty requests in one, each for itself."""

from typing import Any

import pytest

from sandbox.graph.server import Served
from tests.graph_client import GraphClient, bound, reference, user

JSON = {"Content-Type": "application/json"}


def get(key: str, url: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "method": "GET", "url": url} | more


def post(key: str, url: str, body: Any, **more: Any) -> dict[str, Any]:
    return {"id": key, "method": "POST", "url": url, "headers": JSON, "body": body} | more


async def test_each_item_has_its_own_status_headers_and_body(graph: GraphClient) -> None:
    mira, key = await graph.user("mira"), await graph.group()

    answers = await graph.batch(
        get("a", f"/users/{mira}?$select=displayName"),
        post("b", f"/groups/{key}/members/$ref", reference(mira)),
        get("c", "/users/nobody"),
        post("d", "/users", user("mira")),
    )

    assert {key: answer["status"] for key, answer in answers.items()} == {"a": 200, "b": 204, "c": 404, "d": 400}
    assert answers["a"]["body"]["displayName"] == "Mira"
    assert "body" not in answers["b"]
    assert answers["c"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert answers["c"]["headers"]["Content-Type"] == "application/json"
    assert answers["d"]["body"]["error"]["details"][0]["code"] == "ObjectConflict"


async def test_answers_come_in_another_order_than_the_requests(graph: GraphClient) -> None:
    items = [get(str(n), "/users") for n in range(3)]

    reply = await graph("POST", "/$batch", {"requests": items})

    assert [answer["id"] for answer in reply.body["responses"]] != ["0", "1", "2"]


async def test_an_encoded_batch_url_is_the_same_url(graph: GraphClient) -> None:
    headers = {"Authorization": f"Bearer {graph.token}"}
    body = {"requests": [get("1", "/users")]}
    async with graph.session.post(f"{graph.served.base_url}/%24batch", json=body, headers=headers) as response:
        assert response.status == 200


async def test_urls_may_be_escaped_and_carry_options_and_headers(graph: GraphClient) -> None:
    key = await graph.user("mira", userPrincipalName="o'brien#1@contoso.example")

    answers = await graph.batch(
        get("1", "users/o'brien%231@contoso.example?$select=id"),
        get("2", "/users?$filter=displayName%20ne%20'x'&$count=true", headers={"ConsistencyLevel": "eventual"}),
    )

    assert answers["1"]["body"]["id"] == key
    assert answers["2"]["body"]["@odata.count"] == 1


async def test_a_dependent_item_runs_behind_what_it_depends_on(graph: GraphClient) -> None:
    answers = await graph.batch(
        get("second", "/users/mira@contoso.example", dependsOn=["first"]), post("first", "/users", user("mira"))
    )

    assert (answers["first"]["status"], answers["second"]["status"]) == (201, 200)


async def test_what_depends_on_a_failure_is_424_and_is_not_done(graph: GraphClient) -> None:
    answers = await graph.batch(
        get("1", "/users/nobody"),
        post("2", "/users", user("mira"), dependsOn=["1"]),
        post("3", "/users", user("noor"), dependsOn=["2"]),
        post("4", "/users", user("zoe")),
    )

    assert {key: answer["status"] for key, answer in answers.items()} == {"1": 404, "2": 424, "3": 424, "4": 201}
    assert len((await graph("GET", "/users")).ids) == 1


async def test_twenty_items_are_as_many_as_a_batch_takes(graph: GraphClient) -> None:
    items = [get(str(n), "/users") for n in range(21)]

    assert len(await graph.batch(*items[:20])) == 20
    refused = await graph("POST", "/$batch", {"requests": items})
    assert (refused.status, refused.code) == (400, "BadRequest")


@pytest.mark.parametrize(
    "items",
    [
        [get("1", "/users"), get("1", "/groups")],
        [get("", "/users")],
        [get("1", "https://graph.microsoft.com/v1.0/users")],
        [get("1", "//elsewhere.example/users")],
        [get("1", "")],
        [get("1", "/users?$top=1&$top=2")],
        [{"id": "1", "method": "HEAD", "url": "/users"}],
        [{"id": "1", "url": "/users"}],
        [{"id": 1, "method": "GET", "url": "/users"}],
        [{"id": "1", "method": "POST", "url": "/users", "body": {}}],
        [{"id": "1", "method": "POST", "url": "/users", "headers": {"Accept": "x"}, "body": {}}],
        [{"id": "1", "method": "PATCH", "url": "/users/a", "headers": JSON}],
        [get("1", "/users", headers={"a": 1})],
        [get("1", "/users", depends_on=["2"]), get("2", "/users")],
        [get("1", "/users", dependsOn=["3"])],
        [get("1", "/users", dependsOn=["1"])],
        [get("1", "/users", dependsOn=["2"]), get("2", "/users", dependsOn=["1"])],
        [get("1", "/users", dependsOn="2"), get("2", "/users")],
        ["x"],
        [],
    ],
)
async def test_a_malformed_item_fails_the_whole_batch_and_nothing_is_done(graph: GraphClient, items: list[Any]) -> None:
    reply = await graph("POST", "/$batch", {"requests": [*items, post("good", "/users", user())] if items else []})

    assert (reply.status, reply.code) == (400, "BadRequest")
    assert (await graph("GET", "/users")).ids == []


@pytest.mark.parametrize("body", [[], {}, {"requests": {}}, {"requests": None}])
async def test_a_body_that_is_no_batch_is_refused(graph: GraphClient, body: Any) -> None:
    assert (await graph("POST", "/$batch", body)).status == 400


async def test_a_batch_within_a_batch_is_refused_as_an_item(graph: GraphClient) -> None:
    answers = await graph.batch(post("1", "/$batch", {"requests": [get("1", "/users")]}))

    assert answers["1"]["status"] == 400


async def test_a_batch_is_posted(graph: GraphClient) -> None:
    assert (await graph("GET", "/$batch")).status == 405


async def test_a_batch_needs_a_token_and_each_item_its_permission(served: Served, graph: GraphClient) -> None:
    served.knobs.permissions = frozenset({"User.Read.All"})

    answers = await graph.batch(get("1", "/users"), get("2", "/groups"))
    assert (answers["1"]["status"], answers["2"]["status"]) == (200, 403)
    graph.token = "none"
    assert (await graph("POST", "/$batch", {"requests": [get("1", "/users")]})).status == 401


async def test_each_item_is_throttled_on_its_own(served: Served, graph: GraphClient) -> None:
    served.knobs.write_quota = 2

    answers = await graph.batch(*(post(str(n), "/users", user(f"u{n}")) for n in range(4)), get("read", "/users"))

    statuses = [answers[str(n)]["status"] for n in range(4)]
    assert statuses == [201, 201, 429, 429]
    assert int(answers["2"]["headers"]["Retry-After"]) >= 1
    assert answers["2"]["body"]["error"]["code"] == "TooManyRequests"
    assert answers["read"]["status"] == 200
    assert len((await graph("GET", "/users")).ids) == 2


async def test_members_are_changed_by_batch(graph: GraphClient) -> None:
    mira, noor = await graph.user("mira"), await graph.user("noor")
    key = await graph.group(**bound("members", mira))

    answers = await graph.batch(
        {"id": "1", "method": "DELETE", "url": f"/groups/{key}/members/{mira}/$ref"},
        post("2", f"/groups/{key}/members/$ref", reference(noor)),
    )

    assert {answer["status"] for answer in answers.values()} == {204}
    assert await graph.members(key) == [noor]
