"""Where deactivation takes somebody out of the groups, activation brings them back."""

from tests.engine.conftest import World


async def stripped(world: World) -> None:
    """Let the target take whoever is deactivated out of every group."""
    world.target.keeps_memberships = False


async def test_who_is_activated_again_is_back_in_the_groups(world: World) -> None:
    await stripped(world)
    mira, noor = await world.user("mira"), await world.user("noor")
    await world.group("Risk", mira, noor)
    await world.group("Audit", mira)
    await world.settle()
    await world.patch(mira, active=False)
    await world.settle()
    assert world.members("Risk") == {"noor"}
    assert world.members("Audit") == set()
    await world.patch(mira, active=True)
    await world.settle()
    assert world.members("Risk") == {"mira", "noor"}
    assert world.members("Audit") == {"mira"}


async def test_a_group_that_was_left_meanwhile_stays_left(world: World) -> None:
    await stripped(world)
    mira = await world.user("mira")
    risk = await world.group("Risk", mira)
    await world.settle()
    await world.patch(mira, active=False)
    await world.settle()
    await world.hub.directory.change_members(risk.id, remove=[mira.id])
    await world.settle()
    await world.patch(mira, active=True)
    await world.settle()
    assert world.members("Risk") == set()


async def test_it_survives_the_loss_of_every_message(world: World) -> None:
    await stripped(world)
    mira = await world.user("mira")
    await world.group("Risk", mira)
    await world.settle()
    await world.patch(mira, active=False)
    await world.settle()
    await world.patch(mira, active=True)
    await world.run(await world.take())
    await world.lose()
    assert world.members("Risk") == set()
    await world.sweep()
    await world.settle()
    assert world.members("Risk") == {"mira"}


async def test_where_groups_are_kept_an_activation_asks_nothing_of_them(world: World) -> None:
    mira = await world.user("mira")
    await world.group("Risk", mira)
    await world.settle()
    await world.patch(mira, active=False)
    await world.settle()
    world.target.calls.clear()
    await world.patch(mira, active=True)
    await world.settle()
    assert world.target.calls == ["activate"]
