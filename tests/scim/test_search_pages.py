"""Pages by index (RFC 7644 section 3.4.2.4) and by cursor (RFC 9865): whole, stable, of one kind and at the root."""

from typing import Any

import pytest

from provisioning.scim.published import published
from tests.scim.conftest import Answer, Client

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@pytest.fixture
async def people(client: Client) -> Client:
    """Seven users and two groups."""
    for number in range(7):
        await client.user(f"u{number}", title="Lead" if number % 2 else "Dev")
    await client.group("Risk")
    await client.group("IT")
    return client


def ids(page: Any) -> list[str]:
    return [each["id"] for each in page.get("Resources", [])]


async def walked(client: Client, path: str = "/Users", **query: Any) -> list[Any]:
    """Return every page, following nextCursor from the first one."""
    pages = [await client.get(path, cursor="", **query)]
    while cursor := pages[-1].get("nextCursor"):
        pages.append(await client.get(path, cursor=cursor, **query))
    return pages


async def refused(client: Client, path: str = "/Users", **query: Any) -> tuple[int, str | None]:
    answer: Answer = await client.send("GET", path, **query)
    return answer.status, answer.body.get("scimType")


async def test_pages_by_index_are_what_was_asked_for(people: Client) -> None:
    everybody = ids(await people.get("/Users"))
    page = await people.get("/Users", startIndex=3, count=2)
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (7, 3, 2)
    assert ids(page) == everybody[2:4]
    last = await people.get("/Users", startIndex=6, count=5)
    assert (last["startIndex"], last["itemsPerPage"], ids(last)) == (6, 2, everybody[5:])
    beyond = await people.get("/Users", startIndex=8, count=5)
    assert (beyond["totalResults"], beyond["startIndex"], ids(beyond)) == (7, 8, [])


@pytest.mark.parametrize(
    ("start", "count", "first", "number"), [(0, 2, 1, 2), (-5, 2, 1, 2), (1, 0, 1, 0), (2, -1, 2, 0)]
)
async def test_odd_indexes_and_counts_are_read_as_the_rfc_says(
    people: Client, start: int, count: int, first: int, number: int
) -> None:
    page = await people.get("/Users", startIndex=start, count=count)
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (7, first, number)


async def test_pages_by_index_of_a_filter(people: Client) -> None:
    found = ids(await people.get("/Users", filter='title eq "dev"'))
    assert len(found) == 4
    page = await people.get("/Users", filter='title eq "dev"', startIndex=2, count=2)
    assert (page["totalResults"], page["startIndex"], ids(page)) == (4, 2, found[1:3])


async def test_a_count_of_zero_only_counts(people: Client) -> None:
    for query in ({}, {"filter": 'title eq "dev"'}, {"sortBy": "userName"}, {"sortBy": "title"}):
        page = await people.get("/Users", count=0, **query)
        assert (page["totalResults"], ids(page)) == (4 if "filter" in query else 7, [])
        page = await people.get("/Users", count=0, cursor="", **query)
        assert ids(page) == []
        assert page.keys().isdisjoint({"nextCursor", "previousCursor"})


async def test_the_total_follows_creates_and_deletes(people: Client) -> None:
    gone = ids(await people.get("/Users"))[2]
    await people.send("DELETE", f"/Users/{gone}")
    page = await people.get("/Users")
    assert (page["totalResults"], len(ids(page))) == (6, 6)
    await people.user("new")
    assert (await people.get("/Users", count=1))["totalResults"] == 7


@pytest.mark.parametrize("query", [{}, {"filter": "userName pr"}, {"sortBy": "userName"}, {"sortBy": "title"}])
async def test_cursors_lead_through_everybody_once(people: Client, query: dict[str, Any]) -> None:
    pages = await walked(people, count=3, **query)
    assert [len(ids(page)) for page in pages] == [3, 3, 1]
    assert sorted(each for page in pages for each in ids(page)) == sorted(ids(await people.get("/Users")))
    assert all("startIndex" not in page for page in pages)
    assert {page["totalResults"] for page in pages if "totalResults" in page} <= {7}
    assert "previousCursor" not in pages[0]


async def test_a_page_that_ends_with_the_last_one_has_no_next_cursor(people: Client) -> None:
    assert "nextCursor" not in await people.get("/Users", cursor="", count=7)
    assert "nextCursor" in await people.get("/Users", cursor="", count=6)


async def test_the_previous_cursor_leads_back(people: Client) -> None:
    first, second, third = await walked(people, count=3)
    back = await people.get("/Users", count=3, cursor=third["previousCursor"])
    assert ids(back) == ids(second)
    assert ids(await people.get("/Users", count=3, cursor=back["nextCursor"])) == ids(third)
    start = await people.get("/Users", count=3, cursor=back["previousCursor"])
    assert ids(start) == ids(first)
    assert "previousCursor" not in start


