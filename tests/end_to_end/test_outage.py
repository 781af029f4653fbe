"""The LDAP server stops in the middle and comes back: nothing is lost, the report tells, Graph is never held up."""

import asyncio
import time

from provisioning.reports.entries import Action, Status
from tests.draining import drain
from tests.end_to_end.conftest import DOMAIN, Both


async def test_a_stopped_ldap_server_costs_time_and_nothing_else(both: Both) -> None:
    before = [f"early{number}@{DOMAIN}" for number in range(5)]
    during = [f"late{number}@{DOMAIN}" for number in range(15)]
    for name in before:
        await both.client.user(name, displayName=name, active=True)
    await drain(both.hub)

    both.slapd.stop()
    for name in during:
        await both.client.user(name, displayName=name, active=True)
    await drain(both.hub)
    assert await both.accounts("graph", during) == set(during)
    assert (await both.hub.health.counts()).unavailable == ("ldap",)
    told = (await both.hub.reports.search(connection="ldap", limit=100)).entries
    stopped = [entry for entry in told if entry.action is Action.CONNECTION]
    assert [entry.status for entry in stopped] == [Status.WAITING]
    assert stopped[0].recommended_action

    both.slapd.start()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        await both.hub.sweeper.sweep()
        await drain(both.hub)
        counts = await both.hub.health.counts()
        if not (counts.outbox or counts.links_behind or counts.unavailable):
            break
        await asyncio.sleep(0.5)
    assert await both.accounts("ldap", before + during) == {*before, *during}
    told = (await both.hub.reports.search(connection="ldap", limit=200)).entries
    assert any(entry.code == "connection.back" for entry in told)
    assert not [entry for entry in (await both.hub.reports.search(connection="graph", limit=200)).entries if entry.code]
