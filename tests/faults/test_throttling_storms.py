"""The server turns everything away for a while: Graph with 429, the directories with "busy". Nothing fails for good.

Neither slapd nor Samba can be made busy by a switch: a proxy in front of them answers modifications with "busy". What
was begun is finished although no account is taken over that exists.
"""

import asyncio

import pytest

from sandbox.graph.knobs import Fault
from tests.connectors.ldap.ldap_proxy import LdapProxy
from tests.faults import ledger
from tests.faults.conftest import ACTIVE_DIRECTORY, GRAPH, LDAP
from tests.faults.office import CONNECTION, Office
from tests.faults.targets import ActiveDirectoryTarget, GraphTarget, LdapTarget

pytestmark = pytest.mark.azurite


@pytest.mark.parametrize("retry_after", [5, None])
@pytest.mark.parametrize("target", [GRAPH], indirect=True)
@pytest.mark.usefixtures("timeless")
async def test_a_minute_of_429_holds_everything_up_and_loses_nothing(
    strict_office: Office, retry_after: float | None
) -> None:
    office, target = strict_office, strict_office.target
    assert isinstance(target, GraphTarget)
    await office.staff()
    batch = asyncio.create_task(office.work())
    await target.reaches(10)
    storm = Fault(status=429, retry_after=retry_after, times=None, lasts=60)
    target.simulator.knobs.faults = [storm]
    await batch
    assert (await office.hub.health.counts()).unavailable == (CONNECTION,)
    await office.settle()
    codes = await ledger.check(office, unsure={"graph.throttled"})
    assert codes["graph.throttled"]
    assert storm.strikes(target.simulator.clock.now()) is False, "the storm is not over"


@pytest.mark.parametrize("target", [LDAP, ACTIVE_DIRECTORY], indirect=True)
async def test_a_directory_that_is_busy_for_a_while_is_asked_again(strict_office: Office) -> None:
    office = strict_office
    assert isinstance(office.target, LdapTarget | ActiveDirectoryTarget)
    await office.staff()
    async with LdapProxy(office.target.server).serve() as proxy:
        await office.reconnect(host="localhost", port=proxy.port)
        batch = asyncio.create_task(office.work())
        await office.target.reaches(10)
        proxy.busy = True
        await batch
        proxy.busy = False
        await office.settle()
        codes = await ledger.check(office, unsure={"ldap.busy"})
        assert codes["ldap.busy"]
