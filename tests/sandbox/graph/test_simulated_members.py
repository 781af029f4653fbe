"""Members: added by reference or twenty at once, removed one by one, listed in pages."""

import asyncio

import pytest

from sandbox.graph.server import Served
from tests.graph_client import PUBLIC, UNIFIED, GraphClient, bound, reference, references

ABSENT = "6f1c0f0e-7e9c-4ad1-bf0c-111111111111"
ALREADY = "One or more added object references already exist for the following modified properties: 'members'."


@pytest.mark.parametrize("kind", ["directoryObjects", "users"])
async def test_a_member_is_added_by_reference_and_removed_by_id(graph: GraphClient, kind: str) -> None:
    mira, noor, key = await graph.user("mira"), await graph.user("noor"), await graph.group()

    assert (await graph("POST", f"/groups/{key}/members/$ref", reference(mira, kind))).status == 204
    assert (await graph("POST", f"/groups/{key}/members/$ref", reference(noor, kind))).status == 204
    assert await graph.members(key) == [mira, noor]

    assert (await graph("DELETE", f"/groups/{key}/members/{mira}/$ref")).status == 204
    assert await graph.members(key) == [noor]


async def test_adding_a_member_again_is_a_bad_request_with_graphs_words(graph: GraphClient) -> None:
    mira, key = await graph.user("mira"), await graph.group()
    await graph("POST", f"/groups/{key}/members/$ref", reference(mira))

    reply = await graph("POST", f"/groups/{key}/members/$ref", reference(mira))

    assert (reply.status, reply.code, reply.message) == (400, "Request_BadRequest", ALREADY)
    assert await graph.members(key) == [mira]


async def test_absent_members_and_groups_are_404(graph: GraphClient) -> None:
    mira, key = await graph.user("mira"), await graph.group()

    assert (await graph("POST", f"/groups/{key}/members/$ref", reference(ABSENT))).code == "Request_ResourceNotFound"
    assert (await graph("POST", f"/groups/{ABSENT}/members/$ref", reference(mira))).status == 404
    assert (await graph("DELETE", f"/groups/{key}/members/{mira}/$ref")).status == 404
    assert (await graph("DELETE", f"/groups/{key}/members/{ABSENT}/$ref")).status == 404
    assert (await graph("GET", f"/groups/{ABSENT}/members")).status == 404


