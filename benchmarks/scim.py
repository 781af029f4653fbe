"""``python -m benchmarks.scim``: the SCIM endpoint from 1,000 to 100,000 people, beside scim2-server.

One worker process, this one; storage is ``sandbox.storage`` in another, because the emulator's own time grows with its
rows. Exits with 1 where something does not hold that must (``scim_report.promises``). ``make bench-scim`` calls it.
"""

import argparse
import asyncio
import gc
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks import scim_people as people
from benchmarks.counting import RoundTrips
from benchmarks.pasting import DOCS, paste
from benchmarks.plot import throughput
from benchmarks.scim_cost import Cost, count, divide, turn
from benchmarks.scim_fill import fill
from benchmarks.scim_load import Load, load
from benchmarks.scim_people import Sent
from benchmarks.scim_report import Results, markdown, profile, promises
from benchmarks.scim_servers import Ours, Peer, Server, logged_as_in_azure
from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.outbox import Announcement
from sandbox.services import LOCAL
from sandbox.storage.process import LocalStorage

SPARE = 200
"""People of each directory who are in no group, to be put in and taken out."""
FEW = 10


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: ``each`` requests in a turn, ``samples`` for an operation, ``seconds`` for a load."""

    sizes: tuple[int, ...]
    members: int
    turns: int
    each: int
    samples: int
    seconds: float
    concurrencies: tuple[int, ...] = (1, 8, 32)


FULL = Scale((1_000, 20_000, 100_000), 100_000, turns=7, each=60, samples=2_000, seconds=1.5)
QUICK = Scale((1_000, 10_000), 5_000, turns=3, each=30, samples=200, seconds=0.4)


@dataclass(slots=True)
class Place:
    """One directory, with the requests that are sent to it. ``ids`` are its people."""

    server: Server
    ids: list[str]
    where: str
    groups: dict[int, str] = field(default_factory=dict)
    _fresh: "itertools.count[int]" = field(default_factory=itertools.count)

    def operations(self) -> Mapping[str, Callable[[int], Sent]]:
        """Return what is measured, by name: makers of the n-th request. People are visited all over the directory."""
        return {
            "get": lambda n: people.get(self._id(n)),
            "filter": lambda n: people.find(self._number(n)),
            "patch": lambda n: people.patch(self._id(n), next(self._fresh)),
            "create": lambda _: people.create(next(self._fresh), self.where),
        }

    def _number(self, n: int) -> int:
        return n * 7919 % len(self.ids)

    def _id(self, n: int) -> str:
        return self.ids[self._number(n)]


class Bench:
    """One run."""

    def __init__(self, scale: Scale, console: Console) -> None:
        self._scale = scale
        self._console = console
        self._started = time.monotonic()
        self._counter = RoundTrips()
        self._open: list[Ours] = []
        self._places: dict[int, Place] = {}
        self._counting: dict[int, Ours] = {}
        self.results = Results(sizes=scale.sizes, members=(FEW, scale.members))

    def say(self, words: str) -> None:
        """Tell how far it is."""
        self._console.print(f"[dim]{time.monotonic() - self._started:5.0f} s[/dim]  {words}")

    def fill(self, file: Path) -> dict[str, list[str]]:
        """Fill the directories of all sizes into a file."""
        self.say(f"filling directories of {', '.join(f'{size:,}' for size in self._scale.sizes)} people")
        sizes = {f"n{size}": size + SPARE for size in self._scale.sizes}
        with Progress(console=self._console, transient=True) as progress:
            task = progress.add_task("people", total=sum(sizes.values()))
            return fill(file, sizes, lambda: progress.advance(task))

    async def open(self, connection: str, ids: Mapping[str, list[str]]) -> None:
        """Open a hub over each directory, and a second one whose requests are counted."""
        for size in self._scale.sizes:
            prefix = f"n{size}"
            ours, counting = Ours(connection, prefix), Ours(connection, prefix, [self._counter.trace()])
            self._open += [ours, counting]
            await counting.begin(await ours.begin())
            self._places[size], self._counting[size] = Place(ours, ids[prefix], "new"), counting
        largest = self._scale.sizes[-1]
        await self._fill_groups(self._places[largest], self._open[-1])
        _settle()

    async def _fill_groups(self, place: Place, hub: Ours) -> None:
        async def unheard(_: Announcement) -> None:
            return

        directory = Directory(hub.storage, unheard)
        with Progress(console=self._console, transient=True) as progress:
            for members in (FEW, self._scale.members):
                self.say(f"filling a group of {members:,}")
                task = progress.add_task("members", total=members)
                group = await directory.create(ObjectKind.GROUP, {"displayName": f"Group of {members}"}, "entra")
                place.groups[members] = group.id
                for start in range(0, members, 490):
                    chosen = place.ids[start : min(start + 490, members)]
                    await directory.change_members(group.id, add=chosen)
                    progress.advance(task, len(chosen))

    async def costs(self) -> None:
        """Measure round trips and processor time of everything."""
        scale = self._scale
        for size, place in self._places.items():
            for name, make in place.operations().items():
                cost = self.results.costs.setdefault((name, size), Cost())
                cost.round_trips = await count(self._counter, self._counting[size], [make(n) for n in range(3)])
        self.say("processor time")
        for number in range(scale.turns + 1):
            for size, place in self._places.items():
                for name, make in place.operations().items():
                    requests = [make(number * scale.each + n) for n in range(scale.each)]
                    spent = await turn(place.server, requests)
                    if number:  # the first is for warming up
                        self.results.costs[name, size].turns.append(spent)
            await self._members(number)
        self.say("whose processor time it is")
        largest = scale.sizes[-1]
        place = self._places[largest]
        for name, make in place.operations().items():
            found = self.results.costs[name, largest].measured
            numbers = itertools.count()
            while found.samples < scale.samples:
                await divide(place.server, [make(next(numbers)) for _ in range(100)], found)
        await self._sample_members(place)

    async def _members(self, number: int) -> None:
        place = self._places[self._scale.sizes[-1]]
        newcomers = place.ids[-min(SPARE, self._scale.each) :]
        for members, group in place.groups.items():
            cost = self.results.costs.setdefault(("add member", members), Cost())
            requests = [people.add_member(group, each) for each in newcomers]
            if not number:
                counting = self._counting[self._scale.sizes[-1]]
                cost.round_trips = await count(self._counter, counting, requests[:3])
                await self._take_out(place, group, newcomers[:3])
            spent = await turn(place.server, requests)
            if number:
                cost.turns.append(spent)
            await self._take_out(place, group, newcomers)

    async def _sample_members(self, place: Place) -> None:
        found, newcomers = self.results.costs["add member", self._scale.members].measured, place.ids[-SPARE:]
        group = place.groups[self._scale.members]
        while found.samples < self._scale.samples:
            await divide(place.server, [people.add_member(group, each) for each in newcomers], found)
            await self._take_out(place, group, newcomers)

    async def _take_out(self, place: Place, group: str, members: list[str]) -> None:
        for start in range(0, len(members), 49):
            await place.server.send(people.remove_members(group, members[start : start + 49]))

    async def loads(self, server: Server, place: Place, size: int) -> None:
        """Measure throughput and latency at one size."""
        self.say(f"{server.name}: throughput at {size:,} people")
        for name, make in place.operations().items():
            for concurrency in self._scale.concurrencies:
                found: Load = await load(server, make, concurrency, self._scale.seconds)
                self.results.loads[server.name, name, size, concurrency] = found

    async def run(self, connection: str, ids: Mapping[str, list[str]]) -> None:
        """Measure everything of ours, then of the peer."""
        await self.open(connection, ids)
        try:
            await self.costs()
            for size, place in self._places.items():
                await self.loads(place.server, place, size)
        finally:
            for each in self._open:
                await each.close()
        peer = Peer()
        for size in self._scale.sizes:
            self.say(f"{peer.name}: filling to {size:,} people")
            for number in range(len(peer.ids), size):
                await peer.grow(number)
            _settle()
            await self.loads(peer, Place(peer, peer.ids, f"peer{size}"), size)
        gc.unfreeze()


def _settle() -> None:
    """Leave what was filled out of garbage collection, which would walk a dictionary of 100,000 people at each turn."""
    gc.collect()
    gc.freeze()


def main() -> int:
    """Measure, print the tables as they stand in docs/benchmarks.md, and tell whether every promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scim", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller and shorter; the figures are worth less")
    parser.add_argument("--docs", action="store_true", help="put the tables and the picture into docs")
    parser.add_argument("--profile", type=Path, help="write the functions that the time is spent in into this file")
    given = parser.parse_args()
    logged_as_in_azure()
    console = Console(stderr=True)
    bench = Bench(QUICK if given.quick else FULL, console)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tables.sqlite"
        ids = bench.fill(file)
        bench.say("starting storage")
        with LocalStorage.start(file, Path(folder) / "storage.log") as storage:
            asyncio.run(bench.run(storage.connection_string, ids))
    bench.say("done")
    tables = markdown(bench.results)
    print(tables)
    if given.profile:
        given.profile.write_text(profile(bench.results))
    picture = (DOCS if given.docs else LOCAL) / "bench-scim.png"
    throughput(bench.results, picture)
    console.print(f"Throughput against directory size: {picture}")
    if given.docs:
        paste(DOCS / "benchmarks.md", "bench-scim", "make bench-scim", tables)
    return 0 if all(promise.kept for promise in promises(bench.results)) else 1


if __name__ == "__main__":
    sys.exit(main())
