"""Every metric that the hub records: its name, unit and attributes, and what it tells. No other name is recorded.

Application Insights keeps them in the table AppMetrics: the name in ``Name``, attributes in ``Properties``. Attributes
are names, never people: ids of connections and sources, and words from short lists.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Instrument(StrEnum):
    """How values add up: counted, put together with their extremes, or only the last one of a minute kept."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``unit`` is UCUM's: ms, s, d, or {what is counted}. ``attributes`` are all that it has."""

    name: str
    instrument: Instrument
    unit: str
    attributes: tuple[str, ...]
    tells: str


JOBS = Metric(
    "lockstep.jobs",
    Instrument.COUNTER,
    "{job}",
    ("connection", "type", "outcome"),
    "Jobs that ended: `done`, `failed` (the external system refused or did not answer, or the hub itself failed), "
    "`busy` (another job held the link; it comes again) or `dropped` (the connection is stopped or not enabled).",
)
JOB_DURATION = Metric(
    "lockstep.jobs.duration", Instrument.HISTOGRAM, "ms", ("connection", "type"), "How long jobs took."
)
CONNECTOR_CALLS = Metric(
    "lockstep.connector.calls",
    Instrument.HISTOGRAM,
    "ms",
    ("connection", "kind", "verb", "outcome"),
    "What external systems were asked for, how long it took, and how it ended: `ok`, `unavailable` (also where it took "
    "longer than a job may), `misconfigured`, `rejected`, `missing`, `exists`, or `failed` by a fault of the hub.",
)
QUEUE_WAITING = Metric(
    "lockstep.queue.waiting", Instrument.GAUGE, "{message}", (), "Messages in `provisioning-jobs`, about."
)
QUEUE_OLDEST = Metric(
    "lockstep.queue.oldest", Instrument.GAUGE, "s", (), "Age of the first visible message there; 0 where none waits."
)
QUEUE_POISON = Metric(
    "lockstep.queue.poison", Instrument.GAUGE, "{message}", (), "Messages in `provisioning-jobs-poison`, about."
)
OUTBOX_PENDING = Metric(
    "lockstep.outbox.pending",
    Instrument.GAUGE,
    "{change}",
    (),
    "Changes that not every connection has taken over; counted up to 1,000 users and 1,000 groups.",
)
OUTBOX_OLDEST = Metric("lockstep.outbox.oldest", Instrument.GAUGE, "s", (), "Age of the oldest of them; 0 where none.")
LINKS_BEHIND = Metric(
    "lockstep.links.behind",
    Instrument.GAUGE,
    "{link}",
    ("connection", "status"),
    "Links and memberships that are not as they should be, up to 1,000 for a connection.",
)
LINKS_OLDEST = Metric(
    "lockstep.links.oldest", Instrument.GAUGE, "s", ("connection",), "For how long the oldest of them has been behind."
)
CONNECTIONS_STOPPED = Metric(
    "lockstep.connections.stopped",
    Instrument.GAUGE,
    "{connection}",
    ("connection", "health"),
    "1 for each connection that stands still: `unavailable` or `quarantined`. None is told while it works, "
    "nor of an unavailable one where nothing waits for it.",
)
SCIM_REQUESTS = Metric(
    "lockstep.scim.requests",
    Instrument.HISTOGRAM,
    "ms",
    ("method", "resource", "status"),
    "SCIM requests as they were answered, and how long that took.",
)
SCIM_REFUSED = Metric(
    "lockstep.scim.refused",
    Instrument.COUNTER,
    "{call}",
    ("reason",),
    "Calls at the SCIM and token endpoints whose credentials were refused, or could not be looked at "
    "(`keysUnreachable`), or that came too often (`rate`).",
)
CREDENTIALS_DAYS_LEFT = Metric(
    "lockstep.credentials.days_left",
    Instrument.GAUGE,
    "d",
    ("name", "kind"),
    "Days until a credential ends: of the source `name` the one that ends first (kind `source`), of a Key Vault "
    "secret `name` its current version (kind `vault`). Negative when it is over.",
)
BACKUPS = Metric(
    "lockstep.backups", Instrument.COUNTER, "{backup}", (), "Backups of all tables that were finished, each whole."
)
IMPORTS = Metric(
    "lockstep.imports",
    Instrument.COUNTER,
    "{run}",
    ("connection", "result"),
    "Runs of imports that ended, `done` or `failed`. Nothing imports yet, so nothing records it yet.",
)

METRICS = (
    JOBS,
    JOB_DURATION,
    CONNECTOR_CALLS,
    QUEUE_WAITING,
    QUEUE_OLDEST,
    QUEUE_POISON,
    OUTBOX_PENDING,
    OUTBOX_OLDEST,
    LINKS_BEHIND,
    LINKS_OLDEST,
    CONNECTIONS_STOPPED,
    SCIM_REQUESTS,
    SCIM_REFUSED,
    CREDENTIALS_DAYS_LEFT,
    BACKUPS,
    IMPORTS,
)


def table() -> Iterator[str]:
    """Yield the lines of the table of metrics, for the operators' documents."""
    yield "| metric | kind, unit | attributes | what it tells |"
    yield "| --- | --- | --- | --- |"
    for each in METRICS:
        attributes = ", ".join(f"`{name}`" for name in each.attributes)
        yield f"| `{each.name}` | {each.instrument}, {each.unit} | {attributes} | {each.tells} |"
