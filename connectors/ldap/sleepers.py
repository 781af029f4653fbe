"""Who was locked when a password was set and is locked again: servers end a lock with a new password.

Nothing can do both at once, so it is done one after the other whatever comes between: a caller that does not wait any
more, another password for the same person, an answer that is lost. What no process can outlive is its own end: who
sets the password of somebody who should be inactive deactivates them again when it did not come back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from weakref import WeakValueDictionary

from connectors.errors import Unavailable

REMEMBERED_SECONDS = 900.0
"""How long it is known of somebody who could not be locked again that they should be, for the next try."""
_PAUSES = (0.5, 2.0)
"""Seconds before it is tried again to lock somebody."""


class Sleepers:
    """The deactivated users whose passwords are being set by one connector."""

    def __init__(self) -> None:
        self._owed: dict[str, float] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way: set[asyncio.Task[None]] = set()

    async def keep(
        self,
        remote_id: str,
        is_asleep: Callable[[], Awaitable[bool]],
        work: Callable[[], Awaitable[None]],
        lock: Callable[[], Awaitable[None]],
    ) -> None:
        """Do the work, and lock the user again who was locked before; also where nobody waits for it any more."""
        task = asyncio.ensure_future(self._keep(remote_id.lower(), is_asleep, work, lock))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.shield(task)

    def sleep(self, remote_id: str) -> None:
        """Note that somebody is deactivated, for a password of theirs that may be on its way at this moment."""
        if (user := remote_id.lower()) in self._turns:
            self._owed[user] = monotonic()

    def wake(self, remote_id: str) -> None:
        """Forget somebody who is activated."""
        self._owed.pop(remote_id.lower(), None)

    async def _keep(
        self,
        user: str,
        is_asleep: Callable[[], Awaitable[bool]],
        work: Callable[[], Awaitable[None]],
        lock: Callable[[], Awaitable[None]],
    ) -> None:
        turn = self._turns.setdefault(user, asyncio.Lock())
        async with turn:
            if await is_asleep():
                self._owed[user] = monotonic()
            try:
                await work()
            finally:
                if monotonic() - self._owed.pop(user, float("-inf")) < REMEMBERED_SECONDS:
                    self._owed[user] = monotonic()
                    await _insist(lock)
                    self.wake(user)


async def _insist(lock: Callable[[], Awaitable[None]]) -> None:
    for pause in _PAUSES:
        try:
            await lock()
        except Unavailable:
            await asyncio.sleep(pause)
        else:
            return
    await lock()
