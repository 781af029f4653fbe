"""The first load of a tenant through the Graph connector alone, against the simulator and its quota, in simulated time.

``measure(users)`` is the way in: a few seconds of work for minutes of quota. What it counts in CPU holds both sides,
the connector and the simulated tenant, as they run in one process; ``connector_cpu(users)`` tells ours alone.
"""

import asyncio
import secrets
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from connectors.contract import Match, ObjectKind
from connectors.errors import ConnectorError, Unavailable
from connectors.graph import GraphConnector, GraphSettings
from sandbox.certificates import ensure_certificates
from sandbox.graph.clock import Clock
from sandbox.graph.knobs import Knobs
from sandbox.graph.server import Served, serve
from sandbox.graph.simulator import Simulator
from sandbox.graph.state import Tenant
from sandbox.graph.tokens import Application
from sandbox.simulated_time import SimulatedTimeLoop

JOBS_AT_ONCE = 24
"""What one instance of the hub runs at the same time."""

QUOTA, QUOTA_SECONDS = 3000, 150.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a load came to. ``seconds`` are the tenant's; ``failed`` are users that were given up."""

    users: int
    failed: int
    put_off: int
    throttled: int
    requests: int
    operations: int
    seconds: float
    cpu_seconds: float

    @property
    def least_seconds(self) -> float:
        """The time that the quota itself demands for one write for each user."""
        return max(0.0, (self.users - QUOTA) * QUOTA_SECONDS / QUOTA)

    @property
    def over(self) -> float:
        """The time beyond that, as a share of it."""
        return self.seconds / self.least_seconds - 1

    @property
    def requests_per_user(self) -> float:
        """HTTP requests for each user, look-ups and token included."""
        return self.requests / self.users

    @property
    def cpu_ms_per_user(self) -> float:
        """CPU of both sides for each user."""
        return self.cpu_seconds * 1000 / self.users


class _LoopClock(Clock):
    """The tenant's time is the loop's."""

    def __init__(self) -> None:
        super().__init__()
        self._began = datetime.now(UTC)

    def now(self) -> datetime:
        return self._began + timedelta(seconds=asyncio.get_running_loop().time())


def measure(users: int, knobs: Knobs | None = None, *, instances: int = 1, share: int | None = None) -> Load:
    """Look up and create so many users, as the hub does for users whom the tenant does not know yet.

    ``instances`` know nothing of each other, and each takes ``share`` writes in 150 seconds for its own.
    """
    with asyncio.Runner(loop_factory=SimulatedTimeLoop) as runner:
        return runner.run(_measure(users, knobs or Knobs(latency=0.1), instances, share))


async def _measure(users: int, knobs: Knobs, instances: int, share: int | None) -> Load:
    tenant = Tenant(str(uuid.uuid4()), knobs=knobs, clock=_LoopClock())
    simulator = Simulator(tenant, Application(str(uuid.uuid4()), secrets.token_urlsafe(24)))
    with tempfile.TemporaryDirectory() as folder:
        async with serve(simulator, ensure_certificates(Path(folder))) as served, AsyncExitStack() as stack:
            connectors = [await stack.enter_async_context(opened(served, share)) for _ in range(instances)]
            for connector in connectors:
                await connector.find(Match(ObjectKind.USER, "userPrincipalName", "nobody@contoso.example"))
            loop, numbers = asyncio.get_running_loop(), iter(range(users))
            before, began, cpu = dict(simulator.counts), loop.time(), time.process_time()
            ended = await asyncio.gather(*(create_users(connector, numbers) for connector in connectors))
            failed, put_off = sum(each[0] for each in ended), sum(each[1] for each in ended)
            spent = {name: count - before[name] for name, count in simulator.counts.items()}
            return Load(
                users,
                failed,
                put_off,
                spent["throttled"],
                spent["requests"],
                spent["operations"],
                loop.time() - began,
                time.process_time() - cpu,
            )


@asynccontextmanager
async def opened(served: Served, share: int | None = None) -> AsyncIterator[GraphConnector]:
    """Open a connector that waits by the loop's clock, with a write quota of its own, as in another process."""
    settings = GraphSettings(
        tenant_id=served.tenant_id,
        client_id=served.client_id,
        credential="client_secret",
        client_secret=SecretStr(served.client_secret),
        authority=served.authority,
        base_url=served.base_url,
        ca_file=str(served.ca),
        **({} if share is None else {"writes_per_150_seconds": share}),
    )
    loop = asyncio.get_running_loop()
    connector = GraphConnector(settings, clock=lambda: loop.time())
    try:
        yield connector
    finally:
        await connector.close()


def connector_cpu(users: int = 2_000) -> float:
    """Return the milliseconds of CPU that the connector alone takes to look up and create one user.

    The tenant is another process, and there are fewer users than the quota gives at once: nothing waits.
    """
    with tempfile.TemporaryDirectory() as folder:
        secret, tenant, client = secrets.token_urlsafe(24), str(uuid.uuid4()), str(uuid.uuid4())
        secret_file = Path(folder, "secret")
        secret_file.write_text(secret)
        command = [sys.executable, "-m", "sandbox.graph", "--tls-dir", folder, "--tenant", tenant]
        command += ["--client-id", client, "--client-secret-file", str(secret_file)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            line = server.stdout.readline() if server.stdout else ""
            base_url = line.split()[2]
            settings = GraphSettings(
                tenant_id=tenant,
                client_id=client,
                credential="client_secret",
                client_secret=SecretStr(secret),
                authority=base_url.removesuffix("/v1.0"),
                base_url=base_url,
                ca_file=str(Path(folder, "ca.crt")),
            )
            spent = asyncio.run(_cpu_of(settings, users))
        finally:
            server.terminate()
            server.communicate()
    return spent * 1000 / users


async def _cpu_of(settings: GraphSettings, users: int) -> float:
    connector = GraphConnector(settings)
    await connector.find(Match(ObjectKind.USER, "userPrincipalName", "nobody@contoso.example"))
    began = time.process_time()
    await create_users(connector, iter(range(users)))
    spent = time.process_time() - began
    await connector.close()
    return spent


async def create_users(
    connector: GraphConnector, numbers: Iterator[int], at_once: int = JOBS_AT_ONCE
) -> tuple[int, int]:
    """Create users as so many jobs at once would; what is put off is taken up again. Return the failed and put off."""
    failed = put_off = 0

    async def work() -> None:
        nonlocal failed, put_off
        for number in numbers:
            while True:
                try:
                    await _create(connector, number)
                except Unavailable as error:
                    put_off += 1
                    await asyncio.sleep(error.retry_after or 5.0)
                except ConnectorError:
                    failed += 1
                    break
                else:
                    break

    await asyncio.gather(*(work() for _ in range(at_once)))
    return failed, put_off


async def _create(connector: GraphConnector, number: int) -> None:
    login = f"u{number:06}@contoso.example"
    if await connector.find(Match(ObjectKind.USER, "userPrincipalName", login)):
        return
    values = {
        "userPrincipalName": login,
        "displayName": f"Person {number}",
        "givenName": "Person",
        "surname": str(number),
        "department": "Research",
        "usageLocation": "DE",
    }
    await connector.create(ObjectKind.USER, values, active=True)
