"""Groups: the two kinds that Graph creates, what is unique among them, what may be changed."""

from typing import Any

import pytest

from tests.graph_client import UNIFIED, GraphClient, bound, group, references


async def test_a_security_group_has_no_mail_address(graph: GraphClient) -> None:
    reply = await graph("POST", "/groups", group())

    assert reply.status == 201
    assert (reply.body["mail"], reply.body["groupTypes"], reply.body["visibility"]) == (None, [], None)


async def test_a_microsoft_365_group_gets_a_mail_address_in_the_default_domain(graph: GraphClient) -> None:
    reply = await graph("POST", "/groups", group("crew", **UNIFIED))

    assert reply.status == 201
    assert reply.body["mail"] == "crew@contoso.example"
    assert reply.body["proxyAddresses"] == ["SMTP:crew@contoso.example"]
    assert reply.body["visibility"] == "Public"


@pytest.mark.parametrize("name", ["displayName", "mailEnabled", "mailNickname", "securityEnabled"])
async def test_a_create_without_a_required_property_is_refused_with_its_name(graph: GraphClient, name: str) -> None:
    body = group()
    del body[name]

    reply = await graph("POST", "/groups", body)

    assert (reply.status, reply.message) == (400, f"A value is required for property '{name}' of resource 'Group'.")


@pytest.mark.parametrize(
    "change",
    [
        {"mailEnabled": True},
        {"mailEnabled": False, "groupTypes": ["Unified"]},
        {"securityEnabled": False},
        {"groupTypes": ["DynamicMembership"]},
        {"mailNickname": "a b"},
        {"mailNickname": "zoë"},
        {"mailNickname": "x" * 65},
        {"displayName": ""},
        {"displayName": "x" * 257},
        {"visibility": "Private"},
        {"visibility": "Secret", **UNIFIED},
        {"members": []},
        {"bogus": 1},
    ],
)
async def test_a_group_that_graph_does_not_create_is_refused(graph: GraphClient, change: dict[str, Any]) -> None:
    assert (await graph("POST", "/groups", group(**change))).status == 400
    assert (await graph("GET", "/groups")).ids == []


async def test_display_names_are_not_unique_and_nicknames_of_security_groups_neither(graph: GraphClient) -> None:
    await graph.group("staff")
    await graph.group("staff")


async def test_the_nickname_of_a_microsoft_365_group_is_unique_among_them(graph: GraphClient) -> None:
    await graph.group("crew", **UNIFIED)
    await graph.group("crew", displayName="A security group of that name")

    reply = await graph("POST", "/groups", group("CREW", displayName="Other", **UNIFIED))

    assert (reply.status, reply.details) == (400, [("ObjectConflict", "mailNickname")])


async def test_a_groups_address_collides_with_a_users(graph: GraphClient) -> None:
    await graph.user("mira", mail="crew@contoso.example")

    reply = await graph("POST", "/groups", group("crew", **UNIFIED))

    assert ("ObjectConflict", "proxyAddresses") in reply.details


async def test_a_unique_name_is_unique(graph: GraphClient) -> None:
    await graph.group("staff", uniqueName="staff-of-berlin")

    reply = await graph("POST", "/groups", group("other", uniqueName="Staff-of-Berlin"))

    assert reply.details == [("ObjectConflict", "uniqueName")]


async def test_a_group_is_renamed_and_its_description_cleared(graph: GraphClient) -> None:
    key = await graph.group(description="Everybody")

    assert (await graph("PATCH", f"/groups/{key}", {"displayName": "All", "description": None})).status == 204

    body = (await graph("GET", f"/groups/{key}")).body
    assert (body["displayName"], body["description"]) == ("All", None)


@pytest.mark.parametrize(
    "change",
    [{"displayName": None}, {"displayName": ""}, {"mailEnabled": True}, {"groupTypes": ["Unified"]}, {"mail": "a@b.c"}],
)
async def test_a_change_that_is_not_allowed_is_refused(graph: GraphClient, change: dict[str, Any]) -> None:
    key = await graph.group()

    assert (await graph("PATCH", f"/groups/{key}", change)).status == 400


async def test_a_key_that_is_no_guid_is_a_bad_request_and_an_absent_one_404(graph: GraphClient) -> None:
    assert (await graph("GET", "/groups/staff")).message == "Invalid object identifier 'staff'."
    assert (await graph("GET", "/groups/6f1c0f0e-7e9c-4ad1-bf0c-111111111111")).status == 404
    assert (await graph("GET", f"/groups/{await graph.user()}")).status == 404


async def test_members_and_owners_are_bound_on_create(graph: GraphClient) -> None:
    mira, noor = await graph.user("mira"), await graph.user("noor")

    key = await graph.group(**bound("members", mira, noor), **bound("owners", mira))

    assert await graph.members(key) == [mira, noor]
    assert (await graph("GET", f"/groups/{key}/owners")).ids == [mira]


@pytest.mark.parametrize(
    ("more", "status"), [("6f1c0f0e-7e9c-4ad1-bf0c-111111111111", 404), ("not-a-guid", 400), ("again", 400)]
)
async def test_a_create_with_one_bad_reference_creates_nothing(graph: GraphClient, more: str, status: int) -> None:
    mira = await graph.user("mira")

    body = group(**bound("members", mira, mira if more == "again" else more))

    assert (await graph("POST", "/groups", body)).status == status
    assert (await graph("GET", "/groups")).ids == []


async def test_more_than_20_references_in_a_create_are_refused(graph: GraphClient) -> None:
    keys = [await graph.user(f"u{n}") for n in range(21)]

    assert (await graph("POST", "/groups", group(**bound("members", *keys)))).status == 400
    both = bound("members", *keys[:20]) | bound("owners", keys[20])
    assert (await graph("POST", "/groups", group(**both))).status == 400
    assert (await graph("POST", "/groups", group(**bound("members", *keys[:20])))).status == 201


async def test_owners_are_added_and_removed_but_the_last_one_stays(graph: GraphClient) -> None:
    mira, noor = await graph.user("mira"), await graph.user("noor")
    key = await graph.group(**bound("owners", mira))

    added = {"@odata.id": references(noor)[0]}
    assert (await graph("POST", f"/groups/{key}/owners/$ref", added)).status == 204
    assert (await graph("POST", f"/groups/{key}/owners/$ref", added)).status == 400
    assert (await graph("DELETE", f"/groups/{key}/owners/{mira}/$ref")).status == 204
    assert (await graph("DELETE", f"/groups/{key}/owners/{noor}/$ref")).status == 400
    assert (await graph("GET", f"/groups/{key}/owners")).ids == [noor]


async def test_a_group_is_no_owner(graph: GraphClient) -> None:
    key, other = await graph.group("one"), await graph.group("two")

    assert (await graph("POST", f"/groups/{key}/owners/$ref", {"@odata.id": references(other)[0]})).status == 400
