"""The connectors' own side of the benchmarks: alone, and through the whole hub from SCIM requests to accounts."""

import asyncio
import base64
import json
import os
import time
from collections.abc import Sequence

from benchmarks import scim_people
from benchmarks.connector_peers import Took
from benchmarks.connector_targets import Target
from benchmarks.scim_people import Sent
from benchmarks.scim_servers import Ours
from connectors.contract import Connector, Match, ObjectKind, Reading
from provisioning.connections.connection import Connection
from provisioning.connections.registry import connector_class
from provisioning.engine.jobs import QUEUE, Job
from provisioning.engine.links import LinkStatus
from provisioning.hub import Hub
from provisioning.storage.entities import Condition

SECRET = "LOCKSTEP_SECRET_BENCH"  # noqa: S105 - the name of the setting that holds it
AT_ONCE = 24
"""Jobs at once: batchSize + newBatchThreshold of host.json."""
CLIENTS = 8
USERS = frozenset({ObjectKind.USER})


def opened(target: Target) -> Connector:
    """Open a connector to a target."""
    kind = connector_class(target.kind)
    return kind.open(kind.settings_model.model_validate({**target.settings, "bind_password": target.password}))


async def creates(target: Target, run: str, numbers: Sequence[int]) -> Took:
    """Create people by the connector alone, as many at once as a worker has jobs."""
    connector, left = opened(target), iter(numbers)
    names = {"ldap": "uid", "active_directory": "userPrincipalName"}
    question = Match(ObjectKind.USER, names[target.kind], "nobody")
    await asyncio.gather(*(connector.find(question) for _ in range(AT_ONCE)))  # connected, and the schema is known

    async def work() -> None:
        for number in left:
            await connector.create(ObjectKind.USER, target.attributes(run, number), active=True)

    try:
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        return Took(len(numbers), time.perf_counter() - wall, time.process_time() - cpu)
    finally:
        await connector.close()


async def reads(target: Target) -> Took:
    """Read all users by the connector's first import."""
    connector, rows = opened(target), 0
    try:
        wall, cpu = time.perf_counter(), time.process_time()
        async for page in connector.changes(None, Reading(kinds=USERS, memberships=False)):
            rows += len(page.changes)
        return Took(rows, time.perf_counter() - wall, time.process_time() - cpu)
    finally:
        await connector.close()


async def through_the_hub(target: Target, storage: str, run: str, numbers: Sequence[int]) -> Took:
    """Send SCIM creates while the queue is worked off, until every account stands. ``storage``: where it is kept."""
    os.environ[SECRET] = target.password
    settings = {**target.settings, "bind_password": f"env:{SECRET}"}
    server, left = Ours(storage, run), iter(numbers)
    await server.begin(connection=Connection("target", target.name, target.kind, enabled=True, settings=settings))

    async def send() -> None:
        for number in left:
            await server.send(_create(run, number))

    try:
        wall, cpu = time.perf_counter(), time.process_time()
        sending = asyncio.gather(*(send() for _ in range(CLIENTS)))
        await _work_off(server.hub, len(numbers))
        await sending
        took = Took(len(numbers), time.perf_counter() - wall, time.process_time() - cpu)
        await _all_stand(server.hub, len(numbers))
        return took
    finally:
        await server.hub.connectors.close()
        await server.hub.close()


def _create(run: str, number: int) -> Sent:
    """POST a person of whom no name is taken: finding a free one is not what is measured."""
    names = {"userName": f"{run}{number:06}@corp.example.test", "displayName": f"{run} Person {number:06}"}
    body = json.dumps(scim_people.person(number, run) | names).encode()
    return Sent("POST", "/Users", body=body, expect=frozenset({201}))


async def _all_stand(hub: Hub, people: int) -> None:
    """See that the hub says of everybody that the account is as wanted: a failed job is quick, too."""
    rows = hub.links.table.scan("target", "", "~", where=[Condition("status", "eq", LinkStatus.APPLIED.value)])
    standing = len([row async for row in rows])
    assert standing == people, f"{standing} of {people} accounts stand"


async def _work_off(hub: Hub, jobs: int) -> None:
    """Run so many jobs, as the queue trigger does: a bounded number at once, the next as soon as there is room."""
    client, room = hub.storage.queue(QUEUE)._client, asyncio.Semaphore(AT_ONCE)  # noqa: SLF001

    async def execute(content: str) -> None:
        try:
            await hub.executor.execute(Job.parse(base64.b64decode(content)))
        finally:
            room.release()

    taken = 0
    async with asyncio.TaskGroup() as tasks:
        while taken < jobs:
            got = [each async for each in client.receive_messages(messages_per_page=16, visibility_timeout=600)]
            for message in got:
                await room.acquire()
                tasks.create_task(execute(message.content))
                await client.delete_message(message)
            taken += len(got)
            if not got:
                await asyncio.sleep(0.01)
