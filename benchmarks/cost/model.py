"""From what was counted to money: quantities of a month, by resource. Pure; every assumption is a name in here."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.cost.footprint import IDLE, SWEPT, WRITES, Counted, Footprint
from benchmarks.cost.prices import Prices

MONTH = 30 * 86_400
"""Seconds."""
MINUTES = MONTH // 60
MIX: Mapping[str, float] = {
    "find a person": 0.25,
    "read a person": 0.25,
    "create a person": 0.05,
    "change a person": 0.30,
    "change a membership": 0.15,
}
"""Of a thousand requests so many are of each kind: Entra asks before it writes. Assumed."""
REQUESTS_PER_SECOND = 20
JOBS_PER_SECOND = 10
"""What an instance of 2 GB does in a burst. Assumed, far below what processor time alone would allow: most of a request
is waiting, and the Functions host takes its share."""
CYCLE_REQUESTS_PER_SECOND = 25
LEAST_SECONDS = 1
"""An execution that runs alone is billed for a second at least. Documented."""
HOST_CALLS = 2
"""Requests of the Functions host to the queue for each message: take it, delete it."""
POLLS = 2 * MONTH / 2
"""Two queues, asked every two seconds (host.json) all month: the most it can be, for instances live shorter."""
LEASES = MONTH / 15
"""Lease renewals of the host's timers in blobs: one instance all month, every 15 s. Assumed."""
REQUEST_ROW = 1_300
LINE_ROW = 900
"""Bytes of a row of AppRequests, and of AppTraces without its message. Assumed from the columns that they have."""
METRIC_ROW = 700
METRIC_ROWS = 12
"""Rows of AppMetrics each minute while nothing happens. Assumed: the hub's gauges and those of two connections."""
SPAN_ROW = 1_000
SPANS_OF_REQUEST, SPANS_OF_JOB = 1, 2
"""Bytes of a row of AppDependencies, and how many there are: the request; the job and its call. All of them kept, as
for a trickle; of a flood the hub keeps examples (docs/architecture.md), and the bill is smaller."""
STORAGE_ROW = 1_100
"""Bytes of a row of the logs of tables and queues. Assumed."""
HOST_LINES = 2
"""Lines of the Functions host for each execution, all of them kept: sampling makes it less. The diagnostic setting of
the app (FunctionAppLogs) writes every line a second time."""
VAULT_READS = MONTH / 300
"""Reads of one secret that is used all the time, kept for five minutes. Each is a row of the vault's log, too."""
BYTES_PER_PERSON = 12_000
"""Rows of a person in the directory, of two links and of a year's report. Assumed."""


@dataclass(frozen=True, slots=True)
class Logged:
    """Which requests to storage the diagnostic settings write down: each becomes a row that is paid for.

    As in the templates: of blobs all, of queues writes (StorageWrite), of tables deletions only, which are few.
    """

    tables: bool = False
    queue_reads: bool = False
    queue_writes: bool = True
    blobs: bool = True
    host: bool = True


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployment has. ``rules`` are the frequencies of the alert rules, in minutes; ``burst``: requests come
    together, as Entra's cycles bring them, or one by one with a second between them."""

    memory: int = 2048
    connections: int = 2
    ready_http: int = 0
    ready_jobs: int = 0
    rules: Sequence[int] = ()
    people: int = 10_000
    burst: bool = True
    logged: Logged = Logged()


@dataclass(frozen=True, slots=True)
class Month:
    """Quantities of one month, by the names of prices; logs by what writes them, in bytes."""

    seconds: float = 0
    executions: float = 0
    tables: float = 0
    queues: float = 0
    leases: float = 0
    app_logs: float = 0
    diagnostics: float = 0
    vault: float = 0


def mixed(counted: Counted, connections: int) -> tuple[Footprint, float]:
    """Return what one request of the mix asks of the app, its jobs included, and how many jobs follow from it."""
    whole, jobs = Footprint(), 0.0
    for name, share in MIX.items():
        whole = _add(whole, counted[name], share)
        if name in WRITES:
            # One message was counted for one connection; each further connection is one message more.
            whole = replace(whole, queue_writes=whole.queue_writes + share * (connections - 1))
            whole = _add(whole, counted[WRITES[name]], share * connections)
            whole = _add(whole, counted[SWEPT], share)
            jobs += share * connections
    return whole, jobs


