"""The run that is counted: SCIM requests, the jobs that follow from them, and the timers of an idle hub.

The real endpoint, directory, engine and sweeper over a storage account in Azurite, with one connection into memory.
"""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from azure.storage.queue.aio import QueueClient

from benchmarks import scim_people as people
from benchmarks.cost.footprint import Counted, Footprint
from benchmarks.cost.storage_calls import StorageCalls
from benchmarks.scim_people import Sent
from benchmarks.scim_servers import Ours
from connectors.contract import ObjectKind
from provisioning.engine.jobs import QUEUE, Job, JobType

RUNS = 20
"""How often each operation is counted; the mean is told."""


class Lines(logging.Handler):
    """Counts the lines that the hub and its connectors log, from INFO on, and the bytes of their messages."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines = 0
        self.bytes = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line."""
        self.lines += 1
        self.bytes += len(record.getMessage().encode())


@contextmanager
def listened() -> Iterator[Lines]:
    """Count lines inside the block, at the level that Azure has."""
    lines = Lines()
    loggers = [logging.getLogger(name) for name in ("provisioning", "connectors")]
    before = [(each.level, each.propagate) for each in loggers]
    for each in loggers:
        each.addHandler(lines)
        each.setLevel(logging.INFO)
        each.propagate = False
    try:
        yield lines
    finally:
        for each, (level, propagate) in zip(loggers, before, strict=True):
            each.removeHandler(lines)
            each.setLevel(level)
            each.propagate = propagate


@dataclass(slots=True)
class Meter:
    """Measures work: storage requests, processor time and log lines."""

    calls: StorageCalls
    lines: Lines
    found: Counted

    async def note(self, name: str, works: list[Callable[[], Awaitable[object]]], each: int = 0) -> None:
        """Do each work and keep the mean under a name: of the works, or of ``each`` writes that they are done for."""
        lines, size = self.lines.lines, self.lines.bytes
        with self.calls.counted() as counted:
            started = time.process_time()
            for work in works:
                await work()
            cpu = 1000 * (time.process_time() - started)
        each = each or len(works)
        self.found.operations[name] = Footprint(
            table_reads=counted["table read"] / each,
            table_writes=counted["table write"] / each,
            queue_reads=counted["queue read"] / each,
            queue_writes=counted["queue write"] / each,
            cpu=cpu / each,
            lines=(self.lines.lines - lines) / each,
            line_bytes=(self.lines.bytes - size) / each,
        )


async def count(connection: str, runs: int = RUNS) -> Counted:
    """Run the scenario over the storage account of a connection string."""
    with listened() as lines:
        parts = dict(part.split("=", 1) for part in connection.split(";") if part)
        calls = StorageCalls(urlsplit(parts["QueueEndpoint"]).port or 0)
        ours = Ours(connection, "cost", traces=[calls.trace()])
        try:
            await ours.begin()
            async with QueueClient.from_connection_string(connection, f"cost{QUEUE}") as queue:
                return await _run(ours, Meter(calls, lines, Counted()), queue, runs)
        finally:
            await ours.close()


async def _run(ours: Ours, meter: Meter, queue: QueueClient, runs: int) -> Counted:
    hub = ours.hub
    ids = [json.loads(await ours.send(people.create(number, "northwind")))["id"] for number in range(runs)]
    group = json.loads(await ours.send(Sent("POST", "/Groups", body=_group(), expect=frozenset({201}))))["id"]

    async def work_off() -> list[Callable[[], Awaitable[object]]]:
        return [partial(hub.executor.execute, job) for job in await _take(queue)]

    async def settled() -> None:
        while jobs := await work_off():
            await asyncio.gather(*(job() for job in jobs))

    async def written(write: str, requests: list[Sent], job: str) -> None:
        await meter.note(write, [partial(ours.send, sent) for sent in requests])
        await meter.note(job, await work_off())
        await settled()

    await settled()
    await hub.sweeper.sweep()
    await meter.note("find a person", [partial(ours.send, people.find(n)) for n in range(runs)])
    await meter.note("read a person", [partial(ours.send, people.get(each)) for each in ids])
    creates = [people.create(number, "fabrikam") for number in range(runs)]
    await written("create a person", creates, "job: create an account")
    await written("change a person", [people.patch(each, 1) for each in ids], "job: change an account")
    members = [people.add_member(group, each) for each in ids]
    await written("change a membership", members, "job: change a membership")
    again = [Job(JobType.CONVERGE, "target", ObjectKind.USER, each) for each in ids]
    await meter.note("job: nothing to do", [partial(hub.executor.execute, job) for job in again])
    await meter.note("sweep, for each write", [hub.sweeper.sweep], 3 * runs)
    await meter.note("sweep, nothing to do", [hub.sweeper.sweep] * runs)
    await meter.note("measure, nothing behind", [hub.measuring.measure] * runs)
    return meter.found


async def _take(queue: QueueClient) -> list[Job]:
    """Take the jobs that are visible, over a connection that is not counted: this is the Functions host's part."""
    jobs: list[Job] = []
    async for message in queue.receive_messages(messages_per_page=32, visibility_timeout=600):
        jobs.append(Job.parse(base64.b64decode(message.content)))
        await queue.delete_message(message)
    return jobs


def _group() -> bytes:
    schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"]
    return json.dumps({"schemas": schemas, "displayName": "Everybody", "externalId": "everybody"}).encode()
