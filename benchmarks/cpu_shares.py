"""Whose processor time it is: the hub's own, the SCIM library's, or the storage client's.

Two measurements, because neither is enough:

- *Steps* are exact. Each step of a coroutine between two waits is timed by the thread's own clock of processor time;
  what runs below the seam ``storage.store`` is taken off. That is the hub's and the library's time together. All else
  that the process uses is the storage client's: in the measured process every socket, and so the event loop, is its.
- *Samples* divide that between hub and library. A timer interrupts the thread a thousand times a second, at random
  intervals (regular ones would fall into step with requests that take the same time), and notes the innermost frame
  whose file belongs to one of the two. What ``json`` or ``re`` spend is their caller's, and so is what C code spends.
  With n samples in a share p the error is sqrt(p(1-p)/n): about one point of a hundred at two thousand.

Samples alone would overrate the storage client: where a thread falls asleep or makes another run, as in ``send``, the
next interruption finds it, whenever it comes. A deterministic profile would overrate Python against C.
"""

import random
import signal
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import FrameType

from benchmarks.cpu_steps import Steps

ROOT = Path(__file__).resolve().parents[1]
SITE = Path(sysconfig.get_path("purelib"))
INTERVAL = 0.001
"""Mean seconds between two samples."""


class Room(StrEnum):
    """Whose code it is."""

    OURS = "provisioning"
    SCIM = "SCIM library"
    STORAGE = "storage client"
    BENCH = "benchmark"


_STORAGE_ROOM = "provisioning/storage"
"""What of the hub speaks to storage: the client that it has in place of the SDK's."""

_PACKAGES: Mapping[Room, tuple[str, ...]] = {
    Room.SCIM: ("scim2_models", "scim2_server", "pydantic", "pydantic_core", "annotated_types", "typing_extensions.py"),
    Room.STORAGE: ("azure/core", "azure/data", "azure/storage", "aiohttp", "yarl", "multidict", "propcache", "attr"),
    # What the platform hands over: its request and response are part of what serving costs us.
    Room.OURS: ("azure/functions",),
}


def room_of(file: str) -> Room | None:
    """Return whose file it is; ``None`` for the standard library and what no room claims."""
    path = Path(file)
    if path.is_relative_to(SITE):
        inside = path.relative_to(SITE)
        return next((room for room, names in _PACKAGES.items() if any(map(inside.is_relative_to, names))), None)
    if path.is_relative_to(ROOT):
        inside = path.relative_to(ROOT)
        if inside.is_relative_to(_STORAGE_ROOM):
            return Room.STORAGE
        return Room.BENCH if inside.parts[0] in {"benchmarks", "tests"} else Room.OURS
    return None


@dataclass(slots=True)
class Shares:
    """What both measurements have found."""

    steps: Steps = field(default_factory=Steps)
    rooms: Counter[Room] = field(default_factory=Counter)
    functions: Counter[tuple[Room, str]] = field(default_factory=Counter)

    @property
    def samples(self) -> int:
        """How many samples met the hub or the library."""
        return self.rooms[Room.OURS] + self.rooms[Room.SCIM]

    def split(self, spent: float) -> Mapping[Room, float]:
        """Divide what was spent among the rooms."""
        hub = spent * self.steps.hub / self.steps.whole if self.steps.whole else 0.0
        sampled = {room: self.rooms[room] for room in Room if room is not Room.STORAGE}
        whole = sum(sampled.values()) or 1
        return {room: hub * count / whole for room, count in sampled.items()} | {Room.STORAGE: spent - hub}


_rooms: dict[str, Room | None] = {}


def _room(frame: FrameType) -> Room | None:
    file = frame.f_code.co_filename
    if file not in _rooms:
        _rooms[file] = room_of(file)
    return _rooms[file]


@contextmanager
def sampled(into: Shares) -> Iterator[None]:
    """Sample the main thread inside the block."""
    ended = False

    def note(_: int, top: FrameType | None) -> None:
        if ended:
            return  # this one was on its way when the timer was stopped; another would find nobody
        owner = top
        while owner is not None and (room := _room(owner)) is None and owner.f_code.co_name != "_run_once":
            owner = owner.f_back
        if top is not None:
            whose = room or Room.STORAGE
            into.rooms[whose] += 1
            into.functions[whose, named(top, owner)] += 1
        signal.setitimer(signal.ITIMER_REAL, _interval())

    before = signal.signal(signal.SIGALRM, note)
    signal.setitimer(signal.ITIMER_REAL, _interval())
    try:
        yield
    finally:
        ended = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _interval() -> float:
    return random.uniform(0.2, 1.8) * INTERVAL  # noqa: S311 - no secret


def named(top: FrameType, owner: FrameType | None) -> str:
    """Return the function that ran, and before an arrow the one of the room that had called it."""
    shown = _shown(top)
    return shown if owner is None or owner is top else f"{_shown(owner)} -> {shown}"


def _shown(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    for base in (SITE, ROOT):
        if path.is_relative_to(base):
            path = path.relative_to(base)
            break
    else:
        path = Path(*path.parts[-2:])
    return f"{path.as_posix()}:{frame.f_code.co_qualname}"
