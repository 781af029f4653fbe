"""An event loop whose time passes at once: what takes minutes of waiting is over as soon as its work is done.

For clients and servers in one process and one loop: their sockets are served as ever, and only where nothing is left
to do does the loop's clock jump to the next moment for which somebody waits. Threads are waited for in real time.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor

GRACE = 0.0005
"""Seconds of real time for what may still be on its way through the machine's sockets, before the clock jumps."""


class SimulatedTimeLoop(asyncio.SelectorEventLoop):
    """``time()`` starts at 0 and is nobody's clock but the loop's: ``asyncio.sleep`` and time limits go by it."""

    def __init__(self) -> None:
        self._selector_of_jumps = _Jumping()
        super().__init__(self._selector_of_jumps)

    def time(self) -> float:
        """Return the simulated seconds since the loop was made."""
        return self._selector_of_jumps.now

    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread; the clock stands still until it is done."""
        self._selector_of_jumps.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._returned)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncio's own
        """Join the threads in real time: a time limit would be over at once."""
        await super().shutdown_default_executor()

    def _returned(self, _: object) -> None:
        self._selector_of_jumps.threads -= 1


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing but sockets that are ready and threads that are not."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self.threads or timeout is None:
            return super().select(0.05 if timeout is None or self.threads else timeout)
        ready = super().select(GRACE)
        if not ready:
            self.now += timeout
        return ready
