"""Fixtures of the Graph connector's tests: a simulated tenant over TLS, and a connector to it."""

from collections.abc import AsyncIterator

import pytest

from connectors.graph import GraphConnector
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for
from tests.graph_server import graph_certificates, graph_contract, graph_simulator

__all__ = ["graph_certificates", "graph_contract", "graph_simulator"]


@pytest.fixture
def waits(graph_simulator: Served) -> Waits:
    """The waits of this test's connector, none of which takes any time."""
    return Waits(graph_simulator)


@pytest.fixture
async def graph(graph_simulator: Served, waits: Waits) -> AsyncIterator[GraphConnector]:
    """A connector to the simulated tenant that does not really wait."""
    connector = GraphConnector(settings_for(graph_simulator), waits, waits.clock)
    yield connector
    await connector.close()


@pytest.fixture
def asked(graph_simulator: Served) -> Record:
    """What reaches the simulated Graph during the test."""
    return Record(graph_simulator)
