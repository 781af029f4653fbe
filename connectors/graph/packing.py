"""Requests that run at the same moment go out together: gathered for a moment, paid from the quota, sent as $batch.

Nobody waits for another's failure: each caller gets the answer of its own item, and decides by itself whether to
repeat it. Of what befalls a batch as a whole each caller gets an error of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from connectors.errors import ConnectorError, Misconfigured, Unavailable
from connectors.graph.batch import MOST, batch_of, replies_of
from connectors.graph.faults import unreadable
from connectors.graph.quota import WriteQuota
from connectors.graph.reply import Reply
from connectors.graph.session import Call

WINDOW = 0.005
"""Seconds that a request waits for others when none is on its way."""

LONGEST_WINDOW = 0.1
"""Seconds that it waits while others are on their way: their callers will have more to send."""

FULL_BATCH_SECONDS = 1.0
"""Seconds that we wait for a full batch where the quota makes us wait anyway: it fills up, and nothing is lost."""

LONGEST_WAIT = 10.0
"""Seconds that a request may wait for the quota. A verb that writes three times stays within a lease of a minute."""

_HELD_AGAIN = 4
"""How often a wait for the quota is prolonged because Graph refused somebody else meanwhile."""

type Sleep = Callable[[float], Awaitable[None]]
type Exchange = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    call: Call
    answer: "asyncio.Future[Reply]"


class Packer:
    """Sends single calls through as few requests as possible. ``quota`` is what each of them costs one of."""

    def __init__(self, exchange: Exchange, base_url: str, sleep: Sleep, quota: WriteQuota | None = None) -> None:
        self._exchange = exchange
        self._base_url = base_url
        self._sleep = sleep
        self._quota = quota
        self._waiting: list[_Waiting] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._sender: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    async def send(self, call: Call) -> Reply:
        """Send one call once, with others if there are any. Raises what an exchange raises, and for a long wait."""
        if self._quota is not None:
            _check_wait(self._quota.delay(len(self._waiting) + 1))
        waiting = _Waiting(call, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_on())
        elif len(self._waiting) >= MOST:
            self._wake.set()
        return await waiting.answer

    async def close(self) -> None:
        """Let go of everything; who still waits is cancelled."""
        tasks = [*self._flying, *([self._sender] if self._sender else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_on(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                most = await self._affordable()
                self._waiting = [each for each in self._waiting if not each.answer.done()]
                taken, self._waiting = self._waiting[:most], self._waiting[most:]
                if taken:
                    self._launch(taken)
        finally:
            self._sender = None
            for each in self._waiting:
                each.answer.cancel()
            self._waiting = []

    async def _gather(self) -> None:
        """Wait until there are enough for a batch, or it would take too long."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + LONGEST_WINDOW
        while len(self._waiting) < MOST:
            self._wake.clear()
            try:
                async with asyncio.timeout(latest - loop.time() if self._flying else WINDOW):
                    await self._wake.wait()
            except TimeoutError:
                return

    async def _affordable(self) -> int:
        """Wait for the quota and return how many calls may go: one at least."""
        quota = self._quota
        if quota is None:
            return MOST
        self._give_up(quota)
        if self._waiting and quota.delay(min(len(self._waiting), MOST)) > 0:
            for _ in range(_HELD_AGAIN):
                await self._sleep(max(quota.delay(), min(quota.delay(MOST), FULL_BATCH_SECONDS)))
                self._give_up(quota)
                if not self._waiting or quota.delay() <= 0:
                    break
        return max(1, min(MOST, int(quota.left + 1e-6)))

    def _give_up(self, quota: WriteQuota) -> None:
        """Fail those who would wait too long, because the quota is held since they came."""
        try:
            _check_wait(quota.delay())
        except Unavailable as error:
            for each in self._waiting:
                _fail(each, error)
            self._waiting = []

    def _launch(self, taken: Sequence[_Waiting]) -> None:
        if self._quota is not None:
            self._quota.spend(len(taken))
        task = asyncio.create_task(self._fly(taken))
        self._flying.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._wake.set()

    async def _fly(self, taken: Sequence[_Waiting]) -> None:
        try:
            if len(taken) == 1:
                self._answer(taken[0], await self._exchange(taken[0].call))
            else:
                await self._fly_together(taken)
        except ConnectorError as error:
            for each in taken:
                _fail(each, error)
        except Exception as error:  # noqa: BLE001 - a fault of the code is the callers' to tell, not this task's
            for each in taken:
                if not each.answer.done():
                    each.answer.set_exception(error)
        finally:
            for each in taken:
                each.answer.cancel()

    async def _fly_together(self, taken: Sequence[_Waiting]) -> None:
        calls = [each.call for each in taken]
        answer = await self._exchange(batch_of(calls, self._base_url))
        if 400 <= answer.status < 500 and answer.status not in {401, 408, 429}:
            # The form of one item is refused, and all of them with it: nothing was carried out. Each for itself.
            await asyncio.gather(*(self._fly([each]) for each in taken))
            return
        replies = replies_of(answer, calls) if answer.ok else [answer] * len(calls)
        if replies is None:
            raise unreadable(wrote=True)
        for each, reply in zip(taken, replies, strict=True):
            self._answer(each, reply)

    def _answer(self, waiting: _Waiting, reply: Reply) -> None:
        if self._quota is not None:
            if reply.status == 429:
                self._quota.hold(1.0 if reply.retry_after is None else reply.retry_after)
            elif reply.quota_used is not None:
                self._quota.heed(reply.quota_used)
        if not waiting.answer.done():
            waiting.answer.set_result(reply)


def _fail(waiting: _Waiting, error: ConnectorError) -> None:
    """Raise an error of its own for each caller: they add to it what they know."""
    if waiting.answer.done():
        return
    own: ConnectorError
    if isinstance(error, Unavailable):
        own = Unavailable(
            str(error),
            code=error.code,
            fix=error.fix,
            retry_after=error.retry_after,
            may_have_happened=error.may_have_happened and waiting.call.writes,
            one_object=error.one_object,
        )
    else:
        own = Misconfigured(str(error), code=error.code, fix=error.fix)
    own.__cause__ = error.__cause__
    waiting.answer.set_exception(own)


def _check_wait(seconds: float) -> None:
    if seconds > LONGEST_WAIT:
        raise Unavailable(
            "The writes that Microsoft Graph takes from this application are used up for the moment.",
            code="graph.writeQuota",
            fix="Nothing to do: it goes on at the pace that Microsoft Graph allows.",
            retry_after=seconds,
            one_object=True,
        )
