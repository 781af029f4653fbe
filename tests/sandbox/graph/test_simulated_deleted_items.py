"""Soft delete: users and Microsoft 365 groups wait in deletedItems, and come back with all they had."""

import pytest

from sandbox.graph.server import Served
from tests.graph_client import PUBLIC, UNIFIED, GraphClient, bound, user

USERS = "/directory/deletedItems/microsoft.graph.user"
DAY = 24 * 3600
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


async def test_a_security_group_comes_back_with_its_members_too(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    key = await graph.group(**bound("members", mira))
    await graph("DELETE", f"/groups/{key}")
    assert (await graph("GET", GROUPS)).ids == [key]

    assert (await graph("POST", f"/directory/deletedItems/{key}/restore")).status == 200

    assert await graph.members(key) == [mira]


async def test_where_security_groups_are_not_kept_they_are_deleted_for_good(served: Served, graph: GraphClient) -> None:
    served.knobs.soft_delete_security_groups = False
    mira = await graph.user("mira")
    key = await graph.group(**bound("members", mira))

    assert (await graph("DELETE", f"/groups/{key}")).status == 204

    assert (await graph("GET", GROUPS)).ids == []
    assert (await graph("GET", f"/users/{mira}/memberOf")).ids == []


@pytest.mark.parametrize("kind", ["users", "groups"])
async def test_after_thirty_days_what_was_deleted_is_gone_for_good(
    served: Served, graph: GraphClient, kind: str
) -> None:
    served.knobs.token_lifetime = 40 * DAY
    await graph.fetch_token()
    key = await graph.user("mira") if kind == "users" else await graph.group("staff")
    later = await graph.user("noor")
    await graph("DELETE", f"/{kind}/{key}")
    served.clock.advance(10 * DAY)
    await graph("DELETE", f"/users/{later}")

    served.clock.advance(20 * DAY - 10)
    assert (await graph("GET", f"/directory/deletedItems/{key}")).status == 200
    served.clock.advance(20)
    assert (await graph("GET", f"/directory/deletedItems/{key}")).status == 404
    assert (await graph("POST", f"/directory/deletedItems/{key}/restore")).status == 404
    assert (await graph("GET", f"/directory/deletedItems/{later}")).status == 200


async def test_the_deleted_are_found_by_what_they_were(graph: GraphClient) -> None:
    mira = await graph.user("mira", employeeId="4711", onPremisesImmutableId="AAEC")
    await graph("DELETE", f"/users/{await graph.user('noor')}")
    await graph("DELETE", f"/users/{mira}")
    name = mira.replace("-", "") + "mira@contoso.example"

    for text in (f"userPrincipalName eq '{name}'", "employeeId eq '4711'", "onPremisesImmutableId eq 'AAEC'"):
        assert (await graph("GET", f"{USERS}?$filter={text}")).ids == [mira], text
    ends = "$filter=endsWith(userPrincipalName,'mira@contoso.example')&$count=true"
    assert (await graph("GET", f"{USERS}?{ends}", ConsistencyLevel="eventual")).ids == [mira]


async def test_a_user_can_be_restored_under_another_name(graph: GraphClient) -> None:
    old = await graph.user("mira")
    await graph("DELETE", f"/users/{old}")
    new = await graph.user("mira")
    path = f"/directory/deletedItems/{old}/restore"

    refused = await graph("POST", path, {"newUserPrincipalName": "mira@elsewhere.example"})
    assert refused.status == 400
    restored = await graph("POST", path, {"newUserPrincipalName": "mira2@contoso.example"})

    assert (restored.status, restored.body["userPrincipalName"]) == (200, "mira2@contoso.example")
    assert (await graph("GET", "/users/mira@contoso.example")).body["id"] == new


async def test_an_address_that_others_have_by_now_is_a_conflict_or_is_dropped(graph: GraphClient) -> None:
    old = await graph.user("mira", mail="info@contoso.example")
    await graph("DELETE", f"/users/{old}")
    await graph.user("noor", mail="info@contoso.example")
    path = f"/directory/deletedItems/{old}/restore"

    refused = await graph("POST", path)
    assert refused.details == [("ConflictingObjects", "proxyAddresses"), ("ObjectConflict", "proxyAddresses")]
    assert (await graph("POST", path, {"autoReconcileProxyConflict": True})).status == 200
    assert (await graph("GET", f"/users/{old}?$select=proxyAddresses")).body["proxyAddresses"] == []
