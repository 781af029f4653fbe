"""Users converge: created, linked, updated, cleared, renamed, deactivated, restored and deleted in the target."""

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Rejected
from provisioning.connections.connection import Features
from provisioning.engine.links import LinkStatus
from tests.engine.conftest import MANAGER, World

USER = ObjectKind.USER


async def test_a_new_user_gets_an_account(world: World) -> None:
    mira = await world.user("mira", title="Analyst")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.active
    assert account.attributes["title"] == "Analyst"
    link = await world.link(mira)
    assert (link.remote_id, link.status, link.generation) == (account.remote_id, LinkStatus.APPLIED, mira.generation)
    assert await world.told() == [("create", "success", "")]


async def test_a_change_is_written_and_nothing_else(world: World) -> None:
    mira = await world.user("mira", title="Analyst")
    await world.settle()
    world.target.calls.clear()
    await world.patch(mira, title="Lead")
    await world.settle()
    assert world.target.calls == ["update"]
    entry = (await world.report())[-1]
    assert entry.changes == {"title": ("Analyst", "Lead")}
    assert (entry.name, entry.remote_name) == ("mira", "mira")


@pytest.mark.parametrize("empty", [None, ""])
async def test_an_emptied_attribute_is_cleared(world: World, empty: str | None) -> None:
    mira = await world.user("mira", title="Analyst")
    await world.settle()
    await world.patch(mira, title=empty)
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert not account.attributes.get("title")


