"""Deactivation: the account is disabled first, then its sessions end; nothing of it is left undone in silence."""

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Misconfigured, NotFound, Rejected, Unavailable
from connectors.graph import GraphConnector
from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER = ObjectKind.USER
MIRA = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira"}


@pytest.fixture
async def key(graph: GraphConnector, asked: Record) -> str:
    created = await graph.create(USER, MIRA, active=True)
    asked.clear()
    return created.remote_id


def writes(asked: Record) -> list[str]:
    return [line for line in asked.lines if not line.startswith("GET")]


async def test_a_leaver_is_disabled_and_signed_out(
    graph: GraphConnector, graph_simulator: Served, asked: Record, key: str
) -> None:
    await graph.deactivate(key)
    assert writes(asked) == [f"PATCH /users/{key}", f"POST /users/{key}/revokeSignInSessions"]
    user = graph_simulator.tenant.objects[key]
    assert user.value("accountEnabled") is False
    assert user.value("signInSessionsValidFromDateTime")


async def test_sessions_are_left_alone_where_that_is_set(
    graph_simulator: Served, waits: Waits, asked: Record, key: str
) -> None:
    graph = GraphConnector(settings_for(graph_simulator, revoke_sessions=False), waits)
    await graph.deactivate(key)
    assert writes(asked) == [f"PATCH /users/{key}"]
    await graph.close()


async def test_sessions_that_could_not_be_ended_are_tried_again(
    graph: GraphConnector, graph_simulator: Served, asked: Record, key: str
) -> None:
    graph_simulator.knobs.faults = [Fault(status=503, path="revokeSignInSessions", times=99)]
    with pytest.raises(Unavailable):
        await graph.deactivate(key)
    assert (await graph.read(USER, key)).active is False
    graph_simulator.knobs.faults = []
    asked.clear()
    await graph.deactivate(key)
    assert writes(asked)[-1] == f"POST /users/{key}/revokeSignInSessions"


async def test_a_missing_permission_for_sessions_is_told_and_the_account_is_disabled(
    graph: GraphConnector, graph_simulator: Served, key: str
) -> None:
    graph_simulator.knobs.permissions = frozenset({"User.Read.All", "User.EnableDisableAccount.All"})
    fresh = GraphConnector(settings_for(graph_simulator))
    with pytest.raises(Misconfigured) as caught:
        await fresh.deactivate(key)
    assert "User.RevokeSessions.All" in caught.value.fix
    assert (await graph.read(USER, key)).active is False
    await fresh.close()


async def test_sessions_of_a_protected_account_are_told_as_its_own_problem(
    graph: GraphConnector, graph_simulator: Served, key: str
) -> None:
    graph_simulator.knobs.faults = [Fault(status=403, path="revokeSignInSessions")]
    with pytest.raises(Rejected, match="protects"):
        await graph.deactivate(key)


async def test_activation_signs_nobody_out(graph: GraphConnector, asked: Record, key: str) -> None:
    await graph.activate(key)
    assert writes(asked) == [f"PATCH /users/{key}"]


async def test_who_is_gone_cannot_be_deactivated(graph: GraphConnector, key: str) -> None:
    await graph.delete(USER, key)
    with pytest.raises(NotFound):
        await graph.deactivate(key)
