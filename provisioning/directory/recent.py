"""What is asked on every request and changes rarely: read from storage once in some seconds, by each instance."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class Recent[Value]:
    """A value as it was at most ``seconds`` ago; usually no round trip."""

    def __init__(self, read: Callable[[], Awaitable[Value]], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._known: tuple[float, Value] | None = None
        self._reading = asyncio.Lock()
        self._writes = 0

    async def get(self) -> Value:
        """Return the value, read again where it is too old. What reading raises is raised."""
        known = self._fresh()
        if known is None:
            async with self._reading:
                known = self._fresh()
                if known is None:
                    now, writes = time.monotonic(), self._writes
                    known = (now, await self._read())
                    # A write of this process in the meantime is not to be overlooked by it.
                    self._known = known if writes == self._writes else None
        return known[1]

    def forget(self) -> None:
        """Have the next ``get`` read: this process has written."""
        self._known = None
        self._writes += 1

    def _fresh(self) -> tuple[float, Value] | None:
        known = self._known
        return known if known is not None and time.monotonic() - known[0] < self._seconds else None
