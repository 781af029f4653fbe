"""What the cost run found, as the tables of docs: counted, reckoned, by resource, by tenant. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from benchmarks.cost.footprint import Counted
from benchmarks.cost.model import JOBS_PER_SECOND, REQUESTS_PER_SECOND, Deployment, bill, mixed, month, rounded
from benchmarks.cost.prices import Prices
from benchmarks.cost.resources import RESOURCES
from benchmarks.cost.tenants import TENANTS, first_load, monthly

MILLION = 1_000_000


def counted_table(counted: Counted) -> Iterator[str]:
    """What one operation asks of storage and of the processor."""
    yield from _head("operation", "table requests", "queue requests", "CPU ms", "log lines")
    for name, found in counted.operations.items():
        yield _row(name, _number(found.tables), _number(found.queues), f"{found.cpu:.2f}", _number(found.lines))


def resources_table(counted: Counted, deployment: Deployment, prices: Prices) -> Iterator[str]:
    """Each resource, why it is there, and what it costs: idle, at a million requests in bursts, and one by one."""
    several = replace(deployment, burst=True)
    single = replace(deployment, burst=False)
    bills = [
        bill(month(counted, 0, several), several, prices),
        bill(month(counted, MILLION, several), several, prices),
        bill(month(counted, MILLION, single), single, prices),
    ]
    yield from _head("resource", "why it is there", "idle", "a million, in bursts", "a million, one by one", left=2)
    for each in RESOURCES:
        costs = [_money(found[each.type]) if found.get(each.type) else each.price for found in bills]
        yield _row(f"`{each.type}`{each.parts}", each.why, *costs)
    yield _row("**together**", "without what is an option", *(f"**{_money(sum(found.values()))}**" for found in bills))


def tenants_table(counted: Counted, base: Deployment, prices: Prices) -> Iterator[str]:
    """Three sizes: the parameters to begin with, what a month costs, and the first cycle."""
    yield from _head(
        "people",
        "requests a month",
        "memory MB",
        "most instances",
        "ready: http, jobs",
        "a month",
        "first cycle",
        "why",
    )
    for tenant in TENANTS:
        first = first_load(tenant, counted, base, prices)
        yield _row(
            f"{tenant.people:,}",
            f"{tenant.requests:,.0f}",
            str(tenant.memory),
            str(tenant.instances),
            f"{tenant.ready_http}, {tenant.ready_jobs}",
            _money(monthly(tenant, counted, base, prices)),
            f"{tenant.first_cycle:,.0f} requests, {first.hours:.1f} h, {first.logs:.1f} GB of logs, "
            f"{_money(first.extra)} more",
            tenant.why,
        )


def prices_table(prices: Prices) -> Iterator[str]:
    """The prices that were used, and which of them nobody has looked up again."""
    yield from _head("price", "USD", "for", "known from")
    for name, price in prices.prices.items():
        yield _row(name, f"{price.price:f}".rstrip("0").rstrip("."), f"{price.per:,.0f}", price.source)


def reckoned(counted: Counted, deployment: Deployment) -> str:
    """Return in words what a request of the mix asks, and how far the assumed rates are from the processor's."""
    one, jobs = mixed(counted, deployment.connections)
    busy = 100 * REQUESTS_PER_SECOND * counted["change a person"].cpu / 1000
    busy_jobs = 100 * JOBS_PER_SECOND * counted["job: change an account"].cpu / 1000
    return (
        f"A request of the mix, with the {jobs:.1f} jobs that follow in {deployment.connections} connections: "
        f"{one.tables:.1f} table requests, {one.queues:.1f} queue requests (and two of the host for each job), "
        f"{one.cpu:.1f} ms of processor time. At the assumed {REQUESTS_PER_SECOND} requests or {JOBS_PER_SECOND} jobs "
        f"a second the hub's own code keeps one processor of this machine {busy:.0f} % or {busy_jobs:.0f} % busy."
    )


def markdown(lines: Iterable[str]) -> str:
    """Return lines as one text."""
    return "\n".join(lines)


def _head(*columns: str, left: int = 1) -> Iterator[str]:
    yield _row(*columns)
    yield _row(*("---" if number < left or columns[number] == "why" else "--:" for number in range(len(columns))))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _money(amount: float) -> str:
    return f"${rounded(amount):,.2f}"
