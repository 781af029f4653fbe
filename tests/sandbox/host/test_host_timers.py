"""Timer triggers: when they fire, what they are told, and what they remember over a restart."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.host.messages import TypedData
from sandbox.host.schedule import Schedule, ScheduleStatus
from sandbox.host.timers import StatusFile, Timer
from tests.host_server import RunningHost, eventually

HOURLY = Schedule("0 0 * * * *")
EVERY_SECOND = Schedule("* * * * * *")


class Fired:
    """Notes every call of a timer's function, which takes ``seconds``."""

    def __init__(self, seconds: float = 0) -> None:
        self.calls: list[dict[str, Any]] = []
        self.at: list[float] = []
        self.most_at_once = 0
        self.twice = asyncio.Event()
        self._running = 0
        self._seconds = seconds

    async def __call__(self, data: TypedData) -> None:
        self.calls.append(json.loads(data.json))
        self.at.append(time.time())
        if len(self.calls) == 2:
            self.twice.set()
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        await asyncio.sleep(self._seconds)
        self._running -= 1


@contextlib.asynccontextmanager
async def running(
    folder: Path, schedule: Schedule, fire: Callable[[TypedData], Awaitable[object]], **options: bool
) -> AsyncIterator[Timer]:
    timer = Timer(schedule, fire, StatusFile(folder, "timer"), **options)
    task = asyncio.create_task(timer.run())
    try:
        yield timer
    finally:
        timer.stop()
        await asyncio.wait_for(task, 5)


async def test_a_timer_fires_on_the_second(tmp_path: Path) -> None:
    fired = Fired()
    async with running(tmp_path, EVERY_SECOND, fired):
        await asyncio.wait_for(fired.twice.wait(), 6)
    # Never before the second, and no later than a busy machine explains.
    assert all(at % 1 < 0.6 for at in fired.at)
    assert int(fired.at[0]) != int(fired.at[1])
    assert fired.calls[0]["IsPastDue"] is False


async def test_a_timer_never_overlaps_itself_and_missed_occurrences_become_one_run(tmp_path: Path) -> None:
    fired = Fired(seconds=1.5)
    async with running(tmp_path, EVERY_SECOND, fired):
        await asyncio.sleep(3.2)
    assert fired.most_at_once == 1
    assert 2 <= len(fired.calls) <= 3, "three seconds, and one and a half for each run"


async def test_a_timer_of_less_than_a_minute_is_not_remembered(tmp_path: Path) -> None:
    fired = Fired()
    async with running(tmp_path, EVERY_SECOND, fired):
        await asyncio.sleep(1.1)
    assert fired.calls[0]["ScheduleStatus"] is None
    assert not (tmp_path / "timer.json").exists()


async def test_a_first_start_writes_down_what_is_next_without_firing(tmp_path: Path) -> None:
    fired = Fired()
    async with running(tmp_path, HOURLY, fired):
        await asyncio.sleep(0.1)
    assert fired.calls == []
    assert StatusFile(tmp_path, "timer").read() is not None


async def test_a_missed_occurrence_is_made_up_for_once_and_marked_past_due(tmp_path: Path) -> None:
    two_days_ago = datetime.now(UTC) - timedelta(days=2)
    StatusFile(tmp_path, "timer").write(ScheduleStatus.after(HOURLY, two_days_ago))
    fired = Fired()
    async with running(tmp_path, HOURLY, fired):
        await asyncio.sleep(0.1)
    assert [call["IsPastDue"] for call in fired.calls] == [True]
    assert datetime.fromisoformat(fired.calls[0]["ScheduleStatus"]["Last"]) == two_days_ago
    async with running(tmp_path, HOURLY, fired):
        await asyncio.sleep(0.1)
    assert len(fired.calls) == 1, "after the next restart it is on time"


async def test_without_monitor_nothing_is_remembered_or_made_up_for(tmp_path: Path) -> None:
    StatusFile(tmp_path, "timer").write(ScheduleStatus.after(HOURLY, datetime.now(UTC) - timedelta(days=2)))
    fired = Fired()
    async with running(tmp_path, HOURLY, fired, monitor=False):
        await asyncio.sleep(0.1)
    assert fired.calls == []


async def test_run_on_startup_fires_once_at_the_start(tmp_path: Path) -> None:
    fired = Fired()
    async with running(tmp_path, HOURLY, fired, on_startup=True):
        await asyncio.sleep(0.1)
    assert [call["IsPastDue"] for call in fired.calls] == [False]


async def test_a_damaged_status_is_as_none(tmp_path: Path) -> None:
    (tmp_path / "timer.json").write_text('{"Last": 1}')
    assert StatusFile(tmp_path, "timer").read() is None


async def test_of_two_hosts_with_one_state_only_one_runs_a_timer(tmp_path: Path) -> None:
    first, second = Fired(), Fired()
    async with running(tmp_path, EVERY_SECOND, first), running(tmp_path, EVERY_SECOND, second):
        await asyncio.sleep(1.2)
    assert (len(first.calls), len(second.calls)) == (1, 0)


async def test_the_other_host_takes_over_when_the_first_one_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.host.timers._RETRY_LOCK", 0.02)
    first, second = Fired(), Fired()
    async with contextlib.AsyncExitStack() as first_host:
        await first_host.enter_async_context(running(tmp_path, EVERY_SECOND, first))
        async with running(tmp_path, EVERY_SECOND, second):
            await asyncio.sleep(0.1)
            await first_host.aclose()
            await asyncio.sleep(1.1)
    assert second.calls


async def test_stopping_waits_for_the_run_under_way(tmp_path: Path) -> None:
    fired = Fired(seconds=0.4)
    async with running(tmp_path, HOURLY, fired, on_startup=True):
        await asyncio.sleep(0.1)
        began = time.monotonic()
    assert 0.2 < time.monotonic() - began < 1
    assert len(fired.calls) == 1


def test_timers_of_a_served_app_fire_with_schedules_from_settings(demo_host: RunningHost) -> None:
    ticks = eventually(lambda: [tick for tick in demo_host.seen("tick") if len(demo_host.seen("tick")) >= 2])
    assert 0.8 < ticks[1]["at"] - ticks[0]["at"] < 1.5
    assert ticks[0]["past_due"] is False


def test_run_on_startup_and_the_stored_status_of_a_served_app(demo_host: RunningHost) -> None:
    eventually(lambda: demo_host.seen("yearly"))
    stored = StatusFile(demo_host.state / "timers", "yearly").read()
    assert stored is not None
    assert (stored.next.month, stored.next.day, stored.next.hour) == (1, 1, 3)


def test_a_function_that_a_setting_disables_does_not_run(demo_host: RunningHost) -> None:
    eventually(lambda: len(demo_host.seen("tick")) >= 2)
    assert demo_host.seen("left_out") == []
