"""What stands in the simulated vault, and what it answers: secrets with versions, and the faults of the service.

Bodies and codes are those of the public reference: get-secret, set-secret, and "Azure Key Vault REST API error codes".
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

LARGEST_VALUE = 25 * 1024
"""Bytes of a secret; the service takes no more."""


class Fault(StrEnum):
    """What may be wrong with the vault as a whole."""

    FORBIDDEN = "forbidden"
    FIREWALL = "firewall"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with a JSON body and headers."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Version:
    """One version of a secret; ``expires`` is a date for people: the service hands it out afterwards, too."""

    value: str
    enabled: bool = True
    expires: datetime | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True)
class Vault:
    """The state of one vault. Names are compared without case, as the service does.

    ``reads`` counts the requests for secrets that carried a token. ``tokens`` open the vault.
    """

    tenant: str
    tokens: set[str] = field(default_factory=set)
    versions: dict[str, list[Version]] = field(default_factory=dict)
    fault: Fault | None = None
    retry_after: int = 7
    reads: int = 0
    observe: Callable[[str], None] = lambda _: None

    def put(self, name: str, value: str, *, enabled: bool = True, expires: datetime | None = None) -> Version:
        """Add a version, which is the current one from now on."""
        version = Version(value, enabled, expires)
        self.versions.setdefault(name.lower(), []).append(version)
        return version

    def get(self, origin: str, name: str, wanted: str) -> Answer:
        """Answer a read of the current version, or of the ``wanted`` one."""
        self.reads += 1
        self.observe(name)
        if (refused := self._fault(name)) is not None:
            return refused
        known = self.versions.get(name.lower(), [])
        found = next((each for each in reversed(known) if wanted in ("", each.id)), None)
        if found is None:
            shown = f"{name}/{wanted}" if wanted else name
            return _error(
                404,
                "SecretNotFound",
                f"A secret with (name/id) {shown} was not found in this key vault. If you recently deleted this "
                "secret you may be able to recover it using the correct recovery command. For help resolving this "
                "issue, please see https://go.microsoft.com/fwlink/?linkid=2125182",
            )
        if not found.enabled:
            return _error(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
        return Answer(200, _bundle(origin, name, found))

    def set(self, origin: str, name: str, body: Any) -> Answer:
        """Answer a write, which adds a version."""
        if (refused := self._fault(name)) is not None:
            return refused
        value = body.get("value") if isinstance(body, dict) else None
        if not isinstance(value, str) or len(value.encode()) > LARGEST_VALUE:
            return _error(400, "BadParameter", "Property value is missing or too long.")
        attributes = body.get("attributes") or {}
        end = attributes.get("exp")
        made = self.put(
            name,
            value,
            enabled=attributes.get("enabled", True),
            expires=None if end is None else datetime.fromtimestamp(end, UTC),
        )
        return Answer(200, _bundle(origin, name, made))

    def challenge(self) -> Answer:
        """Answer a request without a token, or with one that is not good here."""
        value = (
            f'Bearer authorization="https://login.microsoftonline.com/{self.tenant}", '
            'resource="https://vault.azure.net"'
        )
        words = "AKV10000: Request is missing a Bearer or PoP token."
        return _error(401, "Unauthorized", words, headers={"WWW-Authenticate": value})

    def _fault(self, name: str) -> Answer | None:
        match self.fault:
            case Fault.FORBIDDEN:
                return _error(
                    403,
                    "Forbidden",
                    "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments "
                    "or role definitions were changed recently, please observe propagation time.\r\nAction: "
                    f"'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\nResource: 'secrets/{name}'",
                    "ForbiddenByRbac",
                )
            case Fault.FIREWALL:
                return _error(
                    403,
                    "Forbidden",
                    "Client address is not authorized and caller is not a trusted service.",
                    "ForbiddenByFirewall",
                )
            case Fault.THROTTLED:
                words = "Request was not processed because too many requests were received."
                return _error(429, "Throttled", words, headers={"Retry-After": str(self.retry_after)})
            case Fault.UNAVAILABLE:
                return _error(503, "ServiceUnavailable", "The service is unavailable.")
            case _:
                return None


def _bundle(origin: str, name: str, version: Version) -> dict[str, Any]:
    """Return a SecretBundle; times are seconds since 1970."""
    created = int(version.created.timestamp())
    attributes: dict[str, Any] = {
        "enabled": version.enabled,
        "created": created,
        "updated": created,
        "recoveryLevel": "Recoverable+Purgeable",
        "recoverableDays": 90,
    }
    if version.expires is not None:
        attributes["exp"] = int(version.expires.timestamp())
    return {"value": version.value, "id": f"{origin}/secrets/{name}/{version.id}", "attributes": attributes}


def _error(status: int, code: str, message: str, inner: str = "", headers: dict[str, str] | None = None) -> Answer:
    error: dict[str, Any] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner}
    return Answer(status, {"error": error}, headers or {})
