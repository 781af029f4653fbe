"""Fixtures of the Graph simulator, for the tests of the simulator itself and of whatever speaks to Graph.

``graph_simulator`` serves an empty tenant over TLS, in the test's own event loop, and holds every request and every
answer against Microsoft's metadata: a request that the contract does not allow fails the test.
"""

import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sandbox.certificates import Certificates, ensure_certificates
from sandbox.graph.server import Served, serve
from sandbox.graph.simulator import Simulator
from sandbox.graph.state import Tenant
from sandbox.graph.tokens import Application
from tests.graph_contract import ContractRecorder, present


@pytest.fixture(scope="session")
def graph_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A CA and a server certificate for this session."""
    return ensure_certificates(tmp_path_factory.mktemp("graph-tls"))


@asynccontextmanager
async def serve_empty_tenant(certificates: Certificates) -> AsyncIterator[Served]:
    """Serve a tenant of its own, with an app registration of its own."""
    tenant = Tenant(str(uuid.uuid4()))
    simulator = Simulator(tenant, Application(str(uuid.uuid4()), secrets.token_urlsafe(24)))
    async with serve(simulator, certificates) as served:
        yield served


@pytest.fixture
def graph_contract() -> ContractRecorder:
    """What the contract said to the requests and answers of this test."""
    return ContractRecorder()


@pytest.fixture
async def graph_simulator(graph_certificates: Certificates, graph_contract: ContractRecorder) -> AsyncIterator[Served]:
    """An empty tenant. Afterwards, every request to it and every answer must have kept the contract."""
    async with serve_empty_tenant(graph_certificates) as served:
        if present():
            served.simulator.observers.append(graph_contract.observe)
        yield served
    graph_contract.assert_kept()
