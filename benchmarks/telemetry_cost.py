"""What telemetry costs: CPU of a SCIM write and its job with metrics and spans exported, as a ratio to without.

``python -m benchmarks.telemetry_cost``. Rounds with and without take turns in one process over Azurite and an
in-memory target; log lines are made in both. What is exported goes to a port where nobody listens, so that encoding is
counted and no other process's work is.
"""

import asyncio
import logging
import statistics
import tempfile
import time
from io import StringIO
from pathlib import Path

from connectors.contract import ObjectKind
from connectors.memory import DIRECTORIES, Directory
from provisioning.connections.connection import Connection
from provisioning.engine.jobs import Job, JobType
from provisioning.hub import QUEUES, TABLES, Hub
from provisioning.settings import Settings
from provisioning.storage.store import Storage
from provisioning.telemetry import logs
from provisioning.telemetry.export import start
from provisioning.telemetry.spans import span
from sandbox.azurite import Azurite

ROUNDS = 5
JOBS = 250
NOWHERE = "InstrumentationKey=0b3ad0c2-5f0f-4d0e-9d57-1c4a7d9b0f11;IngestionEndpoint=http://127.0.0.1:9/"


async def measure(connection_string: str) -> tuple[list[float], list[float]]:
    """Return CPU milliseconds of a create with its job, round by round: (without, with) telemetry."""
    hub = Hub.over(Storage.from_connection_string(connection_string), Settings())
    await hub.storage.ensure(TABLES, QUEUES)
    DIRECTORIES["cost"] = Directory()
    await hub.connections.create(Connection("cost", "Cost", "memory", enabled=True, settings={"directory": "cost"}))
    without: list[float] = []
    with_: list[float] = []
    await one_round(hub, "warm")
    for number in range(ROUNDS):
        without.append(await one_round(hub, f"a{number}"))
        exporting = start(NOWHERE)
        with_.append(await one_round(hub, f"b{number}"))
        exporting.close()
    await hub.close()
    return without, with_


async def one_round(hub: Hub, mark: str) -> float:
    """Create people and converge them; return CPU milliseconds for each."""
    began = time.process_time()
    for number in range(JOBS):
        name = f"{mark}-{number}@contoso.example"
        with span("scim POST Users", method="POST", resource="Users"):
            user = await hub.directory.create(ObjectKind.USER, {"userName": name, "displayName": name}, "entra")
        await hub.executor.execute(Job(JobType.CONVERGE, "cost", ObjectKind.USER, user.id, user.generation))
    return (time.process_time() - began) * 1000 / JOBS


def main() -> None:
    """Print the figures."""
    logs.install()
    logging.basicConfig(stream=StringIO(), level=logging.INFO)
    with tempfile.TemporaryDirectory() as folder, Azurite.start(log=Path(folder) / "azurite.log") as azurite:
        without, with_ = asyncio.run(measure(azurite.connection_string))
    plain, told = statistics.median(without), statistics.median(with_)
    print(f"create and its job: {plain:.2f} ms CPU without, {told:.2f} with telemetry, ratio {told / plain:.2f}")


if __name__ == "__main__":
    main()
