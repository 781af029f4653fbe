"""A managed identity: the token comes from the platform's own endpoint, as App Service offers it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from connectors.contract import Match, ObjectKind
from connectors.errors import Misconfigured, Unavailable
from connectors.graph import GraphConnector, GraphSettings
from sandbox.graph.server import Served

ANYBODY = Match(ObjectKind.USER, "userPrincipalName", "anybody@contoso.example")


@dataclass
class Platform:
    """App Service's identity endpoint (REST protocol of managed identities, api-version 2019-08-01)."""

    answer: Callable[[], web.Response]
    asked: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.query))
        return self.answer()


@pytest.fixture
async def platform(graph_simulator: Served, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    form = {
        "grant_type": "client_credentials",
        "client_id": graph_simulator.client_id,
        "client_secret": graph_simulator.client_secret,
        "scope": "https://graph.microsoft.com/.default",
    }
    issued = graph_simulator.simulator.tokens.issue(
        graph_simulator.tenant_id, form, graph_simulator.clock.now(), graph_simulator.origin
    )
    token = {
        "access_token": issued.body["access_token"],
        "expires_on": str(int(graph_simulator.clock.now().timestamp()) + 3600),
        "resource": "https://graph.microsoft.com",
        "token_type": "Bearer",
    }
    served = Platform(lambda: web.json_response(token))
    app = web.Application()
    app.router.add_get("/msi/token", served.handle)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{runner.addresses[0][1]}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header-secret")
    yield served
    await runner.cleanup()


@pytest.fixture
async def connector(graph_simulator: Served) -> AsyncIterator[GraphConnector]:
    opened = GraphConnector(
        GraphSettings(
            client_id="5a1f0c3e-2f64-4c7b-9f52-0d1f3c1b7a90",
            authority=graph_simulator.authority,
            base_url=graph_simulator.base_url,
            ca_file=str(graph_simulator.ca),
        )
    )
    yield opened
    await opened.close()


async def test_the_token_comes_from_the_platform(connector: GraphConnector, platform: Platform) -> None:
    assert await connector.find(ANYBODY) == []
    assert await connector.find(ANYBODY) == []
    assert len(platform.asked) == 1
    assert platform.asked[0]["resource"] == "https://graph.microsoft.com"
    assert platform.asked[0]["client_id"] == "5a1f0c3e-2f64-4c7b-9f52-0d1f3c1b7a90"
    assert (await connector.verify()).ok


async def test_a_missing_identity_is_told(connector: GraphConnector, platform: Platform) -> None:
    platform.answer = lambda: web.json_response({"statusCode": 400, "message": "No User Assigned identity"}, status=400)
    with pytest.raises(Misconfigured) as caught:
        await connector.find(ANYBODY)
    assert caught.value.fix
    verification = await connector.verify()
    assert [check.name for check in verification.checks if not check.ok] == ["Sign-in"]


async def test_an_endpoint_that_is_down_does_not_hold_a_job_for_long(
    connector: GraphConnector, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.answer = lambda: web.Response(status=500)
    monkeypatch.setattr("connectors.graph.tokens.PATIENCE", 1.0)
    with pytest.raises((Misconfigured, Unavailable)) as caught:
        await connector.find(ANYBODY)
    assert "header-secret" not in str(caught.value)
