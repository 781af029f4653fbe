"""Secrets by reference: what a reference looks like, and how it becomes the secret just before a connector opens.

``env:LOCKSTEP_SECRET_X``   an application setting; in Azure a Key Vault reference, which the platform resolves
``file:NAME``               a member of the JSON object in ``LOCKSTEP_SECRETS_FILE``; for development only

A secret is never stored, logged or told: errors name the reference.
"""

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from connectors.errors import Misconfigured
from provisioning.settings import settings

ENVIRONMENT_PREFIX = "LOCKSTEP_SECRET_"
MOST_FILE_BYTES = 1024 * 1024
MOST_SECRET_CHARS = 32_768

_ENVIRONMENT = re.compile(rf"env:({ENVIRONMENT_PREFIX}[A-Z0-9_]{{1,100}})")
_FILE = re.compile(r"file:([A-Za-z0-9_.-]{1,100})")
_UNRESOLVED = "@Microsoft.KeyVault("


def is_reference(value: object) -> bool:
    """Tell whether a value has the form of a reference; whether it leads anywhere is another question."""
    return isinstance(value, str) and bool(_ENVIRONMENT.fullmatch(value) or _FILE.fullmatch(value))


def secret_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of a settings model's fields that hold secrets."""
    return frozenset(name for name, each in model.model_fields.items() if _holds_secret(each.annotation))


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_secret(part) for part in get_args(annotation))


def resolve(reference: str) -> SecretStr:
    """Return the secret that a reference names, as it is now. Raises ``Misconfigured``, which names the reference."""
    if match := _ENVIRONMENT.fullmatch(reference):
        return _usable(reference, os.environ.get(match[1]), f"Add an application setting {match[1]} to the hub.")
    if match := _FILE.fullmatch(reference):
        return _usable(reference, _from_file(reference, match[1]), f"Add {match[1]} to the secrets file.")
    # The text itself is not shown: it may be a secret that somebody has put where a reference belongs.
    raise Misconfigured(
        "A secret is not given as a reference.",
        code="secret.notReference",
        fix=f"Give a reference such as env:{ENVIRONMENT_PREFIX}X.",
    )


def _usable(reference: str, value: str | None, fix: str) -> SecretStr:
    if not value:
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
    return SecretStr(value)


def _from_file(reference: str, name: str) -> str | None:
    path = settings().secrets_file
    if path is None:
        raise Misconfigured(
            f"The secret {reference} is in a secrets file, and none is configured.",
            code="secret.noFile",
            fix="Set LOCKSTEP_SECRETS_FILE (development only), or use a reference of the form "
            f"env:{ENVIRONMENT_PREFIX}X.",
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
