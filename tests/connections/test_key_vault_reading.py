"""Secrets of the Key Vault: read by the official client, kept, shared, and taken anew after a rotation."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from azure.keyvault.secrets.aio import SecretClient

from connectors.errors import Misconfigured, Unavailable
from provisioning.connections.key_vault import ASKED_AGAIN_SECONDS, FRESH_SECONDS, KEPT_SECONDS, KeyVaultSecrets
from provisioning.connections.secrets import MOST_SECRET_CHARS, Secrets
from sandbox.key_vault.server import Served
from sandbox.key_vault.vault import Fault
from tests.key_vault_server import (
    SCOPE,
    AppIdentity,
    Clock,
    app_identity,
    key_vault,
    vault_certificates,
    vault_clock,
    vault_secrets,
)

__all__ = ["app_identity", "key_vault", "vault_certificates", "vault_clock", "vault_secrets"]


async def test_a_reference_is_resolved_with_the_apps_identity(
    key_vault: Served, vault_secrets: KeyVaultSecrets, app_identity: AppIdentity
) -> None:
    key_vault.vault.put("ldap-password", "correct horse")
    secret = await Secrets(vault_secrets).resolve("vault:ldap-password")
    assert secret.get_secret_value() == "correct horse"
    assert app_identity.scopes == [SCOPE]


async def test_a_value_is_kept_for_five_minutes_and_then_read_anew(
    key_vault: Served, vault_secrets: KeyVaultSecrets, vault_clock: Clock
) -> None:
    key_vault.vault.put("a", "one")
    assert await vault_secrets.read("a") == "one"
    key_vault.vault.put("a", "two")
    vault_clock.now += FRESH_SECONDS - 1
    assert await vault_secrets.read("a") == "one"
    vault_clock.now += 1
    assert await vault_secrets.read("a") == "two"
    assert key_vault.vault.reads == 2


async def test_the_official_client_rotates_what_the_hub_reads(
    key_vault: Served, vault_secrets: KeyVaultSecrets, app_identity: AppIdentity
) -> None:
    client = SecretClient(
        key_vault.url,
        app_identity,  # type: ignore[arg-type]  # get_token is all that is called
        verify_challenge_resource=False,
        connection_verify=str(key_vault.ca),
    )
    async with client:
        for value in ("one", "two"):
            written = await client.set_secret("a", value)
            assert (await client.get_secret("a", written.properties.version)).value == value
    assert await vault_secrets.read("a") == "two"


async def test_who_asks_at_the_same_moment_shares_one_read(key_vault: Served, vault_secrets: KeyVaultSecrets) -> None:
    key_vault.vault.put("a", "one")
    assert await asyncio.gather(*(vault_secrets.read("a") for _ in range(50))) == ["one"] * 50
    assert key_vault.vault.reads == 1


async def test_one_who_gives_up_does_not_take_the_answer_from_the_others(
    key_vault: Served, vault_secrets: KeyVaultSecrets
) -> None:
    key_vault.vault.put("a", "one")
    first = asyncio.create_task(vault_secrets.read("a"))
    second = asyncio.create_task(vault_secrets.read("a"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "one"


async def test_a_refused_value_is_read_again_but_not_within_thirty_seconds(
    key_vault: Served, vault_secrets: KeyVaultSecrets, vault_clock: Clock
) -> None:
    key_vault.vault.put("a", "one")
    await vault_secrets.read("a")
    key_vault.vault.put("a", "two")
    vault_clock.now += ASKED_AGAIN_SECONDS - 1
    assert await vault_secrets.read("a", ASKED_AGAIN_SECONDS) == "one"
    vault_clock.now += 1
    assert await vault_secrets.read("a", ASKED_AGAIN_SECONDS) == "two"


async def test_a_verification_asks_the_vault_whatever_is_kept(
    key_vault: Served, vault_secrets: KeyVaultSecrets
) -> None:
    key_vault.vault.put("a", "one")
    await vault_secrets.read("a")
    key_vault.vault.put("a", "two")
    assert await vault_secrets.read("a", 0) == "two"
    key_vault.vault.fault = Fault.UNAVAILABLE
    with pytest.raises(Unavailable):
        await vault_secrets.read("a", 0)


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.THROTTLED, Fault.DROPPED])
async def test_a_vault_that_does_not_answer_is_done_without_for_an_hour(
    key_vault: Served, vault_secrets: KeyVaultSecrets, vault_clock: Clock, fault: Fault
) -> None:
    key_vault.vault.put("a", "one")
    await vault_secrets.read("a")
    key_vault.vault.fault = fault
    vault_clock.now += KEPT_SECONDS - 1
    assert await vault_secrets.read("a") == "one"
    vault_clock.now += 1 + ASKED_AGAIN_SECONDS
    with pytest.raises(Unavailable):
        await vault_secrets.read("a")
    key_vault.vault.fault = None
    vault_clock.now += ASKED_AGAIN_SECONDS
    assert await vault_secrets.read("a") == "one"


async def test_a_vault_that_does_not_answer_is_left_alone_for_a_while(
    key_vault: Served, vault_secrets: KeyVaultSecrets, vault_clock: Clock
) -> None:
    key_vault.vault.fault = Fault.THROTTLED
    for _ in range(3):
        with pytest.raises(Unavailable) as caught:
            await vault_secrets.read("a")
        assert caught.value.retry_after == key_vault.vault.retry_after
    assert key_vault.vault.reads == 1
    vault_clock.now += key_vault.vault.retry_after
    with pytest.raises(Unavailable):
        await vault_secrets.read("a")
    assert key_vault.vault.reads == 2


@pytest.mark.parametrize("spoil", ["disable", "delete", "forbid"])
async def test_a_secret_that_is_taken_away_is_not_used_any_more(
    key_vault: Served, vault_secrets: KeyVaultSecrets, vault_clock: Clock, spoil: str
) -> None:
    vault = key_vault.vault
    vault.put("a", "one")
    await vault_secrets.read("a")
    match spoil:
        case "disable":
            vault.versions["a"][-1].enabled = False
        case "delete":
            vault.versions.clear()
        case _:
            vault.fault = Fault.FORBIDDEN
    vault_clock.now += FRESH_SECONDS
    with pytest.raises(Misconfigured):
        await vault_secrets.read("a")
    vault.fault = Fault.UNAVAILABLE
    with pytest.raises(Unavailable):
        await vault_secrets.read("a")


async def test_the_end_of_a_secret_is_known_once_it_was_read(key_vault: Served, vault_secrets: KeyVaultSecrets) -> None:
    end = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    key_vault.vault.put("old", "still handed out", expires=end)
    key_vault.vault.put("endless", "x")
    assert Secrets(vault_secrets).expiring() == {}
    assert await vault_secrets.read("old") == "still handed out"
    await vault_secrets.read("endless")
    assert Secrets(vault_secrets).expiring() == {"old": end}


@pytest.mark.parametrize(("value", "code"), [("", "secret.missing"), ("x" * (MOST_SECRET_CHARS + 1), "secret.tooLong")])
async def test_a_value_that_can_be_no_secret_is_refused(
    key_vault: Served, vault_secrets: KeyVaultSecrets, value: str, code: str
) -> None:
    key_vault.vault.put("a", value)
    with pytest.raises(Misconfigured, match="vault:a") as caught:
        await Secrets(vault_secrets).resolve("vault:a")
    assert caught.value.code == code


async def test_closing_closes_the_identity_and_needs_no_client(
    key_vault: Served, vault_secrets: KeyVaultSecrets, app_identity: AppIdentity
) -> None:
    await vault_secrets.close()
    assert not app_identity.closed
    key_vault.vault.put("a", "one")
    await vault_secrets.read("a")
    await vault_secrets.close()
    assert app_identity.closed
