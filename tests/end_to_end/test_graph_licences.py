"""Licences through the whole hub: a missing seat waits and is filled, a leaver's licences go and come back."""

from collections.abc import AsyncIterator

import pytest

from connectors.contract import ObjectKind
from connectors.graph.clouds import TRUSTED_HOSTS_SETTING
from provisioning.connections.connection import Connection
from provisioning.engine.links import LinkStatus
from provisioning.hub import Hub
from provisioning.settings import Settings
from provisioning.storage.store import Storage
from sandbox.graph.catalogue import BY_ID
from sandbox.graph.server import Served
from tests.engine.conftest import World

USER = ObjectKind.USER
MIRA = "mira@contoso.example"


@pytest.fixture
async def world(storage: Storage, graph_simulator: Served, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A hub with a connection to the tenant that gives everybody EMS, and ENTERPRISEPACK by entitlement."""
    monkeypatch.setenv(TRUSTED_HOSTS_SETTING, graph_simulator.origin.removeprefix("https://"))
    monkeypatch.setenv("LOCKSTEP_SECRET_GRAPH", graph_simulator.client_secret)
    hub = Hub.over(storage, Settings(sweep_grace_seconds=1, lease_seconds=20))
    hub.connections._active_seconds = 0.0
    settings = {
        "tenant_id": graph_simulator.tenant_id,
        "client_id": graph_simulator.client_id,
        "client_secret": "env:LOCKSTEP_SECRET_GRAPH",
        "credential": "client_secret",
        "authority": graph_simulator.authority,
        "base_url": graph_simulator.base_url,
        "ca_file": str(graph_simulator.ca),
        "usage_location": "GB",
        "licences": ["EMS"],
        "licences_by_entitlement": ["ENTERPRISEPACK"],
        "licences_on_deactivation": "remove",
    }
    await hub.connections.create(Connection("graph", "graph", "graph", enabled=True, settings=settings))
    yield World(hub)
    await hub.connectors.close()


def licences(served: Served) -> set[str]:
    """Part numbers of what the only user has."""
    (user,) = served.tenant.objects.values()
    return {BY_ID[each["skuId"]].part_number for each in user.value("assignedLicenses")}


async def test_who_gets_no_seat_has_an_account_and_the_licence_as_soon_as_there_is_one(
    world: World, graph_simulator: Served
) -> None:
    graph_simulator.knobs.subscriptions = {"EMS": 0, "ENTERPRISEPACK": 5}
    mira = await world.user(MIRA, entitlements=[{"value": "ENTERPRISEPACK"}])
    await world.settle()
    assert licences(graph_simulator) == {"ENTERPRISEPACK"}
    link = await world.link(mira, "graph")
    assert (link.status, link.problem.code) == (LinkStatus.ESCROWED, "graph.noSeatsLeft")
    assert "EMS (0 of 0 seats are used)" in link.problem.message
    graph_simulator.knobs.subscriptions = {"EMS": 1, "ENTERPRISEPACK": 5}
    await world.patch(mira, title="Analyst")
    await world.settle()
    assert licences(graph_simulator) == {"EMS", "ENTERPRISEPACK"}
    link = await world.link(mira, "graph")
    assert (link.status, link.remote_name) == (LinkStatus.APPLIED, MIRA)


async def test_a_leavers_licences_go_and_come_back_with_the_person(world: World, graph_simulator: Served) -> None:
    mira = await world.user(MIRA, entitlements=[{"value": "ENTERPRISEPACK"}])
    await world.settle()
    assert licences(graph_simulator) == {"EMS", "ENTERPRISEPACK"}
    await world.patch(mira, active=False)
    await world.settle()
    assert licences(graph_simulator) == set()
    await world.patch(mira, active=True)
    await world.settle()
    assert licences(graph_simulator) == {"EMS", "ENTERPRISEPACK"}
    await world.patch(mira, entitlements=[])
    await world.settle()
    assert licences(graph_simulator) == {"EMS"}
