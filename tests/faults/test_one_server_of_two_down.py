"""One of two servers goes away in the middle of a batch: the other goes on, and nobody is there twice afterwards."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from provisioning.reports.entries import Action, Status
from provisioning.storage.store import Storage
from sandbox.samba import Samba
from sandbox.samba_pair import open_pair, replicate
from sandbox.services import ServiceFailed
from tests.faults import ledger
from tests.faults.authority import Authority
from tests.faults.conftest import LDAP
from tests.faults.front import Front
from tests.faults.ledger import LOST
from tests.faults.office import connected
from tests.faults.targets import ActiveDirectoryTarget, LdapTarget

pytestmark = pytest.mark.azurite

type Pair = tuple[Samba, Samba]

UNREPLICATED = {"ad.referenceMissing", "ad.notReplicated"}
"""What a controller says of those whom it does not know yet."""


@pytest.fixture
def pair(tmp_path: Path, authority: Authority) -> Iterator[Pair]:
    """Two controllers of one domain."""
    try:
        both = open_pair(tmp_path / "pair", durable=False)
    except ServiceFailed as problem:
        pytest.skip(str(problem))
    with ExitStack() as stack:
        for controller in both:
            controller.show(authority.issue(controller.name, controller.address))
            stack.enter_context(controller)
        yield both


@pytest.mark.samba
async def test_a_controller_that_dies_and_comes_back_leaves_nobody_twice_in_the_domain(
    storage: Storage, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    target = ActiveDirectoryTarget(first, host=f"{first.address}, {second.address}")
    async with connected(storage, target, monkeypatch) as office:
        await office.staff()
        batch = asyncio.create_task(office.work())
        await target.reaches(10)
        await target.kill()
        await batch
        assert (await office.hub.health.counts()).unavailable == ()
        await target.start()
        await asyncio.to_thread(replicate, first, second)
        await asyncio.to_thread(replicate, second, first)
        await office.settle()
        await asyncio.to_thread(replicate, second, first)
        for target.server in pair:
            await ledger.check(office, told=UNREPLICATED, unsure=LOST)


@pytest.mark.samba
async def test_who_is_changed_before_the_other_controller_knows_them_waits_and_is_not_made_again(
    storage: Storage, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    target = ActiveDirectoryTarget(first, host=f"{first.address}, {second.address}")
    async with connected(storage, target, monkeypatch) as office:
        await office.staff()
        await office.settle()
        await target.kill()
        changed, leaver = f"p00@{target.domain}", f"p19@{target.domain}"
        await office.change(changed, title="Lead")
        await office.join("Group 0", f"p09@{target.domain}")
        gone = await office.dismiss(leaver)
        await office.work()
        target.server = second
        assert (await target.read()).people == []

        await asyncio.to_thread(first.start)
        await asyncio.to_thread(replicate, first, second)
        await office.settle()
        await asyncio.to_thread(replicate, second, first)
        for target.server in pair:
            await ledger.check_system(office)
        story = (await office.hub.reports.search(person=gone.id)).entries
        assert [entry.status for entry in story if entry.action is Action.DELETE] == [Status.SUCCESS, Status.WAITING]
        codes = {entry.code for entry in await ledger.entries_of(office)}
        assert codes - {ledger.REFERENCE} == {"", "ad.notReplicated"}


@pytest.mark.parametrize("target", [LDAP], indirect=True)
async def test_the_second_address_of_a_directory_takes_over(
    storage: Storage, target: LdapTarget, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    await target.show(authority.issue("127.0.0.2"))
    front = Front("127.0.0.2", "127.0.0.1", target.server.ldaps_port)
    await front.start()
    async with connected(storage, target, monkeypatch) as office:
        await office.reconnect(host="127.0.0.2, 127.0.0.1")
        await office.staff()
        batch = asyncio.create_task(office.work())
        await office.target.reaches(10)
        await front.cut()
        await batch
        assert (await office.hub.health.counts()).unavailable == ()
        await office.settle()
        await ledger.check(office, told=LOST, unsure=LOST)
