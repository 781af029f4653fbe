"""The "Verify Credentials" button says in words what is wrong."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from connectors.contract import PROVISIONING, Feature, Verification
from connectors.graph import GraphConnector
from sandbox.certificates import Certificates, ensure_certificates
from sandbox.graph.knobs import PERMISSIONS, Fault
from sandbox.graph.server import Served
from tests.connectors.graph.graph_impostor import Impostor, impostor
from tests.connectors.graph.graph_tenant import Record, settings_for


async def verify(served: Served, **changes: object) -> Verification:
    connector = GraphConnector(settings_for(served, **changes))
    try:
        return await connector.verify()
    finally:
        await connector.close()


def failed(verification: Verification) -> dict[str, str]:
    assert all(check.detail and check.fix for check in verification.checks if not check.ok)
    return {check.name: f"{check.detail} {check.fix}" for check in verification.checks if not check.ok}


async def test_a_right_connection_is_told_with_its_tenant(graph_simulator: Served, asked: Record) -> None:
    verification = await verify(graph_simulator)
    assert verification.ok
    details = " ".join(check.detail for check in verification.checks)
    assert graph_simulator.tenant_id in details
    assert "Contoso" in details
    assert all(line.startswith("GET ") for line in asked.lines)


@pytest.mark.parametrize(
    ("missing", "names"),
    [
        (
            "User.ReadWrite.All",
            {
                "Read users",
                "Create and change users",
                "Enable and disable users",
                "Revoke sign-in sessions",
                "Delete users",
            },
        ),
        (
            "Group.ReadWrite.All",
            {"Read groups", "Create groups", "Change groups", "Delete groups", "Add and remove group members"},
        ),
    ],
)
async def test_a_missing_permission_is_named(graph_simulator: Served, missing: str, names: set[str]) -> None:
    graph_simulator.knobs.permissions = PERMISSIONS - {missing}
    told = failed(await verify(graph_simulator))
    assert told.keys() == names
    assert all(missing in words for words in told.values())


async def test_a_narrow_permission_suffices_for_what_it_is_for(graph_simulator: Served) -> None:
    graph_simulator.knobs.permissions = frozenset({"User.ReadWrite.All", "GroupMember.ReadWrite.All"})
    assert failed(await verify(graph_simulator)).keys() == {"Create groups", "Change groups", "Delete groups"}


async def test_the_tenants_name_need_not_be_readable(graph_simulator: Served) -> None:
    graph_simulator.knobs.permissions = PERMISSIONS - {"Organization.Read.All"}
    assert (await verify(graph_simulator)).ok


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_secret": SecretStr("wrong-secret")}, "client secret is wrong"),
        ({"tenant_id": "nowhere.example"}, "tenant is not known"),
        ({"client_id": "somebody-else"}, "not known in this tenant"),
        ({"ca_file": ""}, "not trusted"),
        ({"authority": "https://localhost:1"}, "cannot be reached"),
        ({"base_url": "https://localhost:1/v1.0"}, "Microsoft Graph cannot be reached"),
        ({"authority": "https://no-such-host.invalid"}, "host name of the sign-in service is not known"),
        ({"base_url": "https://no-such-host.invalid/v1.0"}, "host name of Microsoft Graph is not known"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_wrong_is_told(graph_simulator: Served, changes: dict[str, object], words: str) -> None:
    verification = await verify(graph_simulator, **changes)
    told = failed(verification)
    assert len(told) == 1
    assert words in next(iter(told.values()))
    assert "wrong-secret" not in repr(verification)


async def test_a_wrong_ca_is_told(graph_simulator: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = ensure_certificates(tmp_path_factory.mktemp("other-tls"))
    told = failed(await verify(graph_simulator, ca_file=str(other.ca)))
    assert "CA file" in told["Sign-in"]


async def test_an_expired_secret_is_told(graph_simulator: Served) -> None:
    graph_simulator.knobs.secret_expired = True
    assert "has expired" in failed(await verify(graph_simulator))["Sign-in"]


async def test_an_outage_of_graph_is_told(graph_simulator: Served) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=600, times=99, path="^/(organization|users)")]
    told = failed(await verify(graph_simulator))
    assert "limits the rate" in told["Microsoft Graph"]


@pytest.fixture
async def opaque(graph_certificates: Certificates, graph_simulator: Served) -> AsyncIterator[Impostor]:
    """A Graph whose tokens say nothing."""
    async with impostor(graph_certificates) as served:
        token = {"access_token": "opaque", "expires_in": 3600, "token_type": "Bearer"}
        served.json(f"POST /{graph_simulator.tenant_id}/oauth2/v2.0/token", token)
        for place in ("organization", "users", "groups"):
            served.json(f"GET /v1.0/{place}", {"value": []})
        yield served


async def test_where_the_token_says_nothing_writing_is_tried_on_nobody(
    graph_simulator: Served, opaque: Impostor
) -> None:
    changes = {"authority": opaque.origin, "base_url": f"{opaque.origin}/v1.0"}
    assert (await verify(graph_simulator, **changes)).ok
    tried = [line for line in opaque.lines if line.startswith("PATCH")]
    assert len(tried) == 2
    opaque.denied = True
    told = failed(await verify(graph_simulator, **changes))
    assert told.keys() == {"Create and change users", "Change groups"}
    assert "User.ReadWrite.All" in told["Create and change users"]


async def checked(served: Served, features: frozenset[Feature], *, trial: bool = False, **changes: object) -> list[str]:
    """The names of the checks for these features, all of which pass."""
    connector = GraphConnector(settings_for(served, **changes))
    try:
        verification = await connector.verify(features, trial=trial)
    finally:
        await connector.close()
    assert verification.ok, failed(verification)
    return [check.name for check in verification.checks]


@pytest.mark.parametrize(
    ("features", "permissions", "names"),
    [
        ({Feature.IMPORT_USERS}, {"User.Read.All"}, ["Read users"]),
        ({Feature.IMPORT_GROUPS}, {"GroupMember.Read.All"}, ["Read groups"]),
        (
            {Feature.DEACTIVATE_USERS},
            {"User.Read.All", "User.EnableDisableAccount.All", "User.RevokeSessions.All"},
            ["Read users", "Enable and disable users", "Revoke sign-in sessions"],
        ),
        (
            {Feature.DELETE_USERS},
            {"User.Read.All", "User.DeleteRestore.All"},
            ["Read users", "Delete users"],
        ),
        (
            {Feature.SYNC_PASSWORDS},
            {"User.Read.All", "User-PasswordProfile.ReadWrite.All"},
            ["Read users", "Set passwords of users"],
        ),
        (
            {Feature.MANAGE_MEMBERSHIPS},
            {"User.Read.All", "GroupMember.ReadWrite.All"},
            ["Read users", "Read groups", "Add and remove group members"],
        ),
    ],
)
async def test_only_what_the_features_need_is_asked_for(
    graph_simulator: Served, features: set[Feature], permissions: set[str], names: list[str]
) -> None:
    graph_simulator.knobs.permissions = frozenset(permissions)
    assert await checked(graph_simulator, frozenset(features)) == ["Sign-in", "Microsoft Graph", *names]


async def test_what_the_settings_do_is_asked_for_as_well(graph_simulator: Served) -> None:
    features = frozenset({Feature.CREATE_USERS, Feature.DEACTIVATE_USERS, Feature.DELETE_USERS, Feature.DELETE_GROUPS})
    names = await checked(graph_simulator, features, licences=["EMS"], permanent_delete=True, revoke_sessions=False)
    assert {
        "Assign licences",
        "Licences",
        "Restore deleted users, and delete them for good",
        "Restore deleted groups, and delete them for good",
    } <= set(names)
    assert "Revoke sign-in sessions" not in names


async def test_a_licence_that_the_tenant_does_not_know_is_told_with_those_that_it_does(graph_simulator: Served) -> None:
    told = failed(await verify(graph_simulator, licences=["SPE_E9"], licences_by_entitlement=["EMS without NO_PLAN"]))
    assert told.keys() == {"Licences"}
    for words in ("SPE_E9", "EMS without NO_PLAN", "ENTERPRISEPACK"):
        assert words in told["Licences"]


async def test_licences_that_may_not_be_read_are_told(graph_simulator: Served) -> None:
    graph_simulator.knobs.permissions = PERMISSIONS - {"Organization.Read.All"}
    told = failed(await verify(graph_simulator, licences=["EMS"]))
    assert told.keys() == {"Licences"}
    assert "Organization.Read.All" in told["Licences"]


async def test_a_federated_domain_that_is_not_the_tenants_is_named(graph_simulator: Served) -> None:
    told = failed(await verify(graph_simulator, federated_domains=["contoso.example", "elsewhere.example"]))
    assert told.keys() == {"Domains"}
    assert "elsewhere.example" in told["Domains"]
    assert " contoso.example" not in told["Domains"]


async def test_a_trial_makes_changes_and_deletes_and_leaves_nothing(graph_simulator: Served, asked: Record) -> None:
    names = await checked(graph_simulator, PROVISIONING, trial=True)
    tried = [name.removeprefix("Trial: ") for name in names if name.startswith("Trial: ")]
    assert tried == [
        "create a user",
        "change a user",
        "rename a user",
        "create a group",
        "change a group",
        "rename a group",
        "add a member",
        "remove a member",
        "deactivate a user",
        "delete a user",
        "delete a group",
    ]
    assert graph_simulator.tenant.objects == {}
    made = next(each.body for each in asked if each.line == "POST /users")
    assert made["userPrincipalName"].startswith("lockstep-trial-")
    assert made["userPrincipalName"].endswith("@contoso.onmicrosoft.example")


async def test_a_trial_that_fails_is_told_and_cleared_away(graph_simulator: Served) -> None:
    graph_simulator.knobs.faults = [Fault(status=403, method="PATCH", path="^/users/")]
    connector = GraphConnector(settings_for(graph_simulator))
    told = failed(await connector.verify(trial=True))
    await connector.close()
    assert told.keys() == {"Trial: change a user"}
    assert [thing for thing in graph_simulator.tenant.objects.values() if thing.deleted is None] == []


async def test_nothing_is_tried_without_the_features_for_it(graph_simulator: Served, asked: Record) -> None:
    names = await checked(graph_simulator, frozenset({Feature.CREATE_USERS, Feature.UPDATE_GROUPS}), trial=True)
    assert [name for name in names if name.startswith("Trial")] == ["Trial: create a user"]  # says that it was not
    assert all(line.startswith("GET ") for line in asked.lines)
