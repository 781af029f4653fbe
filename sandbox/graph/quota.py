"""The quotas of one application in one tenant: writes and resource units, each a token bucket.

Source: throttling limits, identity and access (Graph's documentation): 3,000 writes in 150 seconds; 3,500, 5,000 or
8,000 resource units in 10 seconds for a tenant of fewer than 50, of up to 500, of more users.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from sandbox.graph.errors import throttled
from sandbox.graph.knobs import Knobs
from sandbox.graph.messages import Request

UNITS = {"S": 3500, "M": 5000, "L": 8000}
UNITS_WINDOW = 10.0
RESERVE = 0.1
"""Of a bucket: so much at most is kept from low priority, for as long as others use it. Background knowledge: the
documentation says only that low priority is throttled first, and that priorities change no limit."""

_ALARM = 0.8
_COSTS = {("users",): 2, ("groups", "*", "members"): 3}


def cost(request: Request) -> int:
    """Return the resource units of a request: 1 unless the documentation says otherwise."""
    if request.method != "GET":
        return 1
    segments = request.segments
    units = _COSTS.get(segments if len(segments) != 3 else (segments[0], "*", segments[2]), 1)
    units -= "$select" in request.query
    units += "$expand" in request.query
    units -= request.query.get("$top", "").isdigit() and int(request.query["$top"]) < 20
    return max(1, units)


@dataclass(slots=True)
class Bucket:
    """``spent`` flows off at an even rate; ``others`` is the part of it that was not of low priority."""

    spent: float = 0.0
    others: float = 0.0
    at: datetime | None = None

    def wait(self, amount: float, size: float, window: float, now: datetime, *, low: bool) -> float:
        """Return the seconds until ``amount`` may be taken: 0 for now."""
        rate = size / window
        if self.at is not None:
            flown = rate * (now - self.at).total_seconds()
            self.spent, self.others = max(0.0, self.spent - flown), max(0.0, self.others - flown)
        self.at = now
        room = size - min(self.others, size * RESERVE) if low else size
        missing = self.spent + amount - room
        if missing <= 1e-9:
            return 0.0
        return missing / rate if rate else window

    def take(self, amount: float, *, low: bool) -> None:
        """Take it."""
        self.spent += amount
        if not low:
            self.others += amount


class Quota:
    """Counts the requests of the application. The knobs are read at each request."""

    def __init__(self, knobs: Knobs, scope: str) -> None:
        self._knobs = knobs
        self._scope = scope
        self._writes = Bucket()
        self._units = Bucket()

    def spend(self, request: Request, now: datetime, users: int) -> dict[str, str]:
        """Count a request, and return the headers of its answer. Raises 429; what is refused costs nothing."""
        knobs = self._knobs
        low = request.headers.get("x-ms-throttle-priority", "").casefold() == "low"
        writes = int(request.method != "GET")
        if writes:
            wait = self._writes.wait(1, knobs.write_quota, knobs.write_window, now, low=low)
            if wait:
                raise throttled(self._seconds(wait), f"Tenant_Application/Write/{self._scope}", "WriteLimitExceeded")
        units, size = cost(request), self._size(users)
        wait = self._units.wait(units, size, UNITS_WINDOW, now, low=low)
        if wait:
            scope = f"Tenant_Application/ReadWrite/{self._scope}"
            raise throttled(self._seconds(wait), scope, "ResourceUnitLimitExceeded")
        self._units.take(units, low=low)
        headers = {"x-ms-resource-unit": str(units)}
        share = self._units.spent / size
        if writes:
            self._writes.take(1, low=low)
            share = max(share, self._writes.spent / knobs.write_quota)
        if share > _ALARM:
            headers["x-ms-throttle-limit-percentage"] = f"{share:.2f}"
        return headers

    def _size(self, users: int) -> int:
        if self._knobs.resource_units is not None:
            return self._knobs.resource_units
        return UNITS["S" if users < 50 else "M" if users <= 500 else "L"]

    def _seconds(self, wait: float) -> float:
        return math.ceil(wait * 1000) / 1000 if self._knobs.decimal_retry_after else max(1, math.ceil(wait - 1e-9))
