"""Processor time goes to the room whose code spends it; what C and standard library code spend goes to its caller."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from benchmarks.cpu_shares import ROOT, SITE, Room, Shares, room_of, sampled
from benchmarks.cpu_steps import Steps, stepped
from provisioning.directory.keys import encode
from provisioning.storage.store import Table


@pytest.mark.parametrize(
    ("file", "room"),
    [
        (ROOT / "provisioning/scim/handler.py", Room.OURS),
        (ROOT / "connectors/memory/connector.py", Room.OURS),
        (ROOT / "provisioning/storage/store.py", Room.STORAGE),
        (ROOT / "benchmarks/scim.py", Room.BENCH),
        (SITE / "scim2_models/base.py", Room.SCIM),
        (SITE / "scim2_server/handler.py", Room.SCIM),
        (SITE / "pydantic/main.py", Room.SCIM),
        (SITE / "aiohttp/client.py", Room.STORAGE),
        (SITE / "azure/core/pipeline/_base.py", Room.STORAGE),
        (SITE / "azure/functions/_http.py", Room.OURS),
        (json.__file__, None),
    ],
)
def test_a_file_belongs_to_a_room(file: object, room: Room | None) -> None:
    assert room_of(str(file)) is room


def test_the_parts_of_the_hub_that_speak_to_storage_exist() -> None:
    found = [path for path in (ROOT / "provisioning/storage").glob("*.py") if room_of(str(path)) is Room.STORAGE]
    assert {"store", "wire", "batch", "edm"} <= {path.stem for path in found}


def test_time_in_the_standard_library_is_its_callers() -> None:
    found, end = Shares(), time.process_time() + 0.3
    with sampled(found):
        while time.process_time() < end:
            encode("O'Brien/Zoë" * 200)  # sums up characters with unicodedata and hashes with hashlib
    assert found.samples > 50
    assert found.rooms[Room.OURS] > 0.8 * found.rooms.total()


def busy(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


async def test_steps_below_the_storage_seam_are_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async def get(table: object, partition: str, row: str) -> None:
        busy(0.05)
        await asyncio.sleep(0)
        busy(0.05)

    async def scan(table: object) -> AsyncIterator[int]:
        for number in range(2):
            busy(0.02)
            await Table.get(table, "p", "r")  # type: ignore[arg-type]
            yield number

    async def hub() -> None:
        busy(0.1)
        await Table.get(None, "p", "r")  # type: ignore[arg-type]
        busy(0.05)
        assert [number async for number in Table.scan(None)] == [0, 1]  # type: ignore[arg-type, call-arg]

    monkeypatch.setattr(Table, "get", get)
    monkeypatch.setattr(Table, "scan", scan)
    steps = Steps()
    with stepped(steps):
        await asyncio.gather(hub(), hub())
        busy(0.1)  # the loop's own: in no task that began inside
    assert steps.hub == pytest.approx(2 * 0.15, rel=0.2)
    assert steps.whole == pytest.approx(2 * (0.15 + 0.1 + 2 * 0.12) + 0.1, rel=0.2)
    assert Table.get is get
    assert Table.scan is scan


def test_shares_add_up() -> None:
    found = Shares(Steps(whole=4, hub=3), Counter({Room.OURS: 10, Room.SCIM: 19, Room.BENCH: 1, Room.STORAGE: 500}))
    assert found.split(8) == {Room.OURS: 2.0, Room.SCIM: pytest.approx(3.8), Room.BENCH: 0.2, Room.STORAGE: 2.0}
