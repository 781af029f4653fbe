"""How much one search may do, so that none runs into the time-out of the platform."""

import asyncio
import time

from provisioning.scim.limits import MOST_SEARCH_SECONDS, MOST_SEARCHED

_PAUSE = 50


class TooMuchWork(Exception):
    """The search has looked at as much as it may."""


class Work:
    """Counts what one search looks at, and stops it."""

    def __init__(self, most: int = MOST_SEARCHED, seconds: float = MOST_SEARCH_SECONDS) -> None:
        self.most = most
        self._done = 0
        self._end = time.monotonic() + seconds

    async def step(self) -> None:
        """Note one resource more, and let other requests run now and then. Raises ``TooMuchWork``, never at first."""
        if self._done and (self._done >= self.most or time.monotonic() > self._end):
            raise TooMuchWork
        self._done += 1
        if self._done % _PAUSE == 0:
            await asyncio.sleep(0)

    def check_time(self) -> None:
        """Raise ``TooMuchWork`` when the time is up; for what is cheap by the piece."""
        if time.monotonic() > self._end:
            raise TooMuchWork
