"""An account that was made, and of which something failed, is linked at once: it is never made, lost or left twice."""

import pytest

from connectors.contract import Account, Attributes, ObjectKind
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, Rejected, Unavailable
from connectors.memory import MemoryConnector
from provisioning.engine.jobs import Job, JobType
from provisioning.engine.links import LinkStatus
from tests.engine.conftest import USER, World


def refusal() -> Rejected:
    return Rejected("No licence is left.", code="memory.noSeatsLeft")


def fail_in_part(monkeypatch: pytest.MonkeyPatch, error: ConnectorError) -> None:
    """Let creates make the account with its name alone, and then fail."""
    create = MemoryConnector.create

    async def in_part(self: MemoryConnector, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        error.created = await create(self, kind, {"login": attributes["login"]}, active=active)
        error.may_have_happened = True
        raise error

    monkeypatch.setattr(MemoryConnector, "create", in_part)


@pytest.mark.parametrize(
    "error",
    [
        refusal(),
        AlreadyExists("The mail address is taken.", code="memory.taken"),
        Unavailable("Busy.", code="memory.busy"),
    ],
)
@pytest.mark.parametrize("matching", [{}, {USER: ()}])
async def test_an_account_that_lacks_something_is_linked_and_finished_by_the_next_try(
    world: World, monkeypatch: pytest.MonkeyPatch, error: ConnectorError, matching: dict[ObjectKind, tuple[str, ...]]
) -> None:
    await world.change(matching=matching)
    fail_in_part(monkeypatch, error)
    mira = await world.user("mira", title="Analyst")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    link = await world.link(mira)
    assert (link.remote_id, link.problem.code, link.intent) == (account.remote_id, error.code, ())
    assert link.status in {LinkStatus.ESCROWED, LinkStatus.RETRYING}
    waits = "waiting" if isinstance(error, Unavailable) else "failure"
    assert await world.told() == [("create", "success", ""), ("update", waits, error.code)]
    await world.run([Job(JobType.CONVERGE, "target", USER, mira.id, due=True)])
    account = world.account("mira")
    assert account is not None
    assert account.attributes["title"] == "Analyst"
    assert (await world.link(mira)).status is LinkStatus.APPLIED
    assert len(world.target.accounts) == 1


async def test_a_leaver_whose_account_lacks_something_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.change(matching={USER: ()})
    fail_in_part(monkeypatch, refusal())
    mira, noor = await world.user("mira"), await world.user("noor")
    await world.settle()
    await world.patch(mira, active=False)
    await world.change(deletion="delete")
    await world.delete(noor)
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.active is False
    assert world.account("noor") is None


async def test_who_waits_for_the_account_is_woken_though_it_lacks_something(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_in_part(monkeypatch, refusal())
    mira = await world.user("mira")
    monkeypatch.undo()
    group = await world.group("Risk", mira)
    await world.settle()
    assert (await world.link(group)).remote_id
    assert world.members("Risk") == {"mira"}


async def test_a_missing_permission_stops_the_connection_and_loses_no_account(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_in_part(monkeypatch, Misconfigured("Licences may not be assigned.", code="memory.denied"))
    mira = await world.user("mira")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    link = await world.link(mira)
    assert (link.remote_id, link.status) == (account.remote_id, LinkStatus.RETRYING)
