"""What the connector benchmark found, as the tables of docs/benchmarks.md, and whether what must hold does. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.connector_peers import Took
from benchmarks.graph_load import Load
from benchmarks.promises import Promise

LEAST_OF_BARE = 0.8
"""What the connector alone does in a second, of what bare ldap3 reaches with as many connections."""
MOST_OVER_QUOTA = 0.02
"""Time of Graph's first load beyond what the quota itself demands, as a share of it."""

HUB, ALONE, BARE, TOOL = "through the whole hub", "connector alone", "bare ldap3", "command line"


@dataclass(slots=True)
class Found:
    """Everything measured. ``creates`` and ``reads`` by target and who did it, one for each turn."""

    creates: dict[tuple[str, str], list[Took]] = field(default_factory=dict)
    reads: dict[tuple[str, str], list[Took]] = field(default_factory=dict)
    graph: Load | None = None
    graph_cpu: float = 0.0

    @property
    def targets(self) -> list[str]:
        """The servers, in the order in which they were measured."""
        return list(dict.fromkeys(target for target, _ in self.creates))


def promises(found: Found) -> list[Promise]:
    """Return what must hold."""
    kept = [
        Promise(
            f"{target}: {what}, connector alone against bare ldap3",
            _rate(measured, target, ALONE) / _rate(measured, target, BARE),
            LEAST_OF_BARE,
            "x",
            at_least=True,
        )
        for target in found.targets
        for what, measured in (("creates", found.creates), ("rows read", found.reads))
    ]
    if found.graph is not None:
        kept.append(
            Promise("Graph: time over the quota's own minimum", found.graph.over * 100, 100 * MOST_OVER_QUOTA, "%")
        )
        kept.append(Promise("Graph: users that failed for good", found.graph.failed, 0))
    return kept


def markdown(found: Found) -> str:
    """Return the tables."""
    tables = [_directories(found, found.creates, "creates"), _directories(found, found.reads, "rows read")]
    if found.graph is not None:
        tables.append(_graph(found.graph, found.graph_cpu))
    return "\n\n".join("\n".join(lines) for lines in (*tables, _promises(found)))


def _directories(found: Found, measured: Mapping[tuple[str, str], Sequence[Took]], what: str) -> Iterator[str]:
    yield f"| {what} | by | per second | of bare ldap3 | of the command line | CPU ms each | of it ours |"
    yield "| --- | --- | --: | --: | --: | --: | --: |"
    for target in found.targets:
        for who in (HUB, ALONE, BARE, TOOL):
            if (target, who) not in measured:
                continue
            rate, cpu = _rate(measured, target, who), _cpu(measured, target, who)
            ours = max(0.0, cpu - _cpu(measured, target, BARE)) if who in (HUB, ALONE) else None
            yield (
                f"| {target} | {who} | {rate:,.0f} | {rate / _rate(measured, target, BARE):.2f}x "
                f"| {rate / _rate(measured, target, TOOL):.2f}x | {f'{cpu:.2f}' if cpu else ''} "
                f"| {'' if ours is None else f'{ours:.2f}'} |"
            )


def _graph(load: Load, cpu: float) -> Iterator[str]:
    yield "| Graph, first load | found |"
    yield "| --- | --: |"
    yield f"| users | {load.users:,} |"
    yield f"| HTTP requests for each user, look-up included | {load.requests_per_user:.3f} |"
    yield f"| simulated time, over the quota's own minimum of {load.least_seconds:.0f} s | {load.over:+.2%} |"
    yield f"| users put off and taken up again, answers of 429 | {load.put_off:,}, {load.throttled:,} |"
    yield f"| connector's CPU ms for each user, Microsoft's client included | {cpu:.2f} |"


def _promises(found: Found) -> Iterator[str]:
    yield "| what must hold | found | bound | |"
    yield "| --- | --: | --: | --: |"
    for each in promises(found):
        yield f"| {each.what} | {each.found:.2f}{each.unit} | {each.demanded} | {'kept' if each.kept else 'NOT KEPT'} |"


def _rate(measured: Mapping[tuple[str, str], Sequence[Took]], target: str, who: str) -> float:
    return median(took.per_second for took in measured[target, who])


def _cpu(measured: Mapping[tuple[str, str], Sequence[Took]], target: str, who: str) -> float:
    return median(took.cpu_ms for took in measured[target, who])
