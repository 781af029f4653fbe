"""The write quota of one application in one tenant, kept on our side: a token bucket just under Graph's own.

Graph throttling limits, identity and access: 3,000 writes in 150 seconds for an application in a tenant, as a bucket
that is refilled evenly. Who stays just under it is never refused, and loses nothing to Retry-After. Reads are not
counted here: they cost 1-2 of 3,500 resource units and more in 10 seconds, which no pace of writes can reach.
"""

import time
from collections.abc import Callable
from functools import lru_cache

WINDOW_SECONDS = 150.0

LONGEST_HOLD = 300.0
"""Seconds that writers stand still at most, whatever Retry-After says: two of Graph's windows."""

COARSE = 40.0
"""Writes that a percentage near 1 leaves: Graph rounds it, and so it cannot tell less than this from nothing."""

type Clock = Callable[[], float]
"""Seconds that only grow, as ``time.monotonic``."""


class WriteQuota:
    """``writes`` at once, refilled evenly over ``WINDOW_SECONDS``. It does not wait: it tells how long to wait."""

    def __init__(self, writes: int, clock: Clock = time.monotonic) -> None:
        self._writes = float(writes)
        self._clock = clock
        self._left = float(writes)
        self._at = clock()

    @property
    def left(self) -> float:
        """The writes that may be sent now; negative where some were sent ahead."""
        self._refill()
        return self._left

    def share(self, writes: int) -> None:
        """Set how many writes this process may do in a window."""
        self._refill()
        self._left = min(self._left + max(0.0, writes - self._writes), float(writes))
        self._writes = float(writes)

    def delay(self, writes: int = 1) -> float:
        """Return the seconds until so many writes may be sent."""
        self._refill()
        held = max(0.0, self._at - self._clock())
        return held + max(0.0, writes - self._left) * WINDOW_SECONDS / self._writes

    def spend(self, writes: int) -> None:
        """Count writes that are sent."""
        self._refill()
        self._left -= writes

    def hold(self, seconds: float) -> None:
        """Heed a 429: nothing comes in until Retry-After is over. Then one may try, because Graph says so."""
        self._refill()
        self._left = 1.0
        self._at = max(self._at, self._clock() + min(seconds, LONGEST_HOLD))

    def heed(self, used: float) -> None:
        """Heed x-ms-throttle-limit-percentage (0.8 and more): others use the same quota, and so much of it is used."""
        self._refill()
        self._left = min(self._left, max(COARSE, self._writes * (1.0 - used)))

    def _refill(self) -> None:
        now = self._clock()
        if now > self._at:
            self._left = min(self._writes, self._left + (now - self._at) * self._writes / WINDOW_SECONDS)
            self._at = now


@lru_cache(maxsize=64)
def quota_of(authority: str, tenant: str, client: str, clock: Clock = time.monotonic) -> WriteQuota:
    """Return the one bucket of an application in a tenant that all its connections in this process share."""
    return WriteQuota(1, clock)
