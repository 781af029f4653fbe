"""What calls leave behind: refused ones are counted, and credentials remember when they were last used.

Both are gathered in memory and written once a minute at most, whatever the number of calls. What an instance has not
written when it ends is lost, which harms nobody. Table ``sources``: ``f:{time}:{instance}`` are one instance's counts
of a minute; ``used`` of a credential is right to an hour.
"""

import asyncio
import json
import logging
import uuid
from collections import Counter
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisioning.sources.errors import Reason
from provisioning.sources.records import CREDENTIAL, PARTITION
from provisioning.storage import entities
from provisioning.storage.entities import Missing, StoreError, after, ascending
from provisioning.storage.store import Table

REFUSED = "f:"
WRITE_SECONDS = 60.0
USED_WITHIN = timedelta(hours=1)
COUNTED_FOR = timedelta(hours=1)
_MOST_ROWS = 1000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RefusedCalls:
    """How many calls were refused for a reason. ``source`` is empty where the credentials named none."""

    reason: Reason
    source: str
    count: int


class Tally:
    """What one instance of the app has gathered and not yet written."""

    def __init__(self, table: Table, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now
        self._instance = uuid.uuid4().hex[:8]
        self._refused: Counter[tuple[str, str]] = Counter()
        self._used: dict[str, datetime] = {}
        self._to_write: dict[str, datetime] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def refused(self, reason: Reason, source: str = "") -> None:
        """Count a refused call. ``source`` must be one that there is."""
        self._refused[reason.value, source] += 1
        self._soon()

    def used(self, digest: str, stored: datetime | None) -> None:
        """Remember that a credential was used, where what is ``stored`` is older than an hour."""
        now = self._now()
        last = self._used.get(digest) or stored
        if last is None or now - last >= USED_WITHIN:
            self._used[digest] = self._to_write[digest] = now
            self._soon()

    async def write(self) -> None:
        """Write what was gathered. Never raises: what cannot be written is given up."""
        refused, self._refused = self._refused, Counter()
        used, self._to_write = self._to_write, {}
        try:
            if refused:
                row = {
                    "PartitionKey": PARTITION,
                    "RowKey": f"{REFUSED}{ascending(self._now())}:{self._instance}",
                    "counts": _packed(refused),
                }
                await self._table.transact([entities.upsert(row)])
            for digest, when in used.items():
                await self._merge({"PartitionKey": PARTITION, "RowKey": CREDENTIAL + digest, "used": when})
        except StoreError as error:
            log.warning("what calls left behind was not written", extra={"fields": {"error": type(error).__name__}})

    async def last_hour(self) -> tuple[RefusedCalls, ...]:
        """Return the refused calls of the last hour on all instances, most frequent first; one round trip."""
        first = f"{REFUSED}{ascending(self._now() - COUNTED_FOR)}"
        counted = Counter(self._refused)
        for row in await self._table.query(PARTITION, first, after(REFUSED), limit=_MOST_ROWS):
            counted.update(_unpacked(row["counts"]))
        return tuple(RefusedCalls(Reason(reason), source, n) for (reason, source), n in counted.most_common())

    async def expire(self) -> None:
        """Remove counts that nobody is told any more."""
        last = f"{REFUSED}{ascending(self._now() - COUNTED_FOR)}"
        keys = [row["RowKey"] async for row in self._table.scan(PARTITION, REFUSED, last, select=["RowKey"])]
        for start in range(0, len(keys), entities.MAX_OPERATIONS):
            batch = keys[start : start + entities.MAX_OPERATIONS]
            await self._table.transact([entities.delete(PARTITION, key) for key in batch])

    async def close(self) -> None:
        """Write what is left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is not None:
            await self._writing
        await self.write()

    async def _merge(self, row: entities.Entity) -> None:
        try:
            await self._table.transact([entities.merge(row)])
        except Missing:
            return  # revoked meanwhile

    def _soon(self) -> None:
        if self._timer is None:
            # A context of its own: what is written then is not the request's that happened to be first.
            self._timer = asyncio.get_running_loop().call_later(WRITE_SECONDS, self._start, context=Context())

    def _start(self) -> None:
        self._timer = None
        self._writing = asyncio.get_running_loop().create_task(self.write())


def _packed(counts: Counter[tuple[str, str]]) -> str:
    return json.dumps([[reason, source, count] for (reason, source), count in counts.items()])


def _unpacked(packed: str) -> dict[tuple[str, str], int]:
    return {(reason, source): count for reason, source, count in json.loads(packed)}


def now_utc() -> datetime:
    """Return the time of day, by which credentials expire."""
    return datetime.now(UTC)
