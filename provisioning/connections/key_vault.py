"""Secrets of the deployment's Key Vault: read with the app's identity, kept for minutes, told in words when refused.

https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret

A value is used for five minutes, so that a rotated secret is taken without a restart, and a thousand jobs cost one
read. While the vault cannot be reached it is used for up to an hour: its outage should not stop systems that work, and
a secret that somebody has disabled or deleted stops at once, because then the vault does answer. The client and its
libraries arrive with the first read.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from connectors.errors import ConnectorError, Misconfigured, Unavailable

if TYPE_CHECKING:
    from azure.keyvault.secrets.aio import SecretClient

FRESH_SECONDS = 300.0
"""How old a value may be for a connector that is opened."""

ASKED_AGAIN_SECONDS = 30.0
"""How old it may be after a system has refused it; also, how long a vault that did not answer is left alone."""

KEPT_SECONDS = 3600.0
"""How old it may be while the vault cannot be reached."""

PATIENCE_SECONDS = 20.0
"""How long one read may take, with its repetitions and the identity's token."""

_FIREWALLED = ("ForbiddenByFirewall", "ForbiddenByConnection", "Client address is not authorized")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str
    read: float
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class _Failure:
    error: Unavailable
    until: float


class KeyVaultSecrets:
    """The secrets of one vault. ``url`` is the deployment's: nothing that a connection says leads anywhere else.

    ``trusted``: the host is one that the deployment vouches for (a simulator), so that its challenge may ask for a
    token of another domain, and ``ca_file`` is trusted instead of the system's authorities.
    """

    def __init__(
        self,
        url: str,
        credential: Callable[[], AsyncTokenCredential],
        *,
        trusted: bool = False,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._host = urlsplit(url).netloc
        self._credential = credential
        self._trusted = trusted
        self._ca_file = ca_file
        self._clock = clock
        self._client: SecretClient | None = None
        self._identity: AsyncTokenCredential | None = None
        self._kept: dict[str, _Kept] = {}
        self._failures: dict[str, _Failure] = {}
        self._reading: dict[str, asyncio.Task[str]] = {}

    async def read(self, name: str, age: float = FRESH_SECONDS) -> str:
        """Return the current version of a secret as it was at most ``age`` seconds ago; 0 asks the vault in any case.

        Who asks at the same moment shares one read. Raises ``Misconfigured`` when the vault refuses it, and
        ``Unavailable`` when it does not answer and no value is kept; with an ``age`` of 0, also when one is.
        """
        now = self._clock()
        kept, failure = self._kept.get(name), self._failures.get(name)
        if kept is not None and now - kept.read < age:
            return kept.value
        if failure is not None and age and now < failure.until:
            error = failure.error
        else:
            try:
                return await self._read_once(name)
            except Unavailable as unavailable:
                error = unavailable
        if kept is not None and age and now - kept.read < KEPT_SECONDS:
            return kept.value
        raise error.with_traceback(None)

    def expiring(self) -> Mapping[str, datetime]:
        """Return when each secret that was read here ends, by its name, where the vault knows.

        For the gauge ``lockstep.credentials.days_left`` with the kind ``vault``. A vault goes on handing out a secret
        that is past its end: the date is a reminder for people. Only what this process has read is known.
        """
        return {name: kept.expires for name, kept in self._kept.items() if kept.expires is not None}

    async def close(self) -> None:
        """Close the client and the identity, where they were opened."""
        for task in self._reading.values():
            task.cancel()
        client, identity = self._client, self._identity
        self._client = self._identity = None
        for each in (client, identity):
            if each is not None:
                await each.close()

    async def _read_once(self, name: str) -> str:
        task = self._reading.get(name)
        if task is None:
            task = self._reading[name] = asyncio.create_task(self._fetch(name))
            task.add_done_callback(partial(self._done, name))
        # One who gives up does not take the answer from the others.
        return await asyncio.shield(task)

    def _done(self, name: str, task: "asyncio.Task[str]") -> None:
        del self._reading[name]
        if not task.cancelled():
            task.exception()  # has been looked at, even where nobody waits any more

    async def _fetch(self, name: str) -> str:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                secret = await self._opened().get_secret(name)
        except (AzureError, TimeoutError, ValueError) as error:
            told = self._told(name, error)
            if isinstance(told, Unavailable):
                pause = max(ASKED_AGAIN_SECONDS if name in self._kept else 5.0, told.retry_after or 0)
                self._failures[name] = _Failure(told, self._clock() + min(pause, KEPT_SECONDS))
                log.warning("the Key Vault did not answer for the secret %s (%s): %s", name, type(error).__name__, told)
            else:
                self._kept.pop(name, None)
                self._failures.pop(name, None)
            raise told from None
        self._failures.pop(name, None)
        self._kept[name] = _Kept(secret.value or "", self._clock(), secret.properties.expires_on)
        return secret.value or ""

    def _opened(self) -> "SecretClient":
        if self._client is None:
            from azure.keyvault.secrets.aio import SecretClient

            self._identity = self._credential()
            # Statuses are not tried again here: a job is, and a Retry-After would keep it waiting.
            options = {"retry_total": 2, "retry_status": 0, "retry_backoff_factor": 0.2}
            options |= {"connection_timeout": 5, "read_timeout": 10}
            if self._trusted and self._ca_file is not None:
                options["connection_verify"] = str(self._ca_file)  # type: ignore[assignment]
            self._client = SecretClient(
                self._url, self._identity, verify_challenge_resource=not self._trusted, **options
            )
        return self._client

    def _told(self, name: str, error: Exception) -> ConnectorError:
        """Return an error of the vault in words. The service's own words stay out: they name ids and addresses."""
        identity = isinstance(error, ClientAuthenticationError) and not self._is_own(error)
        if isinstance(error, HttpResponseError) and error.response is not None and error.status_code and not identity:
            return self._refused(name, error, error.status_code)
        if identity:
            return Unavailable(
                f"The app's identity gets no token for the Key Vault {self._host}.",
                code="secret.noIdentity",
                fix="Give the function app an identity; AzureWebJobsStorage__clientId names a user-assigned one.",
            )
        if isinstance(error, ValueError):
            return Misconfigured(
                f"What answers at {self._host} does not sign in like a Key Vault.",
                code="secret.vaultRefused",
                fix="Check LOCKSTEP_KEY_VAULT_URL.",
            )
        return Unavailable(
            f"The Key Vault {self._host} cannot be reached.",
            code="secret.vaultUnavailable",
            fix="Nothing to do where it comes back. Else check LOCKSTEP_KEY_VAULT_URL, and that name resolution, "
            "network and private endpoint lead from the app to the vault.",
        )

    def _is_own(self, error: HttpResponseError) -> bool:
        """Tell whether the vault has answered, and not the endpoint of the app's identity, which has statuses, too."""
        request = getattr(error.response, "request", None)
        return urlsplit(str(getattr(request, "url", ""))).netloc.lower() == self._host.lower()

    def _refused(self, name: str, error: HttpResponseError, status: int) -> ConnectorError:
        said = str(error.message)
        if status == 404:
            return Misconfigured(
                f"The Key Vault {self._host} has no secret {name}.",
                code="secret.missing",
                fix=f"Add a secret named {name} to the vault, or correct the reference.",
            )
        if status == 403 and "disabled secret" in said:
            return Misconfigured(
                f"The secret {name} in the Key Vault {self._host} is disabled.",
                code="secret.disabled",
                fix="Enable its current version, or add a new one.",
            )
        if status == 403 and any(words in said for words in _FIREWALLED):
            return Misconfigured(
                f"The firewall of the Key Vault {self._host} keeps the app out.",
                code="secret.vaultFirewall",
                fix="Let the app reach the vault by its private endpoint, or allow its network there.",
            )
        if status == 403:
            return Misconfigured(
                f"The app's identity may not read the secret {name} in the Key Vault {self._host}.",
                code="secret.forbidden",
                fix="Give it the role Key Vault Secrets User on the vault; a new role takes some minutes.",
            )
        if status == 429:
            return Unavailable(
                f"The Key Vault {self._host} is asked too often.",
                code="secret.vaultThrottled",
                fix="Nothing to do: it is asked again later. Other programs may use the same vault.",
                retry_after=_seconds(error),
            )
        if status >= 500 or status == 408:
            return Unavailable(
                f"The Key Vault {self._host} answers {status}.",
                code="secret.vaultUnavailable",
                fix="Nothing to do: it is asked again. See Azure's status where it stays so.",
                retry_after=_seconds(error),
            )
        return Misconfigured(
            f"The Key Vault {self._host} answers {status} for the secret {name}.",
            code="secret.vaultRefused",
            fix="Check that LOCKSTEP_KEY_VAULT_URL names a vault of the tenant that the app's identity is in.",
        )


def _seconds(error: HttpResponseError) -> float | None:
    """Return the seconds of the answer's Retry-After, where it has any."""
    value = str(getattr(error.response, "headers", {}).get("Retry-After", ""))
    return float(value) if value.isdecimal() else None
