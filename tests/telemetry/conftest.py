"""Telemetry that is really exported: to a server of the test's own, or into a list."""

from collections.abc import Iterator, Mapping

import pytest

from provisioning.telemetry.catalogue import METRICS
from provisioning.telemetry.export import Exporting, start
from provisioning.telemetry.metrics import record_with
from tests.telemetry.ingestion import Ingestion, ingestion

type Recorded = list[tuple[str, float, dict[str, str]]]


@pytest.fixture
def sink() -> Iterator[Ingestion]:
    """Application Insights' ingestion."""
    with ingestion() as served:
        yield served


@pytest.fixture
def exporting(sink: Ingestion) -> Iterator[Exporting]:
    """The real exporter, towards ``sink``."""
    started = start(sink.connection_string, role="func-lockstep-test")
    yield started
    started.close()


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    """Every value that is recorded meanwhile: name, value, attributes, which are the catalogue's and no others."""
    values: Recorded = []

    def taking(name: str, allowed: tuple[str, ...]) -> None:
        def take(value: float, attributes: Mapping[str, str]) -> None:
            assert set(attributes) == set(allowed), name
            values.append((name, value, dict(attributes)))

        recorders[name] = take

    recorders = {}
    for metric in METRICS:
        taking(metric.name, metric.attributes)
    record_with(recorders)
    yield values
    record_with({})
