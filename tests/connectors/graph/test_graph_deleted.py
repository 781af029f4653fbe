"""Deleted accounts: found as they were, restored under their name, told apart in a conflict, removed for good."""

import pytest
from pydantic import SecretStr

from connectors.contract import Match, ObjectKind
from connectors.errors import AlreadyExists, Misconfigured, NotFound, Unavailable
from connectors.graph import GraphConnector, GraphSettings
from sandbox.certificates import Certificates
from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served
from tests.connectors.graph.graph_impostor import impostor
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
UPN = "mira.okafor@contoso.example"
MIRA = {"userPrincipalName": UPN, "displayName": "Mira Okafor", "employeeId": "70412"}


@pytest.fixture
async def key(graph: GraphConnector) -> str:
    """A user who was deleted."""
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    await graph.delete(USER, key)
    return key


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("userPrincipalName", UPN.upper()), ("employeeId", "70412"), ("displayName", "mira okafor")],
)
async def test_a_deleted_user_is_found_by_what_it_was(
    graph: GraphConnector, key: str, attribute: str, value: str
) -> None:
    (account,) = await graph.find_deleted(Match(USER, attribute, value))
    assert (account.remote_id, account.name, account.active) == (key, UPN, True)
    assert account.attributes["userPrincipalName"] == UPN
    assert account.attributes["employeeId"] == "70412"


async def test_who_is_there_and_who_ends_alike_are_not_found_among_the_deleted(graph: GraphConnector, key: str) -> None:
    await graph.create(USER, {**MIRA, "userPrincipalName": "okafor@contoso.example"}, active=True)
    for name in ("okafor@contoso.example", "a.okafor@contoso.example", ""):
        assert await graph.find_deleted(Match(USER, "userPrincipalName", name)) == []


async def test_a_restored_user_has_its_name_and_memberships_again(graph: GraphConnector) -> None:
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    group = (await graph.create(GROUP, {"displayName": "Risk"}, active=True)).remote_id
    await graph.change_members(group, [key], [])
    await graph.delete(USER, key)
    account = await graph.restore(USER, key)
    assert (account.remote_id, account.name, account.active) == (key, UPN, True)
    assert await graph.members(group) == [key]
    assert (await graph.restore(USER, key)).remote_id == key


async def test_a_restored_user_who_kept_the_name_of_a_deleted_one_gets_its_own_back(
    graph: GraphConnector, graph_simulator: Served, asked: Record, key: str
) -> None:
    graph_simulator.tenant.objects[key].values["userPrincipalName"] = key.replace("-", "") * 2 + UPN
    asked.clear()
    assert (await graph.restore(USER, key)).name == UPN
    assert asked.lines == [
        f"POST /directory/deletedItems/{key}/restore",
        f"GET /users/{key}",
        f"PATCH /users/{key}",
        f"GET /users/{key}",
    ]


async def test_a_name_that_was_given_away_meanwhile_blocks_the_restore(graph: GraphConnector, key: str) -> None:
    await graph.create(USER, MIRA, active=True)
    with pytest.raises(AlreadyExists):
        await graph.restore(USER, key)
    assert [each.remote_id for each in await graph.find_deleted(Match(USER, "userPrincipalName", UPN))] == [key]


async def test_what_is_gone_for_good_cannot_be_restored(
    graph: GraphConnector, graph_simulator: Served, key: str
) -> None:
    graph_simulator.clock.advance(31 * 86400)
    with pytest.raises(NotFound):
        await graph.restore(USER, key)
    with pytest.raises(NotFound):
        await graph.restore(USER, "no id at all")


async def test_a_group_is_restored_with_its_members(graph: GraphConnector) -> None:
    member = (await graph.create(USER, MIRA, active=True)).remote_id
    group = (await graph.create(GROUP, {"displayName": "Risk"}, active=True)).remote_id
    await graph.change_members(group, [member], [])
    await graph.delete(GROUP, group)
    (found,) = await graph.find_deleted(Match(GROUP, "displayName", "Risk"))
    assert (await graph.restore(GROUP, found.remote_id)).name == "Risk"
    assert await graph.members(group) == [member]


