"""Each request to Graph carries the id of what it was made for, packed ones too: Microsoft finds it by that."""

import asyncio
from uuid import UUID, uuid4

import pytest

from connectors.contract import ObjectKind, correlation
from connectors.graph import GraphConnector
from tests.connectors.graph.graph_tenant import Record

USER = ObjectKind.USER


async def create(graph: GraphConnector, number: int, called: str) -> None:
    correlation.set(called)
    person = {"userPrincipalName": f"u{number}@contoso.example", "displayName": f"User {number}"}
    await graph.create(USER, person, active=True)


async def test_a_request_carries_the_correlation_as_a_guid(graph: GraphConnector, asked: Record) -> None:
    called = uuid4().hex
    await asyncio.create_task(create(graph, 1, called))
    assert {each.exchange.request_headers["client-request-id"] for each in asked} == {str(UUID(called))}


async def test_packed_requests_carry_each_its_own(graph: GraphConnector, asked: Record) -> None:
    called = [str(uuid4()) for _ in range(3)]
    await asyncio.gather(*(create(graph, number, each) for number, each in enumerate(called)))
    (batch,) = [each for each in asked if each.exchange.url.endswith("$batch")]
    assert [item["headers"]["client-request-id"] for item in batch.body["requests"]] == called


@pytest.mark.parametrize("called", ["", "entra-run-0001"])
async def test_what_is_no_guid_is_not_sent(graph: GraphConnector, asked: Record, called: str) -> None:
    await asyncio.create_task(create(graph, 1, called))
    assert not any("client-request-id" in each.exchange.request_headers for each in asked)
