"""The server dies in the middle of a batch and comes back: it costs time and nothing else."""

import asyncio

import pytest

from tests.faults import ledger
from tests.faults.conftest import EVERY_KIND
from tests.faults.ledger import DOWN, LOST
from tests.faults.office import Office

pytestmark = pytest.mark.azurite


@pytest.mark.parametrize("target", EVERY_KIND, indirect=True)
async def test_a_server_that_dies_in_mid_batch_and_comes_back_costs_time_only(office: Office) -> None:
    await office.staff()
    batch = asyncio.create_task(office.work())
    await office.target.reaches(10)
    await office.target.kill()
    await batch
    assert (await office.hub.health.counts()).unavailable == ("target",)
    await office.target.start()
    await office.settle()
    codes = await ledger.check(office, told=DOWN, unsure=LOST)
    assert codes.keys() & DOWN
