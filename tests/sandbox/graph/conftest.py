"""An empty simulated tenant and a client for it.

The simulator's own tests send it what the contract forbids, to see it refused; so here a request may break the
contract when it is refused, and every answer must keep it.
"""

import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.certificates import Certificates
from sandbox.graph.server import Served
from tests.graph_client import GraphClient
from tests.graph_contract import ContractRecorder, present
from tests.graph_server import graph_certificates, graph_contract, graph_simulator, serve_empty_tenant

__all__ = ["graph_certificates", "graph_contract", "graph_simulator"]


@pytest.fixture
async def served(graph_certificates: Certificates, graph_contract: ContractRecorder) -> AsyncIterator[Served]:
    """An empty tenant. Afterwards, every answer must have kept the contract."""
    async with serve_empty_tenant(graph_certificates) as running:
        if present():
            running.simulator.observers.append(graph_contract.observe)
        yield running
    graph_contract.assert_answers_kept()


@pytest.fixture
async def graph(served: Served) -> AsyncIterator[GraphClient]:
    """A client that has a token."""
    trust = ssl.create_default_context(cafile=str(served.ca))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
        client = GraphClient(served, session)
        await client.fetch_token()
        yield client
