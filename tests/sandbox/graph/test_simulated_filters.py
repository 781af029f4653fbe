"""$filter: what Graph offers of it, on which properties, and what it refuses."""

import contextlib
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.graph.entities import USER
from sandbox.graph.errors import GraphError
from sandbox.graph.filters import parse_filter
from sandbox.graph.state import DirectoryObject
from tests.graph_client import UNIFIED, GraphClient

ADVANCED = {"ConsistencyLevel": "eventual"}


@pytest.fixture
async def people(graph: GraphClient) -> dict[str, str]:
    """Three users, from their ids to their names."""
    made = {
        await graph.user("mira", department="Research", employeeId="1", mail="mira@contoso.example"): "mira",
        await graph.user("noor", department="research", employeeId="2", accountEnabled=False): "noor",
        await graph.user("zoe", displayName="Zoë O'Brien", employeeId="3", otherMails=["zoe@home.example"]): "zoe",
    }
    await graph.group("mira", displayName="Mira")
    return made


async def _found(graph: GraphClient, people: dict[str, str], text: str) -> list[str]:
    reply = await graph("GET", f"/users?$select=id&$filter={quote(text)}")
    assert reply.status == 200, reply.body
    return [people[key] for key in reply.ids]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("userPrincipalName eq 'mira@contoso.example'", ["mira"]),
        ("userPrincipalName eq 'MIRA@CONTOSO.EXAMPLE'", ["mira"]),
        ("userPrincipalName eq 'nobody@contoso.example'", []),
        ("department eq 'RESEARCH'", ["mira", "noor"]),
        ("department eq null", ["zoe"]),
        ("displayName eq 'Zoë O''Brien'", ["zoe"]),
        ("startsWith(displayName,'zO')", ["zoe"]),
        ("startswith(displayName, 'x')", []),
        ("accountEnabled eq false", ["noor"]),
        ("accountEnabled eq true and department eq 'Research'", ["mira"]),
        ("employeeId eq '3' or employeeId eq '1'", ["mira", "zoe"]),
        ("employeeId in ('2','3','9')", ["noor", "zoe"]),
        ("employeeId eq '1' or employeeId eq '2' and accountEnabled eq true", ["mira"]),
        ("(employeeId eq '1' or employeeId eq '2') and accountEnabled eq false", ["noor"]),
        ("employeeId ge '2'", ["noor", "zoe"]),
        ("employeeId le '2' and employeeId ge '2'", ["noor"]),
        ("mail eq 'mira@contoso.example' or userPrincipalName eq 'mira@contoso.example'", ["mira"]),
        ("proxyAddresses/any(p:p eq 'smtp:mira@contoso.example')", ["mira"]),
        ("proxyAddresses/any(x:startswith(x,'smtp:mira'))", ["mira"]),
        ("otherMails/any(m:m eq 'zoe@home.example')", ["zoe"]),
        ("createdDateTime ge 2020-01-01T00:00:00Z", ["mira", "noor", "zoe"]),
        ("createdDateTime le 2020-01-01T00:00:00Z", []),
    ],
)
async def test_a_filter_finds(graph: GraphClient, people: dict[str, str], text: str, names: list[str]) -> None:
    assert await _found(graph, people, text) == names


async def test_an_object_is_found_by_its_id(graph: GraphClient, people: dict[str, str]) -> None:
    [key] = [key for key, name in people.items() if name == "noor"]

    assert await _found(graph, people, f"id eq '{key}'") == ["noor"]


