"""Works a hub's queue off inside the test: jobs run when the test says so, as many at once as the host would run."""

import asyncio
import base64
from collections.abc import Iterable

from provisioning.engine.jobs import QUEUE, Job
from provisioning.hub import Hub

AT_ONCE = 24
"""batchSize + newBatchThreshold of host.json."""


async def take(hub: Hub) -> list[Job]:
    """Take what is visible on the queue, without running it."""
    client = hub.storage.queue(QUEUE)._client
    jobs: list[Job] = []
    async for message in client.receive_messages(messages_per_page=32, visibility_timeout=600):
        jobs.append(Job.parse(base64.b64decode(message.content)))
        await client.delete_message(message)
    return jobs


async def run(hub: Hub, jobs: Iterable[Job]) -> None:
    """Run jobs at once, as far as the host would."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(job: Job) -> None:
        async with room:
            await hub.executor.execute(job)

    await asyncio.gather(*(one(job) for job in jobs))


async def drain(hub: Hub, *, rounds: int = 200) -> None:
    """Work the queue off until nothing is left on it, what was put back for a second included."""
    for _ in range(rounds):
        jobs = await take(hub)
        await run(hub, jobs)
        if not jobs:
            if await hub.storage.queue(QUEUE).length() == 0:
                return
            await asyncio.sleep(0.25)
    raise AssertionError("The queue does not run empty.")
