"""Times the steps of coroutines: processor time in all tasks of the loop, less what runs below the storage seam."""

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from provisioning.storage.store import Queue, Table

SEAM = ((Table, "get"), (Table, "transact"), (Table, "query"), (Queue, "send"), (Queue, "length"))
STREAMS = ((Table, "scan"),)


@dataclass(slots=True)
class Steps:
    """Seconds of processor time: of the process, and of steps that are not the storage client's."""

    whole: float = 0.0
    hub: float = 0.0
    _below: int = 0

    @contextmanager
    def step(self, *, below: bool) -> Iterator[None]:
        """Time one step. ``below`` is one of the storage client's, taken off unless it is inside of such a one."""
        if below and self._below:
            yield
            return
        self._below += below
        started = time.thread_time()
        try:
            yield
        finally:
            spent = time.thread_time() - started
            self._below -= below
            self.hub += -spent if below else spent


class _Stepped(Coroutine[Any, Any, Any]):
    """A coroutine whose steps are timed."""

    def __init__(self, inner: Coroutine[Any, Any, Any], steps: Steps, *, below: bool) -> None:
        self._inner, self._steps, self._below = inner, steps, below

    def send(self, value: Any) -> Any:
        with self._steps.step(below=self._below):
            return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        with self._steps.step(below=self._below):
            return self._inner.throw(*error)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self  # has all that awaiting asks for

    def __iter__(self) -> "_Stepped":
        return self

    def __next__(self) -> Any:
        return self.send(None)


@contextmanager
def stepped(steps: Steps) -> Iterator[None]:
    """Time the steps of all tasks that begin inside the block; to be entered in the event loop."""
    loop, kept = asyncio.get_running_loop(), {(owner, name): getattr(owner, name) for owner, name in (*SEAM, *STREAMS)}

    def task(loop: asyncio.AbstractEventLoop, coro: Any, **given: Any) -> asyncio.Task[Any]:
        return asyncio.Task(_Stepped(coro, steps, below=False), loop=loop, **given)

    before = loop.get_task_factory()
    loop.set_task_factory(task)
    for owner, name in SEAM:
        setattr(owner, name, _below(kept[owner, name], steps))
    for owner, name in STREAMS:
        setattr(owner, name, _stream_below(kept[owner, name], steps))
    started = time.process_time()
    try:
        yield
    finally:
        steps.whole += time.process_time() - started
        loop.set_task_factory(before)
        for (owner, name), method in kept.items():
            setattr(owner, name, method)


def _below(method: Callable[..., Coroutine[Any, Any, Any]], steps: Steps) -> Callable[..., Coroutine[Any, Any, Any]]:
    @functools.wraps(method)
    async def timed(*given: Any, **named: Any) -> Any:
        return await _Stepped(method(*given, **named), steps, below=True)

    return timed


def _stream_below(method: Callable[..., AsyncIterator[Any]], steps: Steps) -> Callable[..., AsyncIterator[Any]]:
    @functools.wraps(method)
    async def timed(*given: Any, **named: Any) -> AsyncIterator[Any]:
        stream = method(*given, **named)
        while True:
            try:
                found = await _Stepped(_next(stream), steps, below=True)
            except StopAsyncIteration:
                return
            yield found

    return timed


async def _next(stream: AsyncIterator[Any]) -> Any:
    return await anext(stream)
