"""A closed load: so many clients, each of which sends its next request when it has its answer."""

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.scim_people import Sent
from benchmarks.scim_servers import Server


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one load. Latencies in milliseconds."""

    per_second: float
    p50: float
    p95: float


def percentile(sorted_values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many of a hundred do not exceed."""
    return sorted_values[max(0, math.ceil(len(sorted_values) * percent / 100) - 1)]


async def load(server: Server, make: Callable[[int], Sent], concurrency: int, seconds: float) -> Load:
    """Send what ``make`` gives for 0, 1, 2 ... for some seconds.

    A client's latency is the time from its last answer to this one: a server that never waits for anything serves the
    others meanwhile, and a client of it waits for them as it would at a socket.
    """
    numbers, took = itertools.count(), list[float]()
    started = time.perf_counter()

    async def client() -> None:
        before = time.perf_counter()
        while before - started < seconds:
            await server.send(make(next(numbers)))
            await asyncio.sleep(0)
            now = time.perf_counter()
            took.append(now - before)
            before = now

    await asyncio.gather(*(client() for _ in range(concurrency)))
    elapsed = time.perf_counter() - started
    took.sort()
    return Load(len(took) / elapsed, 1000 * percentile(took, 50), 1000 * percentile(took, 95))
