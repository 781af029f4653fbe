"""Microsoft's typed client, set up for the simulator, and what its tests create with it."""

import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from azure.identity.aio import ClientSecretCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph.generated.models.group import Group
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.user import User
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]  # it ships no types

from sandbox.graph.server import Served


@pytest.fixture
async def sdk(graph_simulator: Served) -> AsyncIterator[GraphServiceClient]:
    """msgraph-sdk with azure-identity's credential, over TLS; every request is held against the contract too."""
    credential = ClientSecretCredential(
        graph_simulator.tenant_id,
        graph_simulator.client_id,
        graph_simulator.client_secret,
        authority=graph_simulator.authority,
        disable_instance_discovery=True,
        connection_verify=str(graph_simulator.ca),
    )
    trust = ssl.create_default_context(cafile=str(graph_simulator.ca))
    # Held here because the SDK's own transport around it does not close it.
    transport = httpx.AsyncHTTPTransport(verify=trust)
    http = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(transport=transport))
    scopes = ["https://graph.microsoft.com/.default"]
    port = graph_simulator.origin.rpartition(":")[2]
    hosts = ["localhost", f"localhost:{port}"]
    adapter = GraphRequestAdapter(
        AzureIdentityAuthenticationProvider(credential, scopes=scopes, allowed_hosts=hosts), http
    )
    adapter.base_url = graph_simulator.base_url
    async with credential, transport, http:
        yield GraphServiceClient(request_adapter=adapter)


def new_user(name: str, **more: Any) -> User:
    return User(
        account_enabled=True,
        display_name=name.title(),
        mail_nickname=name,
        user_principal_name=f"{name}@contoso.example",
        password_profile=PasswordProfile(password="Correct-Horse-7", force_change_password_next_sign_in=False),
        **more,
    )


async def created(sdk: GraphServiceClient, name: str, **more: Any) -> str:
    user = await sdk.users.post(new_user(name, **more))
    assert user is not None
    assert user.id is not None
    return user.id


async def created_group(sdk: GraphServiceClient, name: str, **more: Any) -> str:
    values = {"mail_enabled": False, "security_enabled": True} | more
    group = await sdk.groups.post(Group(display_name=name.title(), mail_nickname=name, **values))
    assert group is not None
    assert group.id is not None
    return group.id


def options(builder: Any, **parameters: Any) -> RequestConfiguration[Any]:
    """Query parameters of a request builder, and the header that advanced queries need."""
    kinds = [value for name, value in vars(builder).items() if name.endswith("GetQueryParameters")]
    configuration: RequestConfiguration[Any] = RequestConfiguration(query_parameters=kinds[0](**parameters))
    configuration.headers.add("ConsistencyLevel", "eventual")
    return configuration
