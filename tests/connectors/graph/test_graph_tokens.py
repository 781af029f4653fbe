"""Tokens: asked for once, renewed when Graph refuses one, and refusals of the sign-in service in words."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.contract import Match, ObjectKind
from connectors.errors import Misconfigured, Unavailable
from connectors.graph import GraphConnector
from connectors.graph.permissions import roles
from sandbox.certificates import Certificates
from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served
from tests.connectors.graph.graph_impostor import Impostor, impostor
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

ANYBODY = Match(ObjectKind.USER, "userPrincipalName", "anybody@contoso.example")


@pytest.fixture
async def login(graph_certificates: Certificates) -> AsyncIterator[Impostor]:
    """A sign-in service that says what the test wants."""
    async with impostor(graph_certificates) as served:
        yield served


async def test_parallel_callers_ask_for_one_token(graph_simulator: Served, login: Impostor, waits: Waits) -> None:
    line = f"POST /{graph_simulator.tenant_id}/oauth2/v2.0/token"
    login.json(line, {"access_token": "opaque", "expires_in": 3600, "token_type": "Bearer"})
    login.json("GET /v1.0/users", {"value": []})
    connector = GraphConnector(
        settings_for(graph_simulator, authority=login.origin, base_url=f"{login.origin}/v1.0"), waits
    )
    await asyncio.gather(*(connector.find(ANYBODY) for _ in range(20)))
    assert login.lines.count(line) == 1
    assert login.lines.count("GET /v1.0/users") == 20
    await connector.close()


async def test_a_token_that_graph_refuses_is_renewed_once(
    graph: GraphConnector, graph_simulator: Served, asked: Record
) -> None:
    graph_simulator.knobs.token_lifetime = 600
    await graph.find(ANYBODY)
    # The tenant's clock runs ahead of ours: what we take for valid has expired there.
    graph_simulator.clock.advance(700)
    assert await graph.find(ANYBODY) == []
    assert [each.status for each in asked] == [200, 401, 200]


async def test_many_that_are_refused_at_once_renew_it_once(
    graph: GraphConnector, graph_simulator: Served, asked: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued: list[str] = []
    issue = graph_simulator.simulator.tokens.issue

    def counted(tenant_id: str, *rest: Any) -> Any:
        issued.append(tenant_id)
        return issue(tenant_id, *rest)

    monkeypatch.setattr(graph_simulator.simulator.tokens, "issue", counted)
    graph_simulator.knobs.token_lifetime = 600
    await graph.find(ANYBODY)
    graph_simulator.clock.advance(700)
    asked.clear()
    await asyncio.gather(*(graph.find(ANYBODY) for _ in range(20)))
    assert len(issued) == 2
    assert [each.status for each in asked] == [401, 200]
    assert [len(each.operations) for each in asked] == [20, 20]


async def test_refused_again_it_is_misconfigured(graph_simulator: Served, login: Impostor, waits: Waits) -> None:
    line = f"POST /{graph_simulator.tenant_id}/oauth2/v2.0/token"
    login.json(line, {"access_token": "opaque", "expires_in": 3600, "token_type": "Bearer"})
    connector = GraphConnector(settings_for(graph_simulator, authority=login.origin), waits)
    # The first refusal is of a token that is as new as can be; the second may be of one that has aged.
    for requests in (1, 2):
        with pytest.raises(Misconfigured, match="does not accept the access token") as caught:
            await connector.find(ANYBODY)
        assert caught.value.code == "graph.InvalidAuthenticationToken"
        assert login.lines == [line] * requests
    assert waits.seconds == []
    await connector.close()


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"client_secret": SecretStr("wrong-secret")}, "graph.AADSTS7000215", "client secret is wrong"),
        ({"client_id": "5a1f0c3e-0000-0000-0000-0d1f3c1b7a90"}, "graph.AADSTS700016", "not known in this tenant"),
        ({"tenant_id": "nowhere.example"}, "graph.AADSTS90002", "tenant is not known"),
    ],
)
async def test_refusals_are_told_in_words(
    graph_simulator: Served, changes: dict[str, object], code: str, words: str
) -> None:
    connector = GraphConnector(settings_for(graph_simulator, **changes))
    with pytest.raises(Misconfigured, match=words) as caught:
        await connector.find(ANYBODY)
    assert caught.value.code == code
    assert caught.value.fix
    assert "wrong-secret" not in _everything(caught.value)
    assert caught.value.__cause__ is None
    await connector.close()


async def test_an_expired_secret_is_told(graph: GraphConnector, graph_simulator: Served) -> None:
    graph_simulator.knobs.secret_expired = True
    with pytest.raises(Misconfigured, match="has expired") as caught:
        await graph.find(ANYBODY)
    assert "new client secret" in caught.value.fix
    assert graph_simulator.client_secret not in _everything(caught.value)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": "invalid_client", "error_description": "AADSTS999999: Something new."}, "graph.AADSTS999999"),
        ({"error": "invalid_client"}, "graph.credentialsRefused"),
    ],
)
async def test_an_unknown_refusal_is_misconfigured_too(
    graph_simulator: Served, login: Impostor, body: dict[str, str], code: str
) -> None:
    login.json(f"POST /{graph_simulator.tenant_id}/oauth2/v2.0/token", body, status=400)
    connector = GraphConnector(settings_for(graph_simulator, authority=login.origin))
    with pytest.raises(Misconfigured) as caught:
        await connector.find(ANYBODY)
    assert caught.value.code == code
    await connector.close()


@pytest.mark.parametrize("status", [None, 429, 500, 503])
async def test_a_sign_in_service_that_is_down_is_unavailable(
    graph: GraphConnector, graph_simulator: Served, status: int | None
) -> None:
    graph_simulator.knobs.faults = [Fault(status=status, path="token", times=99)]
    with pytest.raises(Unavailable) as caught:
        await graph.find(ANYBODY)
    assert not caught.value.may_have_happened
    graph_simulator.knobs.faults = []
    assert await graph.find(ANYBODY) == []


async def test_a_sign_in_service_that_is_not_one_is_told(graph_simulator: Served, login: Impostor) -> None:
    connector = GraphConnector(settings_for(graph_simulator, authority=login.origin))
    with pytest.raises(Misconfigured, match="refuses the credentials"):
        await connector.find(ANYBODY)
    await connector.close()


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a..c", "a.W10.c", "a.eyJyb2xlcyI6IDF9.c", "ä.ä.ä"])
def test_a_token_that_cannot_be_read_tells_nothing(token: str) -> None:
    assert roles(token) is None


def test_a_token_names_its_permissions() -> None:
    # {"roles": ["User.ReadWrite.All", 1]} and {}
    assert roles("a.eyJyb2xlcyI6IFsiVXNlci5SZWFkV3JpdGUuQWxsIiwgMV19.c") == frozenset({"User.ReadWrite.All"})
    assert roles("a.e30.c") == frozenset()


def _everything(error: BaseException) -> str:
    """Whatever a log could show of an error and of what it hangs on."""
    seen = ""
    link: BaseException | None = error
    while link is not None:
        seen += str(link) + repr(link) + repr(vars(link))
        link = link.__cause__ or link.__context__
    return seen
