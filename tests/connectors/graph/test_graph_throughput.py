"""A first load keeps to the pace that Graph's quota allows, and just under it: in simulated time, over real TLS."""

from benchmarks.graph_load import QUOTA_SECONDS, Load, measure
from connectors.graph.settings import GraphSettings
from sandbox.graph.knobs import Fault, Knobs

SHARE = GraphSettings.model_fields["writes_per_150_seconds"].default
PACE = SHARE / QUOTA_SECONDS
"""Writes in a second once the first window is used up."""

FEW = 600
"""A quota that is used up quickly."""


def ten_thousand(load: Load) -> float:
    """The seconds that 10,000 users take at the pace that the load has come to."""
    return load.seconds + (10_000 - load.users) / PACE


def test_ten_thousand_users_take_at_most_two_percent_longer_than_the_quota_demands() -> None:
    load = measure(4_000)
    assert (load.failed, load.put_off, load.throttled) == (0, 0, 0)
    assert load.seconds >= (4_000 - SHARE) / PACE
    assert ten_thousand(load) <= 350 * 1.02
    assert load.requests_per_user < 0.2
    assert load.cpu_ms_per_user < 2.5, "of both sides; requests one by one take more than five"


def test_a_storm_of_429_costs_its_own_time_and_no_user() -> None:
    storm = Fault(status=429, retry_after=2, every=3, times=None, lasts=10)
    load = measure(700, Knobs(latency=0.1, write_quota=FEW, faults=[storm]), share=FEW)
    assert load.failed == 0
    assert load.throttled > 0
    # What was left of the first window is given up at the first refusal; nothing else is lost.
    assert load.seconds <= 700 / (FEW / QUOTA_SECONDS) + 20


def test_lost_batches_and_failing_items_create_everybody_once() -> None:
    faults = [
        Fault(status=None, after_commit=True, every=9, times=5, path=r"^/\$batch"),
        Fault(status=503, items=True, method="POST", every=3, times=40),
        Fault(status=503, after_commit=True, items=True, method="POST", every=5, times=40),
    ]
    load = measure(600, Knobs(latency=0.1, faults=faults))
    # A second create of somebody would be a conflict, and a failure.
    assert load.failed == 0
    assert load.put_off > 60


def test_instances_that_know_nothing_of_each_other_lose_nobody_to_the_quota_that_they_share() -> None:
    load = measure(700, Knobs(latency=0.1, write_quota=FEW), instances=2, share=FEW)
    assert load.failed == 0
    assert load.throttled > 0
    assert load.seconds <= (700 - FEW) / (FEW / QUOTA_SECONDS) + 10
