"""What the Graph connector's tests need of a simulated tenant: settings, waits without time, what was asked."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from connectors.graph import GraphConnector, GraphSettings
from sandbox.graph.server import Served
from sandbox.graph.simulator import Exchange


class Waits:
    """Stands in for asyncio.sleep: keeps how long was to be waited, moves the tenant's clock on, and goes on."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        over = self.clock() + seconds
        # Waits that begin at the same moment pass at the same time.
        await asyncio.sleep(0)
        self._served.clock.advance(max(0.0, over - self.clock()))

    def clock(self) -> float:
        """Return the tenant's time, which is the connector's too."""
        return self._served.clock.now().timestamp()


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


def opened(served: Served, **changes: object) -> GraphConnector:
    """Open a connector as a deployment does that vouches for the simulator."""
    port = urlsplit(served.origin).port or 443
    return GraphConnector.open_trusting(settings_for(served, **changes), frozenset({("localhost", port)}))


@dataclass(frozen=True)
class Asked:
    """One request that reached the simulated Graph."""

    exchange: Exchange

    @property
    def line(self) -> str:
        """Method and path, without host, version and query."""
        return f"{self.exchange.method} {unquote(urlsplit(self.exchange.url).path.removeprefix('/v1.0'))}"

    @property
    def query(self) -> str:
        return unquote(urlsplit(self.exchange.url).query)

    @property
    def body(self) -> Any:
        return json.loads(self.exchange.request_body) if self.exchange.request_body else None

    @property
    def status(self) -> int:
        return self.exchange.status

    @property
    def operations(self) -> list[str]:
        """What it asks for: the lines of a $batch's items, or its own."""
        if self.line != "POST /$batch":
            return [self.line]
        return [f"{item['method']} {urlsplit(item['url']).path}" for item in self.body["requests"]]


class Record(list[Asked]):
    """Everything that reached the simulated Graph, in order."""

    def __init__(self, served: Served) -> None:
        super().__init__()
        served.simulator.observers.append(lambda exchange: self.append(Asked(exchange)))

    @property
    def lines(self) -> list[str]:
        return [asked.line for asked in self]

    @property
    def operations(self) -> list[str]:
        """Every single request, be it alone or in a $batch."""
        return [line for asked in self for line in asked.operations]
