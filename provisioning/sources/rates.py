"""Rate limits: a token bucket for each source. Time is handed in; the arithmetic is pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from provisioning.sources.errors import RateExceeded


@dataclass(frozen=True, slots=True)
class Rate:
    """How much is allowed: ``per_second`` for good, ``burst`` at once after a pause.

    An instance of the app counts for itself, so several instances together allow as many times more.
    """

    per_second: float = 100.0
    burst: int = 200


HIGHEST = Rate(per_second=10_000.0, burst=100_000)
"""The most that a source may be given: more than any instance serves."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left at a time, in seconds of a clock that only goes forward."""

    left: float
    at: float


def take(rate: Rate, bucket: Bucket | None, now: float) -> tuple[Bucket, float]:
    """Take one out. Returns the bucket afterwards, and 0 or the seconds after which there will be one to take."""
    left = float(rate.burst)
    if bucket is not None:
        left = min(left, bucket.left + max(0.0, now - bucket.at) * rate.per_second)
    if left >= 1:
        return Bucket(left - 1, now), 0.0
    return Bucket(left, now), (1 - left) / rate.per_second


class Limits:
    """The buckets of one instance of the app, by name. Names must come from what is configured, not from a caller."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def allows(self, name: str, rate: Rate) -> bool:
        """Count one; tell whether it is within the rate."""
        return self._take(name, rate) == 0

    def check(self, name: str, rate: Rate, source: str = "") -> None:
        """Count one. Raises ``RateExceeded``."""
        wait = self._take(name, rate)
        if wait:
            raise RateExceeded(max(1, math.ceil(wait)), source)

    def _take(self, name: str, rate: Rate) -> float:
        self._buckets[name], wait = take(rate, self._buckets.get(name), self._clock())
        return wait
