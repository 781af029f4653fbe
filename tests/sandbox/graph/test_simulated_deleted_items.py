"""Soft delete: users and Microsoft 365 groups wait in deletedItems, and come back with all they had."""

import pytest

from tests.graph_client import PUBLIC, UNIFIED, GraphClient, bound, user

USERS = "/directory/deletedItems/microsoft.graph.user"
GROUPS = "/directory/deletedItems/microsoft.graph.group"


async def test_a_deleted_user_is_gone_from_users_and_listed_among_the_deleted(graph: GraphClient) -> None:
    mira = await graph.user("mira")

    assert (await graph("DELETE", f"/users/{mira}")).status == 204

    assert (await graph("GET", f"/users/{mira}")).status == 404
    assert (await graph("GET", "/users")).ids == []
    assert (await graph("GET", USERS)).ids == [mira]
    assert (await graph("GET", GROUPS)).ids == []
    one = await graph("GET", f"/directory/deletedItems/{mira}?$select=id,deletedDateTime")
    assert one.body["deletedDateTime"]
    assert (await graph("DELETE", f"/users/{mira}")).status == 404


async def test_the_short_type_cast_works_too(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    await graph("DELETE", f"/users/{mira}")

    assert (await graph("GET", "/directory/deletedItems/graph.user?$select=id")).ids == [mira]


@pytest.mark.parametrize("path", ["/directory/deletedItems", "/directory/deletedItems/microsoft.graph.device"])
async def test_the_deleted_items_need_a_type_that_is_simulated(graph: GraphClient, path: str) -> None:
    assert (await graph("GET", path)).status == 400


async def test_the_deleted_are_filtered_and_paged(graph: GraphClient) -> None:
    keys = [await graph.user(f"u{n}", department="A" if n else "B") for n in range(3)]
    for key in keys:
        await graph("DELETE", f"/users/{key}")

    assert (await graph("GET", f"{USERS}?$filter=department eq 'A'")).ids == keys[1:]
    first = await graph("GET", f"{USERS}?$top=2")
    assert first.ids + (await graph("GET", first.body["@odata.nextLink"])).ids == keys


async def test_a_deleted_users_name_is_free_and_its_restore_then_a_conflict(graph: GraphClient) -> None:
    old = await graph.user("mira", mail="mira@contoso.example")
    await graph("DELETE", f"/users/{old}")
    shown = await graph("GET", f"/directory/deletedItems/{old}")
    assert shown.body["userPrincipalName"] == old.replace("-", "") + "mira@contoso.example"

    new = await graph.user("mira")

    reply = await graph("POST", f"/directory/deletedItems/{old}/restore")
    assert (reply.status, reply.details) == (400, [("ObjectConflict", "userPrincipalName")])
    await graph("DELETE", f"/users/{new}")
    assert (await graph("POST", f"/directory/deletedItems/{old}/restore")).status == 200


async def test_a_restored_user_has_its_name_its_groups_and_its_manager_back(graph: GraphClient) -> None:
    boss = await graph.user("boss")
    mira = await graph.user("mira", department="Research", **{"manager@odata.bind": f"{PUBLIC}/users/{boss}"})
    key = await graph.group(**bound("members", mira))
    await graph("DELETE", f"/users/{mira}")
    assert await graph.members(key) == []

    reply = await graph("POST", f"/directory/deletedItems/{mira}/restore")

    assert (reply.status, reply.body["id"]) == (200, mira)
    assert (await graph("GET", "/users/mira@contoso.example?$select=department")).body["department"] == "Research"
    assert await graph.members(key) == [mira]
    assert (await graph("GET", f"/users/{mira}/manager")).body["id"] == boss
    assert (await graph("GET", USERS)).ids == []
    assert (await graph("POST", "/users", user("mira"))).details == [("ObjectConflict", "userPrincipalName")]


async def test_a_purged_user_is_gone_for_good(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    report = await graph.user("report", **{"manager@odata.bind": f"{PUBLIC}/users/{mira}"})
    key = await graph.group(**bound("members", mira), **bound("owners", mira))
    await graph("DELETE", f"/users/{mira}")

    assert (await graph("DELETE", f"/directory/deletedItems/{mira}")).status == 204

    assert (await graph("GET", f"/directory/deletedItems/{mira}")).status == 404
    assert (await graph("POST", f"/directory/deletedItems/{mira}/restore")).status == 404
    assert (await graph("GET", f"/users/{report}/manager")).status == 404
    assert await graph.members(key) == []


async def test_what_was_not_deleted_is_not_among_the_deleted(graph: GraphClient) -> None:
    mira = await graph.user("mira")

    assert (await graph("GET", f"/directory/deletedItems/{mira}")).status == 404
    assert (await graph("DELETE", f"/directory/deletedItems/{mira}")).status == 404


async def test_a_microsoft_365_group_comes_back_with_its_members(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    key = await graph.group("crew", **UNIFIED, **bound("members", mira))
    await graph("DELETE", f"/groups/{key}")
    assert (await graph("GET", GROUPS)).ids == [key]
    assert (await graph("GET", f"/users/{mira}/memberOf")).ids == []

    assert (await graph("POST", f"/directory/deletedItems/{key}/restore")).status == 200

    assert await graph.members(key) == [mira]


async def test_a_security_group_is_deleted_for_good(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    key = await graph.group(**bound("members", mira))

    assert (await graph("DELETE", f"/groups/{key}")).status == 204

    assert (await graph("GET", GROUPS)).ids == []
    assert (await graph("GET", f"/users/{mira}/memberOf")).ids == []
