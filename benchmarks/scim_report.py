"""What the SCIM benchmark found, as the tables of docs/benchmarks.md, and whether what must hold does. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.cpu_shares import Room
from benchmarks.promises import Promise
from benchmarks.scim_cost import Cost
from benchmarks.scim_load import Load

OPERATIONS = ("create", "get", "filter", "patch")
GROWS_NOT = ("get", "filter", "patch")

MOST_GROWTH = 1.5
"""Of round trips and of processor time, from the smallest directory to the largest."""
MOST_MEMBER_GROWTH = 1.2
"""The same for adding a member, from the smallest group to the largest."""
MOST_STORAGE_CPU = 1.0
"""Milliseconds that the storage client may take of a create."""


@dataclass(slots=True)
class Results:
    """Everything measured. ``costs`` by operation and number of people (of members), ``loads`` by server as well."""

    sizes: Sequence[int]
    members: tuple[int, int]
    costs: dict[tuple[str, int], Cost] = field(default_factory=dict)
    loads: dict[tuple[str, str, int, int], Load] = field(default_factory=dict)


def promises(results: Results) -> list[Promise]:
    """Return what must hold of the results."""
    small, large = results.sizes[0], results.sizes[-1]
    few, many = results.members
    found: list[Promise] = []
    for name, least, most, growth in (
        *((name, small, large, MOST_GROWTH) for name in GROWS_NOT),
        ("add member", few, many, MOST_MEMBER_GROWTH),
    ):
        less, more = results.costs[name, least], results.costs[name, most]
        sizes = f"{name}, {most:,} against {least:,}"
        found.append(Promise(f"{sizes}: round trips", more.round_trips / less.round_trips, growth, "x"))
        found.append(Promise(f"{sizes}: CPU", more.cpu / less.cpu, growth, "x"))
    for name in OPERATIONS:
        shares = results.costs[name, large].shares
        share = shares[Room.OURS] / shares[Room.SCIM]
        found.append(Promise(f"{name}: our CPU against the SCIM library's", share, 1.0, "x"))
    create = results.costs["create", large].shares
    found.append(Promise("create: the storage client's CPU", create[Room.STORAGE], MOST_STORAGE_CPU, " ms"))
    return found


def markdown(results: Results) -> str:
    """Return the tables."""
    return "\n\n".join("\n".join(lines) for lines in (_loads(results), _costs(results), _promises(results)))


def _loads(results: Results) -> Iterator[str]:
    servers = list(dict.fromkeys(server for server, *_ in results.loads))
    concurrencies = list(dict.fromkeys(key[3] for key in results.loads))
    columns = [f"{server}: {what}" for server in servers for what in ("per second", "p50 ms", "p95 ms")]
    yield from _head(["operation", "people", "clients", *columns], left=1)
    for name in OPERATIONS:
        for size in results.sizes:
            for concurrency in concurrencies:
                found = [results.loads[server, name, size, concurrency] for server in servers]
                figures = [text for each in found for text in (f"{each.per_second:,.0f}", _ms(each.p50), _ms(each.p95))]
                yield _row([name, f"{size:,}", str(concurrency), *figures])


def _costs(results: Results) -> Iterator[str]:
    rooms = (Room.OURS, Room.SCIM, Room.STORAGE)
    yield from _head(["operation", "people", "round trips", "CPU ms", *(f"of it {room}" for room in rooms)], left=1)
    cases = [(name, size) for name in OPERATIONS for size in results.sizes]
    for name, size in (*cases, *(("add member", members) for members in results.members)):
        cost = results.costs[name, size]
        shown = f"{size:,}" if name != "add member" else f"group of {size:,}"
        yield _row(
            [
                name,
                shown,
                str(cost.round_trips),
                _ms(cost.cpu),
                *(_ms(cost.shares[room]) if cost.measured.samples else "" for room in rooms),
            ]
        )


def _promises(results: Results) -> Iterator[str]:
    yield from _head(["what must hold", "found", "at most", ""], left=1)
    for each in promises(results):
        yield _row(
            [each.what, f"{each.found:.2f}{each.unit}", f"{each.bound}{each.unit}", "kept" if each.kept else "NOT KEPT"]
        )


def profile(results: Results, most: int = 25) -> str:
    """Return the functions in which each operation's time is spent, for those who look for waste."""
    lines = [
        "# Where the CPU time of the SCIM endpoint is spent",
        "",
        "Microseconds per operation by own time; `a -> b`: b, of the standard library or C code below it, called by a.",
    ]
    cases = [(name, results.sizes[-1]) for name in OPERATIONS] + [("add member", results.members[-1])]
    for name, size in cases:
        cost = results.costs[name, size]
        lines += ["", f"## {name} at {size:,}: {cost.cpu:.2f} ms, {cost.measured.samples:,} samples"]
        for room in Room:
            whole = cost.measured.rooms[room] or 1
            lines += ["", f"{room}, {cost.shares[room]:.2f} ms", "```"]
            mine = [(found, where) for (whose, where), found in cost.measured.functions.items() if whose is room]
            lines += [
                f"{1000 * cost.shares[room] * found / whole:6.0f} us  {where}"
                for found, where in sorted(mine, reverse=True)[:most]
            ]
            lines.append("```")
    return "\n".join(lines) + "\n"


def _head(columns: Sequence[str], left: int) -> Iterator[str]:
    yield _row(columns)
    yield _row(["---" if number < left else "--:" for number in range(len(columns))])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ms(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"
