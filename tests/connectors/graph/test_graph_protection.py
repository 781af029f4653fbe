"""What another system is the master of is found and left alone with a reason: AD, Exchange, a rule, a role, a guest."""

from collections.abc import Awaitable

import pytest

from connectors.contract import Match, ObjectKind, Reference
from connectors.errors import Rejected
from connectors.graph import GraphConnector
from connectors.graph.refusals import has_mailbox, reason
from sandbox.graph.entities import GROUP as GROUP_ENTITY
from sandbox.graph.planting import plant_guest, plant_mail_group, plant_synced_group, plant_synced_user
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
MIRA = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira"}


async def rejection(doing: Awaitable[object]) -> Rejected:
    with pytest.raises(Rejected) as caught:
        await doing
    assert caught.value.fix
    return caught.value


async def test_a_synchronised_user_is_found_and_left_alone(graph: GraphConnector, graph_simulator: Served) -> None:
    synced = plant_synced_user(graph_simulator.tenant, "lena")
    (found,) = await graph.find(Match(USER, "userPrincipalName", "lena@contoso.example"))
    assert found.remote_id == synced.id
    boss = (await graph.create(USER, MIRA, active=True)).remote_id
    for doing in (
        graph.update(USER, synced.id, {"jobTitle": "Analyst"}),
        graph.update(USER, synced.id, {"manager": Reference(USER, boss)}),
        graph.update(USER, synced.id, {"manager": None}),
        graph.deactivate(synced.id),
        graph.activate(synced.id),
        graph.delete(USER, synced.id),
    ):
        error = await rejection(doing)
        assert error.code == "graph.onPremisesSynced"
        assert "Active Directory" in error.fix
    assert (await graph.read(USER, synced.id)).active is True


async def test_what_the_cloud_is_the_master_of_is_written_to_a_synchronised_user(
    graph: GraphConnector, graph_simulator: Served
) -> None:
    synced = plant_synced_user(graph_simulator.tenant, "lena")
    await graph.update(USER, synced.id, {"usageLocation": "GB"})
    assert synced.value("usageLocation") == "GB"


async def test_a_synchronised_group_is_found_and_left_alone(graph: GraphConnector, graph_simulator: Served) -> None:
    synced = plant_synced_group(graph_simulator.tenant, "staff")
    user = (await graph.create(USER, MIRA, active=True)).remote_id
    (found,) = await graph.find(Match(GROUP, "displayName", "Staff"))
    assert found.remote_id == synced.id
    assert (await rejection(graph.update(GROUP, synced.id, {"description": "x"}))).code == "graph.onPremisesSynced"
    assert (await rejection(graph.delete(GROUP, synced.id))).code == "graph.onPremisesSynced"
    failures = await graph.change_members(synced.id, [user], [])
    assert {error.code for error in failures.failed.values()} == {"graph.onPremisesSynced"}


@pytest.mark.parametrize("security", [False, True])
async def test_groups_of_exchange_are_left_alone(
    graph: GraphConnector, graph_simulator: Served, security: bool
) -> None:
    group = plant_mail_group(graph_simulator.tenant, "all-staff", security=security)
    user = (await graph.create(USER, MIRA, active=True)).remote_id
    error = await rejection(graph.update(GROUP, group.id, {"description": "x"}))
    assert error.code == "graph.mailEnabledGroup"
    assert "Exchange" in error.fix
    failures = await graph.change_members(group.id, [user], [])
    assert {failed.code for failed in failures.failed.values()} == {"graph.mailEnabledGroup"}


async def test_who_is_in_a_dynamic_group_is_not_ours_to_say(graph: GraphConnector, graph_simulator: Served) -> None:
    values = {
        "displayName": "Everybody in Risk",
        "mailNickname": "risk",
        "mailEnabled": False,
        "securityEnabled": True,
        "groupTypes": ["DynamicMembership"],
        "membershipRule": 'user.department -eq "Risk"',
    }
    group = graph_simulator.tenant.add(GROUP_ENTITY, values)
    user = (await graph.create(USER, MIRA, active=True)).remote_id
    failures = await graph.change_members(group.id, [user], [])
    assert {error.code for error in failures.failed.values()} == {"graph.dynamicGroup"}
    assert (await graph.update(GROUP, group.id, {"description": "By rule"})).remote_id == group.id


def test_a_role_assignable_group_is_told_as_one() -> None:
    error = reason(GROUP, "g", {"isAssignableToRole": True, "groupTypes": []})
    assert error is not None
    assert error.code == "graph.roleAssignableGroup"
    assert "RoleManagement.ReadWrite.Directory" in error.fix
    assert reason(GROUP, "g", {"groupTypes": ["Unified"], "mailEnabled": True}) is None
    assert reason(GROUP, "g", {"groupTypes": ["DynamicMembership"]}) is None


def test_a_mailbox_is_an_exchange_plan_that_is_switched_on() -> None:
    enabled = {"service": "exchange", "capabilityStatus": "Enabled"}
    assert has_mailbox({"assignedPlans": [{"service": "sharepoint", "capabilityStatus": "Enabled"}, enabled]})
    assert not has_mailbox({"assignedPlans": [{**enabled, "capabilityStatus": "Deleted"}]})
    assert not has_mailbox({})


async def test_a_refusal_that_the_object_does_not_explain_stays_what_it_is(
    graph: GraphConnector, asked: Record
) -> None:
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    error = await rejection(graph.update(USER, key, {"employeeId": "x" * 17}))
    assert (error.code, error.attribute) == ("graph.Request_BadRequest", "employeeId")


async def test_a_guest_is_not_taken_for_a_persons_account(
    graph: GraphConnector, graph_simulator: Served, waits: Waits
) -> None:
    guest = plant_guest(graph_simulator.tenant, "mira@partner.example", employeeId="70412")
    assert await graph.find(Match(USER, "employeeId", "70412")) == []
    member = (await graph.create(USER, {**MIRA, "employeeId": "70412"}, active=True)).remote_id
    assert [each.remote_id for each in await graph.find(Match(USER, "employeeId", "70412"))] == [member]
    hospitable = GraphConnector(settings_for(graph_simulator, include_guests=True), waits)
    found = await hospitable.find(Match(USER, "employeeId", "70412"))
    assert {each.remote_id for each in found} == {guest.id, member}
    await hospitable.close()


async def test_deleted_guests_are_not_either(graph: GraphConnector, graph_simulator: Served) -> None:
    guest = plant_guest(graph_simulator.tenant, "mira@partner.example", employeeId="70412")
    await graph.delete(USER, guest.id)
    assert await graph.find_deleted(Match(USER, "employeeId", "70412")) == []
