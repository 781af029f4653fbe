"""``python -m benchmarks.connectors``: the connectors beside the command line tools and bare ldap3, in one run.

Servers are slapd that does not wait for the disk, Samba as a domain controller, and the Graph simulator in simulated
time. Everybody adds the same people, in turns, and the medians are told. Exits with 1 where something does not hold
that must (``connector_report.promises``). ``make bench-connectors`` calls it.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from benchmarks import connector_loads, connector_peers, connector_targets, graph_load
from benchmarks.connector_peers import Took
from benchmarks.connector_report import ALONE, BARE, HUB, TOOL, Found, markdown, promises
from benchmarks.connector_targets import Target
from benchmarks.pasting import DOCS, paste
from sandbox.services import ServiceFailed
from sandbox.storage.process import LocalStorage


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: people in a turn for each server, turns, and the least rows that are read."""

    ldap: int
    active_directory: int
    turns: int
    rows: int


FULL = Scale(ldap=2_000, active_directory=200, turns=5, rows=5_000)
QUICK = Scale(ldap=300, active_directory=40, turns=2, rows=2_000)
GRAPH_USERS = 10_000
"""Of Graph's first load; with fewer the quota's minimum is too short to compare with."""

type Server = Callable[[Path], AbstractContextManager[Target]]


def main() -> int:
    """Measure, print, and say by the exit code whether everything holds."""
    options = _arguments()
    scale, console, found = QUICK if options.quick else FULL, Console(width=140), Found()
    servers: Sequence[tuple[Server, int]] = (
        (connector_targets.ldap, scale.ldap),
        (connector_targets.active_directory, scale.active_directory),
    )
    missing = False
    for server, people in servers:
        try:
            with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as target:
                console.print(f"{target.name}: {people} people in a turn, {scale.turns} turns")
                _measure(target, people, scale, found)
        except ServiceFailed as problem:
            console.print(str(problem))
            missing = True
    console.print(f"Graph: the first load of {GRAPH_USERS:,} users in simulated time")
    found.graph, found.graph_cpu = graph_load.measure(GRAPH_USERS), graph_load.connector_cpu()
    console.print(markdown(found), markup=False, soft_wrap=True)
    if options.docs:
        paste(DOCS / "benchmarks.md", "bench-connectors", "make bench-connectors", markdown(found))
    return 0 if not missing and all(each.kept for each in promises(found)) else 1


def _measure(target: Target, people: int, scale: Scale, found: Found) -> None:
    """Let each add its people in turn, so that a server that slows down as it fills slows everybody alike."""
    names = {HUB: "hub", ALONE: "one", BARE: "bare", TOOL: "tool"}
    for turn in range(scale.turns):
        runs = {who: f"{name}{turn}" for who, name in names.items()}
        persons = {who: [target.person(run, n) for n in range(people)] for who, run in runs.items()}
        with LocalStorage.start() as storage:
            hub = connector_loads.through_the_hub(target, storage.connection_string, runs[HUB], range(people))
            _note(found.creates, target, HUB, asyncio.run(hub))
        _note(found.creates, target, ALONE, asyncio.run(connector_loads.creates(target, runs[ALONE], range(people))))
        _note(found.creates, target, BARE, connector_peers.bare_adds(target, persons[BARE]))
        _note(found.creates, target, TOOL, connector_peers.ldapadd(target, persons[TOOL]))
    missing = range(scale.rows - len(names) * people * scale.turns)
    connector_peers.bare_adds(target, [replace(target.person("more", n), second={}) for n in missing])
    for _ in range(scale.turns):
        _note(found.reads, target, ALONE, asyncio.run(connector_loads.reads(target)))
        _note(found.reads, target, BARE, connector_peers.bare_reads(target))
        _note(found.reads, target, TOOL, connector_peers.ldapsearch(target))


def _note(measured: dict[tuple[str, str], list[Took]], target: Target, who: str, took: Took) -> None:
    measured.setdefault((target.name, who), []).append(took)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.connectors", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer people and turns: a look, no figures for docs")
    parser.add_argument("--docs", action="store_true", help="put the tables into docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
