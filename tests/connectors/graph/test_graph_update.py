"""Changing: one PATCH, names from memory, the manager by reference, protected accounts told apart."""

import pytest

from connectors.contract import ObjectKind, Reference
from connectors.errors import Misconfigured, NotFound, Rejected
from connectors.graph import GraphConnector
from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
MIRA = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira"}


@pytest.fixture
async def key(graph: GraphConnector, asked: Record) -> str:
    created = await graph.create(USER, MIRA, active=True)
    asked.clear()
    return created.remote_id


async def test_an_update_is_one_request(graph: GraphConnector, asked: Record, key: str) -> None:
    account = await graph.update(USER, key, {"jobTitle": "Analyst", "mobilePhone": None, "otherMails": ()})
    assert (account.remote_id, account.name) == (key, "mira@contoso.example")
    assert asked.lines == [f"PATCH /users/{key}"]
    assert asked[0].body == {"jobTitle": "Analyst", "mobilePhone": None, "otherMails": []}


async def test_a_rename_answers_with_the_new_name(graph: GraphConnector, asked: Record, key: str) -> None:
    account = await graph.update(USER, key, {"userPrincipalName": "mira.lind@contoso.example"})
    assert account.name == "mira.lind@contoso.example"
    assert (await graph.update(USER, key, {"jobTitle": "Analyst"})).name == "mira.lind@contoso.example"
    assert asked.lines == [f"PATCH /users/{key}"] * 2


async def test_a_new_process_asks_for_the_name(graph_simulator: Served, waits: Waits, asked: Record, key: str) -> None:
    other = GraphConnector(settings_for(graph_simulator), waits)
    assert (await other.update(USER, key, {"jobTitle": "Analyst"})).name == "mira@contoso.example"
    assert asked.lines == [f"PATCH /users/{key}", f"GET /users/{key}"]
    await other.close()


async def test_a_manager_alone_is_one_request(graph: GraphConnector, asked: Record, key: str) -> None:
    boss = (await graph.create(USER, {**MIRA, "userPrincipalName": "boss@contoso.example"}, active=True)).remote_id
    asked.clear()
    await graph.update(USER, key, {"manager": Reference(USER, boss)})
    await graph.update(USER, key, {"manager": None})
    assert asked.lines == [f"PUT /users/{key}/manager/$ref", f"DELETE /users/{key}/manager/$ref"]


async def test_clearing_a_manager_who_is_not_there_is_a_success(graph: GraphConnector, key: str) -> None:
    await graph.update(USER, key, {"manager": None})
    await graph.delete(USER, key)
    for manager in (None, Reference(USER, key)):
        with pytest.raises(NotFound):
            await graph.update(USER, key, {"manager": manager})


async def test_a_manager_must_be_a_reference(graph: GraphConnector, key: str) -> None:
    with pytest.raises(Rejected) as caught:
        await graph.update(USER, key, {"manager": "boss"})
    assert caught.value.attribute == "manager"


async def test_a_protected_account_is_refused_and_does_not_stop_the_connection(
    graph: GraphConnector, graph_simulator: Served, key: str
) -> None:
    graph_simulator.knobs.faults = [Fault(status=403, method="PATCH", times=2)]
    with pytest.raises(Rejected, match="protects"):
        await graph.update(USER, key, {"mobilePhone": "1"})
    with pytest.raises(Rejected, match="protects"):
        await graph.deactivate(key)


async def test_a_missing_permission_stops_the_connection(graph_simulator: Served, waits: Waits, key: str) -> None:
    graph_simulator.knobs.permissions = frozenset(
        {"User.Read.All", "User.EnableDisableAccount.All", "User.RevokeSessions.All"}
    )
    poor = GraphConnector(settings_for(graph_simulator), waits)
    await poor.deactivate(key)
    with pytest.raises(Misconfigured) as caught:
        await poor.update(USER, key, {"jobTitle": "Analyst"})
    assert "User.ReadWrite.All" in caught.value.fix
    with pytest.raises(Misconfigured):
        await poor.delete(USER, key)
    await poor.close()


async def test_a_group_is_renamed_in_one_request(graph: GraphConnector, asked: Record) -> None:
    group = (await graph.create(GROUP, {"displayName": "Risk"}, active=True)).remote_id
    asked.clear()
    assert (await graph.update(GROUP, group, {"displayName": "Risk EMEA", "description": None})).name == "Risk EMEA"
    assert asked.lines == [f"PATCH /groups/{group}"]
    assert (await graph.update(GROUP, group, {})).name == "Risk EMEA"
