"""Access tokens: one credential for a connection, asked for once at a time, its refusals in words.

azure-identity caches tokens; it does not keep parallel callers from asking for the same one, and it cannot be told
that Graph refused a token that looks valid. ``Tokens`` does both and is what kiota takes for a credential.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, Self

from connectors.errors import ConnectorError, Misconfigured, Unavailable
from connectors.graph.faults import connection_error
from connectors.graph.reply import seconds

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

PATIENCE = 30.0
"""Seconds that one request for a token may take. Without it IMDS is asked for minutes where there is none."""

_AADSTS = re.compile(r"AADSTS(\d{4,10})")
_RENEW = "Make a new client secret: Entra admin center, App registrations, Certificates & secrets."
_REFUSALS = {
    "7000215": ("The client secret is wrong.", "Enter the secret's value, not its id. " + _RENEW),
    "7000222": ("The client secret has expired.", _RENEW),
    "700016": (
        "The application is not known in this tenant.",
        "Check the client id and the tenant, and that admin consent was given there.",
    ),
    "90002": ("The tenant is not known.", "Check the tenant id or domain, and the authority of its cloud."),
    "900023": ("The tenant is neither an id nor a domain.", "Check the tenant id or domain."),
    "7000112": (
        "The application is disabled in the tenant.",
        "Enable it: Entra admin center, Enterprise apps, Properties, 'Enabled for users to sign-in'.",
    ),
    "7000218": ("The application needs a client secret.", _RENEW),
    "7000229": (
        "The application is not known in this tenant: it has no service principal there.",
        "Check the client id and the tenant, and give admin consent in that tenant (Entra admin center, Enterprise "
        "apps).",
    ),
    "53003": (
        "A Conditional Access policy blocks the application.",
        "Exclude the application from the policy, or add the hub's outgoing address to the named locations that the "
        "policy allows (Entra admin center, Conditional Access).",
    ),
    "500011": ("Microsoft Graph is not known in this tenant.", "Check the Graph address and the authority."),
    "70011": ("The scope is not valid for this tenant.", "Check the Graph address and the authority."),
}
"""Codes of the Microsoft Entra authentication error reference, as an administrator meets them."""

_PASSING = frozenset({"90033", "90006", "50196", "90024", "90010"})


class Credential(Protocol):
    """What azure-identity's credentials offer."""

    async def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """Return a token for the scopes."""

    async def close(self) -> None:
        """Close what is open."""


class Tokens:
    """Gives tokens to kiota's authentication provider. Raises ``ConnectorError`` only."""

    def __init__(self, make: Callable[[], Awaitable[Credential]]) -> None:
        self._new_credential = make
        self._credential: Credential | None = None
        self._made = 0.0
        self._lock = asyncio.Lock()

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> "AccessToken":
        """Return a token from the cache or from the authority. With ``claims``, always a new one."""
        failure: ConnectorError | None
        try:
            # One at a time: the first fills the cache that the others then read.
            async with self._lock, asyncio.timeout(PATIENCE):
                if self._credential is None:
                    self._credential, self._made = await self._new_credential(), time.monotonic()
                return await self._credential.get_token(
                    *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae, **kwargs
                )
        except TimeoutError:
            failure = Unavailable(
                "The sign-in service did not answer in time.",
                code="graph.timeout",
                fix="Check the authority and the way to it; with a managed identity, that the hub has one.",
            )
        except ConnectorError:
            raise
        except Exception as error:
            failure = token_error(error)
            if failure is None:
                raise
        # Raised here so that azure-identity's error, with request and response, does not hang on ours.
        raise failure

    async def forget(self, before: float) -> None:
        """Drop tokens that were there ``before`` a moment (``time.monotonic``): Graph does not accept one of them.

        Of many requests that were refused at once, the first renews the token and the others find it.
        """
        async with self._lock:
            if self._credential is None or self._made > before:
                return
            refused, self._credential = self._credential, None
        await refused.close()

    async def close(self) -> None:
        """Close the credential's connections."""
        credential, self._credential = self._credential, None
        if credential is not None:
            await credential.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def token_error(error: Exception) -> ConnectorError | None:
    """Return what a failed request for a token means, ``None`` for what is no such failure but a fault of the code.

    Azure's message is read for its code and never shown.
    """
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
    from azure.identity import CredentialUnavailableError

    # App Service answers so where the user-assigned identity is not the Function App's.
    unassigned = isinstance(error, ClientAuthenticationError) and "user assigned" in str(error).casefold()
    if isinstance(error, CredentialUnavailableError) or unassigned:
        return Misconfigured(
            "There is no managed identity here.",
            code="graph.noManagedIdentity",
            fix="Switch on the managed identity of the Function App (for a user-assigned one, check the client id), or "
            "use a client secret.",
        )
    response = error.response if isinstance(error, HttpResponseError) else None
    status = getattr(response, "status_code", None)
    codes = _AADSTS.findall(str(error))
    for code in codes:
        if code in _REFUSALS:
            what, fix = _REFUSALS[code]
            return Misconfigured(f"{what} [AADSTS{code}]", code=f"graph.AADSTS{code}", fix=fix)
    if isinstance(status, int) and (status == 429 or status >= 500 or not _PASSING.isdisjoint(codes)):
        headers = getattr(response, "headers", None) or {}
        return Unavailable(
            f"The sign-in service cannot answer now. [{status}]",
            code=f"graph.signIn{status}",
            fix="Nothing to do: it is tried again.",
            retry_after=seconds(headers.get("Retry-After")),
        )
    if isinstance(error, ClientAuthenticationError | HttpResponseError):
        told = f" [AADSTS{codes[0]}]" if codes else f" [{status}]" if status else ""
        return Misconfigured(
            f"The sign-in service refuses the credentials.{told}",
            code=f"graph.AADSTS{codes[0]}" if codes else "graph.credentialsRefused",
            fix="Check tenant, client id and secret. An AADSTS code is explained at "
            "https://login.microsoftonline.com/error.",
        )
    if isinstance(error, AzureError | OSError):
        return connection_error(error, "the sign-in service")
    return None


def examples() -> Iterator[Misconfigured]:
    """Yield an error of each of Entra's codes that is put into words, for documents."""
    for code, (what, fix) in _REFUSALS.items():
        yield Misconfigured(what, code=f"graph.AADSTS{code}", fix=fix)
