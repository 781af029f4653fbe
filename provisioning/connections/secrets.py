"""Secrets by reference: what a reference looks like, and how it becomes the secret just before a connector opens.

``vault:NAME``              a secret in the Key Vault of ``LOCKSTEP_KEY_VAULT_URL``, and in no other
``env:LOCKSTEP_SECRET_X``   an application setting; in Azure a Key Vault reference, which the platform resolves
``file:NAME``               a member of the JSON object in ``LOCKSTEP_SECRETS_FILE``; for development only

A secret is never stored, logged or told: errors name the reference.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from connectors.errors import Misconfigured
from provisioning.connections.key_vault import FRESH_SECONDS, KeyVaultSecrets
from provisioning.setting_rules import SECRET_PREFIX
from provisioning.settings import secret_setting

MOST_FILE_BYTES = 1024 * 1024
MOST_SECRET_CHARS = 32_768

_VAULT = re.compile(r"vault:([0-9A-Za-z-]{1,127})")
_ENVIRONMENT = re.compile(rf"env:({SECRET_PREFIX}[A-Z0-9_]{{1,100}})")
_FILE = re.compile(r"file:([A-Za-z0-9_.-]{1,100})")
_UNRESOLVED = "@Microsoft.KeyVault("

EXAMPLE = f"vault:ldap-password or env:{SECRET_PREFIX}LDAP"
REFERENCE_PATTERN = rf"^(vault:[0-9A-Za-z-]{{1,127}}|env:{SECRET_PREFIX}[A-Z0-9_]+|file:[A-Za-z0-9_.-]+)$"
"""For forms; ``is_reference`` decides."""


def is_reference(value: object) -> bool:
    """Tell whether a value has the form of a reference; whether it leads anywhere is another question."""
    return isinstance(value, str) and any(form.fullmatch(value) for form in (_VAULT, _ENVIRONMENT, _FILE))


def secret_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of a settings model's fields that hold secrets."""
    return frozenset(name for name, each in model.model_fields.items() if _holds_secret(each.annotation))


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_secret(part) for part in get_args(annotation))


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where the references of connections lead: the deployment's vault, its application settings, its secrets file."""

    vault: KeyVaultSecrets | None = None
    file: Path | None = None

    async def resolve(self, reference: str, age: float = FRESH_SECONDS) -> SecretStr:
        """Return the secret that a reference names; from the vault, as it was at most ``age`` seconds ago.

        Raises ``Misconfigured``, which names the reference, and ``Unavailable`` while the vault does not answer.
        """
        if match := _VAULT.fullmatch(reference):
            return _usable(reference, await self._from_vault(reference, match[1], age), "Give it a new version.")
        if match := _ENVIRONMENT.fullmatch(reference):
            return _usable(reference, secret_setting(match[1]), f"Add an application setting {match[1]} to the hub.")
        if match := _FILE.fullmatch(reference):
            return _usable(reference, _from_file(self.file, reference, match[1]), f"Add {match[1]} to the file.")
        # The text itself is not shown: it may be a secret that somebody has put where a reference belongs.
        raise Misconfigured(
            "A secret is not given as a reference.",
            code="secret.notReference",
            fix=f"Give a reference such as {EXAMPLE}.",
        )

    async def resolved(
        self, model: type[BaseModel], settings: Mapping[str, Any], age: float = FRESH_SECONDS
    ) -> dict[str, Any]:
        """Return a connection's settings with the secrets of a model in the place of their references."""
        names = [name for name in secret_fields(model) & settings.keys() if settings[name] is not None]
        found = await asyncio.gather(*(self.resolve(str(settings[name]), age) for name in names))
        return {**settings, **dict(zip(names, found, strict=True))}

    def expiring(self) -> Mapping[str, datetime]:
        """Return when the vault's secrets that were read here end, by name (``KeyVaultSecrets.expiring``)."""
        return {} if self.vault is None else self.vault.expiring()

    async def close(self) -> None:
        """Close what was opened to the vault."""
        if self.vault is not None:
            await self.vault.close()

    async def _from_vault(self, reference: str, name: str, age: float) -> str:
        if self.vault is None:
            raise Misconfigured(
                f"The secret {reference} is in a Key Vault, and none is configured.",
                code="secret.noVault",
                fix="Set LOCKSTEP_KEY_VAULT_URL to https://NAME.vault.azure.net.",
            )
        return await self.vault.read(name, age)


def _usable(reference: str, value: str | None, fix: str) -> SecretStr:
    """Return a secret without the line break that a file or ``echo`` has put at its end."""
    if not value or not value.strip("\r\n"):
        raise Misconfigured(f"The secret {reference} is not there, or is empty.", code="secret.missing", fix=fix)
    if value.startswith(_UNRESOLVED):
        raise Misconfigured(
            f"The Key Vault reference behind {reference} was not resolved by the platform.",
            code="secret.unresolved",
            fix="Let the app's managed identity read the vault (Key Vault Secrets User), check that the secret exists, "
            "and open the reference's status under the app's environment variables.",
        )
    if len(value) > MOST_SECRET_CHARS:
        raise Misconfigured(
            f"The secret {reference} is longer than {MOST_SECRET_CHARS} characters.",
            code="secret.tooLong",
            fix="Check that the right value was stored.",
        )
    return SecretStr(value.rstrip("\r\n"))


def _from_file(path: Path | None, reference: str, name: str) -> str | None:
    if path is None:
        raise Misconfigured(
            f"The secret {reference} is in a secrets file, and none is configured.",
            code="secret.noFile",
            fix=f"Set LOCKSTEP_SECRETS_FILE (development only), or give a reference such as {EXAMPLE}.",
        )
    try:
        facts = path.stat()
        if facts.st_size > MOST_FILE_BYTES:
            raise Misconfigured(
                f"The secrets file {path} is larger than {MOST_FILE_BYTES} bytes.",
                code="secret.fileTooLarge",
                fix="Check that LOCKSTEP_SECRETS_FILE names the right file.",
            )
        return _read(path, facts.st_mtime_ns, facts.st_size).get(name)
    except OSError as error:
        raise Misconfigured(
            f"The secrets file {path} cannot be read: {error.strerror}.",
            code="secret.fileUnreadable",
            fix="Check that LOCKSTEP_SECRETS_FILE names a file that the hub may read.",
        ) from None
    except ValueError:
        # Without the cause: a parser's message may quote the file.
        raise Misconfigured(
            f"The secrets file {path} is not a JSON object of names and secrets.",
            code="secret.fileMalformed",
            fix='Write it as {"NAME": "secret"}.',
        ) from None


@lru_cache(maxsize=4)
def _read(path: Path, _modified: int, _size: int) -> dict[str, str]:
    """Return the file's secrets. The time of change is part of the cache's key: a new secret needs no restart."""
    content = json.loads(path.read_bytes())
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise ValueError("not an object of strings")
    return content
