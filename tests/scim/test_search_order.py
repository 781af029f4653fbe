"""Sorting by RFC 7644 section 3.4.2.3, and the price of sorting by name."""

from typing import Any

import pytest

from tests.scim.conftest import Client
from tests.scim.test_search_pages import ids, walked

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

PEOPLE: dict[str, dict[str, Any]] = {
    "bob": {"title": "b", "externalId": "b", "active": False, "name": {"familyName": "Young"}},
    "Mira": {
        "title": "A",
        "externalId": "B",
        "active": True,
        "emails": [{"value": "z@x"}, {"value": "a@x", "primary": True}],
    },
    "zoé": {
        "title": "c",
        "externalId": "a",
        "emails": [{"value": "b@x"}, {"value": "0@x"}],
        "name": {"familyName": "abel"},
    },
    "Álvaro": {ENTERPRISE: {"employeeNumber": "10"}},
    "anna": {"title": "a", ENTERPRISE: {"employeeNumber": "9"}},
}


@pytest.fixture
async def people(client: Client) -> Client:
    """Five users, of whom some lack what is sorted by."""
    for name, attributes in PEOPLE.items():
        answer = await client.send("POST", "/Users", {"userName": name, **attributes})
        assert answer.status == 201, answer
    return client


async def names(client: Client, **query: Any) -> list[str]:
    return [each["userName"] for each in (await client.get("/Users", **query))["Resources"]]


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("userName", ["anna", "bob", "Mira", "zoé", "Álvaro"]),
        ("externalId", ["Mira", "zoé", "bob"]),
        ("active", ["bob", "Mira"]),
        ("emails", ["Mira", "zoé"]),
        ("emails.value", ["Mira", "zoé"]),
        ("name.familyName", ["zoé", "bob"]),
        (f"{ENTERPRISE}:employeeNumber", ["Álvaro", "anna"]),
        ("meta.created", ["bob", "Mira", "zoé", "Álvaro", "anna"]),
    ],
)
async def test_values_sort_by_type_and_case_and_missing_ones_are_last(
    people: Client, by: str, order: list[str]
) -> None:
    """Of several values the primary one counts, or else the first; descending turns everything round."""
    ascending = await names(people, sortBy=by)
    assert ascending[: len(order)] == order
    assert await names(people, sortBy=by, sortOrder="descending") == ascending[::-1]


async def test_equal_values_are_in_the_order_of_ids(people: Client) -> None:
    page = await people.get("/Users", sortBy="title")
    users = [(str(each.get("title", "~")).lower(), each["id"]) for each in page["Resources"]]
    assert users == sorted(users)


@pytest.mark.parametrize("by", ["userName", "title"])
@pytest.mark.parametrize("order", ["ascending", "descending"])
async def test_sorted_pages_follow_each_other_by_index_and_by_cursor(people: Client, by: str, order: str) -> None:
    whole = ids(await people.get("/Users", sortBy=by, sortOrder=order))
    query = {"sortBy": by, "sortOrder": order, "count": 2}
    assert [ids(await people.get("/Users", startIndex=start, **query)) for start in (1, 3, 5, 7)] == [
        whole[:2],
        whole[2:4],
        whole[4:],
        [],
    ]
    pages = await walked(people, **query)
    assert [each for page in pages for each in ids(page)] == whole
    assert {page["totalResults"] for page in pages} == {5}
    back = await people.get("/Users", cursor=pages[2]["previousCursor"], **query)
    assert ids(back) == whole[2:4]
    assert ids(await people.get("/Users", cursor=back["previousCursor"], **query)) == whole[:2]


async def test_names_that_keys_cannot_hold_sort_the_same_with_and_without_a_filter(client: Client) -> None:
    """Alone they are read in the order of keys, with a filter they are sorted here."""
    for name in ("a/b", "a#b", "a:b", "a~b", 'a"b', "a=b", "ab", "a b", "aé", "a" * 200, "a" * 100 + "b" * 150):
        await client.user(name)
    walk = await names(client, sortBy="userName")
    assert await names(client, sortBy="userName", filter="userName pr") == walk
    assert len(walk) == 11


async def test_groups_sort_by_their_name(client: Client) -> None:
    for name in ("Risk", "audit", "IT"):
        await client.group(name)
    page = await client.get("/Groups", sortBy="displayName", count=2)
    assert ([each["displayName"] for each in page["Resources"]], page["totalResults"]) == (["audit", "IT"], 3)


async def test_the_root_sorts_both_kinds_as_one_collection(client: Client) -> None:
    await client.user("u1", displayName="Beta")
    await client.user("u2")
    await client.group("alpha")
    await client.group("Gamma")
    page = await client.get("/", sortBy="displayName")
    assert [each.get("displayName") for each in page["Resources"]] == ["alpha", "Beta", "Gamma", None]
    descending = await client.get("/", sortBy="userName", sortOrder="descending")
    assert [each.get("userName") for each in descending["Resources"]] == [None, None, "u2", "u1"]


async def test_what_cannot_be_sorted_by_is_refused(client: Client) -> None:
    for by in ("name", "nothing", "x509Certificates"):
        answer = await client.send("GET", "/Users", sortBy=by)
        assert (answer.status, answer.body["scimType"]) == (400, "invalidPath")
