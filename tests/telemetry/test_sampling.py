"""Which spans are told of: whole stories, a bounded number of new ones, and all that follows from them."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from provisioning.telemetry.sampling import Examples
from provisioning.telemetry.spans import current, span, trace_with


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def told(time: Time) -> Iterator[InMemorySpanExporter]:
    """The spans that are told of, 1 a second and 2 at once."""
    exporter = InMemorySpanExporter()
    tracers = TracerProvider(Examples(1.0, 2.0, time))
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    trace_with(tracers.get_tracer("test"))
    yield exporter
    trace_with(None)
    tracers.shutdown()


def names(told: InMemorySpanExporter) -> list[str]:
    return [each.name for each in told.get_finished_spans()]


def test_a_trickle_is_told_whole(told: InMemorySpanExporter, time: Time) -> None:
    for number in range(10):
        with span(f"s{number}"):
            pass
        time.seconds += 1
    assert len(names(told)) == 10


def test_of_a_flood_a_bounded_part_is_told(told: InMemorySpanExporter, time: Time) -> None:
    for _ in range(100):
        with span("s"):
            pass
        time.seconds += 0.05
    assert len(names(told)) == 2 + 5 - 1


def test_a_story_is_told_whole_or_not_at_all(told: InMemorySpanExporter) -> None:
    for story in ("one", "two", "three"):
        with span(story), span(f"{story}, inside"):
            pass
    assert names(told) == ["one, inside", "one", "two, inside", "two"]


def test_of_a_flood_that_one_story_leads_to_a_bounded_part_is_told(told: InMemorySpanExporter, time: Time) -> None:
    """A resync is one job, and sends one for each person."""
    with span("resync"):
        cause = current()
    for _ in range(1000):
        with span("converge", cause=cause):
            pass
        time.seconds += 0.01
    assert names(told).count("converge") == pytest.approx(10 + 10 * 5, abs=1)


def test_what_follows_from_a_told_story_is_told_beyond_the_bound(told: InMemorySpanExporter) -> None:
    with span("request"):
        cause = current()
    with span("another"):
        pass
    with span("job", cause=cause):
        pass
    with span("too many"):
        assert current() == ""
    assert names(told) == ["request", "another", "job"]
