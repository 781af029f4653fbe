"""The order of writes to one object: a later one starts when the earlier one is through, its repeats included.

A $batch runs its items side by side and answers them in any order, so what must stay in order is never in one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class Turns:
    """One queue for each name that somebody is at or waits for; first come, first served."""

    def __init__(self) -> None:
        self._queues: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, name: str | None) -> AsyncIterator[None]:
        """Wait for the turn and keep it for as long as the context lasts; ``None`` waits for nobody."""
        if name is None:
            yield
            return
        lock, users = self._queues.get(name) or (asyncio.Lock(), 0)
        self._queues[name] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._queues.pop(name)
            if users > 1:
                self._queues[name] = (lock, users - 1)


def turn(method: str, path: str, body: Any) -> str | None:
    """Return what a request must keep its order with, ``None`` for reads and creates.

    That is the object; of a relationship, which is written by ``$ref``, the one link, be it added or taken away: twenty
    members of a group do not stand in each other's way.
    """
    place, _, _ = path.partition("?")
    if method == "GET":
        return None
    if place.endswith("/$ref"):
        if method != "POST" or not isinstance(body, dict):
            return place
        return f"{place.removesuffix('$ref')}{str(body.get('@odata.id')).rpartition('/')[2]}/$ref"
    segments = place.split("/")
    if method == "POST" and len(segments) == 2:
        return None
    # A deleted object's id stands one further: /directory/deletedItems/{id}.
    return "/".join(segments[: 4 if segments[1] == "directory" else 3])
