"""The server shows another certificate in the middle of a batch: of the same authority, or of one nobody trusts."""

import asyncio
from pathlib import Path

import pytest

from provisioning.reports.entries import Action, Status
from tests.faults import ledger
from tests.faults.authority import Authority
from tests.faults.conftest import EVERY_KIND
from tests.faults.ledger import DOWN, LOST
from tests.faults.office import CONNECTION, Office

pytestmark = pytest.mark.azurite

UNTRUSTED = {"ldap.tlsUnknownCa", "graph.certificateNotTrusted"}


@pytest.mark.parametrize("target", EVERY_KIND, indirect=True)
async def test_another_certificate_of_the_same_authority_costs_time_only(office: Office, authority: Authority) -> None:
    await office.staff()
    await swap_in_mid_batch(office, authority)
    await office.settle()
    await ledger.check(office, told=DOWN, unsure=LOST)
    stops = [entry for entry in await ledger.entries_of(office) if entry.action is Action.CONNECTION]
    assert Status.FAILURE not in {entry.status for entry in stops}


@pytest.mark.parametrize(
    ("target", "repair"),
    [
        pytest.param("ldap", "authority into the settings", marks=pytest.mark.slapd),
        pytest.param("active_directory", "authority into the settings", marks=pytest.mark.samba),
        pytest.param("graph", "authority into the settings"),
        pytest.param("ldap", "certificate put back", marks=pytest.mark.slapd),
        pytest.param("graph", "certificate put back"),
    ],
    indirect=["target"],
)
async def test_a_certificate_of_an_unknown_authority_stops_the_connection_until_it_is_repaired(
    strict_office: Office, authority: Authority, tmp_path: Path, repair: str
) -> None:
    office = strict_office
    other = Authority(tmp_path / "other")
    await office.staff()
    await swap_in_mid_batch(office, other)
    if not (await office.hub.health.counts()).quarantined:
        # Broken connections alone opened the circuit, before anybody has seen the certificate.
        await office.let_time_pass()
        await office.hub.sweeper.sweep()
        await office.work()
    assert (await office.hub.health.counts()).quarantined == (CONNECTION,)
    state = await office.hub.circuits.get(CONNECTION, fresh=True)
    assert state.code in UNTRUSTED
    assert "CA" in state.fix
    # Time alone repairs nothing, and nothing is tried.
    before = await office.target.read()
    await office.let_time_pass()
    await office.hub.sweeper.sweep()
    await office.work()
    assert await office.target.read() == before

    if repair == "certificate put back":
        await office.target.show(authority.issue(*office.target.names))
        await office.hub.circuits.free(await office.hub.connections.get(CONNECTION))
    else:
        await office.reconnect(ca_file=str(other.file))
    await office.settle()
    await ledger.check(office, told=DOWN, unsure=LOST | UNTRUSTED)
    stops = [entry for entry in await ledger.entries_of(office) if entry.action is Action.CONNECTION]
    assert [entry.code for entry in stops if entry.status is Status.FAILURE] == [state.code]


async def swap_in_mid_batch(office: Office, authority: Authority) -> None:
    """Have another certificate shown when some accounts are there, and work on to the end of the queue."""
    batch = asyncio.create_task(office.work())
    await office.target.reaches(10)
    await office.target.show(authority.issue(*office.target.names))
    await batch
