"""Rate limits: a token bucket for each source, with the clock handed in."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.sources.errors import RateExceeded, SourceRefused
from provisioning.sources.rates import Bucket, Limits, Rate, take
from provisioning.sources.sources import Sources
from tests.sources.conftest import Time, source_of


def test_a_burst_is_taken_at_once_and_then_what_flows_in() -> None:
    rate, bucket, waits = Rate(10, 3), None, []
    for now in (0.0, 0.0, 0.0, 0.0, 0.05, 0.1, 0.1):
        bucket, wait = take(rate, bucket, now)
        waits.append(round(wait, 3))
    assert waits == [0, 0, 0, 0.1, 0.05, 0, 0.1]


def test_a_pause_fills_the_bucket_to_the_burst_and_no_more() -> None:
    bucket, _ = take(Rate(10, 3), Bucket(0, 0), 1000)
    assert bucket == Bucket(2, 1000)


def test_a_clock_that_stands_or_goes_back_gives_nothing() -> None:
    assert take(Rate(10, 3), Bucket(0, 100), 50)[1] == 0.1


def test_a_smaller_burst_is_in_force_at_once() -> None:
    bucket, _ = take(Rate(1, 2), Bucket(200, 0), 0)
    assert bucket.left == 1


@given(st.floats(1, 1000), st.integers(1, 500), st.lists(st.floats(0, 2, allow_nan=False), min_size=1, max_size=200))
def test_no_more_is_let_through_than_the_burst_and_what_flows_in(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    bucket, now, passed = None, 0.0, 0
    for pause in pauses:
        now += pause
        bucket, wait = take(Rate(per_second, burst), bucket, now)
        passed += wait == 0
    assert passed <= burst + (now - pauses[0]) * per_second + 1e-6


def test_whoever_waits_as_long_as_told_is_let_through() -> None:
    rate = Rate(0.3, 1)
    bucket, _ = take(rate, None, 0)
    bucket, wait = take(rate, bucket, 1)
    assert take(rate, bucket, 1 + wait)[1] == pytest.approx(0, abs=1e-9)


def test_retry_after_is_whole_seconds_and_at_least_one() -> None:
    limits = Limits(lambda: 0.0)
    limits.check("a", Rate(100, 1))
    with pytest.raises(RateExceeded) as caught:
        limits.check("a", Rate(100, 1), "entra")
    assert (caught.value.retry_after, caught.value.source) == (1, "entra")


async def test_two_hundred_at_once_and_a_hundred_a_second_are_let_through(sources: Sources, time: Time) -> None:
    _, text = await sources.issue("entra")
    for _ in range(200):
        await source_of(sources, text)
    with pytest.raises(RateExceeded):
        await source_of(sources, text)
    time.forward(timedelta(seconds=1))
    for _ in range(100):
        await source_of(sources, text)
    with pytest.raises(RateExceeded):
        await source_of(sources, text)


async def test_a_rate_is_the_sources_own(sources: Sources) -> None:
    await sources.create("other", "Other")
    await sources.change("entra", lambda source: replace(source, rate=Rate(1, 1)))
    _, mine = await sources.issue("entra")
    _, also_mine = await sources.issue("entra")
    _, theirs = await sources.issue("other")
    await source_of(sources, mine)
    with pytest.raises(RateExceeded):
        await source_of(sources, also_mine)
    for _ in range(10):
        await source_of(sources, theirs)


@pytest.mark.parametrize("rate", [Rate(0.5, 1), Rate(1, 0), Rate(10_001, 1), Rate(1, 100_001), Rate(float("nan"), 1)])
async def test_a_rate_that_cannot_be_is_refused(sources: Sources, rate: Rate) -> None:
    with pytest.raises(SourceRefused, match="requests per second"):
        await sources.change("entra", lambda source: replace(source, rate=rate))
