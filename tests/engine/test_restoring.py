"""What somebody deleted in the target is restored where the system can, before anything is made anew."""

from typing import ClassVar

import pytest

from connectors.contract import Account, Capabilities, Match, ObjectKind
from connectors.errors import Misconfigured, NotFound, Unavailable
from connectors.memory import MemoryConnector
from provisioning.connections import registry
from provisioning.connections.connection import Features
from provisioning.engine.jobs import Job, JobType
from provisioning.engine.links import LinkStatus
from provisioning.reports.entries import Action, Status
from tests.engine.conftest import GROUP, USER, World


async def deleted(world: World, name: str) -> str:
    """Delete an account in the target as its administrator would; return its remote id."""
    account = world.account(name)
    assert account is not None
    world.target.remove(account)
    return account.remote_id


async def test_an_account_that_was_deleted_there_is_restored_under_its_id(world: World) -> None:
    mira = await world.user("mira", title="Analyst")
    await world.settle()
    former = await deleted(world, "mira")
    await world.patch(mira, title="Lead")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert (account.remote_id, account.attributes["title"]) == (former, "Lead")
    link = await world.link(mira)
    assert (link.remote_id, link.status) == (former, LinkStatus.APPLIED)
    assert await world.told() == [
        ("create", "success", ""),
        ("update", "waiting", "account.gone"),
        ("restore", "success", ""),
        ("update", "success", ""),
    ]


async def test_what_was_cleared_while_it_was_deleted_is_cleared(world: World) -> None:
    mira = await world.user("mira", title="Analyst")
    await world.settle()
    await deleted(world, "mira")
    await world.patch(mira, title=None)
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert "title" not in account.attributes


async def test_a_restored_account_is_back_in_its_groups(world: World) -> None:
    mira, noor = await world.user("mira"), await world.user("noor")
    await world.group("Risk", mira, noor)
    await world.group("Audit", mira)
    await world.settle()
    await deleted(world, "mira")
    assert world.members("Risk") == {"noor"}
    await world.patch(mira, title="Lead")
    await world.settle()
    assert world.members("Risk") == {"mira", "noor"}
    assert world.members("Audit") == {"mira"}


async def test_a_restored_group_has_its_members_again(world: World) -> None:
    mira, noor = await world.user("mira"), await world.user("noor")
    risk = await world.group("Risk", mira)
    await world.settle()
    former = await deleted(world, "Risk")
    await world.hub.directory.change_members(risk.id, add=[noor.id])
    await world.settle()
    group = world.account("Risk")
    assert group is not None
    assert group.remote_id == former
    assert world.members("Risk") == {"mira", "noor"}


async def test_memberships_are_not_forgotten_when_the_jobs_that_restore_them_are_lost(world: World) -> None:
    mira = await world.user("mira")
    await world.group("Risk", mira)
    await world.settle()
    await deleted(world, "mira")
    await world.patch(mira, title="Lead")
    await world.run(await world.take())
    await world.lose()
    assert world.members("Risk") == set()
    await world.sweep()
    await world.settle()
    assert world.members("Risk") == {"mira"}


