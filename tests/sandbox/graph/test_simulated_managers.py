"""The manager of a user, which is a reference of its own."""

import pytest

from tests.graph_client import PUBLIC, GraphClient, reference, user


async def test_a_manager_is_set_read_and_removed(graph: GraphClient) -> None:
    mira, boss = await graph.user("mira"), await graph.user("boss")

    assert (await graph("PUT", f"/users/{mira}/manager/$ref", reference(boss, "users"))).status == 204

    reply = await graph("GET", f"/users/{mira}/manager?$select=id,displayName")
    assert reply.body["@odata.type"] == "#microsoft.graph.user"
    assert (reply.body["id"], reply.body["displayName"]) == (boss, "Boss")
    assert boss in (await graph("GET", f"/users/{mira}/manager/$ref")).body["@odata.id"]

    assert (await graph("DELETE", f"/users/{mira}/manager/$ref")).status == 204
    assert (await graph("GET", f"/users/{mira}/manager")).status == 404


async def test_a_put_replaces_the_manager(graph: GraphClient) -> None:
    mira, first, second = [await graph.user(name) for name in ("mira", "first", "second")]
    await graph("PUT", f"/users/{mira}/manager/$ref", reference(first))

    await graph("PUT", f"/users/{mira}/manager/$ref", reference(second))

    assert (await graph("GET", f"/users/{mira}/manager")).body["id"] == second


async def test_a_manager_is_bound_on_create(graph: GraphClient) -> None:
    boss = await graph.user("boss")

    mira = await graph.user("mira", **{"manager@odata.bind": f"{PUBLIC}/users/{boss}"})

    assert (await graph("GET", f"/users/{mira}/manager")).body["id"] == boss


async def test_a_create_with_an_absent_manager_creates_nothing(graph: GraphClient) -> None:
    absent = {"manager@odata.bind": f"{PUBLIC}/users/6f1c0f0e-7e9c-4ad1-bf0c-111111111111"}

    reply = await graph("POST", "/users", user(**absent))

    assert (reply.status, reply.code) == (404, "Request_ResourceNotFound")
    assert (await graph("GET", "/users")).ids == []


async def test_a_user_without_a_manager_answers_404_for_it(graph: GraphClient) -> None:
    mira = await graph.user("mira")

    for path in (f"/users/{mira}/manager", f"/users/{mira}/manager/$ref"):
        reply = await graph("GET", path)
        assert (reply.status, reply.code) == (404, "Request_ResourceNotFound")
    assert (await graph("DELETE", f"/users/{mira}/manager/$ref")).status == 404


async def test_an_absent_manager_and_an_absent_report_are_404(graph: GraphClient) -> None:
    mira, absent = await graph.user("mira"), "6f1c0f0e-7e9c-4ad1-bf0c-111111111111"

    assert (await graph("PUT", f"/users/{mira}/manager/$ref", reference(absent))).status == 404
    assert (await graph("PUT", f"/users/{absent}/manager/$ref", reference(mira))).status == 404


async def test_a_group_is_no_manager(graph: GraphClient) -> None:
    mira, group = await graph.user("mira"), await graph.group()

    assert (await graph("PUT", f"/users/{mira}/manager/$ref", reference(group))).status == 400
    assert (await graph("PUT", f"/users/{mira}/manager/$ref", reference(group, "users"))).status == 404


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/v1.0/users/6f1c0f0e-7e9c-4ad1-bf0c-111111111111",
        "users/6f1c0f0e-7e9c-4ad1-bf0c-111111111111",
        f"{PUBLIC}/users/not-a-guid",
        f"{PUBLIC}/devices/6f1c0f0e-7e9c-4ad1-bf0c-111111111111",
    ],
)
async def test_a_reference_that_is_no_url_of_graph_is_refused(graph: GraphClient, url: str) -> None:
    mira = await graph.user("mira")

    assert (await graph("PUT", f"/users/{mira}/manager/$ref", {"@odata.id": url})).status == 400


async def test_a_reference_may_use_the_simulators_own_address(graph: GraphClient) -> None:
    mira, boss = await graph.user("mira"), await graph.user("boss")

    body = {"@odata.id": f"{graph.served.base_url}/users/{boss}"}
    assert (await graph("PUT", f"/users/{mira}/manager/$ref", body)).status == 204


async def test_the_manager_is_expanded_in_reads_and_lists(graph: GraphClient) -> None:
    boss = await graph.user("boss")
    mira = await graph.user("mira", **{"manager@odata.bind": f"{PUBLIC}/users/{boss}"})

    one = await graph("GET", f"/users/{mira}?$select=id&$expand=manager($select=id,displayName)")
    assert one.body["manager"] == {"@odata.type": "#microsoft.graph.user", "id": boss, "displayName": "Boss"}
    listed = await graph("GET", "/users?$select=id&$expand=manager($select=id)")
    assert [item.get("manager", {}).get("id") for item in listed.body["value"]] == [None, boss]


async def test_a_deleted_manager_is_gone_from_the_report(graph: GraphClient) -> None:
    boss = await graph.user("boss")
    mira = await graph.user("mira", **{"manager@odata.bind": f"{PUBLIC}/users/{boss}"})

    await graph("DELETE", f"/users/{boss}")

    assert (await graph("GET", f"/users/{mira}/manager")).status == 404
