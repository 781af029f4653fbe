"""Graph is eventually consistent: what was just created may be 404 for a while, and that is not "deleted"."""

import asyncio
import uuid

import pytest

from connectors.contract import ObjectKind, Reference
from connectors.errors import NotFound, Rejected, Unavailable
from connectors.graph import GraphConnector
from connectors.graph.client import VISIBILITY
from connectors.graph.recent import Recent
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Waits, settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP


async def user(graph: GraphConnector, name: str = "mira") -> str:
    login = f"{name}@contoso.example"
    return (await graph.create(USER, {"userPrincipalName": login, "displayName": name}, active=True)).remote_id


async def test_an_update_waits_for_the_new_user(graph: GraphConnector, graph_simulator: Served, waits: Waits) -> None:
    graph_simulator.knobs.read_after_write_delay = 3
    key = await user(graph)
    await graph.update(USER, key, {"jobTitle": "Analyst"})
    assert waits.seconds == [0.5, 1, 2]
    assert (await graph.read(USER, key)).attributes["jobTitle"] == "Analyst"


async def test_so_do_deactivate_read_and_delete(graph: GraphConnector, graph_simulator: Served, waits: Waits) -> None:
    graph_simulator.knobs.read_after_write_delay = 1
    for verb in (graph.deactivate, lambda key: graph.read(USER, key), lambda key: graph.delete(USER, key)):
        waits.seconds.clear()
        await verb(await user(graph, f"u{uuid.uuid4().hex[:8]}"))
        assert waits.seconds == [0.5, 1]


async def test_a_delete_is_not_taken_for_done_while_the_user_is_invisible(
    graph: GraphConnector, graph_simulator: Served
) -> None:
    graph_simulator.knobs.read_after_write_delay = 2
    key = await user(graph)
    await graph.delete(USER, key)
    assert graph_simulator.tenant.objects[key].deleted is not None


async def test_members_are_added_to_a_new_group_when_both_are_visible(
    graph: GraphConnector, graph_simulator: Served
) -> None:
    graph_simulator.knobs.read_after_write_delay = 3
    group = (await graph.create(GROUP, {"displayName": "Risk"}, active=True)).remote_id
    members = [await user(graph, f"m{number}") for number in range(3)]
    assert (await graph.change_members(group, members, [])).failed == {}
    assert set(await graph.members(group)) == set(members)


async def test_only_the_new_member_is_waited_for(graph: GraphConnector, graph_simulator: Served, waits: Waits) -> None:
    group = (await graph.create(GROUP, {"displayName": "Risk"}, active=True)).remote_id
    old = await user(graph, "old")
    graph_simulator.knobs.read_after_write_delay = 3
    graph_simulator.clock.advance(10)
    new, absent = await user(graph, "new"), str(uuid.uuid4())
    failures = await graph.change_members(group, [old, new, absent], [])
    assert set(failures.failed) == {absent}
    assert isinstance(failures.failed[absent], NotFound)
    assert set(await graph.members(group)) == {old, new}
    assert waits.seconds == [0.5, 1, 2]


async def test_an_absent_member_of_a_visible_group_is_not_waited_for(graph: GraphConnector, waits: Waits) -> None:
    group = (await graph.create(GROUP, {"displayName": "Risk"}, active=True)).remote_id
    absent = [str(uuid.uuid4()), str(uuid.uuid4())]
    assert set((await graph.change_members(group, absent, [])).failed) == set(absent)
    assert waits.seconds == []


async def test_a_new_manager_is_waited_for(graph: GraphConnector, graph_simulator: Served) -> None:
    graph_simulator.knobs.read_after_write_delay = 3
    boss, key = await user(graph, "boss"), await user(graph)
    await graph.update(USER, key, {"manager": Reference(USER, boss)})
    assert (await graph.read(USER, key)).attributes["manager"] == Reference(USER, boss)


async def test_a_missing_manager_of_a_new_user_is_told_at_once(graph: GraphConnector, waits: Waits) -> None:
    key = await user(graph)
    with pytest.raises(Rejected):
        await graph.update(USER, key, {"manager": Reference(USER, str(uuid.uuid4()))})
    assert waits.seconds == []


async def test_what_stays_invisible_is_tried_later_and_not_taken_for_deleted(
    graph: GraphConnector, graph_simulator: Served, waits: Waits
) -> None:
    graph_simulator.knobs.read_after_write_delay = 60
    key = await user(graph)
    with pytest.raises(Unavailable) as caught:
        await graph.update(USER, key, {"jobTitle": "Analyst"})
    assert caught.value.code == "graph.notVisibleYet"
    assert caught.value.retry_after
    assert waits.seconds == list(VISIBILITY)


async def test_what_another_process_created_is_not_waited_for(graph: GraphConnector, graph_simulator: Served) -> None:
    key = await user(graph)
    graph_simulator.knobs.read_after_write_delay = 60
    other_waits = Waits(graph_simulator)
    other = GraphConnector(settings_for(graph_simulator), other_waits)
    with pytest.raises(NotFound):
        await other.update(USER, key, {"jobTitle": "Analyst"})
    assert other_waits.seconds == []
    await other.close()


async def test_a_deleted_user_is_gone_at_once(graph: GraphConnector, waits: Waits) -> None:
    key = await user(graph)
    await graph.delete(USER, key)
    with pytest.raises(NotFound):
        await graph.update(USER, key, {"jobTitle": "Analyst"})
    await graph.delete(USER, key)
    assert waits.seconds == []


def test_the_memory_forgets_by_time_and_by_number() -> None:
    now = [0.0]
    recent: Recent[int] = Recent(10, most=3, clock=lambda: now[0])
    for number in range(4):
        recent.put(str(number), number)
    assert ("0" in recent, recent.get("1"), len(recent)) == (False, 1, 3)
    now[0] = 9
    recent.put("1", 11)
    now[0] = 10
    assert (recent.get("1"), recent.get("2"), len(recent)) == (11, None, 2)
    recent.drop("1")
    recent.drop("1")
    assert "1" not in recent


async def test_new_users_are_waited_for_side_by_side(graph_simulator: Served) -> None:
    graph_simulator.knobs.read_after_write_delay = 0.4
    graph = GraphConnector(settings_for(graph_simulator))
    keys = await asyncio.gather(*(user(graph, f"u{number}") for number in range(5)))
    async with asyncio.timeout(5):
        await asyncio.gather(*(graph.update(USER, key, {"jobTitle": "Analyst"}) for key in keys))
    await graph.close()