async def test_a_rename_is_a_rename(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    before = world.account("mira")
    await world.patch(mira, userName="mira.lind")
    await world.settle()
    after = world.account("mira.lind")
    assert before is not None
    assert after is not None
    assert after.remote_id == before.remote_id
    assert len(world.target.accounts) == 1


async def test_an_existing_account_is_linked_and_keeps_what_the_directory_does_not_know(world: World) -> None:
    other = await world.user("mira", title="Analyst")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    await world.connect("second")
    world.targets["second"].accounts = dict(world.target.accounts)
    await world.patch(other, displayName="Mira", title=None)
    await world.settle()
    linked = world.account("mira", "second") or world.account("Mira", "second")
    assert linked is not None
    assert linked.remote_id == account.remote_id
    assert linked.attributes["title"] == "Analyst"
    assert linked.attributes["displayName"] == "Mira"
    assert ("link", "success", "") in await world.told(connection="second")


async def test_an_inactive_user_is_deactivated_and_restored(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    await world.patch(mira, active=False)
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.active is False
    await world.patch(mira, active=True)
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.active
    assert [told[0] for told in await world.told()] == ["create", "deactivate", "activate"]


async def test_an_inactive_user_is_never_created_but_an_existing_account_is_deactivated(world: World) -> None:
    await world.user("mira", active=False)
    await world.settle()
    assert world.account("mira") is None
    assert await world.told() == [("skip", "skipped", "inactiveNotCreated")]


async def test_a_leaver_is_cut_off_before_anything_else_is_written(world: World) -> None:
    mira = await world.user("mira", title="Analyst")
    await world.settle()
    world.target.calls.clear()
    await world.patch(mira, active=False, title="Alumna")
    await world.settle()
    assert world.target.calls == ["deactivate", "update"]


async def test_a_deleted_user_is_deleted(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    await world.delete(mira)
    await world.settle()
    assert world.account("mira") is None
    assert (await world.link(mira)).status is LinkStatus.DELETED
    assert await world.told() == [("create", "success", ""), ("delete", "success", "")]


async def test_a_deleted_user_is_deactivated_where_the_connection_says_so(empty_world: World) -> None:
    await empty_world.connect(deletion="deactivate")
    mira = await empty_world.user("mira")
    await empty_world.settle()
    await empty_world.delete(mira)
    await empty_world.settle()
    account = empty_world.account("mira")
    assert account is not None
    assert account.active is False


async def test_a_person_who_comes_back_gets_the_kept_account_again(empty_world: World) -> None:
    await empty_world.connect(deletion="deactivate")
    first = await empty_world.user("mira")
    await empty_world.settle()
    await empty_world.delete(first)
    await empty_world.settle()
    again = await empty_world.user("mira")
    await empty_world.settle()
    account = empty_world.account("mira")
    assert account is not None
    assert account.active
    assert (await empty_world.link(again)).remote_id == account.remote_id
    assert (await empty_world.link(first)).remote_id == ""


async def test_an_account_that_somebody_deleted_there_is_made_again(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    world.target.accounts.clear()
    await world.patch(mira, title="Lead")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.attributes["title"] == "Lead"


async def test_two_candidates_are_parked_for_an_administrator_and_none_is_picked(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    twin = world.account("mira")
    assert twin is not None
    await world.connect("second")
    world.targets["second"].accounts = {
        "1": type(twin)(twin.kind, "1", "mira", twin.attributes, True),
        "2": type(twin)(twin.kind, "2", "mira ", twin.attributes, True),
    }
    await world.patch(mira, title="Lead")
    await world.settle()
    link = await world.link(mira, "second")
    assert (link.status, link.problem.code, link.remote_id) == (LinkStatus.PARKED, "match.ambiguous", "")
    assert all("title" not in each.attributes for each in world.targets["second"].accounts.values())


@pytest.mark.parametrize("active", [True, False])
async def test_a_switch_whose_answer_was_lost_is_taken_back_all_the_same(world: World, active: bool) -> None:
    mira = await world.user("mira", active=True)
    await world.settle()
    if not active:
        await world.patch(mira, active=False)
        await world.settle()
    world.target.answers_lost = True
    await world.patch(mira, active=not active)
    await world.run(await world.take())
    world.target.answers_lost = False
    await world.patch(mira, active=active)
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.active is active


async def test_a_leaver_whose_account_somebody_else_has_by_now_is_not_looked_at_any_more(empty_world: World) -> None:
    await empty_world.connect(deletion="deactivate")
    mira = await empty_world.user("mira", active=True)
    await empty_world.settle()
    empty_world.target.failure = Rejected("no", code="memory.no")
    await empty_world.delete(mira)
    await empty_world.settle()
    empty_world.target.failure = None
    again = await empty_world.user("mira", active=True)
    await empty_world.settle()
    assert (await empty_world.link(again)).status is LinkStatus.APPLIED
    gone = await empty_world.link(mira)
    assert (gone.remote_id, gone.status, gone.due, gone.problem.code) == ("", LinkStatus.DELETED, "", "")
    assert (await empty_world.hub.health.counts()).links_behind == 0


async def test_an_account_of_another_resource_is_not_taken_over(world: World) -> None:
    first = await world.user("mira")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    # Somebody renames the account in the target to what a second person is called here.
    world.target.accounts[account.remote_id] = type(account)(
        account.kind, account.remote_id, "noor", {**account.attributes, "login": "noor"}, True
    )
    second = await world.user("noor")
    await world.settle()
    link = await world.link(second)
    assert (link.status, link.problem.code) == (LinkStatus.ESCROWED, "match.taken")
    assert (await world.link(first)).remote_id == account.remote_id


@pytest.mark.parametrize(
    ("features", "code"),
    [
        (Features(create_users=False), "createOff"),
        (Features(update_users=False), "updateOff"),
        (Features(deactivate_users=False), "deactivateOff"),
        (Features(delete_users=False), "deleteOff"),
    ],
)
async def test_what_is_switched_off_is_not_done_and_reported_with_its_reason(
    empty_world: World, features: Features, code: str
) -> None:
    await empty_world.connect(features=Features())
    mira = await empty_world.user("mira", title="Analyst")
    if code != "createOff":
        await empty_world.settle()
    await empty_world.change(features=features)
    if code == "updateOff":
        await empty_world.patch(mira, title="Lead")
    elif code == "deactivateOff":
        await empty_world.patch(mira, active=False)
    elif code == "deleteOff":
        await empty_world.delete(mira)
    await empty_world.settle()
    assert (await empty_world.told())[-1] == ("skip", "skipped", code)
    account = empty_world.account("mira")
    if code == "createOff":
        assert account is None
    else:
        assert account is not None
        assert (account.active, account.attributes["title"]) == (True, "Analyst")


async def test_a_change_of_nothing_that_is_mapped_is_reported_and_costs_no_call(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    world.target.calls.clear()
    changed = await world.patch(mira, nickName="Mi")
    await world.settle()
    assert world.target.calls == []
    assert (await world.told())[-1] == ("skip", "skipped", "nothingMapped")
    assert (await world.link(mira)).generation == changed.generation


async def test_a_manager_who_has_an_account_is_referred_to_by_it(world: World) -> None:
    boss = await world.user("boss")
    mira = await world.user("mira")
    await world.settle()
    await world.patch(mira, **{MANAGER: {"manager": {"value": boss.id}}})
    await world.settle()
    account, boss_account = world.account("mira"), world.account("boss")
    assert account is not None
    assert boss_account is not None
    assert getattr(account.attributes["manager"], "remote_id", None) == boss_account.remote_id


async def test_a_manager_without_an_account_yet_is_waited_for(world: World) -> None:
    boss = await world.user("boss", active=False)
    mira = await world.user("mira", **{MANAGER: {"manager": {"value": boss.id}}})
    await world.settle()
    assert world.account("mira") is not None
    assert (await world.link(mira)).status is LinkStatus.WAITING
    await world.patch(boss, active=True)
    await world.settle()
    account, boss_account = world.account("mira"), world.account("boss")
    assert account is not None
    assert boss_account is not None
    assert getattr(account.attributes["manager"], "remote_id", None) == boss_account.remote_id
    assert (await world.link(mira)).status is LinkStatus.APPLIED
