"""A timer trigger: waits for its schedule, never overlaps itself, and remembers over restarts what it missed.

The real host keeps the status and a lease in blobs; here a file and a file lock in the state folder do the same, so
that of two hosts with one state folder only one runs a timer.
"""

import asyncio
import contextlib
import fcntl
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sandbox.host.messages import TypedData
from sandbox.host.schedule import Schedule, ScheduleStatus, on_start

logger = logging.getLogger("host")

type Fire = Callable[[TypedData], Awaitable[object]]

_RETRY_LOCK = 1.0
_LONGEST_SLEEP = 30.0


class StatusFile:
    """Where the status of one timer is kept: the real host's JSON, replaced as a whole."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.json"
        self._lock_path = folder / f"{name}.lock"
        self._lock: IO[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def read(self) -> ScheduleStatus | None:
        """Return the stored status; ``None`` when there is none or it is unreadable."""
        try:
            document = json.loads(self._path.read_bytes())
            last, following, updated = (datetime.fromisoformat(document[n]) for n in ("Last", "Next", "LastUpdated"))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return ScheduleStatus(last, following, updated)

    def write(self, status: ScheduleStatus) -> None:
        """Store the status."""
        unfinished = self._path.with_suffix(".new")
        unfinished.write_text(json.dumps(as_json(status)))
        unfinished.replace(self._path)

    def lock(self) -> bool:
        """Take the timer for this process; tell whether that worked. The kernel gives it back when we die."""
        handle = self._lock_path.open("wb")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return False
        self._lock = handle
        return True

    def unlock(self) -> None:
        """Leave the timer to another process."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def as_json(status: ScheduleStatus) -> dict[str, str]:
    """Return the status in the names of the real host."""
    return {
        "Last": status.last.isoformat(),
        "Next": status.next.isoformat(),
        "LastUpdated": status.updated.isoformat(),
    }


class Timer:
    """Runs one function on its schedule.

    ``monitor`` is the binding's ``useMonitor``; a schedule of less than a minute is never remembered. What falls due
    while a run is under way is made up for by one run right after it.
    """

    def __init__(
        self, schedule: Schedule, fire: Fire, file: StatusFile, *, monitor: bool = True, on_startup: bool = False
    ) -> None:
        self._schedule, self._fire, self._file = schedule, fire, file
        self._monitor = monitor and schedule.keeps_status
        self._on_startup = on_startup
        self._stopping = asyncio.Event()
        # Finds a wrong schedule before the host is up.
        schedule.next(datetime.now(UTC))

    def stop(self) -> None:
        """Fire no more. ``run`` returns when the run under way has ended."""
        self._stopping.set()

    async def run(self) -> None:
        """Take the lock, make up for a missed occurrence, then fire on schedule until ``stop``."""
        while not self._file.lock():
            if await self._stopped_within(_RETRY_LOCK):
                return
        try:
            await self._run()
        finally:
            self._file.unlock()

    async def _run(self) -> None:
        stored = self._file.read() if self._monitor else None
        status, past_due = on_start(self._schedule, stored, datetime.now(UTC))
        self._store(status)
        if past_due or self._on_startup:
            status = await self._fire_once(status, datetime.now(UTC), past_due=past_due)
        while not await self._stopped_within((status.next - datetime.now(UTC)).total_seconds()):
            if datetime.now(UTC) < status.next:
                continue  # a long sleep is cut into pieces, so that a clock that is set is noticed
            status = await self._fire_once(status, datetime.now(UTC))

    async def _fire_once(self, status: ScheduleStatus, now: datetime, *, past_due: bool = False) -> ScheduleStatus:
        await self._fire(timer_info(status if self._monitor else None, past_due=past_due))
        # Counted from when the run began: what fell due meanwhile is due at once, and only once.
        following = ScheduleStatus.after(self._schedule, now)
        self._store(following)
        return following

    def _store(self, status: ScheduleStatus) -> None:
        if self._monitor:
            self._file.write(status)

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), min(max(seconds, 0), _LONGEST_SLEEP))
        # Asked again: a wait of no length times out even when the event is set.
        return self._stopping.is_set()


def timer_info(status: ScheduleStatus | None, *, past_due: bool = False) -> TypedData:
    """Return the JSON that the worker makes a ``func.TimerRequest`` of."""
    information = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": as_json(status) if status else None,
        "IsPastDue": past_due,
    }
    return TypedData(json=json.dumps(information))
