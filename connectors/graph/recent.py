"""A small memory with a term and a bound: what this process made or saw a moment ago. Losing it does no harm."""

import time
from collections.abc import Callable


class Recent[V]:
    """Keys with values that are forgotten after ``term`` seconds, and the oldest first beyond ``most``."""

    def __init__(self, term: float, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._term = term
        self._most = most
        self._clock = clock
        self._held: dict[str, tuple[float, V]] = {}

    def put(self, key: str, value: V) -> None:
        """Remember a value from now on."""
        self._held.pop(key, None)
        if len(self._held) >= self._most:
            del self._held[next(iter(self._held))]
        self._held[key] = (self._clock() + self._term, value)

    def get(self, key: str) -> V | None:
        """Return the value, or ``None`` when it is unknown or past its term."""
        held = self._held.get(key)
        if held is None:
            return None
        if held[0] <= self._clock():
            del self._held[key]
            return None
        return held[1]

    def drop(self, key: str) -> None:
        """Forget a key, known or not."""
        self._held.pop(key, None)

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        return len(self._held)
