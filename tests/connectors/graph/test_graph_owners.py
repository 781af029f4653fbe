"""Owners of groups: from the settings at creation, from the attribute at any time, and never none."""

import pytest

from connectors.contract import ObjectKind, Reference
from connectors.errors import Rejected
from connectors.graph import GraphConnector
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
RISK = {"displayName": "Risk"}


def login(name: str) -> str:
    return f"{name}@contoso.example"


@pytest.fixture
async def people(graph: GraphConnector, asked: Record) -> dict[str, str]:
    """Ids of users by name."""
    made = {}
    for name in ("mira", "o'hara", "lena"):
        values = {"userPrincipalName": login(name), "displayName": name}
        made[name] = (await graph.create(USER, values, active=True)).remote_id
    asked.clear()
    return made


def owners(served: Served, group: str) -> set[str]:
    return set(served.tenant.owners.get(group, ()))


async def test_a_new_group_has_the_owners_of_the_settings(
    graph_simulator: Served, waits: Waits, asked: Record, people: dict[str, str]
) -> None:
    settings = settings_for(graph_simulator, group_kind="microsoft365", group_owners=[login("o'hara"), people["mira"]])
    graph = GraphConnector(settings, waits)
    for _ in range(2):
        group = (await graph.create(GROUP, RISK, active=True)).remote_id
        assert owners(graph_simulator, group) == {people["o'hara"], people["mira"]}
    assert asked.lines == [f"GET /users/{login("o'hara")}", "POST /groups", "POST /groups"]
    await graph.close()


async def test_the_attribute_names_owners_by_id_by_name_and_by_reference(
    graph: GraphConnector, graph_simulator: Served, people: dict[str, str]
) -> None:
    group = (await graph.create(GROUP, {**RISK, "owners": (people["mira"],)}, active=True)).remote_id
    assert owners(graph_simulator, group) == {people["mira"]}
    await graph.update(GROUP, group, {"owners": (login("lena"), login("o'hara"))})
    assert owners(graph_simulator, group) == {people["lena"], people["o'hara"]}
    await graph.update(GROUP, group, {"owners": Reference(USER, people["mira"])})
    assert owners(graph_simulator, group) == {people["mira"]}


async def test_nobody_takes_the_last_owner_away(
    graph: GraphConnector, graph_simulator: Served, asked: Record, people: dict[str, str]
) -> None:
    group = (await graph.create(GROUP, {**RISK, "owners": (people["mira"],)}, active=True)).remote_id
    asked.clear()
    for nothing in (None, ()):
        await graph.update(GROUP, group, {"owners": nothing})
    assert owners(graph_simulator, group) == {people["mira"]}
    assert [line for line in asked.lines if not line.startswith("GET")] == []


async def test_owners_that_are_as_wanted_are_not_written(
    graph: GraphConnector, asked: Record, people: dict[str, str]
) -> None:
    group = (await graph.create(GROUP, {**RISK, "owners": (people["mira"],)}, active=True)).remote_id
    asked.clear()
    await graph.update(GROUP, group, {"owners": (people["mira"],)})
    assert [line for line in asked.lines if not line.startswith("GET")] == []


async def test_an_owner_whose_id_is_written_in_capitals_is_the_same_person(
    graph: GraphConnector, graph_simulator: Served, people: dict[str, str]
) -> None:
    group = (await graph.create(GROUP, {**RISK, "owners": (people["mira"],)}, active=True)).remote_id
    await graph.update(GROUP, group, {"owners": (people["mira"].upper(), people["lena"].upper())})
    assert owners(graph_simulator, group) == {people["mira"], people["lena"]}


async def test_an_owner_without_an_account_is_told_and_no_group_is_made(graph_simulator: Served, waits: Waits) -> None:
    graph = GraphConnector(settings_for(graph_simulator, group_owners=[login("nobody")]), waits)
    with pytest.raises(Rejected) as caught:
        await graph.create(GROUP, RISK, active=True)
    assert (caught.value.code, caught.value.attribute) == ("graph.ownerMissing", "owners")
    assert "nobody" not in str(caught.value)
    assert list(graph_simulator.tenant.owners) == []
    await graph.close()


async def test_what_is_set_at_creation_only_is_refused_later(graph: GraphConnector) -> None:
    group = (await graph.create(GROUP, RISK, active=True)).remote_id
    with pytest.raises(Rejected) as caught:
        await graph.update(GROUP, group, {"isAssignableToRole": True})
    assert (caught.value.code, caught.value.attribute) == ("graph.writtenOnce", "isAssignableToRole")
