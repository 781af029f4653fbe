"""Export to Application Insights by OpenTelemetry's SDK. Imports it, and Azure's exporter, on first use: 0.2 s of CPU.

Of what the exporter would do besides sending, nothing is left on: no statistics about itself to Microsoft (statsbeat,
SDK stats), no settings from there that change it while it runs (control plane), no metric about the resource with
every batch of spans, and no files: an instance's disk goes with the instance, and holds no ids of people till then.
What cannot be sent within two more tries is lost; counters and gauges go on with the next minute.
"""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from provisioning.telemetry.catalogue import METRICS, Instrument
from provisioning.telemetry.metrics import Recorder, record_with
from provisioning.telemetry.spans import trace_with
from provisioning.version import VERSION

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

EXPORT_SECONDS = 60.0
FLUSH_SECONDS = 10.0
ANSWER_SECONDS = 10.0
"""How long an answer is waited for. The exporter's own limit is five minutes."""

_OFF = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",
)
"""The exporter's own switches; it has no other ones. Each is read where it is used."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exporting:
    """What is exporting."""

    meters: "MeterProvider"
    tracers: "TracerProvider"
    _flushing: threading.Lock = field(default_factory=threading.Lock)

    def flush(self) -> None:
        """Send what has gathered; blocks until that is sent or given up.

        Does nothing while another flush is at it: with an endpoint that hangs, one waiting thread more each minute
        would soon take all threads of the event loop, which resolves names in them.
        """
        if not self._flushing.acquire(blocking=False):
            return
        try:
            self.meters.force_flush(FLUSH_SECONDS * 1000)
            self.tracers.force_flush(int(FLUSH_SECONDS * 1000))
        finally:
            self._flushing.release()

    def close(self) -> None:
        """Send what has gathered, and end."""
        record_with({})
        trace_with(None)
        self.meters.shutdown()
        self.tracers.shutdown()


def start(connection: str, authentication: str = "", *, role: str = "lockstep") -> Exporting:
    """Export what is recorded from now on. ``connection`` and ``authentication`` are Application Insights' strings.

    Blocks while it imports. Raises ``ValueError`` for a string that is none.
    """
    os.environ.update(dict.fromkeys(_OFF, "true"))
    from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter, AzureMonitorTraceExporter
    from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from provisioning.telemetry.sampling import Examples
    from provisioning.telemetry.temporality import NewValues

    options: dict[str, Any] = {
        "connection_string": connection,
        "credential": credential_of(authentication),  # given also where there is none: it would read the environment
        "disable_offline_storage": True,
        "retry_total": 2,
        "read_timeout": ANSWER_SECONDS,
    }
    resource = Resource({"service.name": role, "service.version": VERSION})
    reader = PeriodicExportingMetricReader(
        NewValues(AzureMonitorMetricExporter(**options)), EXPORT_SECONDS * 1000, FLUSH_SECONDS * 1000
    )
    meters = MeterProvider([reader], resource, exemplar_filter=AlwaysOffExemplarFilter(), shutdown_on_exit=False)
    tracers = TracerProvider(Examples(), resource, shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(AzureMonitorTraceExporter(**options), schedule_delay_millis=10_000))
    record_with(recorders(meters.get_meter("lockstep")))
    trace_with(tracers.get_tracer("lockstep"))
    return Exporting(meters, tracers)


def recorders(meter: "Meter") -> dict[str, Recorder]:
    """Return what takes the values of each metric of the catalogue."""
    make: dict[Instrument, Callable[..., Any]] = {
        Instrument.COUNTER: lambda *told: meter.create_counter(*told).add,
        Instrument.HISTOGRAM: lambda *told: meter.create_histogram(*told).record,
        Instrument.GAUGE: lambda *told: meter.create_gauge(*told).set,
    }
    return {each.name: make[each.instrument](each.name, each.unit, each.tells) for each in METRICS}


def credential_of(authentication: str) -> Any:
    """Return the identity that ``[ClientId=ID;]Authorization=AAD`` asks for, or ``None`` for an empty string."""
    if not authentication:
        return None
    parts = dict(part.partition("=")[::2] for part in authentication.split(";") if part)
    told = {name.strip().lower(): value.strip() for name, value in parts.items()}
    if told.get("authorization") != "AAD":
        raise ValueError("APPLICATIONINSIGHTS_AUTHENTICATION_STRING is not [ClientId=ID;]Authorization=AAD.")
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=told.get("clientid") or None)


@cache
def _started(connection: str, authentication: str, role: str) -> Exporting | None:
    """Start once in a process. The hub serves also where telemetry cannot: that is one line in the log."""
    try:
        return start(connection, authentication, role=role)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with telemetry keeps nobody from being provisioned
        log.error(  # noqa: TRY400 - the text of a wrong connection string may hold its key
            "metrics and traces are not exported: check APPLICATIONINSIGHTS_CONNECTION_STRING and "
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
            extra={"fields": {"error": type(error).__name__}},
        )
        return None


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The telemetry of a deployment: nothing is imported or sent where ``connection`` is empty."""

    connection: str
    authentication: str
    role: str = "lockstep"

    async def start(self) -> None:
        """Begin to export, once in a process; in a thread, because it imports."""
        if self.connection:
            await asyncio.to_thread(_started, self.connection, self.authentication, self.role)

    async def flush(self) -> None:
        """Send what has gathered, in a thread; gives up after ten seconds, and leaves the rest to the next minute."""
        exporting = _started(self.connection, self.authentication, self.role) if self.connection else None
        if exporting is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.to_thread(exporting.flush), FLUSH_SECONDS)