async def test_a_delete_without_ref_deletes_nobody(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    key = await graph.group(**bound("members", mira))

    assert (await graph("DELETE", f"/groups/{key}/members/{mira}")).status == 400
    assert (await graph("GET", f"/users/{mira}")).status == 200


async def test_a_patch_binds_twenty_members_at_once(graph: GraphClient) -> None:
    keys = [await graph.user(f"u{n}") for n in range(21)]
    key = await graph.group()

    one_too_many = await graph("PATCH", f"/groups/{key}", {"members@odata.bind": references(*keys)})
    assert (one_too_many.status, await graph.members(key)) == (400, [])

    assert (await graph("PATCH", f"/groups/{key}", {"members@odata.bind": references(*keys[:20])})).status == 204
    assert await graph.members(key) == keys[:20]


@pytest.mark.parametrize(("bad", "status"), [("present", 400), (ABSENT, 404), ("not-a-guid", 400)])
async def test_a_patch_binds_all_members_or_none(graph: GraphClient, bad: str, status: int) -> None:
    mira, noor = await graph.user("mira"), await graph.user("noor")
    key = await graph.group(**bound("members", mira))

    wanted = references(noor, mira if bad == "present" else bad)
    reply = await graph("PATCH", f"/groups/{key}", {"displayName": "Renamed", "members@odata.bind": wanted})

    assert reply.status == status
    assert await graph.members(key) == [mira]
    assert (await graph("GET", f"/groups/{key}")).body["displayName"] == "Staff"


async def test_a_refused_property_keeps_the_members_of_the_same_patch_out(graph: GraphClient) -> None:
    mira, key = await graph.user("mira"), await graph.group()

    body = {"displayName": "", "members@odata.bind": references(mira)}
    assert (await graph("PATCH", f"/groups/{key}", body)).status == 400
    assert await graph.members(key) == []


async def test_a_security_group_nests_and_a_microsoft_365_group_does_not(graph: GraphClient) -> None:
    inner, outer, unified = await graph.group("inner"), await graph.group("outer"), await graph.group("u", **UNIFIED)

    assert (await graph("POST", f"/groups/{outer}/members/$ref", reference(inner, "groups"))).status == 204
    assert (await graph("POST", f"/groups/{unified}/members/$ref", reference(inner))).status == 400
    assert (await graph("POST", f"/groups/{outer}/members/$ref", reference(outer))).status == 400
    listed = (await graph("GET", f"/groups/{outer}/members?$select=id,displayName,userPrincipalName")).body["value"]
    assert listed == [{"@odata.type": "#microsoft.graph.group", "id": inner, "displayName": "Inner"}]


async def test_members_carry_their_type_and_default_properties(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    key = await graph.group(**bound("members", mira))

    [member] = (await graph("GET", f"/groups/{key}/members")).body["value"]

    assert member["@odata.type"] == "#microsoft.graph.user"
    assert (member["id"], member["userPrincipalName"]) == (mira, "mira@contoso.example")


async def test_an_application_that_may_not_read_users_sees_only_that_members_are_there(
    served: Served, graph: GraphClient
) -> None:
    mira = await graph.user("mira")
    key = await graph.group(**bound("members", mira))
    served.knobs.permissions = frozenset({"GroupMember.Read.All"})

    members = (await graph("GET", f"/groups/{key}/members?$select=id,displayName")).body["value"]

    assert members == [{"@odata.type": "#microsoft.graph.user", "id": mira}]


async def test_the_groups_of_a_user_are_listed(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    keys = [await graph.group(name, **bound("members", mira)) for name in ("one", "two")]
    await graph.group("three")

    assert (await graph("GET", f"/users/{mira}/memberOf")).ids == keys


async def test_members_are_expanded_up_to_twenty(graph: GraphClient) -> None:
    keys = [await graph.user(f"u{n}") for n in range(22)]
    key = await graph.group(**bound("members", *keys[:20]))
    await graph("PATCH", f"/groups/{key}", {"members@odata.bind": references(*keys[20:])})

    body = (await graph("GET", f"/groups/{key}?$select=id&$expand=members($select=id)")).body

    assert [member["id"] for member in body["members"]] == keys[:20]


async def test_deleting_a_member_takes_it_out_of_its_groups(graph: GraphClient) -> None:
    mira, noor = await graph.user("mira"), await graph.user("noor")
    key = await graph.group(**bound("members", mira, noor))

    await graph("DELETE", f"/users/{mira}")

    assert await graph.members(key) == [noor]


async def test_parallel_adds_and_removes_of_different_members_lose_none(graph: GraphClient) -> None:
    keys = [await graph.user(f"u{n}") for n in range(40)]
    key = await graph.group(**bound("members", *keys[:20]))

    removes = [graph("DELETE", f"/groups/{key}/members/{member}/$ref") for member in keys[:20]]
    adds = [graph("POST", f"/groups/{key}/members/$ref", reference(member)) for member in keys[20:]]
    replies = await asyncio.gather(*removes, *adds)

    assert {reply.status for reply in replies} == {204}
    assert set(await graph.members(key)) == set(keys[20:])


@pytest.mark.parametrize("body", [{}, {"@odata.id": 7}, {"@odata.id": "nonsense"}, {"@odata.id": f"{PUBLIC}/users/"}])
async def test_a_body_that_refers_to_nothing_is_refused(graph: GraphClient, body: dict[str, object]) -> None:
    key = await graph.group()

    assert (await graph("POST", f"/groups/{key}/members/$ref", body)).status == 400


@pytest.mark.parametrize("bound", ["x", [7], {"a": 1}])
async def test_a_bind_that_is_no_array_of_urls_is_refused(graph: GraphClient, bound: object) -> None:
    key = await graph.group()

    assert (await graph("PATCH", f"/groups/{key}", {"members@odata.bind": bound})).status == 400