async def test_what_comes_and_goes_between_two_pages_moves_nobody_else(people: Client) -> None:
    everybody = ids(await people.get("/Users"))
    first = await people.get("/Users", cursor="", count=3)
    for gone in (everybody[0], everybody[2], everybody[4]):
        await people.send("DELETE", f"/Users/{gone}")
    new = (await people.user("new"))["id"]
    second = await people.get("/Users", cursor=first["nextCursor"], count=3)
    stayed = [each for each in ids(second) if each != new]
    assert stayed == [everybody[3], everybody[5], everybody[6]][: len(stayed)]


async def test_a_cursor_is_good_for_its_own_query_and_count_only(people: Client) -> None:
    cursor = (await people.get("/Users", cursor="", count=3))["nextCursor"]
    assert await refused(people, cursor=cursor, count=3, filter="title pr") == (400, "invalidCursor")
    assert await refused(people, "/Groups", cursor=cursor, count=3) == (400, "invalidCursor")
    assert await refused(people, cursor=cursor, count=4) == (400, "invalidCount")
    assert await refused(people, cursor="made-up", count=3) == (400, "invalidCursor")
    assert (await refused(people, cursor=cursor, count=3, startIndex=2))[0] == 400


@pytest.mark.parametrize(
    "position",
    [
        7,
        [],
        {},
        {"d": "next"},
        {"d": "sideways", "i": "u-1"},
        {"d": "next", "i": 7},
        {"d": "next", "i": "admin"},
        {"d": "next", "i": "u-1", "k": {}},
        {"d": "next", "i": "u-1", "k": [2, 7]},
        {"d": "next", "i": "u-1", "k": [0, "x"]},
        {"d": "next", "i": "u-1", "k": ["2", "x"]},
        {"d": "next", "i": "u-1", "k": [9, "x"]},
        {"d": "next", "i": "u-1", "k": [2, "x" * 200_000]},
    ],
)
async def test_a_cursor_that_somebody_made_up_is_read_as_any_other_input(people: Client, position: Any) -> None:
    """What seals cursors is no secret. Sorted by value: then all of a position counts."""
    service = published().service
    types = [each for each in published().provider.resource_types if each.name == "User"]
    request, _ = service.read_search_query(types, {"count": "3", "cursor": "", "sortBy": "title"})
    cursor = service._seal(types, request, position)
    assert await refused(people, cursor=cursor, count=3, sortBy="title") == (400, "invalidCursor")


async def test_a_made_up_position_gives_a_page_of_what_may_be_read_anyway(people: Client) -> None:
    service = published().service
    types = [each for each in published().provider.resource_types if each.name == "User"]
    request, _ = service.read_search_query(types, {"count": "9", "cursor": ""})
    everybody = ids(await people.get("/Users"))
    for written in ("u-", "u-zz", "g-1", "u-\u0000'\"%"):
        for direction, expected in (("next", everybody), ("previous", everybody)):
            cursor = service._seal(types, request, {"d": direction, "i": written})
            page = await people.get("/Users", cursor=cursor, count=9)
            assert set(ids(page)) <= set(expected)


async def test_the_root_has_users_before_groups_in_pages_across_both(people: Client) -> None:
    users, groups = ids(await people.get("/Users")), ids(await people.get("/Groups"))
    page = await people.get("/", startIndex=6, count=3)
    assert (page["totalResults"], page["startIndex"]) == (9, 6)
    assert ids(page) == [*users[5:], groups[0]]
    assert ids(await people.get("/", startIndex=9, count=3)) == [groups[1]]
    pages = await walked(people, "/", count=4)
    assert [each for page in pages for each in ids(page)] == [*users, *groups]
    assert ids(await people.get("/", count=4, cursor=pages[2]["previousCursor"])) == ids(pages[1])


async def test_a_filter_at_the_root_finds_both_kinds(people: Client) -> None:
    await people.user("risk", displayName="Risk")
    found = await people.get("/", filter='displayName eq "risk"')
    assert (found["totalResults"], {each[:2] for each in ids(found)}) == (2, {"u-", "g-"})
    assert (await people.get("/", filter='userName sw "u"'))["totalResults"] == 7


async def test_a_search_by_post_pages_like_one_by_get(people: Client) -> None:
    body = {"schemas": [SEARCH], "count": 3, "cursor": "", "filter": "userName pr"}
    for path, query in (("/Users/.search", "/Users"), ("/.search", "/")):
        first = (await people.send("POST", path, body)).body
        assert ids(first) == ids(await people.get(query, filter="userName pr"))[:3]
        second = (await people.send("POST", path, {**body, "cursor": first["nextCursor"]})).body
        assert ids(second) == ids(await people.get(query, filter="userName pr"))[3:6]
    page = (await people.send("POST", "/.search", {"schemas": [SEARCH], "startIndex": 8, "count": 1})).body
    assert (page["totalResults"], page["startIndex"], len(ids(page))) == (9, 8, 1)


async def test_what_is_served_is_announced(client: Client) -> None:
    announced = (await client.get("/ServiceProviderConfig"))["pagination"]
    assert announced == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 200,
        "maxPageSize": 200,
        "cursorTimeout": 86_400,
    }