async def test_who_stands_under_the_name_goes_before_who_is_deleted(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    await deleted(world, "mira")
    await MemoryConnector(world.target).create(USER, {"login": "mira", "displayName": "New Mira"}, active=True)
    successor = world.account("mira")
    assert successor is not None
    await world.patch(mira, title="Lead")
    await world.settle()
    assert (await world.link(mira)).remote_id == successor.remote_id
    assert "restore" not in [action for action, _, _ in await world.told()]


async def test_one_who_is_gone_for_good_is_made_anew(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    former = await deleted(world, "mira")
    world.target.deleted.clear()
    await world.patch(mira, title="Lead")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.remote_id != former
    assert ("restore", "skipped", "memory.noSuchObject") in await world.told()


async def test_one_whose_restoration_is_refused_is_made_anew_and_the_connection_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> None:
        raise Misconfigured("No right to restore.", code="memory.noRight", fix="Grant it.")

    mira = await world.user("mira")
    await world.settle()
    former = await deleted(world, "mira")
    monkeypatch.setattr(MemoryConnector, "restore", refused)
    await world.patch(mira, title="Lead")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.remote_id != former
    (entry,) = [entry for entry in await world.report() if entry.action is Action.RESTORE]
    assert (entry.status, entry.recommended_action) == (Status.SKIPPED, "Grant it.")


async def test_a_restoration_that_is_put_off_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("The directory is away.", code="memory.away")

    mira = await world.user("mira")
    await world.settle()
    former = await deleted(world, "mira")
    with monkeypatch.context() as patched:
        patched.setattr(MemoryConnector, "restore", away)
        await world.patch(mira, title="Lead")
        await world.settle()
    assert world.account("mira") is None
    await world.run([Job(JobType.CONVERGE, "target", USER, mira.id, due=True)])
    account = world.account("mira")
    assert account is not None
    assert account.remote_id == former


async def test_one_that_does_not_show_yet_after_its_restoration_is_not_made_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def not_yet(*_: object) -> None:
        raise NotFound("It does not show yet.", code="memory.noSuchObject")

    mira = await world.user("mira")
    await world.settle()
    former = await deleted(world, "mira")
    with monkeypatch.context() as patched:
        patched.setattr(MemoryConnector, "update", not_yet)
        await world.patch(mira, title="Lead")
        await world.settle()
    assert (await world.link(mira)).remote_id == former
    await world.run([Job(JobType.CONVERGE, "target", USER, mira.id, due=True)])
    account = world.account("mira")
    assert account is not None
    assert (account.remote_id, account.attributes["title"]) == (former, "Lead")


async def test_nothing_is_restored_where_accounts_are_not_created(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    await deleted(world, "mira")
    await world.change(features=Features(create_users=False))
    await world.patch(mira, title="Lead")
    await world.settle()
    assert world.account("mira") is None
    assert (await world.link(mira)).status is LinkStatus.SKIPPED


async def test_a_new_user_whose_name_a_deleted_account_holds_gets_that_account(world: World) -> None:
    first = await world.user("mira", title="Analyst")
    await world.settle()
    former = world.account("mira")
    assert former is not None
    await world.delete(first)
    await world.settle()
    world.target.reserves_names = True
    again = await world.user("mira", title="Lead")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert (account.remote_id, account.attributes["title"]) == (former.remote_id, "Lead")
    assert (await world.link(again)).remote_id == former.remote_id
    assert [action for action, _, _ in await world.told(person=again.id)] == ["restore", "update"]


async def test_of_two_deleted_accounts_none_is_picked(world: World) -> None:
    for _ in range(2):
        former = await world.user("mira")
        await world.settle()
        await world.delete(former)
        await world.settle()
    world.target.reserves_names = True
    mira = await world.user("mira")
    await world.settle()
    link = await world.link(mira)
    assert (link.status, link.problem.code) == (LinkStatus.PARKED, "match.ambiguous")
    assert len(world.target.deleted) == 2


async def test_who_left_a_group_while_deleted_does_not_come_back_into_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore = MemoryConnector.restore

    async def with_memberships(self: MemoryConnector, kind: ObjectKind, remote_id: str) -> Account:
        account = await restore(self, kind, remote_id)
        for group in self.directory.members:
            self.directory.join(group, remote_id)
        return account

    monkeypatch.setattr(MemoryConnector, "restore", with_memberships)
    mira = await world.user("mira")
    risk, _ = await world.group("Risk", mira), await world.group("Audit", mira)
    await world.settle()
    former = await deleted(world, "mira")
    await world.patch(mira, active=False)
    await world.settle()
    await world.hub.directory.change_members(risk.id, remove=[mira.id])
    await world.settle()
    await world.patch(mira, active=True)
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.remote_id == former
    assert (world.members("Risk"), world.members("Audit")) == (set(), {"mira"})


async def test_a_membership_of_one_who_is_deleted_for_good_waits_for_nobody(world: World) -> None:
    mira = await world.user("mira")
    risk = await world.group("Risk", mira)
    await world.settle()
    await deleted(world, "mira")
    await world.patch(mira, active=False)
    await world.settle()
    await world.hub.directory.change_members(risk.id, remove=[mira.id])
    await world.settle()
    assert await world.hub.links.member("target", risk.id, mira.id) is not None
    await world.delete(mira)
    await world.settle()
    await world.run([Job(JobType.MEMBERS, "target", GROUP, risk.id, members=(mira.id,), due=True)])
    assert await world.hub.links.member("target", risk.id, mira.id) is None


async def test_who_was_restored_by_a_job_that_died_is_back_in_the_groups(world: World) -> None:
    mira = await world.user("mira")
    await world.group("Risk", mira)
    await world.settle()
    former = await deleted(world, "mira")
    await world.patch(mira, active=False)
    await world.settle()
    await MemoryConnector(world.target).restore(USER, former)
    await world.patch(mira, active=True)
    await world.settle()
    assert (await world.link(mira)).remote_id == former
    assert world.members("Risk") == {"mira"}


async def test_one_who_is_made_anew_is_back_in_the_groups_when_every_message_is_lost(world: World) -> None:
    mira = await world.user("mira")
    await world.group("Risk", mira)
    await world.settle()
    await deleted(world, "mira")
    world.target.deleted.clear()
    await world.patch(mira, title="Lead")
    await world.run(await world.take())
    await world.lose()
    assert world.members("Risk") == set()
    await world.sweep()
    await world.settle()
    assert world.members("Risk") == {"mira"}


async def test_one_who_is_found_though_deleted_is_looked_for_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mira = await world.user("mira")
    await world.settle()
    stale = world.account("mira")
    assert stale is not None
    former = await deleted(world, "mira")

    async def of_yesterday(self: MemoryConnector, _: Match) -> list[Account]:
        self.directory.calls.append("find")
        return [stale]

    world.target.calls.clear()
    with monkeypatch.context() as patched:
        patched.setattr(MemoryConnector, "find", of_yesterday)
        await world.patch(mira, title="Lead")
        await world.settle()
    assert world.target.calls.count("find") == 1
    assert (await world.link(mira)).status is LinkStatus.ESCROWED
    await world.run([Job(JobType.CONVERGE, "target", USER, mira.id, due=True)])
    account = world.account("mira")
    assert account is not None
    assert (account.remote_id, account.attributes["title"]) == (former, "Lead")


async def test_a_leaver_whose_account_is_gone_is_not_updated_under_no_id(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    former = await deleted(world, "mira")
    world.target.calls.clear()
    await world.patch(mira, title="Former", active=False)
    await world.settle()
    assert "update" not in world.target.calls
    link = await world.link(mira)
    assert (link.former, link.status) == (former, LinkStatus.DELETED)


async def test_a_former_account_that_another_resource_has_by_now_is_left_and_a_new_one_made(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    former = await deleted(world, "mira")
    await world.patch(mira, active=False)
    await world.settle()
    await MemoryConnector(world.target).restore(USER, former)
    await MemoryConnector(world.target).update(USER, former, {"login": "mara"})
    mara = await world.user("mara")
    await world.settle()
    await world.patch(mira, active=True)
    await world.settle()
    assert (await world.link(mara)).remote_id == former
    link = await world.link(mira)
    assert link.status is LinkStatus.APPLIED
    assert link.remote_id not in {"", former}
    assert ("restore", "skipped", "match.taken") in await world.told()


async def test_a_deleted_group_does_not_come_back_with_its_former_members_for_a_new_one(world: World) -> None:
    risk = await world.group("Risk", await world.user("mira"))
    await world.settle()
    await world.delete(risk)
    await world.settle()
    world.target.reserves_names = True
    again = await world.group("Risk")
    await world.settle()
    assert world.account("Risk") is None
    link = await world.link(again)
    assert (link.status, link.problem.code) == (LinkStatus.ESCROWED, "match.blocked")


class _WithoutBin(MemoryConnector):
    capabilities: ClassVar[Capabilities] = Capabilities()


async def test_a_system_that_restores_nothing_is_not_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryConnector, "capabilities", _WithoutBin.capabilities)
    registry.connector_class.cache_clear()
    mira = await world.user("mira")
    await world.settle()
    former = await deleted(world, "mira")
    await world.patch(mira, title="Lead")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.remote_id != former
    assert not {"restore", "find_deleted"} & set(world.target.calls)
