"""Who may call, kept in memory: read whole by one query, so that an unknown credential costs no storage request.

Sources and credentials are few (``MOST_SOURCES`` times ``MOST_CREDENTIALS`` of two kinds), and a flood of made-up
tokens is not: looking each of them up would let anybody have us pay for reads.
"""

import asyncio
from collections.abc import Awaitable, Callable

from provisioning.sources.errors import Reason, Refused
from provisioning.sources.rates import Limits, Rate
from provisioning.sources.records import CREDENTIAL, PARTITION, SOURCE, Roster, roster_of
from provisioning.storage.entities import after
from provisioning.storage.store import Table

MOST_SOURCES = 100
MOST_CREDENTIALS = 10
"""Tokens of a source, and client secrets of it."""

FRESH_SECONDS = 30.0
"""How long a revoked credential may still be taken by another instance."""

EARLIER = Rate(per_second=1, burst=10)
"""How often an unknown credential may have the roster read before its time, so that a new one is good at once."""

_MAY_BE_NEW = {Reason.UNKNOWN, Reason.CLIENT, Reason.AUDIENCE, Reason.REVOKED}

_MOST_ROWS = MOST_SOURCES * (1 + 2 * MOST_CREDENTIALS)


class RosterCache:
    """The roster of one instance of the app."""

    def __init__(self, table: Table, clock: Callable[[], float], limits: Limits) -> None:
        self._table = table
        self._clock = clock
        self._limits = limits
        self._lock = asyncio.Lock()
        self._roster = Roster()
        self._read_at: float | None = None
        self._forgotten = 0

    async def current(self) -> Roster:
        """Return the roster, at most 30 s old."""
        return self._roster if self._fresh() else await self._read(lambda _: self._fresh())

    async def ask[Answer](self, question: Callable[[Roster], Awaitable[Answer]]) -> Answer:
        """Ask the roster, and once more a newer one where the first does not know the credentials."""
        roster = await self.current()
        try:
            return await question(roster)
        except Refused as refused:
            newer = await self._newer(roster) if refused.reason in _MAY_BE_NEW else None
            if newer is None:
                raise
            return await question(newer)

    def forget(self) -> None:
        """Have the next request read."""
        self._read_at = None
        self._forgotten += 1

    async def read(self) -> Roster:
        """Return the roster as it is stored; one round trip for each 1,000 rows."""
        return roster_of(await self._table.query(PARTITION, SOURCE, after(CREDENTIAL), limit=_MOST_ROWS))

    async def _newer(self, than: Roster) -> Roster | None:
        """Return a roster read after ``than`` was, or ``None`` while it has been read often enough."""
        if self._roster is not than and self._fresh():
            return self._roster
        if not self._limits.allows("roster", EARLIER):
            return None
        return await self._read(lambda roster: roster is not than)

    async def _read(self, enough: Callable[[Roster], bool]) -> Roster:
        async with self._lock:  # whoever waited finds what the first has read
            if not enough(self._roster):
                forgotten, asked_at = self._forgotten, self._clock()
                self._roster = await self.read()
                self._read_at = asked_at if forgotten == self._forgotten else None
            return self._roster

    def _fresh(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at <= FRESH_SECONDS
