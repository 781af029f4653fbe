"""Fixtures of the Graph connector's tests: a simulated tenant over TLS, and a connector to it."""

from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr

from connectors.graph import GraphConnector, GraphSettings
from connectors.graph.clouds import TRUSTED_HOSTS_SETTING
from sandbox.graph.server import Served
from tests.graph_server import graph_certificates, graph_contract, graph_simulator

__all__ = ["graph_certificates", "graph_contract", "graph_simulator"]

type Settings = Callable[..., GraphSettings]


class Waits:
    """Stands in for asyncio.sleep: keeps how long was to be waited, moves the tenant's clock on, and goes on."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._served.clock.advance(seconds)


def settings_for(served: Served, **changes: object) -> GraphSettings:
    """Settings of a connection to the simulator."""
    return GraphSettings.model_validate(
        {
            "tenant_id": served.tenant_id,
            "client_id": served.client_id,
            "credential": "client_secret",
            "client_secret": SecretStr(served.client_secret),
            "authority": served.authority,
            "base_url": served.base_url,
            "ca_file": str(served.ca),
        }
        | changes
    )


@pytest.fixture
def waits(graph_simulator: Served) -> Waits:
    """The waits of this test's connector, none of which takes any time."""
    return Waits(graph_simulator)


@pytest.fixture
async def graph(graph_simulator: Served, waits: Waits) -> AsyncIterator[GraphConnector]:
    """A connector to the simulated tenant that does not really wait."""
    connector = GraphConnector(settings_for(graph_simulator), waits)
    yield connector
    await connector.close()


@pytest.fixture
def trusted(graph_simulator: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deployment trusts the simulator."""
    monkeypatch.setenv(TRUSTED_HOSTS_SETTING, graph_simulator.origin.removeprefix("https://"))
