"""Domains: federated ones need an id, unverified ones are named, and nobody is told wrong where nothing is known."""

from base64 import b64decode
from collections.abc import Awaitable

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Rejected
from connectors.graph import GraphConnector
from sandbox.graph.knobs import PERMISSIONS
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER = ObjectKind.USER
MIRA = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira"}


async def rejection(doing: Awaitable[object]) -> Rejected:
    with pytest.raises(Rejected) as caught:
        await doing
    assert caught.value.fix
    return caught.value


async def test_an_unverified_domain_is_named(graph: GraphConnector) -> None:
    error = await rejection(graph.create(USER, {**MIRA, "userPrincipalName": "mira@elsewhere.example"}, active=True))
    assert (error.code, error.attribute) == ("graph.unverifiedDomain", "userPrincipalName")
    assert "elsewhere.example" in str(error)
    assert "mira" not in f"{error} {error.fix}"
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    assert (
        await rejection(graph.update(USER, key, {"userPrincipalName": "mira@elsewhere.example"}))
    ).code == error.code


async def test_a_malformed_name_in_a_verified_domain_is_told_as_such(graph: GraphConnector) -> None:
    error = await rejection(graph.create(USER, {**MIRA, "userPrincipalName": "mi ra@contoso.example"}, active=True))
    assert (error.code, error.attribute) == ("graph.Request_BadRequest", "userPrincipalName")


async def test_domains_that_may_not_be_read_are_not_guessed(graph: GraphConnector, graph_simulator: Served) -> None:
    graph_simulator.knobs.permissions = PERMISSIONS - {"Organization.Read.All"}
    error = await rejection(graph.create(USER, {**MIRA, "userPrincipalName": "mira@elsewhere.example"}, active=True))
    assert (error.code, error.attribute) == ("graph.Request_BadRequest", "userPrincipalName")


@pytest.fixture
def federated(graph_simulator: Served) -> None:
    """The domain of MIRA signs in elsewhere."""
    graph_simulator.knobs.federated_domains = frozenset({"contoso.example"})


@pytest.mark.usefixtures("federated")
async def test_a_federated_user_needs_an_immutable_id(graph: GraphConnector, graph_simulator: Served) -> None:
    error = await rejection(graph.create(USER, MIRA, active=True))
    assert (error.code, error.attribute) == ("graph.immutableIdMissing", "onPremisesImmutableId")
    assert "contoso.example" in str(error)
    key = (await graph.create(USER, {**MIRA, "onPremisesImmutableId": "anchor-1"}, active=True)).remote_id
    assert graph_simulator.tenant.objects[key].value("onPremisesImmutableId") == "anchor-1"


@pytest.mark.usefixtures("federated")
@pytest.mark.parametrize(
    ("source", "values", "wanted"),
    [
        ("employeeId", {"employeeId": "70412"}, "70412"),
        (
            "onPremisesExtensionAttributes.extensionAttribute1",
            {"onPremisesExtensionAttributes.extensionAttribute1": "anchor-2"},
            "anchor-2",
        ),
        ("employeeId", {"onPremisesImmutableId": "mapped", "employeeId": "70412"}, "mapped"),
    ],
)
async def test_the_id_comes_from_another_attribute_unless_it_is_mapped(
    graph_simulator: Served, waits: Waits, asked: Record, source: str, values: dict[str, str], wanted: str
) -> None:
    settings = settings_for(graph_simulator, federated_domains=["Contoso.example"], immutable_id=source)
    graph = GraphConnector(settings, waits)
    await graph.create(USER, {**MIRA, **values}, active=True)
    assert asked[0].body["onPremisesImmutableId"] == wanted
    other = {**MIRA, "userPrincipalName": "lena@contoso.example"}
    assert (await rejection(graph.create(USER, other, active=True))).code == "graph.immutableIdMissing"
    await graph.close()


@pytest.mark.usefixtures("federated")
async def test_a_generated_id_is_never_the_same_and_only_for_federated_domains(
    graph_simulator: Served, waits: Waits, asked: Record
) -> None:
    settings = settings_for(graph_simulator, federated_domains=["contoso.example"], immutable_id="generated")
    graph = GraphConnector(settings, waits)
    for name in ("mira@contoso.example", "lena@contoso.example", "mira@contoso.onmicrosoft.example"):
        await graph.create(USER, {**MIRA, "userPrincipalName": name}, active=True)
    first, second, managed = (each.body.get("onPremisesImmutableId") for each in asked)
    assert len(b64decode(first)) == len(b64decode(second)) == 16
    assert first != second
    assert managed is None
    await graph.close()
