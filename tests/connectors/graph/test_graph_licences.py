"""Licences: assigned by the settings and by entitlement, taken away when managed and unwanted, and never else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from connectors.contract import Match, ObjectKind, Reference
from connectors.errors import Misconfigured, NotFound, Rejected, Unavailable
from connectors.graph import GraphConnector
from sandbox.graph.catalogue import PRODUCTS
from sandbox.graph.knobs import PERMISSIONS, Fault
from sandbox.graph.planting import plant_synced_user
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
MIRA = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira", "usageLocation": "GB"}
E3, EMS, FLOW = "ENTERPRISEPACK", "EMS", "FLOW_FREE"
PLANS = {plan.name: plan.id for plan in PRODUCTS[E3].plans}

type Open = Callable[..., GraphConnector]


@pytest.fixture
async def opened(graph_simulator: Served, waits: Waits) -> AsyncIterator[Open]:
    """Opens connectors with settings of their own."""
    graph_simulator.knobs.subscriptions = {E3: 25, EMS: 25, FLOW: 25}
    async with AsyncExitStack() as stack:

        def connect(**settings: object) -> GraphConnector:
            connector = GraphConnector(settings_for(graph_simulator, **settings), waits)
            stack.push_async_callback(connector.close)
            return connector

        yield connect


def licences(served: Served, key: str) -> set[str]:
    """What the tenant has noted as assigned directly, by part number."""
    names = {product.id: name for name, product in PRODUCTS.items()}
    return {names[each["skuId"]] for each in served.tenant.objects[key].value("assignedLicenses")}


async def rejection(doing: Awaitable[object]) -> Rejected:
    with pytest.raises(Rejected) as caught:
        await doing
    return caught.value


async def test_everybody_gets_the_licences_of_the_settings(
    opened: Open, graph_simulator: Served, asked: Record
) -> None:
    graph = opened(licences=[E3, "ems without INTUNE_A"])
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    assert licences(graph_simulator, key) == {E3, EMS}
    assert asked.lines == ["POST /users", "GET /subscribedSkus", f"POST /users/{key}/assignLicense"]
    given = {each["skuId"]: each["disabledPlans"] for each in asked[-1].body["addLicenses"]}
    assert given == {PRODUCTS[E3].id: [], PRODUCTS[EMS].id: ["c1ec4a95-1f05-45b3-a911-aa3fa01094f5"]}


async def test_the_tenants_licences_are_asked_for_once(opened: Open, asked: Record) -> None:
    graph = opened(licences=[E3])
    for login in ("a@contoso.example", "b@contoso.example"):
        await graph.create(USER, {**MIRA, "userPrincipalName": login}, active=True)
    assert asked.lines.count("GET /subscribedSkus") == 1


async def test_an_entitlement_gives_a_licence_and_its_end_takes_it_away(opened: Open, graph_simulator: Served) -> None:
    graph = opened(licences=[E3], licences_by_entitlement=[EMS])
    key = (await graph.create(USER, {**MIRA, "assignedLicenses": (E3, "ems", "VPN access")}, active=True)).remote_id
    assert licences(graph_simulator, key) == {E3, EMS}
    await graph.update(USER, key, {"assignedLicenses": (E3, "VPN access")})
    assert licences(graph_simulator, key) == {E3}


async def test_an_entitlement_cannot_name_what_the_settings_do_not(opened: Open, graph_simulator: Served) -> None:
    graph = opened(licences_by_entitlement=[EMS])
    key = (await graph.create(USER, {**MIRA, "assignedLicenses": (E3, FLOW)}, active=True)).remote_id
    assert licences(graph_simulator, key) == set()


async def test_licences_that_the_connection_does_not_manage_are_never_touched(
    opened: Open, graph_simulator: Served
) -> None:
    other = opened(licences=[FLOW])
    key = (await other.create(USER, MIRA, active=True)).remote_id
    graph = opened(licences_by_entitlement=[EMS], licences_on_deactivation="remove")
    await graph.update(USER, key, {"assignedLicenses": (EMS,)})
    await graph.update(USER, key, {"assignedLicenses": None})
    await graph.deactivate(key)
    assert licences(graph_simulator, key) == {FLOW}


async def test_without_licences_in_the_settings_nothing_of_them_is_asked(
    graph: GraphConnector, asked: Record, graph_simulator: Served
) -> None:
    key = (await graph.create(USER, {**MIRA, "assignedLicenses": (E3,)}, active=True)).remote_id
    await graph.update(USER, key, {"assignedLicenses": (E3,)})
    assert asked.lines == ["POST /users", f"GET /users/{key}"]
    assert "assignedLicenses" not in asked[1].query
    assert [mapping.target for mapping in graph.defaults[USER].mappings if "icense" in mapping.target] == []


async def test_the_plans_of_an_entitlement_come_before_those_of_the_settings(
    opened: Open, graph_simulator: Served
) -> None:
    graph = opened(licences=[f"{E3} without TEAMS1"])
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    held = graph_simulator.tenant.objects[key]
    assert held.value("assignedLicenses")[0]["disabledPlans"] == [PLANS["TEAMS1"]]
    await graph.update(USER, key, {"assignedLicenses": (f"{E3} without SHAREPOINTENTERPRISE, OFFICESUBSCRIPTION",)})
    wanted = {PLANS["SHAREPOINTENTERPRISE"], PLANS["OFFICESUBSCRIPTION"]}
    assert set(held.value("assignedLicenses")[0]["disabledPlans"]) == wanted


async def test_what_is_so_already_is_not_written_again(opened: Open, asked: Record) -> None:
    graph = opened(licences=[f"{E3} without TEAMS1"])
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    asked.clear()
    await graph.update(USER, key, {"assignedLicenses": (E3,)})
    assert [line for line in asked.lines if line.startswith("POST")] == []


async def test_a_licence_that_comes_by_a_group_is_left_to_entra(
    opened: Open, graph_simulator: Served, asked: Record
) -> None:
    plain = opened()
    key = (await plain.create(USER, MIRA, active=True)).remote_id
    group = (await plain.create(GROUP, {"displayName": "E3"}, active=True)).remote_id
    await plain.change_members(group, [key], [])
    graph_simulator.knobs.group_licences = {group: (E3,)}
    graph = opened(licences_by_entitlement=[E3], licences_on_deactivation="remove")
    asked.clear()
    await graph.update(USER, key, {"assignedLicenses": (E3,)})
    await graph.update(USER, key, {"assignedLicenses": ()})
    await graph.deactivate(key)
    assert [line for line in asked.lines if line.endswith("assignLicense")] == []


async def test_licences_are_read_by_name_as_they_are_written(opened: Open) -> None:
    graph = opened(licences=["EMS without INTUNE_A", E3])
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    wanted = ("EMS without INTUNE_A", E3)
    assert (await graph.read(USER, key)).attributes["assignedLicenses"] == wanted
    (found,) = await graph.find(Match(USER, "userPrincipalName", MIRA["userPrincipalName"]))
    assert found.attributes["assignedLicenses"] == wanted


async def test_a_user_without_a_usage_location_gets_the_default_first(opened: Open, asked: Record) -> None:
    location = MIRA["usageLocation"]
    plain = {name: value for name, value in MIRA.items() if value != location}
    key = (await opened().create(USER, plain, active=True)).remote_id
    asked.clear()
    await opened(licences=[E3], usage_location="DE").update(USER, key, {"assignedLicenses": (E3,)})
    writes = [each for each in asked if not each.line.startswith("GET")]
    assert [each.line for each in writes] == [f"PATCH /users/{key}", f"POST /users/{key}/assignLicense"]
    assert writes[0].body == {"usageLocation": "DE"}


async def test_a_user_without_any_usage_location_is_told(opened: Open, graph_simulator: Served) -> None:
    plain = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira"}
    graph = opened(licences=[E3])
    error = await rejection(graph.create(USER, plain, active=True))
    assert (error.code, error.attribute) == ("graph.usageLocationMissing", "usageLocation")
    (found,) = await graph.find(Match(USER, "userPrincipalName", plain["userPrincipalName"]))
    await graph.update(USER, found.remote_id, {"usageLocation": "GB", "assignedLicenses": (E3,)})
    assert licences(graph_simulator, found.remote_id) == {E3}


@pytest.mark.parametrize("status", [None, 503])
async def test_licences_whose_removal_was_not_answered_are_looked_at_before_the_next_try(
    opened: Open, graph_simulator: Served, status: int | None
) -> None:
    graph = opened(licences=[E3], licences_on_deactivation="remove")
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    graph_simulator.knobs.faults = [Fault(status=status, after_commit=True, path="assignLicense$")]
    with pytest.raises(Unavailable):
        await graph.deactivate(key)
    assert licences(graph_simulator, key) == set()
    await graph.deactivate(key)


async def test_without_a_seat_the_user_stands_and_the_rest_is_done(opened: Open, graph_simulator: Served) -> None:
    graph_simulator.knobs.subscriptions = {E3: 0, EMS: 5}
    graph = opened(licences=[E3, EMS])
    error = await rejection(graph.create(USER, MIRA, active=True))
    assert (error.code, error.attribute) == ("graph.noSeatsLeft", "assignedLicenses")
    (found,) = await graph.find(Match(USER, "userPrincipalName", MIRA["userPrincipalName"]))
    assert error.created is not None
    assert (error.created.remote_id, error.created.active) == (found.remote_id, True)
    assert "ENTERPRISEPACK (0 of 0 seats are used)" in str(error)
    assert "seats" in error.fix
    (found,) = await graph.find(Match(USER, "userPrincipalName", MIRA["userPrincipalName"]))
    assert found.active
    assert licences(graph_simulator, found.remote_id) == {EMS}
    assert (await rejection(graph.update(USER, found.remote_id, {"assignedLicenses": (E3, EMS)}))).code == error.code
    graph_simulator.knobs.subscriptions = {E3: 1, EMS: 5}
    await graph.update(USER, found.remote_id, {"assignedLicenses": (E3, EMS)})
    assert licences(graph_simulator, found.remote_id) == {E3, EMS}


async def test_a_licence_that_nobody_knows_is_told_and_the_others_are_assigned(
    opened: Open, graph_simulator: Served
) -> None:
    graph = opened(licences=[E3, "SPE_E9"])
    error = await rejection(graph.create(USER, MIRA, active=True))
    assert error.code == "graph.unknownLicence"
    assert "SPE_E9" in str(error)
    (found,) = await graph.find(Match(USER, "userPrincipalName", MIRA["userPrincipalName"]))
    assert licences(graph_simulator, found.remote_id) == {E3}
    entitled = opened(licences_by_entitlement=[EMS])
    error = await rejection(entitled.update(USER, found.remote_id, {"assignedLicenses": ("EMS without NO_SUCH",)}))
    assert "EMS without NO_SUCH" in str(error)


async def test_a_licence_that_is_bought_later_is_found(
    opened: Open, graph_simulator: Served, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.graph.licences.YOUNG", 0.0)
    graph_simulator.knobs.subscriptions = {EMS: 5}
    graph = opened(licences=[E3])
    await rejection(graph.create(USER, MIRA, active=True))
    graph_simulator.knobs.subscriptions = {EMS: 5, E3: 5}
    (found,) = await graph.find(Match(USER, "userPrincipalName", MIRA["userPrincipalName"]))
    await graph.update(USER, found.remote_id, {"assignedLicenses": (E3,)})
    assert licences(graph_simulator, found.remote_id) == {E3}


async def test_an_outage_after_the_create_leaves_a_user_to_be_found(opened: Open, graph_simulator: Served) -> None:
    graph_simulator.knobs.faults = [Fault(status=503, path="assignLicense", times=99)]
    with pytest.raises(Unavailable) as caught:
        await opened(licences=[E3]).create(USER, MIRA, active=True)
    assert caught.value.may_have_happened


async def test_a_missing_permission_is_named(opened: Open, graph_simulator: Served) -> None:
    key = (await opened().create(USER, MIRA, active=True)).remote_id
    graph_simulator.knobs.permissions = frozenset({"User.Read.All", "Organization.Read.All"})
    with pytest.raises(Misconfigured) as caught:
        await opened(licences=[E3]).update(USER, key, {"assignedLicenses": (E3,)})
    assert "LicenseAssignment.ReadWrite.All" in caught.value.fix


async def test_users_are_read_even_where_the_tenants_licences_may_not_be(opened: Open, graph_simulator: Served) -> None:
    key = (await opened(licences=[E3]).create(USER, MIRA, active=True)).remote_id
    graph_simulator.knobs.permissions = PERMISSIONS - {"Organization.Read.All"}
    account = await opened(licences=[E3]).read(USER, key)
    assert account.attributes["assignedLicenses"] == (PRODUCTS[E3].id,)


async def test_deactivation_keeps_licences_unless_told_to_take_them_away(opened: Open, graph_simulator: Served) -> None:
    graph = opened(licences=[E3])
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    await graph.deactivate(key)
    assert licences(graph_simulator, key) == {E3}
    frugal = opened(licences=[E3], licences_on_deactivation="remove")
    await frugal.deactivate(key)
    assert licences(graph_simulator, key) == set()
    await frugal.deactivate(key)
    inactive = {**MIRA, "userPrincipalName": "other@contoso.example"}
    other = (await frugal.create(USER, inactive, active=False)).remote_id
    assert licences(graph_simulator, other) == set()


async def test_the_licences_of_somebody_who_is_gone_raise_not_found(opened: Open) -> None:
    graph = opened(licences=[E3])
    with pytest.raises(NotFound):
        await graph.update(USER, "00000000-0000-4000-8000-000000000000", {"assignedLicenses": (E3,)})


async def test_a_refusal_of_something_else_does_not_hold_up_the_licences(opened: Open, graph_simulator: Served) -> None:
    graph = opened(licences=[E3])
    nobody = Reference(USER, "00000000-0000-4000-8000-000000000000")
    error = await rejection(graph.create(USER, {**MIRA, "manager": nobody}, active=True))
    assert error.code == "graph.referenceMissing"
    (found,) = await graph.find(Match(USER, "userPrincipalName", MIRA["userPrincipalName"]))
    assert licences(graph_simulator, found.remote_id) == {E3}
    synced = plant_synced_user(graph_simulator.tenant, "lena", usageLocation="GB")
    error = await rejection(graph.update(USER, synced.id, {"jobTitle": "Analyst", "assignedLicenses": (E3,)}))
    assert error.code == "graph.onPremisesSynced"
    assert licences(graph_simulator, synced.id) == {E3}
