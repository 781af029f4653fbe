"""$select, $top, $count and paging: what is left out unless asked for, and lists that end."""

from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.graph.server import Served
from tests.graph_client import GraphClient, bound


async def test_without_select_a_user_shows_only_the_default_properties(graph: GraphClient) -> None:
    key = await graph.user(department="Research", employeeId="7", usageLocation="DE")

    for body in ((await graph("GET", f"/users/{key}")).body, (await graph("GET", "/users")).body["value"][0]):
        assert body.keys() - {"@odata.context"} == {
            "id",
            "businessPhones",
            "displayName",
            "givenName",
            "jobTitle",
            "mail",
            "mobilePhone",
            "officeLocation",
            "preferredLanguage",
            "surname",
            "userPrincipalName",
        }


async def test_select_shows_what_was_asked_for_and_nothing_else(graph: GraphClient) -> None:
    key = await graph.user(department="Research")

    body = (await graph("GET", f"/users/{key}?$select=id,department,accountEnabled,city")).body

    del body["@odata.context"]
    assert body == {"id": key, "department": "Research", "accountEnabled": True, "city": None}


@pytest.mark.parametrize("path", ["/users?$select=bogus", "/groups?$select=surname", "/users?$expand=bogus"])
async def test_an_unknown_property_in_select_or_expand_is_refused(graph: GraphClient, path: str) -> None:
    reply = await graph("GET", path)

    assert (reply.status, reply.code) == (400, "BadRequest")


async def test_query_options_work_without_the_dollar_sign_too(graph: GraphClient) -> None:
    await graph.user()

    assert (await graph("GET", "/users?select=mail&top=1")).body["value"] == [{"mail": None}]


async def test_an_option_given_twice_is_refused(graph: GraphClient) -> None:
    assert (await graph("GET", "/users?$top=1&$top=2")).status == 400


@pytest.mark.parametrize("option", ["$orderby=displayName", "$skip=1", "$search=x", "$bogus=1"])
async def test_an_option_that_is_not_offered_is_refused_and_not_ignored(graph: GraphClient, option: str) -> None:
    reply = await graph("GET", f"/users?{option}")

    assert (reply.status, reply.code) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize("top", ["0", "1000", "-1", "ten", "9" * 40])
async def test_a_page_size_out_of_bounds_is_refused(graph: GraphClient, top: str) -> None:
    assert "between 1 and 999" in (await graph("GET", f"/users?$top={top}")).message


async def _walk(graph: GraphClient, path: str) -> list[list[str]]:
    pages = []
    following: str | None = path
    while following:
        reply = await graph("GET", following)
        assert reply.status == 200, reply.body
        pages.append(reply.ids)
        following = reply.body.get("@odata.nextLink")
    return pages


async def test_pages_are_linked_by_absolute_urls_that_keep_the_query(graph: GraphClient) -> None:
    keys = [await graph.user(f"u{n}", department="R&D 'x'") for n in range(5)]
    path = "/users?$top=2&$select=id&$filter=department eq 'R%26D ''x'''"

    first = await graph("GET", path)

    link = first.body["@odata.nextLink"]
    assert link.startswith(f"{graph.served.base_url}/users?")
    options = parse_qs(urlsplit(link).query)
    assert options.keys() == {"$top", "$select", "$filter", "$skiptoken"}
    assert options["$filter"] == ["department eq 'R&D ''x'''"]
    assert await _walk(graph, path) == [keys[:2], keys[2:4], keys[4:]]


async def test_the_last_page_has_no_link_even_when_it_is_full(graph: GraphClient) -> None:
    keys = [await graph.user(f"u{n}") for n in range(4)]

    assert await _walk(graph, "/users?$top=2") == [keys[:2], keys[2:]]


async def test_a_page_holds_100_objects_unless_top_says_otherwise(served: Served, graph: GraphClient) -> None:
    served.knobs.write_quota = 100_000
    for n in range(101):
        await graph.user(f"u{n}")

    assert [len(page) for page in await _walk(graph, "/users")] == [100, 1]
    assert [len(page) for page in await _walk(graph, "/users?$top=999")] == [101]


async def test_a_short_page_knob_makes_pages_shorter_than_asked_for(served: Served, graph: GraphClient) -> None:
    keys = [await graph.user(f"u{n}") for n in range(3)]
    served.knobs.max_page_size = 1

    assert await _walk(graph, "/users?$top=999") == [[key] for key in keys]


async def test_what_is_deleted_between_two_pages_hides_nothing_else(graph: GraphClient) -> None:
    keys = [await graph.user(f"u{n}") for n in range(4)]
    first = await graph("GET", "/users?$top=2")
    await graph("DELETE", f"/users/{keys[0]}")

    assert (await graph("GET", first.body["@odata.nextLink"])).ids == keys[2:]


async def test_members_are_paged_too(graph: GraphClient) -> None:
    keys = [await graph.user(f"u{n}") for n in range(5)]
    key = await graph.group(**bound("members", *keys))

    assert await _walk(graph, f"/groups/{key}/members?$top=2&$select=id") == [keys[:2], keys[2:4], keys[4:]]


@pytest.mark.parametrize("token", ["nonsense", "e30=", "WzFd", "zz", "eyJhZnRlciI6ICJ4In0="])
async def test_a_page_token_that_graph_did_not_make_is_refused(graph: GraphClient, token: str) -> None:
    assert (await graph("GET", f"/users?$skiptoken={token}")).status == 400


async def test_count_needs_the_consistency_level_header(graph: GraphClient) -> None:
    for n in range(3):
        await graph.user(f"u{n}")

    assert "@odata.count" not in (await graph("GET", "/users?$count=true&$top=1")).body
    counted = await graph("GET", "/users?$count=true&$top=1", ConsistencyLevel="eventual")
    assert (counted.body["@odata.count"], len(counted.ids)) == (3, 1)