async def test_a_restore_needs_its_permission(graph_simulator: Served, key: str) -> None:
    graph_simulator.knobs.permissions = frozenset({"User.Read.All"})
    poor = GraphConnector(settings_for(graph_simulator))
    with pytest.raises(Misconfigured) as caught:
        await poor.restore(USER, key)
    assert "User.DeleteRestore.All" in caught.value.fix
    await poor.close()


async def test_a_conflict_with_a_deleted_account_says_so(graph_certificates: Certificates) -> None:
    key = "6a1f2c3d-0000-4000-8000-1234567890ab"
    detail = {"code": "ObjectConflict", "target": "employeeId", "message": "Another object holds the value."}
    conflict = {"error": {"code": "Request_BadRequest", "message": "Another object.", "details": [detail]}}
    deleted = {"id": key, "userPrincipalName": f"{key.replace('-', '')}{UPN}", "displayName": "Mira"}
    async with impostor(graph_certificates) as served:
        token = {"access_token": "opaque", "expires_in": 3600, "token_type": "Bearer"}
        served.json("POST /tenant.example/oauth2/v2.0/token", token)
        served.json("POST /v1.0/users", conflict, 400)
        served.json("GET /v1.0/users", {"value": []})
        served.json("GET /v1.0/directory/deletedItems/graph.user", {"value": [deleted]})
        graph = GraphConnector(
            GraphSettings(
                credential="client_secret",
                tenant_id="tenant.example",
                client_id="app",
                client_secret=SecretStr("secret"),
                authority=served.origin,
                base_url=f"{served.origin}/v1.0",
                ca_file=str(served.ca),
            )
        )
        with pytest.raises(AlreadyExists) as caught:
            await graph.create(USER, MIRA, active=True)
        await graph.close()
    assert (caught.value.code, caught.value.attribute) == ("graph.heldByDeleted", "employeeId")
    assert key in str(caught.value)
    assert "Restore it" in caught.value.fix
    assert "70412" not in f"{caught.value} {caught.value.fix}"


async def test_a_deletion_is_soft_unless_told_otherwise(graph: GraphConnector, asked: Record) -> None:
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    asked.clear()
    await graph.delete(USER, key)
    assert [line for line in asked.lines if line.startswith("DELETE")] == [f"DELETE /users/{key}"]


@pytest.fixture
async def thorough(graph_simulator: Served, waits: Waits) -> GraphConnector:
    """A connector that deletes for good."""
    return GraphConnector(settings_for(graph_simulator, permanent_delete=True), waits)


async def test_a_permanent_deletion_leaves_nothing(thorough: GraphConnector, graph_simulator: Served) -> None:
    user = (await thorough.create(USER, MIRA, active=True)).remote_id
    group = (await thorough.create(GROUP, {"displayName": "Risk"}, active=True)).remote_id
    for kind, key in ((USER, user), (GROUP, group), (USER, user), (USER, "no id at all")):
        await thorough.delete(kind, key)
        assert key not in graph_simulator.tenant.objects
    await thorough.close()


async def test_a_second_call_finishes_a_permanent_deletion(thorough: GraphConnector, graph_simulator: Served) -> None:
    key = (await thorough.create(USER, MIRA, active=True)).remote_id
    graph_simulator.knobs.faults = [Fault(status=503, method="DELETE", path="^/directory", times=99)]
    with pytest.raises(Unavailable):
        await thorough.delete(USER, key)
    assert graph_simulator.tenant.objects[key].deleted
    graph_simulator.knobs.faults = []
    await thorough.delete(USER, key)
    assert key not in graph_simulator.tenant.objects
    await thorough.close()


async def test_a_recycle_bin_that_lags_is_waited_for(
    thorough: GraphConnector, graph_simulator: Served, waits: Waits
) -> None:
    key = (await thorough.create(USER, MIRA, active=True)).remote_id
    graph_simulator.knobs.faults = [Fault(status=404, method="DELETE", path="^/directory", times=2)]
    await thorough.delete(USER, key)
    assert key not in graph_simulator.tenant.objects
    other = (await thorough.create(USER, MIRA, active=True)).remote_id
    graph_simulator.knobs.faults = [Fault(status=404, method="DELETE", path="^/directory", times=99)]
    with pytest.raises(Unavailable) as caught:
        await thorough.delete(USER, other)
    assert (caught.value.code, caught.value.one_object) == ("graph.notDeletedForGoodYet", True)
    await thorough.close()
