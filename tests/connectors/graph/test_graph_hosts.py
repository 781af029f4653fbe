"""A token never leaves the host it is for: not by a nextLink, not by a redirection, not by another base URL."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from connectors.contract import Match, ObjectKind
from connectors.errors import Misconfigured, Unavailable
from connectors.graph import GraphConnector
from sandbox.certificates import Certificates, ensure_certificates
from sandbox.graph.server import Served
from tests.connectors.graph.graph_impostor import Impostor, impostor
from tests.connectors.graph.graph_tenant import Waits, settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
ANYBODY = Match(USER, "userPrincipalName", "anybody@contoso.example")
GROUP_ID = "5a1f0c3e-2f64-4c7b-9f52-0d1f3c1b7a90"


@pytest.fixture
async def front(graph_certificates: Certificates) -> AsyncIterator[Impostor]:
    """What the connection takes for Graph."""
    async with impostor(graph_certificates) as served:
        yield served


@pytest.fixture
async def elsewhere(graph_certificates: Certificates) -> AsyncIterator[Impostor]:
    """Somebody who would like to have the token."""
    async with impostor(graph_certificates) as served:
        yield served


@pytest.fixture
async def connector(graph_simulator: Served, front: Impostor, waits: Waits) -> AsyncIterator[GraphConnector]:
    opened = GraphConnector(settings_for(graph_simulator, base_url=f"{front.origin}/v1.0"), waits)
    yield opened
    await opened.close()


async def test_the_token_goes_to_graph(connector: GraphConnector, front: Impostor) -> None:
    front.json("GET /v1.0/users", {"value": []})
    assert await connector.find(ANYBODY) == []
    assert front.heard[0][2].startswith("Bearer ey")


@pytest.mark.parametrize(
    "link",
    [
        "{elsewhere}/v1.0/groups/x/members?$skiptoken=1",
        "{front_as_http}/v1.0/groups/x/members",
        "https://user@localhost/v1.0/groups",
        "//{elsewhere_host}/v1.0/groups",
        "/v1.0/groups",
        "https://",
        "javascript:alert(1)",
    ],
)
async def test_a_next_link_to_another_host_is_not_followed(
    connector: GraphConnector, front: Impostor, elsewhere: Impostor, link: str
) -> None:
    link = link.format(
        elsewhere=elsewhere.origin,
        elsewhere_host=elsewhere.origin.removeprefix("https://"),
        front_as_http=front.origin.replace("https", "http"),
    )
    front.json(f"GET /v1.0/groups/{GROUP_ID}/members", {"value": [{"id": "1"}], "@odata.nextLink": link})
    with pytest.raises(Misconfigured) as caught:
        await connector.members(GROUP_ID)
    assert caught.value.code == "graph.foreignLink"
    assert elsewhere.heard == []
    assert len(front.heard) == 1


async def test_a_next_link_to_graph_is_followed(connector: GraphConnector, front: Impostor) -> None:
    first = {"value": [{"id": "1"}], "@odata.nextLink": f"{front.origin}/v1.0/more"}
    front.json(f"GET /v1.0/groups/{GROUP_ID}/members", first)
    front.json("GET /v1.0/more", {"value": [{"id": "2"}]})
    assert await connector.members(GROUP_ID) == ["1", "2"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirection_is_not_followed(
    connector: GraphConnector, front: Impostor, elsewhere: Impostor, status: int
) -> None:
    location = {"Location": f"{elsewhere.origin}/v1.0/users"}
    front.answers["GET /v1.0/users"] = lambda: web.Response(status=status, headers=location)
    front.answers["POST /v1.0/users"] = front.answers["GET /v1.0/users"]
    with pytest.raises(Misconfigured, match="redirection"):
        await connector.find(ANYBODY)
    with pytest.raises(Misconfigured, match="redirection"):
        await connector.create(USER, {"userPrincipalName": "a@contoso.example", "displayName": "A"}, active=True)
    assert elsewhere.heard == []


@pytest.mark.parametrize("body", [b"<html>It works!</html>", b"", b"[]", b'{"value": null}', b'"text"'])
async def test_a_host_that_is_not_graph_is_told(connector: GraphConnector, front: Impostor, body: bytes) -> None:
    front.answers["GET /v1.0/users"] = lambda: web.Response(body=body)
    front.answers["POST /v1.0/users"] = front.answers["GET /v1.0/users"]
    with pytest.raises(Unavailable, match="cannot be read") as caught:
        await connector.find(ANYBODY)
    assert not caught.value.may_have_happened
    with pytest.raises(Unavailable, match="cannot be read") as caught:
        await connector.create(USER, {"userPrincipalName": "a@contoso.example", "displayName": "A"}, active=True)
    assert caught.value.may_have_happened


async def test_a_batch_that_is_not_answered_item_by_item_is_sent_again(
    connector: GraphConnector, front: Impostor, waits: Waits
) -> None:
    front.json("POST /v1.0/$batch", {"responses": ["nonsense", {"id": "7", "status": 204}, {"status": 204}]})
    with pytest.raises(Unavailable):
        await connector.change_members(GROUP_ID, [], ["a-1", "a-2", "a-3"])
    assert front.lines == ["POST /v1.0/$batch"] * 4
    assert sorted(waits.seconds) == [0.5] * 3 + [1] * 3 + [2] * 3


async def test_an_untrusted_certificate_is_told_and_nothing_is_sent(
    graph_simulator: Served, tmp_path_factory: pytest.TempPathFactory, waits: Waits
) -> None:
    other = ensure_certificates(tmp_path_factory.mktemp("other-tls"))
    for ca_file in ("", str(other.ca)):
        connector = GraphConnector(settings_for(graph_simulator, ca_file=ca_file), waits)
        with pytest.raises(Misconfigured) as caught:
            await connector.find(ANYBODY)
        assert caught.value.code == "graph.certificateNotTrusted"
        assert "CA file" in caught.value.fix
        await connector.close()
    assert graph_simulator.simulator.counts["requests"] == 0


async def test_graphs_own_certificate_is_checked_too(
    graph_simulator: Served, tmp_path_factory: pytest.TempPathFactory, waits: Waits
) -> None:
    async with impostor(ensure_certificates(tmp_path_factory.mktemp("other-tls"))) as stranger:
        connector = GraphConnector(settings_for(graph_simulator, base_url=f"{stranger.origin}/v1.0"), waits)
        with pytest.raises(Misconfigured) as caught:
            await connector.find(ANYBODY)
        assert caught.value.code == "graph.certificateNotTrusted"
        assert stranger.heard == []
        await connector.close()


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_ca_file_that_is_none_is_told(
    graph_simulator: Served, tmp_path_factory: pytest.TempPathFactory, content: str | None
) -> None:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    if content is not None:
        path.write_text(content)
    connector = GraphConnector(settings_for(graph_simulator, ca_file=str(path)))
    with pytest.raises(Misconfigured) as caught:
        await connector.find(ANYBODY)
    assert caught.value.code == "graph.caFile"
    verification = await connector.verify()
    assert [check.ok for check in verification.checks] == [False]
    await connector.close()