async def test_what_was_changed_is_found_by_the_new_value_only(graph: GraphClient, people: dict[str, str]) -> None:
    [key] = [key for key, name in people.items() if name == "noor"]
    await graph("PATCH", f"/users/{key}", {"employeeId": "9"})

    assert await _found(graph, people, "employeeId eq '9'") == ["noor"]
    assert await _found(graph, people, "employeeId eq '2'") == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("department ne 'research'", ["zoe"]),
        ("not startswith(displayName,'M')", ["noor", "zoe"]),
        ("not (employeeId eq '1')", ["noor", "zoe"]),
        ("endsWith(userPrincipalName,'ra@contoso.example')", ["mira"]),
    ],
)
async def test_an_advanced_filter_needs_count_and_the_consistency_level_header(
    graph: GraphClient, people: dict[str, str], text: str, names: list[str]
) -> None:
    path = f"/users?$select=id&$filter={quote(text)}"

    refused = await graph("GET", path)
    assert (refused.status, refused.code) == (400, "Request_UnsupportedQuery")
    assert (await graph("GET", path, **ADVANCED)).status == 400
    assert (await graph("GET", f"{path}&$count=true")).status == 400

    found = await graph("GET", f"{path}&$count=true", **ADVANCED)
    assert [people[key] for key in found.ids] == names


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/users", "passwordPolicies eq 'x'"),
        ("/users", "showInAddressList eq true"),
        ("/users", "aboutMe eq 'x'"),
        ("/users", "proxyAddresses eq 'x'"),
        ("/users", "startswith(proxyAddresses,'x')"),
        ("/groups", "visibility eq 'Private'"),
        ("/groups", "mailEnabled ge true"),
    ],
)
async def test_an_operator_that_graph_does_not_offer_on_a_property_is_refused(
    graph: GraphClient, path: str, text: str
) -> None:
    reply = await graph("GET", f"{path}?$filter={quote(text)}")

    assert (reply.status, reply.code) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize(
    "text",
    [
        "bogus eq 'x'",
        "displayName",
        "displayName eq",
        "displayName eq 'x",
        "displayName eq x",
        "displayName eq 7",
        "displayName like 'x'",
        "displayName eq 'x' and",
        "displayName eq 'x' displayName eq 'y'",
        "(displayName eq 'x'",
        "accountEnabled eq 'true'",
        "createdDateTime ge 2020-99-01T00:00:00Z",
        "createdDateTime ge '2020'",
        "displayName/any(x:x eq 'y')",
        "proxyAddresses/any(x:y eq 'z')",
        "startswith(displayName)",
        "employeeId in ()",
        "'x' eq displayName",
        "displayName eq 'x'; drop",
        "((" * 60,
        "not " * 60 + "accountEnabled eq true",
    ],
)
async def test_a_malformed_filter_is_a_bad_request(graph: GraphClient, text: str) -> None:
    assert (await graph("GET", f"/users?$filter={quote(text)}&$count=true", **ADVANCED)).status == 400


async def test_fifteen_values_are_as_many_as_one_in_takes(graph: GraphClient) -> None:
    def named(count: int) -> str:
        return quote(f"employeeId in ({','.join(repr(str(n)) for n in range(count))})")

    assert (await graph("GET", f"/users?$filter={named(15)}")).status == 200
    assert (await graph("GET", f"/users?$filter={named(16)}")).status == 400


async def test_groups_are_found_by_name_and_by_type(graph: GraphClient) -> None:
    crew, staff = await graph.group("crew", **UNIFIED), await graph.group("staff")

    assert (await graph("GET", "/groups?$filter=displayName eq 'crew'")).ids == [crew]
    assert (await graph("GET", "/groups?$filter=mailNickname eq 'staff'")).ids == [staff]
    assert (await graph("GET", "/groups?$filter=groupTypes/any(c:c eq 'Unified')")).ids == [crew]
    assert (await graph("GET", "/groups?$filter=securityEnabled eq true")).ids == [staff]


_WORDS = "displayName accountEnabled createdDateTime proxyAddresses/any x eq ne in and or not startswith endsWith"
_MARKS = "( ) , : 'a' '' ' true null 7 2020-01-01T00:00:00Z"
_PIECES = st.sampled_from([*_WORDS.split(), *_MARKS.split()])


@settings(max_examples=300)
@given(st.one_of(st.lists(_PIECES, max_size=12).map(" ".join), st.text(max_size=30)), st.booleans())
def test_whatever_is_asked_is_understood_or_refused_in_graphs_words(text: str, advanced: bool) -> None:
    thing = DirectoryObject(USER, "1", 1, {"displayName": "A", "proxyAddresses": ["a"]}, datetime.now(UTC))
    with contextlib.suppress(GraphError):
        assert parse_filter(text, USER, advanced=advanced).test(thing) in (True, False)


@pytest.mark.parametrize(
    "text",
    [
        "userPrincipalName eq 'U@contoso.example'",
        "displayName eq 'U'",
        "mail eq 'u@contoso.example'",
        "mailNickname eq 'u'",
        "employeeId eq '7'",
        "onPremisesImmutableId eq 'AAEC'",
        "id in ('1', '2')",
        "proxyAddresses/any(a:a eq 'smtp:u@contoso.example')",
        "accountEnabled eq true and displayName eq 'U'",
    ],
)
def test_what_people_look_users_up_by_is_found_without_a_look_at_all_of_them(text: str) -> None:
    assert parse_filter(text, USER, advanced=False).index is not None
