"""Throttling and outages: short waits inside the verb, long ones for the engine, nothing repeated that must not be."""

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Unavailable
from connectors.graph import GraphConnector
from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits

USER = ObjectKind.USER


@pytest.fixture
async def key(graph: GraphConnector, asked: Record) -> str:
    values = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira"}
    created = await graph.create(USER, values, active=True)
    asked.clear()
    return created.remote_id


async def test_a_short_retry_after_is_waited_out(
    graph: GraphConnector, graph_simulator: Served, waits: Waits, key: str
) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=2.128), Fault(status=503, retry_after=1)]
    await graph.deactivate(key)
    assert waits.seconds == [2.128, 1]
    assert (await graph.read(USER, key)).active is False


async def test_a_long_one_is_the_engines(
    graph: GraphConnector, graph_simulator: Served, waits: Waits, asked: Record, key: str
) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=120)]
    with pytest.raises(Unavailable) as caught:
        await graph.update(USER, key, {"jobTitle": "Analyst"})
    assert (caught.value.retry_after, caught.value.code) == (120, "graph.throttled")
    assert not caught.value.may_have_happened
    assert waits.seconds == []
    assert asked.lines == [f"PATCH /users/{key}"]


async def test_waits_add_up_to_a_bound(graph: GraphConnector, graph_simulator: Served, waits: Waits, key: str) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=3, times=99)]
    with pytest.raises(Unavailable) as caught:
        await graph.deactivate(key)
    assert waits.seconds == [3, 3]
    assert caught.value.retry_after == 3


async def test_without_retry_after_repeats_are_few(
    graph: GraphConnector, graph_simulator: Served, waits: Waits, asked: Record, key: str
) -> None:
    graph_simulator.knobs.faults = [Fault(status=504, times=99)]
    with pytest.raises(Unavailable) as caught:
        await graph.update(USER, key, {"jobTitle": "Analyst"})
    assert waits.seconds == [0.5, 1, 2]
    assert asked.lines == [f"PATCH /users/{key}"] * 4
    assert caught.value.may_have_happened


async def test_the_write_quota_is_met_with_patience(
    graph: GraphConnector, graph_simulator: Served, waits: Waits, key: str
) -> None:
    graph_simulator.knobs.write_quota, graph_simulator.knobs.write_window = 2, 4
    for number in range(6):
        await graph.update(USER, key, {"jobTitle": f"Analyst {number}"})
    assert waits.seconds
    assert (await graph.read(USER, key)).attributes["jobTitle"] == "Analyst 5"


async def test_a_lost_connection_is_tried_once_more(
    graph: GraphConnector, graph_simulator: Served, asked: Record, waits: Waits, key: str
) -> None:
    graph_simulator.knobs.faults = [Fault(status=None, after_commit=True)]
    await graph.update(USER, key, {"jobTitle": "Analyst"})
    assert asked.lines == [f"PATCH /users/{key}"] * 2
    assert waits.seconds == []


async def test_and_only_once(graph: GraphConnector, graph_simulator: Served, asked: Record, key: str) -> None:
    graph_simulator.knobs.faults = [Fault(status=None, times=99)]
    with pytest.raises(Unavailable) as caught:
        await graph.update(USER, key, {"jobTitle": "Analyst"})
    assert caught.value.may_have_happened
    with pytest.raises(Unavailable) as caught:
        await graph.read(USER, key)
    assert not caught.value.may_have_happened
    assert len(asked) == 4


async def test_a_throttled_token_endpoint_is_unavailable(graph: GraphConnector, graph_simulator: Served) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=30, path="token")]
    with pytest.raises(Unavailable) as caught:
        await graph.deactivate("5a1f0c3e-2f64-4c7b-9f52-0d1f3c1b7a90")
    assert caught.value.retry_after == 30
    assert not caught.value.may_have_happened
