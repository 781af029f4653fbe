"""The "Verify Credentials" button says in words what is wrong."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from connectors.contract import Verification
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
        ("User.ReadWrite.All", {"Read users", "Create and change users", "Enable and disable users", "Delete users"}),
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
