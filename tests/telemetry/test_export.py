"""What arrives at Application Insights, by Azure's own exporter: names, values, properties; and what does not."""

import asyncio
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import azure.functions as func
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from connectors.errors import Rejected
from provisioning.correlation import begin
from provisioning.telemetry import export
from provisioning.telemetry.catalogue import JOBS, LINKS_BEHIND, QUEUE_POISON, SCIM_REQUESTS
from provisioning.telemetry.export import Exporting, Telemetry, credential_of, start
from provisioning.telemetry.metrics import record
from provisioning.telemetry.spans import current, invocation, span
from sandbox.services import ROOT
from tests.telemetry.ingestion import KEY, Ingestion

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def invoked(traceparent: str = "") -> func.Context:
    """The context of an invocation, with what the host says about its operation."""
    return cast("func.Context", SimpleNamespace(trace_context=SimpleNamespace(trace_parent=traceparent)))


def test_a_counter_arrives_with_its_sum_and_its_properties(sink: Ingestion, exporting: Exporting) -> None:
    for outcome in ("done", "done", "failed"):
        record(JOBS, connection="ldap", type="converge", outcome=outcome)
    exporting.flush()
    rows = sink.wait(lambda: sink.metrics("lockstep.jobs"))
    assert {properties["outcome"]: point["value"] for properties, point in rows} == {"done": 2, "failed": 1}
    assert rows[0][0] == {"connection": "ldap", "type": "converge", "outcome": "done"}
    (envelope, *_) = sink.envelopes
    assert (envelope["name"], envelope["iKey"]) == ("Microsoft.ApplicationInsights.Metric", KEY)
    assert envelope["tags"]["ai.cloud.role"] == "func-lockstep-test"


def test_a_counter_tells_each_minute_what_that_minute_brought(sink: Ingestion, exporting: Exporting) -> None:
    for expected in (3, 1):
        for _ in range(expected):
            record(JOBS, connection="ldap", type="converge", outcome="done")
        exporting.flush()
    exporting.flush()
    assert [point["value"] for _, point in sink.metrics("lockstep.jobs")] == [3, 1]


def test_a_histogram_arrives_with_sum_count_and_extremes(sink: Ingestion, exporting: Exporting) -> None:
    for took in (10.0, 30.0, 20.0):
        record(SCIM_REQUESTS, took, method="GET", resource="Users", status="200")
    exporting.flush()
    ((properties, point),) = sink.metrics("lockstep.scim.requests")
    assert properties == {"method": "GET", "resource": "Users", "status": "200"}
    assert (point["value"], point["count"], point["min"], point["max"]) == (60, 3, 10, 30)


def test_a_gauge_is_told_once_for_each_time_it_was_measured(sink: Ingestion, exporting: Exporting) -> None:
    """What another instance measures the next minute is not contradicted by this one's old value."""
    record(QUEUE_POISON, 7)
    record(LINKS_BEHIND, 2, connection="ldap", status="escrowed")
    exporting.flush()
    record(QUEUE_POISON, 0)
    exporting.flush()
    exporting.flush()
    assert [point["value"] for _, point in sink.metrics("lockstep.queue.poison")] == [7, 0]
    assert [point["value"] for _, point in sink.metrics("lockstep.links.behind")] == [2]


def test_a_span_is_part_of_the_hosts_operation_although_the_host_does_not_sample(
    sink: Ingestion, exporting: Exporting
) -> None:
    with invocation(invoked(f"00-{TRACE}-{PARENT}-00")):
        begin("entra-run-0001")
        with span("job converge", connection="ldap"), span("ldap create", calls="ldap", kind="ldap"):
            pass
    exporting.flush()
    spans = sink.wait(lambda: len(sink.spans()) == 2 and sink.spans())
    job, verb = spans["job converge"], spans["ldap create"]
    assert job["tags"]["ai.operation.id"] == verb["tags"]["ai.operation.id"] == TRACE
    assert job["tags"]["ai.operation.parentId"] == PARENT
    assert verb["tags"]["ai.operation.parentId"] == job["data"]["baseData"]["id"]
    assert verb["data"]["baseData"]["target"] == "ldap"
    assert job["data"]["baseData"]["properties"] == {"connection": "ldap", "correlation": "entra-run-0001"}
    assert job["data"]["baseData"]["success"] is True


