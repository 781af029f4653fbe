"""Finding and reading: filters that hold any value, and every attribute that is mapped."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Match, ObjectKind
from connectors.errors import Rejected
from connectors.graph import GraphConnector
from connectors.graph.accounts import quoted
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
MIRA: dict[str, str | tuple[str, ...]] = {
    "userPrincipalName": "mira@contoso.example",
    "displayName": "Mira O'Hara",
    "givenName": "Mira",
    "department": "Risk",
    "employeeId": "70412",
    "businessPhones": "+44 131",
    "otherMails": ("mira@home.example", "m@home.example"),
    "usageLocation": "GB",
}


@given(st.text())
def test_a_literal_ends_where_it_ends(value: str) -> None:
    literal = quoted(value)
    assert literal[0] == literal[-1] == "'"
    assert "'" not in literal[1:-1].replace("''", "")
    assert literal[1:-1].replace("''", "'") == value


@pytest.mark.parametrize("attribute", [*MIRA])
async def test_every_mapped_attribute_can_be_matched_and_is_read(graph: GraphConnector, attribute: str) -> None:
    account = await graph.create(USER, MIRA, active=True)
    value = MIRA[attribute]
    asked_for = value[1] if isinstance(value, tuple) else value
    if attribute != "usageLocation":
        assert [each.remote_id for each in await graph.find(Match(USER, attribute, asked_for))] == [account.remote_id]
    found = (await graph.read(USER, account.remote_id)).attributes[attribute]
    if isinstance(value, tuple):
        assert isinstance(found, tuple)
        assert set(found) == set(value)
    else:
        assert found == value


async def test_what_is_selected_is_named(graph: GraphConnector, asked: Record) -> None:
    await graph.find(Match(USER, "userPrincipalName", "mira@contoso.example"))
    assert "$select=id,userPrincipalName" in asked[0].query
    assert "accountEnabled" in asked[0].query
    assert "$top=2" in asked[0].query


async def test_two_are_found_over_two_pages(graph: GraphConnector, graph_simulator: Served) -> None:
    for number in range(3):
        await graph.create(USER, {**MIRA, "userPrincipalName": f"mira{number}@contoso.example"}, active=True)
    graph_simulator.knobs.max_page_size = 1
    assert len(await graph.find(Match(USER, "department", "Risk"))) == 2


async def test_what_is_refused_as_a_plain_query_is_asked_as_an_advanced_one(
    graph: GraphConnector, asked: Record
) -> None:
    with pytest.raises(Rejected) as caught:
        await graph.find(Match(USER, "preferredDataLocation", "EUR"))
    assert caught.value.code == "graph.Request_UnsupportedQuery"
    assert [each.exchange.request_headers.get("consistencylevel") for each in asked] == [None, "eventual"]
    assert "$count=true" in asked[1].query


@pytest.mark.parametrize("attribute", ["id eq '1' or userPrincipalName", "a b", "", "x" * 200, "a'"])
async def test_an_attribute_name_cannot_carry_a_filter(graph: GraphConnector, asked: Record, attribute: str) -> None:
    with pytest.raises(Rejected):
        await graph.find(Match(USER, attribute, "x"))
    assert asked == []


@pytest.mark.parametrize("value", ["", "x" * 2000])
async def test_what_nobody_can_have_is_not_asked_for(graph: GraphConnector, asked: Record, value: str) -> None:
    assert await graph.find(Match(USER, "displayName", value)) == []
    assert asked == []


async def test_a_name_that_is_looked_for_is_in_no_log(graph: GraphConnector, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    await graph.find(Match(USER, "userPrincipalName", "mira.okafor@contoso.example"))
    assert "mira.okafor" not in caplog.text