def month(counted: Counted, requests: float, deployment: Deployment) -> Month:
    """Return the quantities of a month with so many SCIM requests; 0 is an idle hub."""
    one, jobs_each = mixed(counted, deployment.connections)
    jobs = requests * jobs_each
    speed = min(1.0, deployment.memory / 2048)
    if deployment.burst:
        seconds = requests / (REQUESTS_PER_SECOND * speed) + jobs / (JOBS_PER_SECOND * speed)
    else:
        seconds = (requests + jobs) * LEAST_SECONDS
    timers = len(IDLE) * MINUTES
    executions = requests + jobs + timers
    idle = Footprint()
    for name in IDLE:
        # Each further connection is read as the first was, at most.
        idle = _add(idle, counted[name], MINUTES * max(1, deployment.connections))
    app = _add(idle, one, requests)
    host_writes = HOST_CALLS * jobs
    lines = app.lines + HOST_LINES * executions
    app_logs = (
        executions * REQUEST_ROW
        + lines * LINE_ROW
        + app.line_bytes
        + (requests * SPANS_OF_REQUEST + jobs * SPANS_OF_JOB) * SPAN_ROW
        + MINUTES * METRIC_ROWS * METRIC_ROW
    )
    logged = deployment.logged
    rows = (
        logged.tables * app.tables
        + logged.queue_reads * (app.queue_reads + host_writes + POLLS)
        + logged.queue_writes * app.queue_writes
        + logged.blobs * LEASES
    )
    return Month(
        seconds=seconds + timers * LEAST_SECONDS,
        executions=executions,
        tables=app.tables,
        queues=app.queues + host_writes + POLLS,
        leases=LEASES,
        app_logs=app_logs,
        diagnostics=rows * STORAGE_ROW + logged.host * lines * LINE_ROW,
        vault=VAULT_READS * deployment.connections,
    )


def bill(found: Month, deployment: Deployment, prices: Prices) -> dict[str, float]:
    """Return what a month costs, by the type of the resource that it is billed to."""
    memory = deployment.memory / 1024
    ready = deployment.ready_http + deployment.ready_jobs
    compute = max(0.0, found.seconds * memory - prices.free("compute GB-s"))
    executions = max(0.0, found.executions - prices.free("executions"))
    return {
        "Microsoft.Web/sites": prices.cost("compute GB-s", compute)
        + prices.cost("executions", executions)
        + prices.cost("always ready GB-s", ready * memory * MONTH),
        "Microsoft.Storage/storageAccounts": prices.cost("table requests", found.tables)
        + prices.cost("queue requests", found.queues)
        + prices.cost("blob writes", found.leases)
        + prices.cost("table GB", deployment.people * BYTES_PER_PERSON / 1e9),
        "Microsoft.OperationalInsights/workspaces": prices.cost("logs GB", found.app_logs / 1e9),
        "Microsoft.Insights/diagnosticSettings": prices.cost(
            "logs GB", (found.diagnostics + found.vault * STORAGE_ROW) / 1e9
        ),
        "Microsoft.Insights/scheduledQueryRules": sum(prices.cost(alert(each), 1) for each in deployment.rules),
        "Microsoft.KeyVault/vaults": prices.cost("vault requests", found.vault),
    }


def alert(minutes: int) -> str:
    """Return the price of a rule that is evaluated so often. Raises ``ValueError`` for more often than is wise."""
    if minutes >= 15:
        return "log alert, 15 minutes or more"
    if minutes in (5, 10):
        return f"log alert, {minutes} minutes"
    raise ValueError(f"No price is known for a rule that is evaluated every {minutes} minutes.")


def cycle(requests: float) -> float:
    """Return the hours that so many requests take, at the rate that Microsoft asks an endpoint to bear."""
    return requests / CYCLE_REQUESTS_PER_SECOND / 3600


def rounded(amount: float) -> float:
    """Return an amount of money as it is shown: two places, and never less than it is."""
    return math.ceil(amount * 100 - 1e-9) / 100


def _add(one: Footprint, other: Footprint, times: float) -> Footprint:
    return Footprint(
        *(
            getattr(one, name) + times * getattr(other, name)
            for name in ("table_reads", "table_writes", "queue_reads", "queue_writes", "cpu", "lines", "line_bytes")
        )
    )