def test_a_job_is_linked_to_what_led_to_it(sink: Ingestion, exporting: Exporting) -> None:
    with invocation(invoked(f"00-{TRACE}-{PARENT}-00")), span("scim POST Users"):
        cause = current()
    with invocation(invoked(f"00-{'a' * 32}-{PARENT}-00")), span("job converge", cause=cause):
        pass
    exporting.flush()
    job = sink.wait(lambda: sink.spans().get("job converge"))
    assert job["tags"]["ai.operation.id"] == "a" * 32
    assert TRACE in job["data"]["baseData"]["properties"]["_MS.links"]


def test_a_failed_span_tells_the_code_and_not_the_words(sink: Ingestion, exporting: Exporting) -> None:
    refusal = Rejected("mira@northwind.example is not allowed", code="ldap.constraintViolation")
    with pytest.raises(Rejected), span("ldap create"):
        raise refusal
    exporting.flush()
    told = sink.wait(lambda: sink.spans().get("ldap create"))
    assert told["data"]["baseData"]["success"] is False
    assert told["data"]["baseData"]["properties"]["code"] == "ldap.constraintViolation"
    assert "mira" not in repr(sink.envelopes)


def test_nothing_but_what_was_recorded_is_sent_and_to_nowhere_else(sink: Ingestion, exporting: Exporting) -> None:
    record(JOBS, connection="ldap", type="converge", outcome="done")
    with span("job converge"):
        pass
    exporting.flush()
    sink.wait(lambda: len(sink.envelopes) == 2)
    assert {path.partition("?")[0] for path, _ in sink.requests} == {"/v2.1/track"}
    import azure.monitor.opentelemetry.exporter.statsbeat._state as statsbeat
    from azure.monitor.opentelemetry.exporter._configuration._state import get_configuration_manager

    assert not statsbeat.is_statsbeat_enabled()
    assert get_configuration_manager() is None


def test_what_cannot_be_sent_is_let_go_and_no_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    started = start(f"InstrumentationKey={KEY};IngestionEndpoint=http://127.0.0.1:1/")
    record(JOBS, connection="ldap", type="converge", outcome="done")
    began = time.monotonic()
    started.flush()
    assert time.monotonic() - began < 10
    started.close()
    assert list(tmp_path.iterdir()) == []


def test_an_endpoint_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = start(f"InstrumentationKey={KEY};IngestionEndpoint=http://127.0.0.1:{silent.getsockname()[1]}/")
        record(JOBS, connection="ldap", type="converge", outcome="done")
        began = time.monotonic()
        started.flush()
        assert time.monotonic() - began < 5
        started.close()


def test_of_flushes_that_hang_there_is_one() -> None:
    """Else one thread more each minute would wait, until the event loop has none left to resolve names in."""

    class Hanging:
        begun = 0
        free = threading.Event()

        def force_flush(self, _: float) -> None:
            self.begun += 1
            self.free.wait(10)

    meters = Hanging()
    exporting = Exporting(cast("MeterProvider", meters), cast("TracerProvider", Hanging()))
    first = threading.Thread(target=exporting.flush)
    first.start()
    exporting.flush()
    exporting.flush()
    assert meters.begun == 1
    Hanging.free.set()
    first.join()
    exporting.flush()
    assert meters.begun == 2


@pytest.mark.parametrize("connection", ["nonsense", "InstrumentationKey=short;IngestionEndpoint=http://127.0.0.1:1/"])
async def test_a_wrong_connection_string_is_a_line_in_the_log_and_no_outage(
    connection: str, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry = Telemetry(connection, "")
    await telemetry.start()
    await telemetry.flush()
    assert "APPLICATIONINSIGHTS_CONNECTION_STRING" in caplog.text
    assert connection not in caplog.text


async def test_without_a_connection_string_nothing_is_imported_or_sent() -> None:
    await Telemetry("", "").flush()
    code = "import asyncio, sys; from provisioning.telemetry.export import Telemetry; "
    code += "asyncio.run(Telemetry('', '').start()); "
    code += "print([n for n in sys.modules if n.startswith(('opentelemetry.sdk', 'azure.monitor'))])"
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_authentication_string_gives_the_identity_that_it_names() -> None:
    from azure.identity import ManagedIdentityCredential

    for text in ("ClientId=6f1c0f57-0000-4000-8000-000000000001;Authorization=AAD", "Authorization=AAD"):
        assert isinstance(credential_of(text), ManagedIdentityCredential)
    assert credential_of("") is None


@pytest.mark.parametrize("wrong", ["Authorization=Key", "ClientId=x", "AAD"])
def test_another_authentication_string_is_refused(sink: Ingestion, wrong: str) -> None:
    with pytest.raises(ValueError, match="APPLICATIONINSIGHTS_AUTHENTICATION_STRING"):
        start(sink.connection_string, wrong)
