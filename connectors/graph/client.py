"""Requests to Graph as raw JSON through Microsoft's request adapter: addresses, repeats, waits; tokens stay home.

Requests of the same moment are packed into $batch (``packing``), writes under the quota (``quota``); writes to one
object keep their order (``turns``). What is repeated inside one call, within ``PATIENCE`` seconds of waiting:

- 429: not carried out, so any request, after Retry-After.
- 5xx and a lost connection: requests that may run twice (everything but a create).
- 401: once, with a new token.
- 404 about an object that this process created a moment ago (``visible``): not every replica of Graph has it yet.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from connectors.contract import correlation
from connectors.errors import Misconfigured, Unavailable
from connectors.graph.clouds import origin, scope
from connectors.graph.errors import Context, error_of
from connectors.graph.faults import CONNECTION_LOST, unreadable
from connectors.graph.packing import Packer, Sleep
from connectors.graph.permissions import Operation, roles
from connectors.graph.quota import Clock, quota_of
from connectors.graph.recent import Recent
from connectors.graph.reply import Reply
from connectors.graph.session import Call, Session
from connectors.graph.settings import GraphSettings
from connectors.graph.turns import Turns, turn

__all__ = ["BACKOFF", "PATIENCE", "VISIBILITY", "GraphClient", "Sleep", "unreadable"]

log = logging.getLogger(__name__)

PATIENCE = 8.0
"""Seconds that one request may wait in all before its repeats; a longer Retry-After is the engine's to wait out."""

LATEST = 25.0
"""Seconds after which a request is not repeated any more, however little of them was waiting."""

BACKOFF = (0.5, 1.0, 2.0)
"""Seconds before the first, second and third repeat, where the answer names none. There is no fourth."""

VISIBILITY = (0.5, 1.0, 2.0, 4.0)
"""Seconds between looks for an object that was just created."""

FRESH_SECONDS = 300.0
"""For how long a created object may be missing without being taken for deleted."""

LONGEST_PAGING = 10_000
"""Pages that one listing may have: links that lead in a circle end."""

_FEW = frozenset(str(number) for number in range(1, 21))
"""Values of $top with which a listing is a look-up, small enough to be packed."""


