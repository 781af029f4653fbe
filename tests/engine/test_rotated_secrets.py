"""Secrets of the Key Vault at work: a rotation stops nobody, a vault that is away keeps jobs waiting, and no more."""

import time
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar, Self

import pytest
from pydantic import Field

from connectors.contract import Account, ConnectorSettings, Match, Secret
from connectors.errors import Misconfigured
from connectors.memory import DIRECTORIES, Directory, MemoryConnector
from provisioning.connections import registry
from provisioning.connections.connection import Connection
from provisioning.connections.key_vault import ASKED_AGAIN_SECONDS, FRESH_SECONDS
from provisioning.engine.circuit import Health
from provisioning.hub import Hub
from provisioning.settings import Settings
from provisioning.storage.store import Storage
from sandbox.key_vault.server import Served
from sandbox.key_vault.vault import Fault
from tests.engine.conftest import World
from tests.key_vault_server import AppIdentity, Clock, app_identity, key_vault, vault_certificates, vault_clock

__all__ = ["app_identity", "key_vault", "vault_certificates", "vault_clock"]


class LockedSettings(ConnectorSettings):
    """A directory behind a password."""

    directory: str
    password: Secret = Field(title="Password")


class LockedConnector(MemoryConnector):
    """Opens to the password that the system has now, and to no other."""

    kind: ClassVar[str] = "locked"
    settings_model: ClassVar[type[ConnectorSettings]] = LockedSettings
    now: ClassVar[str] = "one"

    password = ""

    @classmethod
    def open(cls, settings: LockedSettings) -> Self:  # type: ignore[override]
        """Keep the password."""
        opened = cls(DIRECTORIES[settings.directory])
        opened.password = settings.password.get_secret_value()
        return opened

    async def find(self, match: Match) -> Sequence[Account]:
        """Refuse whoever has another password."""
        if self.password != type(self).now:
            raise Misconfigured("The password is wrong.", code="locked.password", fix="Correct it.")
        return await super().find(match)


@pytest.fixture
async def locked(
    storage: Storage,
    key_vault: Served,
    app_identity: AppIdentity,
    vault_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[World]:
    """A hub whose one connection has its password in the vault."""
    monkeypatch.setitem(registry.KINDS, "locked", f"{__name__}:LockedConnector")
    registry.connector_class.cache_clear()
    monkeypatch.setattr(LockedConnector, "now", "one")
    monkeypatch.setattr("provisioning.hub.identity", lambda _: app_identity)
    monkeypatch.setenv("LOCKSTEP_KEY_VAULT_URL", key_vault.url)
    monkeypatch.setenv("LOCKSTEP_TRUSTED_HOSTS", key_vault.url.removeprefix("https://"))
    monkeypatch.setenv("LOCKSTEP_TRUSTED_CA_FILE", str(key_vault.ca))
    key_vault.vault.put("target-password", "one")
    hub = Hub.over(storage, Settings(sweep_grace_seconds=1, lease_seconds=5))
    assert hub.secrets.vault is not None
    hub.secrets.vault._clock = vault_clock
    hub.connections._active_seconds = 0.0
    world = World(hub)
    world.targets["target"] = DIRECTORIES["locked"] = Directory()
    settings = {"directory": "locked", "password": "vault:target-password"}
    await hub.connections.create(Connection("target", "target", "locked", enabled=True, settings=settings))
    yield world
    await hub.connectors.close()
    registry.connector_class.cache_clear()


async def healed(world: World, name: str) -> None:
    """Let the sweeper find what is behind until an account is there."""
    deadline = time.monotonic() + 20
    while world.account(name) is None:
        assert time.monotonic() < deadline
        await world.sweep()
        await world.settle()


async def test_a_secret_that_is_rotated_in_vault_and_system_stops_nobody(
    locked: World, key_vault: Served, vault_clock: Clock
) -> None:
    await locked.user("mira")
    await locked.settle()
    key_vault.vault.put("target-password", "two")
    LockedConnector.now = "two"
    vault_clock.now += ASKED_AGAIN_SECONDS
    await locked.user("noor")
    await locked.settle()
    await healed(locked, "noor")
    assert (await locked.hub.circuits.get("target", fresh=True)).status is Health.OK
    assert [told for told in await locked.told() if told[0] == "connection"] == []


async def test_a_secret_that_stays_wrong_quarantines_the_connection(
    locked: World, key_vault: Served, vault_clock: Clock
) -> None:
    LockedConnector.now = "another"
    await locked.user("mira")
    await locked.settle()
    state = await locked.hub.circuits.get("target", fresh=True)
    assert (state.status, state.code) == (Health.QUARANTINED, "locked.password")


async def test_while_the_vault_is_away_changes_wait_and_the_connection_is_not_quarantined(
    locked: World, key_vault: Served, vault_clock: Clock
) -> None:
    key_vault.vault.fault = Fault.UNAVAILABLE
    for name in ("mira", "noor", "otto", "pina"):
        await locked.user(name)
    await locked.settle()
    state = await locked.hub.circuits.get("target", fresh=True)
    assert (state.status, state.code) == (Health.UNAVAILABLE, "secret.vaultUnavailable")
    key_vault.vault.fault = None
    vault_clock.now += FRESH_SECONDS
    await locked.hub.circuits.free(await locked.hub.connections.get("target"))
    await healed(locked, "pina")
    await healed(locked, "mira")


async def test_a_secret_that_is_not_there_quarantines_the_connection(locked: World, key_vault: Served) -> None:
    key_vault.vault.versions.clear()
    await locked.user("mira")
    await locked.settle()
    state = await locked.hub.circuits.get("target", fresh=True)
    assert (state.status, state.code) == (Health.QUARANTINED, "secret.missing")
    assert "target-password" in state.fix
