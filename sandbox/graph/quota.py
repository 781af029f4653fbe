"""The write quota of one application in one tenant: a token bucket (Graph throttling limits, identity and access)."""

import math
from datetime import datetime

from sandbox.graph.errors import throttled
from sandbox.graph.knobs import Knobs


class WriteQuota:
    """``write_quota`` writes at once, refilled evenly over ``write_window``; the knobs are read at each write."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._spent = 0.0
        self._at: datetime | None = None

    def spend(self, now: datetime) -> None:
        """Take one write, or raise 429 with the whole seconds until there is one again. A refusal costs nothing."""
        rate = self._knobs.write_quota / self._knobs.write_window
        if self._at is not None:
            self._spent = max(0.0, self._spent - rate * (now - self._at).total_seconds())
        self._at = now
        missing = self._spent + 1 - self._knobs.write_quota
        if missing > 1e-9:
            raise throttled(max(1, math.ceil(missing / rate)) if rate else math.ceil(self._knobs.write_window))
        self._spent += 1
