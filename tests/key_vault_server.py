"""Fixtures of the simulated Key Vault, for whatever reads secrets by reference. The client is the official one."""

import secrets
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from provisioning.connections.key_vault import KeyVaultSecrets
from sandbox.certificates import Certificates, ensure_certificates
from sandbox.key_vault.server import Served, serve
from sandbox.key_vault.vault import Vault

SCOPE = "https://vault.azure.net/.default"


class AppIdentity:
    """Stands in for the app's identity, which no developer's machine has: a token for Key Vault, and who asked."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.scopes: list[str] = []
        self.failure: Exception | None = None
        self.closed = False

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Return the token."""
        if self.failure is not None:
            raise self.failure
        self.scopes += scopes
        return AccessToken(self.token, int(time.time()) + 3600)

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    async def __aenter__(self) -> "AppIdentity":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class Clock:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def vault_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A CA and a server certificate for this session."""
    return ensure_certificates(tmp_path_factory.mktemp("vault-tls"))


@pytest.fixture
async def key_vault(vault_certificates: Certificates) -> AsyncIterator[Served]:
    """A vault without secrets."""
    async with serve(Vault(str(uuid.uuid4())), vault_certificates) as served:
        yield served


@pytest.fixture
def app_identity(key_vault: Served) -> AppIdentity:
    """An identity that the vault lets in."""
    token = secrets.token_urlsafe(16)
    key_vault.vault.tokens.add(token)
    return AppIdentity(token)


@pytest.fixture
def vault_clock() -> Clock:
    """The clock of ``vault_secrets``."""
    return Clock()


@pytest.fixture
async def vault_secrets(
    key_vault: Served, app_identity: AppIdentity, vault_clock: Clock
) -> AsyncIterator[KeyVaultSecrets]:
    """What the hub reads that vault with."""
    opened = KeyVaultSecrets(key_vault.url, lambda: app_identity, trusted=True, ca_file=key_vault.ca, clock=vault_clock)
    yield opened
    await opened.close()
