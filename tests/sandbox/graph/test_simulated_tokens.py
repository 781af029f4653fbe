"""The token endpoint and the bearer check."""

import asyncio
import ssl

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential

from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served
from tests.graph_client import GraphClient

SCOPE = "https://graph.microsoft.com/.default"


async def test_microsofts_async_credential_gets_a_token_that_graph_takes(served: Served, graph: GraphClient) -> None:
    async with AsyncClientSecretCredential(
        served.tenant_id,
        served.client_id,
        served.client_secret,
        authority=served.authority,
        disable_instance_discovery=True,
        connection_verify=str(served.ca),
    ) as credential:
        graph.token = (await credential.get_token(SCOPE)).token

    assert (await graph("GET", "/users")).status == 200


async def test_microsofts_sync_credential_finds_the_token_endpoint_by_discovery(
    served: Served, graph: GraphClient
) -> None:
    credential = ClientSecretCredential(
        served.tenant_id,
        served.client_id,
        served.client_secret,
        authority=served.authority,
        disable_instance_discovery=True,
        connection_verify=str(served.ca),
    )
    with credential:
        graph.token = (await asyncio.to_thread(credential.get_token, SCOPE)).token

    assert (await graph("GET", "/users")).status == 200


async def test_microsofts_credential_understands_a_wrong_secret(served: Served) -> None:
    async with AsyncClientSecretCredential(
        served.tenant_id,
        served.client_id,
        "wrong",
        authority=served.authority,
        disable_instance_discovery=True,
        connection_verify=str(served.ca),
    ) as credential:
        with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
            await credential.get_token(SCOPE)


@pytest.mark.parametrize(
    ("change", "status", "error", "code"),
    [
        ({"tenant": "00000000-0000-0000-0000-000000000000"}, 400, "invalid_request", 90002),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 400, "unauthorized_client", 700016),
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": "wröng"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": ""}, 400, "invalid_request", 900144),
        ({"scope": "User.Read"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://vault.azure.net/.default"}, 400, "invalid_scope", 1002012),
    ],
)
async def test_what_is_wrong_with_a_token_request_is_said_with_entras_code(
    graph: GraphClient, change: dict[str, str], status: int, error: str, code: int
) -> None:
    reply = await graph.fetch_token(**change)

    assert (reply.status, reply.body["error"], reply.body["error_codes"]) == (status, error, [code])
    assert reply.body["error_description"].startswith(f"AADSTS{code}: ")
    assert "access_token" not in reply.body


async def test_an_expired_secret_is_refused_as_such(served: Served, graph: GraphClient) -> None:
    served.knobs.secret_expired = True

    reply = await graph.fetch_token()

    assert (reply.status, reply.body["error_codes"]) == (401, [7000222])


async def test_discovery_of_another_tenant_fails(served: Served, graph: GraphClient) -> None:
    async with graph.session.get(f"{served.origin}/other/v2.0/.well-known/openid-configuration") as response:
        assert response.status == 400


async def test_a_token_names_the_tenant_the_application_and_its_permissions(served: Served, graph: GraphClient) -> None:
    served.knobs.permissions = frozenset({"User.Read.All"})

    await graph.fetch_token()

    claims = jwt.decode(graph.token, options={"verify_signature": False})
    assert claims["tid"] == served.tenant_id
    assert claims["appid"] == served.client_id
    assert claims["roles"] == ["User.Read.All"]


async def test_a_token_expires_after_its_lifetime(served: Served, graph: GraphClient) -> None:
    served.knobs.token_lifetime = 300
    reply = await graph.fetch_token()
    assert reply.body["expires_in"] == 300

    served.clock.advance(299)
    assert (await graph("GET", "/users")).status == 200
    served.clock.advance(2)
    late = await graph("GET", "/users")

    assert (late.status, late.code) == (401, "InvalidAuthenticationToken")
    assert "expired" in late.message


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer nonsense", "Basic dTpw", "Bearer a.b.c"])
async def test_a_request_without_a_proper_token_is_unauthenticated(graph: GraphClient, authorization: str) -> None:
    reply = await graph("GET", "/users", Authorization=authorization)

    assert (reply.status, reply.code) == (401, "InvalidAuthenticationToken")
    assert "WWW-Authenticate" in reply.headers


async def test_a_token_that_somebody_else_signed_is_refused(graph: GraphClient) -> None:
    claims = jwt.decode(graph.token, options={"verify_signature": False})
    graph.token = jwt.encode(claims, "x" * 32, algorithm="HS256")

    assert (await graph("GET", "/users")).status == 401


async def test_a_token_for_another_audience_is_refused(served: Served, graph: GraphClient) -> None:
    reply = await graph.fetch_token(scope=f"{served.origin}/.default")
    assert reply.status == 200, "the simulator's own address is an audience too"
    assert (await graph("GET", "/users")).status == 200

    # The same server under its other name is not what this token was made for.
    other = served.base_url.replace("localhost", "127.0.0.1")
    async with graph.session.get(f"{other}/users", headers={"Authorization": f"Bearer {graph.token}"}) as response:
        assert response.status == 401


async def test_a_fault_that_names_the_token_endpoint_strikes_it(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(status=503, path="/oauth2/v2.0/token"), Fault(status=500)]

    assert (await graph.fetch_token()).status == 503
    assert (await graph.fetch_token()).status == 200
    assert served.knobs.faults[1].times == 1, "a fault without a path is for Graph"


async def test_the_servers_certificate_is_from_the_local_authority(served: Served) -> None:
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("localhost", int(served.origin.rpartition(":")[2]), ssl=context)
