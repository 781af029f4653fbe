"""The write quota on our side: a bucket that tells how long to wait, and heeds what Graph says about it."""

import pytest

from connectors.graph.quota import LONGEST_HOLD, WriteQuota, quota_of


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def quota(time: Time) -> WriteQuota:
    return WriteQuota(3000, time)


def test_a_whole_window_may_go_at_once_and_then_twenty_in_a_second(quota: WriteQuota, time: Time) -> None:
    assert quota.delay(3000) == 0
    quota.spend(3000)
    assert quota.delay(20) == pytest.approx(1)
    time.now += 1
    assert quota.delay(20) == pytest.approx(0)
    assert quota.delay(21) == pytest.approx(0.05)


def test_it_never_holds_more_than_a_window(quota: WriteQuota, time: Time) -> None:
    time.now += 10_000
    assert quota.left == 3000


def test_what_is_sent_ahead_is_waited_for_later(quota: WriteQuota) -> None:
    quota.spend(3020)
    assert quota.left == -20
    assert quota.delay() == pytest.approx(21 / 20)


def test_a_refusal_holds_everybody_for_retry_after_and_then_lets_one_try(quota: WriteQuota, time: Time) -> None:
    quota.hold(7)
    assert quota.delay() == pytest.approx(7)
    assert quota.delay(21) == pytest.approx(7 + 1)
    time.now += 6.9
    assert quota.delay() == pytest.approx(0.1)
    time.now += 0.1
    assert quota.delay() == pytest.approx(0)
    assert quota.delay(2) == pytest.approx(0.05)


def test_a_shorter_refusal_does_not_end_a_longer_one(quota: WriteQuota) -> None:
    quota.hold(30)
    quota.hold(1)
    assert quota.delay() == pytest.approx(30)


def test_an_absurd_retry_after_does_not_stop_the_connection_for_ever(quota: WriteQuota) -> None:
    quota.hold(1e9)
    assert quota.delay() == pytest.approx(LONGEST_HOLD)


def test_what_others_have_used_up_is_not_ours(quota: WriteQuota) -> None:
    quota.heed(0.9)
    assert quota.left == pytest.approx(300)
    quota.heed(1.0)
    assert quota.left == pytest.approx(40), "a rounded percentage does not stop the pace"
    quota.heed(0.8)
    assert quota.left == pytest.approx(40), "and gives nothing back"


def test_a_smaller_share_takes_effect_at_once_and_a_larger_one_adds_what_is_new(quota: WriteQuota, time: Time) -> None:
    quota.share(1500)
    assert quota.left == 1500
    quota.spend(1500)
    assert quota.delay(10) == pytest.approx(1)
    quota.share(3000)
    assert quota.left == 1500
    quota.share(3000)
    assert quota.left == 1500
    time.now += 1
    assert quota.left == 1520


def test_connections_of_one_application_in_one_tenant_share_a_bucket() -> None:
    mine = quota_of("https://login.example", "t-1", "c-1")
    assert quota_of("https://login.example", "t-1", "c-1") is mine
    assert quota_of("https://login.example", "t-2", "c-1") is not mine
    assert quota_of("https://login.example", "t-1", "c-2") is not mine
    assert quota_of("https://login.other.example", "t-1", "c-1") is not mine
