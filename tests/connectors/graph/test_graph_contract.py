"""The Graph connector passes the contract suite on the simulated tenant, with real waits over real TLS."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from pydantic import SecretStr

from connectors.contract import Connector
from connectors.testing import ConnectorContract, SampleNames
from sandbox.certificates import Certificates
from sandbox.graph.entities import USER
from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served, serve
from sandbox.graph.simulator import Exchange, Simulator
from sandbox.graph.state import Tenant
from sandbox.graph.tokens import Application
from tests.connectors.graph.graph_tenant import opened
from tests.graph_contract import ContractRecorder, present

SECRET = "S3cret~value.of-the_app"


class TestGraphContract(ConnectorContract):
    title = "Microsoft Graph (simulator)"

    @pytest.fixture(autouse=True)
    async def tenant(self, graph_certificates: Certificates, graph_contract: ContractRecorder) -> AsyncIterator[Served]:
        self.simulator = Simulator(Tenant(str(uuid.uuid4())), Application(str(uuid.uuid4()), SECRET))
        self.certificates = graph_certificates
        self.running = AsyncExitStack()
        if present():
            self.simulator.observers.append(graph_contract.observe)
        self.passwords: dict[str, str] = {}
        self.simulator.observers.append(self.note_password)
        self.served = await self.running.enter_async_context(serve(self.simulator, graph_certificates))
        yield self.served
        await self.running.aclose()
        graph_contract.assert_kept()

    @pytest.fixture
    async def connector(self, tenant: Served) -> AsyncIterator[Connector]:
        connector = opened(tenant)
        yield connector
        await connector.close()

    @pytest.fixture
    def names(self) -> SampleNames:
        return SampleNames(
            login="userPrincipalName",
            display_name="displayName",
            title="jobTitle",
            group_name="displayName",
            group_description="description",
            multivalued="otherMails",
            reference="manager",
            lookalike="employeeId",
            absent_user=str(uuid.uuid4()),
            absent_group=str(uuid.uuid4()),
            login_form="{}@contoso.example",
            awkward_logins=("o'hara.{}@contoso.example", "a!b#c^d~e_{}@contoso.example"),
            secrets=(SECRET, "wrong-secret"),
            restores_groups=True,
        )

    async def stop_server(self) -> None:
        await self.running.aclose()

    async def start_server(self) -> None:
        port = int(self.served.origin.rpartition(":")[2])
        await self.running.enter_async_context(serve(self.simulator, self.certificates, port=port))

    async def drop_connections(self) -> None:
        await self.stop_server()
        await self.start_server()

    @asynccontextmanager
    async def lose_answers(self) -> AsyncIterator[None]:
        self.simulator.knobs.faults = [
            Fault(status=None, after_commit=True, method=method, path=r"^/(users|groups|\$batch)", times=1000)
            for method in ("POST", "PATCH", "PUT", "DELETE")
        ]
        yield
        self.simulator.knobs.faults = []

    @asynccontextmanager
    async def throttle(self, seconds: float) -> AsyncIterator[None]:
        self.simulator.knobs.faults = [Fault(status=429, retry_after=seconds, times=1000)]

        async def relent() -> None:
            await asyncio.sleep(seconds)
            self.simulator.knobs.faults = []

        relenting = asyncio.create_task(relent())
        yield
        await relenting

    async def misconfigured(self) -> Connector:
        return opened(self.served, client_secret=SecretStr("wrong-secret"))

    async def another(self) -> Connector:
        return opened(self.served)

    def note_password(self, exchange: Exchange) -> None:
        """Keep the password that came with a PATCH of its own and was accepted: the simulator forgets it."""
        profile = json.loads(exchange.request_body or b"{}").get("passwordProfile")
        if exchange.method == "PATCH" and exchange.status == 204 and profile:
            self.passwords[exchange.url.rpartition("/")[2]] = profile["password"]

    async def sign_in(self, login: str, password: str) -> bool:
        user = self.simulator.tenant.user_by_name(login, USER)
        return user.value("accountEnabled") is True and self.passwords.get(user.id) == password

    async def expire_cursors(self) -> None:
        self.simulator.knobs.delta_resets += 1
