"""The system does what it is asked to, and its answers are lost: nothing is done twice, although no account is taken
over that exists."""

import asyncio

import pytest

from sandbox.graph.knobs import Fault
from tests.connectors.ldap.ldap_proxy import LdapProxy
from tests.faults import ledger
from tests.faults.conftest import ACTIVE_DIRECTORY, GRAPH, LDAP
from tests.faults.office import Office
from tests.faults.targets import ActiveDirectoryTarget, GraphTarget, LdapTarget

pytestmark = pytest.mark.azurite


@pytest.mark.parametrize("target", [LDAP, ACTIVE_DIRECTORY], indirect=True)
async def test_a_directory_whose_answers_to_writes_are_lost_holds_nobody_twice(strict_office: Office) -> None:
    office = strict_office
    assert isinstance(office.target, LdapTarget | ActiveDirectoryTarget)
    await office.staff()
    async with LdapProxy(office.target.server).serve() as proxy:
        await office.reconnect(host="localhost", port=proxy.port)
        batch = asyncio.create_task(office.work())
        await office.target.reaches(10)
        proxy.lose_answers = True
        await batch
        proxy.lose_answers = False
        await office.settle()
        codes = await ledger.check(office, unsure={"ldap.connectionLost"})
        assert codes["ldap.connectionLost"]


@pytest.mark.parametrize("target", [GRAPH], indirect=True)
@pytest.mark.usefixtures("timeless")
async def test_graph_whose_answers_are_lost_holds_nobody_twice(strict_office: Office) -> None:
    office = strict_office
    assert isinstance(office.target, GraphTarget)
    office.target.simulator.knobs.faults = [
        Fault(status=None, after_commit=True, method="POST", path=path, every=every, times=4)
        for path, every in (("^/users$", 5), ("^/groups$", 2), ("/members/", 5))
    ]
    await office.staff()
    await office.settle()
    codes = await ledger.check(office, unsure={"graph.connectionLost"})
    assert codes["graph.connectionLost"]
