"""How a request to storage is authorized: by the app's identity, or locally by a signature that the SDK makes."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError

from provisioning.storage.entities import StoreError

SCOPE = "https://storage.azure.com/.default"
EARLY = 300.0
"""Seconds before its end at which a token or signature is renewed."""
SIGNED_FOR = timedelta(hours=2)


class Access(Protocol):
    """What a request must carry to be let in."""

    async def grant(self) -> tuple[str, str]:
        """Return the Authorization header and the query string to add; one of them is empty."""

    def refused(self) -> None:
        """Note that storage did not know what was granted: the next grant is a fresh one."""


class Identity:
    """A bearer token of the app's identity, kept until shortly before it ends and renewed once for all who wait."""

    def __init__(self, credential: AsyncTokenCredential) -> None:
        self._credential = credential
        self._header = ""
        self._ends = 0.0
        self._renewal = 0.0
        self._lock = asyncio.Lock()

    async def grant(self) -> tuple[str, str]:
        """Return the Authorization header. Raises ``StoreError`` when the identity gets no token."""
        if time.time() >= self._renewal:
            async with self._lock:
                if time.time() >= self._renewal:
                    await self._renew()
        return self._header, ""

    def refused(self) -> None:
        """Ask for a fresh token with the next request."""
        self._ends = self._renewal = 0.0

    async def _renew(self) -> None:
        try:
            token = await self._credential.get_token(SCOPE)
        except AzureError as error:
            if time.time() < self._ends:
                self._renewal = min(self._ends, time.time() + EARLY / 10)  # the old one still opens the door
                return
            raise StoreError(
                f"The app's identity gets no token for storage ({type(error).__name__}). Give the function app an "
                "identity with the roles Storage Table Data Contributor and Storage Queue Data Contributor."
            ) from error
        self._header = f"Bearer {token.token}"
        self._ends = float(token.expires_on)
        self._renewal = self._ends - EARLY


class Signature:
    """A shared access signature (SAS). ``sign`` makes one that is valid until a moment."""

    def __init__(self, sign: Callable[[datetime], str]) -> None:
        self._sign = sign
        self._query = ""
        self._renewal = 0.0

    async def grant(self) -> tuple[str, str]:
        """Return the query string that carries the signature."""
        if time.time() >= self._renewal:
            end = datetime.now(UTC) + SIGNED_FOR
            self._query = self._sign(end)
            self._renewal = end.timestamp() - EARLY
        return "", self._query

    def refused(self) -> None:
        """Sign afresh with the next request."""
        self._renewal = 0.0
