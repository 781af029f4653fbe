"""The server goes away in the middle of batches and comes back: nobody twice, nobody lost, every error the truth."""

import asyncio
import uuid
from collections import Counter
from contextlib import AsyncExitStack

from connectors.contract import Account, Match, ObjectKind
from connectors.errors import Unavailable
from connectors.graph import GraphConnector
from sandbox.certificates import Certificates
from sandbox.graph.knobs import Fault, Knobs
from sandbox.graph.server import serve
from sandbox.graph.simulator import Simulator
from sandbox.graph.state import Tenant
from sandbox.graph.tokens import Application
from tests.connectors.graph.graph_tenant import settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
EVERYBODY = 60


async def bring(graph: GraphConnector, number: int, told: list[Unavailable]) -> Account:
    """Create a user as the engine does: what may have happened is looked up before it is tried again."""
    login = f"u{number}@contoso.example"
    while True:
        try:
            found = await graph.find(Match(USER, "userPrincipalName", login))
            return (
                found[0]
                if found
                else await graph.create(USER, {"userPrincipalName": login, "displayName": login}, active=True)
            )
        except Unavailable as error:
            told.append(error)
            await asyncio.sleep(0.05)


async def test_a_server_that_is_stopped_and_started_in_mid_batch_has_everybody_once(
    graph_certificates: Certificates,
) -> None:
    simulator = Simulator(
        Tenant(str(uuid.uuid4()), knobs=Knobs(latency=0.05)), Application(str(uuid.uuid4()), uuid.uuid4().hex)
    )
    running = AsyncExitStack()
    served = await running.enter_async_context(serve(simulator, graph_certificates))
    port = int(served.origin.rpartition(":")[2])
    graph = GraphConnector(settings_for(served))
    await graph.find(Match(USER, "userPrincipalName", "nobody@contoso.example"))
    told: list[Unavailable] = []
    bringing = asyncio.gather(*(bring(graph, number, told) for number in range(EVERYBODY)))
    for _ in range(2):
        await asyncio.sleep(0.02)
        await running.aclose()
        await asyncio.sleep(0.2)
        await running.enter_async_context(serve(simulator, graph_certificates, port=port))
        await asyncio.sleep(0.1)
    accounts = await asyncio.wait_for(bringing, 20)
    assert told, "the outages were felt"
    names = Counter(thing.values["userPrincipalName"] for thing in simulator.tenant.objects.values())
    assert names == Counter(f"u{number}@contoso.example" for number in range(EVERYBODY))
    assert {account.remote_id for account in accounts} == set(simulator.tenant.objects)

    group = await graph.create(GROUP, {"displayName": "Risk"}, active=True)
    simulator.knobs.faults = [Fault(status=None, after_commit=True, every=2, times=6)]
    everybody = [account.remote_id for account in accounts]
    for add, remove in ((everybody, []), ([], everybody[::2])):
        for start in range(0, EVERYBODY, 20):
            batch = add[start : start + 20], remove[start : start + 20]
            while True:
                try:
                    failures = await graph.change_members(group.remote_id, *batch)
                except Unavailable:
                    continue
                if not failures.failed:
                    break
    assert set(simulator.tenant.members[group.remote_id]) == set(everybody[1::2])
    await graph.close()
    await running.aclose()
