"""Who waits for an account is woken by its appearance, however the two moments meet."""

from dataclasses import replace

from connectors.contract import ObjectKind
from provisioning.engine.jobs import Job, JobType
from provisioning.engine.links import Link, LinkStatus
from tests.engine.conftest import World


async def test_who_begins_to_wait_while_the_account_is_being_made_is_woken_too(world: World) -> None:
    links, job = world.hub.links, Job(JobType.CONVERGE, "target", resource_id="u-manager")
    early = Link("target", "u-manager", ObjectKind.USER)
    assert await links.add_waiter(early, "l:u-early")
    stored = await links.get("target", "u-manager")
    assert stored is not None
    held = await links.lease(stored)
    assert await links.add_waiter(early, "l:u-late")
    made = replace(held, remote_id="1", status=LinkStatus.APPLIED)
    assert await links.settle(held, made, [], job) == ("l:u-early", "l:u-late")
    after = await links.get("target", "u-manager")
    assert after is not None
    assert after.waiters == ()
    assert not await links.add_waiter(early, "l:u-later")


async def test_who_waits_goes_on_waiting_while_the_account_could_not_be_made(world: World) -> None:
    links, job = world.hub.links, Job(JobType.CONVERGE, "target", resource_id="u-manager")
    held = await links.lease(Link("target", "u-manager", ObjectKind.USER))
    assert await links.add_waiter(held, "l:u-waiting")
    assert await links.settle(held, replace(held, status=LinkStatus.ESCROWED), [], job) == ()
    after = await links.get("target", "u-manager")
    assert after is not None
    assert after.waiters == ("l:u-waiting",)