class GraphClient:
    """Sends the requests of one connection. Safe for concurrent use from one event loop."""

    def __init__(self, settings: GraphSettings, sleep: Sleep = asyncio.sleep, clock: Clock = time.monotonic) -> None:
        self.base_url = settings.base_url
        self.created: Recent[bool] = Recent(FRESH_SECONDS)
        self.sleep = sleep
        self.clock = clock
        self._settings = settings
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        self._turns = Turns()
        quota = quota_of(settings.authority, settings.tenant_id.lower(), settings.client_id.lower(), clock)
        quota.share(settings.writes_per_150_seconds)
        self._writes = Packer(self._exchange, self.base_url, sleep, quota)
        self._reads = Packer(self._exchange, self.base_url, sleep)

    async def close(self) -> None:
        """Close all connections."""
        for packer in (self._writes, self._reads):
            await packer.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        alone: bool = False,
    ) -> Reply:
        """Send one request and return its answer, whatever its status.

        ``path`` stands behind the version and is encoded already. ``repeatable`` is assumed of all but POST. ``alone``
        is for reads whose answers are large: they are not packed. Raises ``Unavailable`` and ``Misconfigured`` where
        there is no answer.
        """
        url = f"{self.base_url}{path}"
        if query:
            url += "?" + urlencode(query, safe="$(),", quote_via=quote)
        repeats = method != "POST" if repeatable is None else repeatable
        call = Call(method, url, body, {**_traced(), **(headers or {})}, repeats)
        if not call.writes:
            return await self._send(call, self._exchange if alone else self._reads.send)
        async with self._turns.of(turn(method, path, body)):
            return await self._send(call, self._writes.send)

    async def pages(
        self,
        path: str,
        query: Mapping[str, str],
        operation: Operation,
        subject: str,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the pages of a collection; links to the next page are followed to Graph itself only."""
        reply = await self.send("GET", path, query=query, headers=headers, alone=query.get("$top") not in _FEW)
        for _ in range(LONGEST_PAGING):
            await self.expect(reply, operation, subject)
            items = reply.body.get("value") if isinstance(reply.body, dict) else None
            if not isinstance(items, list):
                raise unreadable()
            yield [item for item in items if isinstance(item, dict)]
            link = reply.body.get("@odata.nextLink")
            if not isinstance(link, str):
                return
            self.check_own(link)
            reply = await self._send(Call("GET", link, headers={**_traced(), **(headers or {})}), self._exchange)

    async def expect(self, reply: Reply, operation: Operation, subject: str, *, writes: bool = False) -> Reply:
        """Return the answer if it is a success, else raise what it means. ``subject`` is shown: ids, not names."""
        if reply.ok:
            return reply
        granted = await self.granted() if reply.status == 403 else None
        raise error_of(reply, Context(operation, subject, writes, granted))

    async def visible(self, ids: tuple[str, ...], ask: Callable[[], Awaitable[Reply]]) -> Reply:
        """Ask until the answer is not 404, as long as one of the ids was created by us a moment ago.

        Raises ``Unavailable`` when it stays so: taken for deleted, it would be created a second time.
        """
        reply = await ask()
        for delay in VISIBILITY:
            if not self._unseen(reply, ids):
                return reply
            await self.sleep(delay)
            reply = await ask()
        if self._unseen(reply, ids):
            raise Unavailable(
                "The account was created a moment ago, and Microsoft Graph does not show it yet.",
                code="graph.notVisibleYet",
                fix="Nothing to do: it is tried again.",
                retry_after=10,
                one_object=True,
            )
        return reply

    async def granted(self) -> frozenset[str] | None:
        """Return the application permissions that the token names, or ``None`` where it cannot be read."""
        tokens = (await self._open()).tokens
        token = await tokens.get_token(scope(self._settings.authority, self.base_url), enable_cae=True)
        return roles(token.token)

    def _unseen(self, reply: Reply, ids: tuple[str, ...]) -> bool:
        return reply.status == 404 and any(each in self.created for each in ids)

    def check_own(self, link: str) -> None:
        """Raise where the token that goes with a link would leave Graph."""
        try:
            own = origin(link) == origin(self.base_url)
        except ValueError:
            own = False
        if not own:
            raise Misconfigured(
                "Microsoft Graph's answer leads to another host; the access token is not sent there.",
                code="graph.foreignLink",
                fix="Check that the Graph address is Graph's, and that no proxy rewrites its answers.",
            )

    async def _exchange(self, call: Call) -> Reply:
        return await (await self._open()).exchange(call)

    async def _send(self, call: Call, exchange: Callable[[Call], Awaitable[Reply]]) -> Reply:
        """Send a call until its answer is one to live with. ``exchange`` sends it once, by itself or among others."""
        started, waited, repeats, renewed = self.clock(), 0.0, 0, False
        while True:
            asked = time.monotonic()
            try:
                reply = await exchange(call)
            except Unavailable as lost:
                if lost.code != CONNECTION_LOST or not call.repeatable or repeats:
                    raise
                repeats += 1
                continue
            if reply.status == 401 and not renewed:
                renewed = True
                await (await self._open()).tokens.forget(before=asked)
                continue
            delay = _delay(reply, call, repeats)
            if delay is None or waited + delay > PATIENCE or self.clock() - started > LATEST:
                return reply
            fields = {"status": reply.status, "wait": delay, "request": reply.request_id}
            log.info("Microsoft Graph asks to wait", extra={"fields": fields})
            await self.sleep(delay)
            waited, repeats = waited + delay, repeats + 1

    async def _open(self) -> Session:
        async with self._opening:
            if self._session is None:
                self._session = await Session.open(self._settings)
            return self._session


def _traced() -> dict[str, str]:
    """Return the header by which Microsoft finds a request of ours. Graph takes GUIDs; ours are, as a rule."""
    try:
        return {"client-request-id": str(uuid.UUID(correlation.get()))}
    except ValueError:
        return {}


def _delay(reply: Reply, call: Call, repeats: int) -> float | None:
    """Return how long to wait before the request is sent again, ``None`` for not at all."""
    passing = reply.status == 429 or (call.repeatable and reply.status >= 500)
    if not passing or repeats >= len(BACKOFF):
        return None
    return BACKOFF[repeats] if reply.retry_after is None else reply.retry_after
