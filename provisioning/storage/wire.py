"""HTTP to the storage account: one session, authorization, and what is tried again. It knows no entity and no message.

What is tried again: any request that was turned away (429, 503) or that never left, and what may be done twice whatever
became of it. An answer that came after a try that *may* have been done says so (``doubtful``), because then "it exists
already" can be the work of that very try; who asked must look. A try that may have been done and must not be done twice
is an error at once.
"""

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from provisioning.storage.access import Access
from provisioning.storage.entities import StoreError

VERSION = "2020-12-06"
"""The version of both services' protocol: the first in which tables take tokens of an identity."""
PAUSES = (0.2, 0.8, 3.2)
"""Seconds before the second try and those after it, of which a random half is left out."""
LONGEST = 60.0
"""Seconds after which no further try begins."""
CONNECT_SECONDS = 10
READ_SECONDS = 30
"""The service itself ends an operation after 30 seconds: a try that timed out is not still at work."""

_UNAUTHORIZED = frozenset({401, 403})
"""Of a token, and of a signature past its end by the clock of the service."""
_LATER = frozenset({408, 429, 500, 502, 503, 504})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One service of the account."""

    url: str
    access: Access


@dataclass(frozen=True, slots=True)
class Answer:
    """What storage said. ``doubtful``: an earlier try may have been done, and this answers its repetition."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    doubtful: bool

    @property
    def code(self) -> str:
        """The service's word for what went wrong, "" where the head has none."""
        return self.headers.get("x-ms-error-code", "")


class Wire:
    """The connections to one account, kept alive. ``traces`` see every request, the SDK's too."""

    def __init__(self, traces: Sequence[aiohttp.TraceConfig] = (), pauses: Sequence[float] = PAUSES) -> None:
        self._traces = list(traces)
        self._pauses = pauses
        self._session: aiohttp.ClientSession | None = None

    def session(self, url: str) -> aiohttp.ClientSession:
        """Return the session of the running loop, opened with the first call. Proxies are the environment's."""
        if self._session is None:
            parts = urlsplit(url)
            proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS),
                trace_configs=self._traces,
                proxy=proxy,
                headers={"User-Agent": "lockstep", "x-ms-version": VERSION},
            )
        return self._session

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def send(
        self,
        endpoint: Endpoint,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str],
        body: bytes | None = None,
        again: bool = True,
        judge: Callable[[int, bytes], int] = lambda status, _: status,
    ) -> Answer:
        """Send a request, again where that is right, and return the answer that ends it.

        ``path`` and ``query`` are percent-encoded. ``again``: it may be done twice, or is refused the second time.
        ``judge`` gives the status that counts. Raises ``StoreError`` when no answer comes.
        """
        began, doubtful, renewed, tries = time.monotonic(), False, False, 0
        while True:
            reached, problem, wait = True, "", 0.0
            try:
                status, answered, content = await self._try(endpoint, method, path, query, headers, body)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                reached, problem = False, type(error).__name__
            except (aiohttp.ClientError, OSError) as error:
                problem = type(error).__name__
            else:
                status = judge(status, content)
                if status in _UNAUTHORIZED and not renewed:
                    renewed = True
                    endpoint.access.refused()
                    continue
                if status not in _LATER:
                    return Answer(status, answered, content, doubtful)
                problem, wait = str(status), _seconds(answered.get("Retry-After", ""))
                reached = status != 429
            # No chain of exceptions from here: aiohttp's carry the URL, and that the signature.
            if reached and problem != "503" and not again:
                raise StoreError(f"Storage did not answer ({problem}); the change may have been made.")
            doubtful = doubtful or reached
            if tries == len(self._pauses) or time.monotonic() - began > LONGEST:
                raise StoreError(f"Storage does not answer ({problem}, {tries + 1} tries).")
            wait = max(wait, self._pauses[tries] * random.uniform(0.5, 1.0))  # noqa: S311 - not for secrets
            fields = {"problem": problem, "wait": round(wait, 1)}
            log.info("storage does not answer; trying again", extra={"fields": fields})
            tries += 1
            await asyncio.sleep(wait)

    async def _try(
        self, endpoint: Endpoint, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        authorization, signature = await endpoint.access.grant()
        sent = {"x-ms-date": formatdate(usegmt=True), "x-ms-client-request-id": str(uuid.uuid4()), **headers}
        if authorization:
            sent["Authorization"] = authorization
        asked = "&".join(part for part in (query, signature) if part)
        url = URL(f"{endpoint.url}/{path}?{asked}" if asked else f"{endpoint.url}/{path}", encoded=True)
        session = self.session(endpoint.url)
        async with session.request(method, url, headers=sent, data=body, allow_redirects=False) as response:
            return response.status, response.headers, await response.read()


def _seconds(text: str) -> float:
    """Return what a Retry-After asks for, at most 10 seconds: whoever waits for us has a limit too."""
    return min(10.0, float(text)) if text.isdecimal() else 0.0
