"""What the Key Vault refuses, in the words and codes that an operator reads. Its own words are not repeated."""

from unittest.mock import Mock

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.keyvault.secrets.aio import SecretClient

from connectors.errors import ConnectorError, Misconfigured, Unavailable
from provisioning.connections.key_vault import KeyVaultSecrets
from sandbox.key_vault.server import Served
from sandbox.key_vault.vault import Fault
from tests.key_vault_server import (
    AppIdentity,
    app_identity,
    key_vault,
    vault_certificates,
    vault_clock,
    vault_secrets,
)

__all__ = ["app_identity", "key_vault", "vault_certificates", "vault_clock", "vault_secrets"]


async def refused(secrets: KeyVaultSecrets) -> ConnectorError:
    """Return what reading the secret ``a`` raises."""
    with pytest.raises(ConnectorError) as caught:
        await secrets.read("a")
    assert caught.value.fix
    assert caught.value.__cause__ is None
    return caught.value


async def test_a_secret_that_is_not_there(vault_secrets: KeyVaultSecrets) -> None:
    error = await refused(vault_secrets)
    assert (type(error), error.code) == (Misconfigured, "secret.missing")
    assert "named a" in error.fix


async def test_a_secret_that_is_disabled(key_vault: Served, vault_secrets: KeyVaultSecrets) -> None:
    key_vault.vault.put("a", "s3cret", enabled=False)
    error = await refused(vault_secrets)
    assert (type(error), error.code) == (Misconfigured, "secret.disabled")


@pytest.mark.parametrize(
    ("fault", "error", "code", "fix"),
    [
        (Fault.FORBIDDEN, Misconfigured, "secret.forbidden", "Key Vault Secrets User"),
        (Fault.FIREWALL, Misconfigured, "secret.vaultFirewall", "private endpoint"),
        (Fault.THROTTLED, Unavailable, "secret.vaultThrottled", "asked again"),
        (Fault.UNAVAILABLE, Unavailable, "secret.vaultUnavailable", "asked again"),
        (Fault.DROPPED, Unavailable, "secret.vaultUnavailable", "LOCKSTEP_KEY_VAULT_URL"),
    ],
)
async def test_a_vault_that_does_not_let_the_app_read(
    key_vault: Served,
    vault_secrets: KeyVaultSecrets,
    fault: Fault,
    error: type[ConnectorError],
    code: str,
    fix: str,
) -> None:
    key_vault.vault.put("a", "s3cret")
    key_vault.vault.fault = fault
    told = await refused(vault_secrets)
    assert (type(told), told.code) == (error, code)
    assert fix in told.fix


async def test_a_token_that_the_vault_does_not_take(key_vault: Served, vault_secrets: KeyVaultSecrets) -> None:
    key_vault.vault.tokens.clear()
    error = await refused(vault_secrets)
    assert (type(error), error.code) == (Misconfigured, "secret.vaultRefused")
    assert "tenant" in error.fix


async def test_an_identity_that_gets_no_token_is_waited_for(
    vault_secrets: KeyVaultSecrets, app_identity: AppIdentity
) -> None:
    app_identity.failure = ClientAuthenticationError("no managed identity endpoint found")
    error = await refused(vault_secrets)
    assert (type(error), error.code) == (Unavailable, "secret.noIdentity")
    assert "endpoint" not in str(error)


@pytest.mark.parametrize("status", [200, 400, 403, 500])
async def test_what_the_endpoint_of_the_identity_answers_is_not_taken_for_the_vaults_answer(
    key_vault: Served, vault_secrets: KeyVaultSecrets, app_identity: AppIdentity, status: int
) -> None:
    key_vault.vault.put("a", "s3cret")
    await vault_secrets.read("a")
    response = Mock(status_code=status, reason="", request=Mock(url="http://169.254.131.2:8081/msi/token?resource=x"))
    app_identity.failure = ClientAuthenticationError("Unexpected response", response=response)
    assert vault_secrets._client is not None
    await vault_secrets._client.close()
    vault_secrets._client = None  # as after a start: no token is kept
    with pytest.raises(ConnectorError) as caught:
        await vault_secrets.read("a", 0)
    assert (type(caught.value), caught.value.code) == (Unavailable, "secret.noIdentity")
    assert await vault_secrets.read("a", 0.001) == "s3cret"


async def test_a_host_that_asks_for_the_token_of_another_service_gets_none(
    key_vault: Served, vault_secrets: KeyVaultSecrets, app_identity: AppIdentity
) -> None:
    # As it is opened for one of Microsoft's hosts: the client holds the challenge against the host it was given.
    vault_secrets._client = SecretClient(key_vault.url, app_identity, connection_verify=str(key_vault.ca))
    error = await refused(vault_secrets)
    assert (type(error), error.code) == (Misconfigured, "secret.vaultRefused")
    assert app_identity.scopes == []


async def test_nobody_who_shows_another_certificate_is_asked(key_vault: Served, app_identity: AppIdentity) -> None:
    wary = KeyVaultSecrets(key_vault.url, lambda: app_identity, trusted=True)
    error = await refused(wary)
    await wary.close()
    assert (type(error), error.code) == (Unavailable, "secret.vaultUnavailable")
    assert app_identity.scopes == []
