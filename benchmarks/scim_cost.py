"""What one operation costs the worker: storage round trips, processor time, and whose time that is.

Processor time is the process's own (``process_time``: user and system, all threads), with so many clients that it is
busy all the time. Sizes take turns, and the median of the turns counts: what else the machine does meets all of them
alike.
"""

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.counting import RoundTrips
from benchmarks.cpu_shares import Room, Shares, sampled
from benchmarks.cpu_steps import stepped
from benchmarks.scim_people import Sent
from benchmarks.scim_servers import Ours, Server

CLIENTS = 8
"""How many requests are under way at a time."""


@dataclass(slots=True)
class Cost:
    """One operation at one size. ``cpu`` in milliseconds."""

    round_trips: int = 0
    turns: list[float] = field(default_factory=list)
    measured: Shares = field(default_factory=Shares)

    @property
    def cpu(self) -> float:
        """The median of the turns."""
        return statistics.median(self.turns)

    @property
    def shares(self) -> Mapping[Room, float]:
        """Milliseconds of each room."""
        return self.measured.split(self.cpu)


async def count(counter: RoundTrips, server: Ours, requests: Sequence[Sent]) -> int:
    """Return the most round trips that one of some requests makes, with tokens and connections in their caches."""
    most = 0
    for sent in requests:
        await server.send(Sent("GET", "/Users", (("filter", 'userName eq "nobody"'),)))
        await server.hub.connections.active()
        with counter.counted() as counted:
            await server.send(sent)
        most = max(most, len(counted))
    return most


async def turn(server: Server, requests: Sequence[Sent]) -> float:
    """Return the milliseconds of processor time that each of some requests takes."""
    started = time.process_time()
    await _send(server, requests)
    return 1000 * (time.process_time() - started) / len(requests)


async def divide(server: Server, requests: Sequence[Sent], into: Shares) -> None:
    """Find out whose time some requests take, half of them for each of the two measurements."""
    half = len(requests) // 2
    with stepped(into.steps):
        await _send(server, requests[:half])
    with sampled(into):
        await _send(server, requests[half:])


async def _send(server: Server, requests: Sequence[Sent]) -> None:
    waiting = iter(requests)

    async def client() -> None:
        for sent in waiting:
            await server.send(sent)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
