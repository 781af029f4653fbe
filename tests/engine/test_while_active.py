"""What deactivation takes away (licences) is not written to an inactive account, and again before it is activated."""

import dataclasses

import pytest

from connectors.contract import ObjectKind
from connectors.memory import MemoryConnector
from provisioning.engine.planner import Activate, Deactivate, Desired, Update, differences, plan
from tests.engine.conftest import World
from tests.engine.test_planner import ALL, LINKED

USER = ObjectKind.USER


@pytest.fixture(autouse=True)
def titles_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deactivation takes titles away, as licences are elsewhere."""
    users = MemoryConnector.defaults[USER]
    mappings = tuple(dataclasses.replace(each, while_active=each.target == "title") for each in users.mappings)
    marked = {**MemoryConnector.defaults, USER: dataclasses.replace(users, mappings=mappings)}
    monkeypatch.setattr(MemoryConnector, "defaults", marked)


def test_an_inactive_account_wants_nothing_of_it() -> None:
    desired = Desired(USER, True, values={"title": "Lead", "phone": "1"}, while_active=frozenset({"title"}))
    assert differences(desired, {"title": "Analyst"}) == {"title": "Lead", "phone": "1"}
    assert differences(dataclasses.replace(desired, active=False), {"title": "Analyst"}) == {"phone": "1"}


def test_it_is_written_before_the_activation() -> None:
    desired = Desired(
        USER, True, "g2", "mira", active=True, values={"title": "Lead"}, while_active=frozenset({"title"})
    )
    gone = dataclasses.replace(LINKED, active=False, values={})
    assert plan(desired, gone, ALL, "delete") == [Update({"title": "Lead"}), Activate()]
    assert plan(dataclasses.replace(desired, active=False), LINKED, ALL, "delete") == [Deactivate()]


async def test_it_comes_back_with_the_person(world: World) -> None:
    mira = await world.user("mira", title="Analyst")
    await world.settle()
    await world.patch(mira, active=False)
    await world.settle()
    world.target.calls.clear()
    await world.patch(mira, active=False, title="Lead")
    await world.settle()
    assert world.target.calls == []
    await world.patch(mira, active=True)
    await world.settle()
    assert world.target.calls == ["update", "activate"]
    account = world.account("mira")
    assert account is not None
    assert account.attributes["title"] == "Lead"
    assert (await world.link(mira)).values["title"] == "Lead"
