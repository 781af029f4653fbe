"""Timer schedules: NCRONTAB and time spans, and what counts as missed."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.host.schedule import NEVER, Schedule, ScheduleStatus, on_start
from sandbox.host.settings import HostError

START = datetime(2026, 1, 1, 12, 34, 56, 789000, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 */5 * * * *", "2026-01-01T12:35:00"),
        ("*/15 * * * * *", "2026-01-01T12:35:00"),
        ("5/20 * * * * *", "2026-01-01T12:35:05"),
        ("57 * * * * *", "2026-01-01T12:34:57"),
        ("0 0 9-17 * * MON-FRI", "2026-01-01T13:00:00"),
        ("0 30 9 * Jan Mon", "2026-01-05T09:30:00"),
        ("0 0 0 * January Sunday", "2026-01-04T00:00:00"),
        ("0 0 0 13 * Fri", "2026-02-13T00:00:00"),
        ("0 0 0 29 2 *", "2028-02-29T00:00:00"),
        ("0 0 0,6,18 * * 0", "2026-01-04T00:00:00"),
        ("*/5 * * * *", "2026-01-01T12:35:00"),
        ("0 0 0 1 */3 *", "2026-04-01T00:00:00"),
    ],
)
def test_the_next_occurrence(expression: str, expected: str) -> None:
    assert Schedule(expression).next(START) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_time_span_counts_from_the_moment_given() -> None:
    assert Schedule("00:00:05").next(START) == START + timedelta(seconds=5)
    assert Schedule("1.00:00:00").next(START) == START + timedelta(days=1)


@pytest.mark.parametrize(
    "expression",
    [
        *("", "* * * *", "* * * * * * *", "60 * * * * *", "0 0 24 * * *", "0 0 0 0 * *", "0 0 0 * 13 *"),
        *("0 0 0 * * 7", "0 0 0 L * *", "0 0 0 ? * *", "0 0 0 * * 5#2", "@daily", "*/0 * * * * *"),
        *("1-2-3 * * * * *", "5-3 * * * * *", "0 0 0 * * Mo", "0 0 0 30 2 *", "00:00:00", "25:00:00", "x"),
    ],
)
def test_what_azure_would_refuse_is_refused(expression: str) -> None:
    with pytest.raises(HostError):
        Schedule(expression).next(START)


def test_occurrences_agree_with_a_count_second_by_second() -> None:
    chance = random.Random(7)
    for _ in range(40):
        second, minute = chance.randrange(60), chance.randrange(60)
        step = chance.choice([2, 7, 15, 20])
        expression = f"{second}/{step} {minute}-{min(59, minute + 3)} * * * *"
        moment = START.replace(microsecond=0) + timedelta(seconds=1)
        while not (
            moment.second in range(second, 60, step) and moment.minute in range(minute, min(59, minute + 3) + 1)
        ):
            moment += timedelta(seconds=1)
        assert Schedule(expression).next(START) == moment, expression


def test_only_schedules_of_a_minute_and_more_are_remembered() -> None:
    assert Schedule("0 * * * * *").keeps_status
    assert Schedule("0 0 3 * * *").keeps_status
    assert Schedule("00:01:00").keeps_status
    assert not Schedule("*/30 * * * * *").keeps_status
    assert not Schedule("00:00:59").keeps_status


def test_a_timer_that_never_ran_is_not_past_due() -> None:
    status, past_due = on_start(Schedule("0 0 * * * *"), None, START)
    assert not past_due
    assert status == ScheduleStatus(last=NEVER, next=datetime(2026, 1, 1, 13, tzinfo=UTC), updated=START)


def test_a_new_timer_whose_first_occurrence_went_by_while_the_host_was_down_is_past_due() -> None:
    hourly = Schedule("0 0 * * * *")
    first, _ = on_start(hourly, None, START)
    _, past_due = on_start(hourly, first, START + timedelta(hours=1))
    assert past_due


def test_occurrences_missed_while_the_host_was_down_make_it_past_due_once() -> None:
    hourly = Schedule("0 0 * * * *")
    stored = ScheduleStatus.after(hourly, START)
    status, past_due = on_start(hourly, stored, START + timedelta(hours=30))
    assert past_due
    after_the_run = ScheduleStatus.after(hourly, START + timedelta(hours=30))
    assert after_the_run.next == datetime(2026, 1, 2, 19, tzinfo=UTC)
    assert status.next == datetime(2026, 1, 1, 13, tzinfo=UTC)


def test_a_changed_schedule_is_counted_anew_from_the_last_update() -> None:
    stored = ScheduleStatus.after(Schedule("0 0 3 * * *"), START)
    status, past_due = on_start(Schedule("0 0 * * * *"), stored, START + timedelta(minutes=5))
    assert (status.next, past_due) == (datetime(2026, 1, 1, 13, tzinfo=UTC), False)
