"""Members: few requests, each failure on its own, nobody lost."""

import asyncio
import uuid

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Misconfigured, NotFound, Rejected, Unavailable
from connectors.graph import GraphConnector
from sandbox.graph.knobs import Fault
from sandbox.graph.planting import plant, plant_mail_group, plant_synced_group
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP


@pytest.fixture
async def users(graph: GraphConnector, asked: Record) -> list[str]:
    made = await asyncio.gather(
        *(
            graph.create(USER, {"userPrincipalName": f"u{n}@contoso.example", "displayName": f"U{n}"}, active=True)
            for n in range(45)
        )
    )
    asked.clear()
    return [each.remote_id for each in made]


@pytest.fixture
async def group(graph: GraphConnector, users: list[str], asked: Record) -> str:
    made = await graph.create(GROUP, {"displayName": "Risk"}, active=True)
    asked.clear()
    return made.remote_id


async def test_additions_go_twenty_at_a_time(
    graph: GraphConnector, asked: Record, users: list[str], group: str
) -> None:
    assert (await graph.change_members(group, users, [])).failed == {}
    assert asked.lines == [f"PATCH /groups/{group}"] * 3
    assert [len(each.body["members@odata.bind"]) for each in asked] == [20, 20, 5]
    assert set(await graph.members(group)) == set(users)


async def test_removals_go_twenty_in_a_batch(
    graph: GraphConnector, asked: Record, users: list[str], group: str
) -> None:
    await graph.change_members(group, users, [])
    asked.clear()
    assert (await graph.change_members(group, [], users)).failed == {}
    assert asked.lines == ["POST /$batch"] * 3
    assert sorted(len(each.body["requests"]) for each in asked) == [5, 20, 20]
    assert asked[0].body["requests"][0] == {
        "id": "0",
        "method": "DELETE",
        "url": f"/groups/{group}/members/{users[0]}/$ref",
        "headers": {"x-ms-throttle-priority": "Low"},
    }
    assert await graph.members(group) == []


async def test_one_member_goes_without_a_batch(
    graph: GraphConnector, asked: Record, users: list[str], group: str
) -> None:
    await graph.change_members(group, users[:1], [])
    await graph.change_members(group, [], users[:1])
    assert asked.lines == [f"POST /groups/{group}/members/$ref", f"DELETE /groups/{group}/members/{users[0]}/$ref"]


async def test_a_refused_twenty_is_taken_apart_in_one_batch(
    graph: GraphConnector, asked: Record, users: list[str], group: str
) -> None:
    await graph.change_members(group, users[3:5], [])
    asked.clear()
    absent = str(uuid.uuid4())
    failures = await graph.change_members(group, [*users[:10], absent], [])
    assert set(failures.failed) == {absent}
    assert isinstance(failures.failed[absent], NotFound)
    assert asked.lines == [f"PATCH /groups/{group}", "POST /$batch"]
    assert set(await graph.members(group)) == set(users[:10])


async def test_items_are_sent_again_after_their_own_time_and_the_others_are_not(
    graph: GraphConnector, graph_simulator: Served, asked: Record, waits: Waits, users: list[str], group: str
) -> None:
    await graph.change_members(group, users[:20], [])
    asked.clear()
    graph_simulator.knobs.faults = [
        Fault(status=429, retry_after=2, path=f"/members/{users[4]}/"),
        Fault(status=503, path=f"/members/{users[7]}/"),
    ]
    assert (await graph.change_members(group, [], users[:20])).failed == {}
    assert asked.lines[0] == "POST /$batch"
    again = [line for each in asked[1:] for line in each.operations]
    assert sorted(again) == sorted(f"DELETE /groups/{group}/members/{users[n]}/$ref" for n in (4, 7))
    assert {0.5, 2} <= set(waits.seconds), "each waits its own time, and the quota's where that is not over"
    assert await graph.members(group) == []


async def test_an_item_that_stays_throttled_fails_alone_with_its_time(
    graph: GraphConnector, graph_simulator: Served, users: list[str], group: str
) -> None:
    await graph.change_members(group, users[:5], [])
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=60, path=f"/members/{users[4]}/", times=99)]
    failures = await graph.change_members(group, [], users[:5])
    assert set(failures.failed) == {users[4]}
    error = failures.failed[users[4]]
    assert isinstance(error, Unavailable)
    assert error.retry_after == 60
    assert await graph.members(group) == [users[4]]


async def test_when_nothing_comes_through_it_is_the_system(
    graph: GraphConnector, graph_simulator: Served, users: list[str], group: str
) -> None:
    await graph.change_members(group, users[:5], [])
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=60, path="/members/", times=99)]
    with pytest.raises(Unavailable) as caught:
        await graph.change_members(group, [], users[:5])
    assert caught.value.retry_after == 60


async def test_a_lost_answer_to_a_batch_is_no_matter(
    graph: GraphConnector, graph_simulator: Served, users: list[str], group: str
) -> None:
    await graph.change_members(group, users[:5], [])
    graph_simulator.knobs.faults = [Fault(status=None, after_commit=True, path=r"^/\$batch")]
    assert (await graph.change_members(group, [], users[:5])).failed == {}
    graph_simulator.knobs.faults = [Fault(status=None, after_commit=True, method="PATCH")]
    assert (await graph.change_members(group, users[:5], [])).failed == {}
    assert set(await graph.members(group)) == set(users[:5])


async def test_a_member_in_both_lists_is_in_afterwards(graph: GraphConnector, users: list[str], group: str) -> None:
    await graph.change_members(group, users[:2], users[:1])
    assert set(await graph.members(group)) == set(users[:2])


async def test_an_id_that_is_none_never_gets_into_an_address(
    graph: GraphConnector, asked: Record, users: list[str], group: str
) -> None:
    odd = ["../../users", "", "a b", f"{users[0]}/$ref?x", "x" * 65]
    failures = await graph.change_members(group, [users[0], *odd], odd)
    assert set(failures.failed) == set(odd)
    assert all(isinstance(error, NotFound) for error in failures.failed.values())
    assert asked.lines == [f"POST /groups/{group}/members/$ref"]
    for bad in odd:
        with pytest.raises(NotFound):
            await graph.change_members(bad, users[:1], [])
        with pytest.raises(NotFound):
            await graph.read(USER, bad)
        await graph.delete(USER, bad)
    assert len(asked) == 1


async def test_a_missing_permission_is_the_connections_and_not_the_members(
    graph_simulator: Served, waits: Waits, users: list[str], group: str
) -> None:
    graph_simulator.knobs.permissions = frozenset({"User.ReadWrite.All", "Group.Read.All"})
    poor = GraphConnector(settings_for(graph_simulator), waits)
    for add, remove in ((users[:3], []), ([], users[:3]), (users[:1], [])):
        with pytest.raises(Misconfigured) as caught:
            await poor.change_members(group, add, remove)
        assert "GroupMember.ReadWrite.All" in caught.value.fix
    await poor.close()


async def test_a_protected_group_refuses_members_and_not_the_connection(
    graph: GraphConnector, graph_simulator: Served, users: list[str], group: str
) -> None:
    graph_simulator.knobs.faults = [Fault(status=403, path="/members/", times=2)]
    failures = await graph.change_members(group, [], users[:2])
    assert set(failures.failed) == set(users[:2])
    assert all(isinstance(error, Rejected) for error in failures.failed.values())


async def test_members_are_read_over_many_pages(
    graph: GraphConnector, graph_simulator: Served, asked: Record, users: list[str], group: str
) -> None:
    await graph.change_members(group, users, [])
    graph_simulator.knobs.max_page_size = 10
    asked.clear()
    assert sorted(await graph.members(group)) == sorted(users)
    assert len([line for line in asked.lines if line.endswith("/members")]) == 5


async def test_a_removal_that_an_old_replica_denies_is_asked_again(
    graph: GraphConnector, graph_simulator: Served, waits: Waits, users: list[str], group: str
) -> None:
    await graph.change_members(group, users[:2], [])
    graph_simulator.knobs.faults = [Fault(status=404, method="DELETE", path=f"/members/{users[0]}/", times=2)]
    await graph.change_members(group, [], users[:2])
    assert await graph.members(group) == []
    assert waits.seconds == [0.5, 1]


async def test_several_groups_share_the_round_trips(
    graph: GraphConnector, asked: Record, users: list[str], group: str
) -> None:
    made = [await graph.create(GROUP, {"displayName": f"G{number}"}, active=True) for number in range(3)]
    groups = [group, *(each.remote_id for each in made)]
    asked.clear()
    await asyncio.gather(*(graph.change_members(each, users[:20], []) for each in groups))
    assert asked.lines == ["POST /$batch"]
    assert sorted(asked.operations) == sorted(f"PATCH /groups/{each}" for each in groups), "one write for twenty"
    asked.clear()
    await asyncio.gather(*(graph.change_members(each, [], users[:5]) for each in groups))
    assert [len(each.operations) for each in asked] == [20]


@pytest.mark.parametrize(
    ("planted", "code", "words"),
    [
        ("dynamic", "graph.dynamicGroup", "rule"),
        ("mail", "graph.mailEnabledGroup", "Exchange"),
        ("synced", "graph.onPremisesSynced", "Active Directory"),
    ],
)
async def test_a_group_that_another_system_fills_is_refused_with_the_reason(
    graph: GraphConnector, graph_simulator: Served, users: list[str], planted: str, code: str, words: str
) -> None:
    tenant = graph_simulator.tenant
    made = {
        "dynamic": lambda: plant(
            tenant,
            "groups",
            {
                "displayName": "Everybody",
                "mailNickname": "everybody",
                "mailEnabled": False,
                "securityEnabled": True,
                "groupTypes": ["DynamicMembership"],
                "membershipRule": 'user.department -eq "Risk"',
            },
        ),
        "mail": lambda: plant_mail_group(tenant, "everybody", security=True),
        "synced": lambda: plant_synced_group(tenant, "everybody"),
    }[planted]()
    tenant.link(tenant.members, made.id, users[9])
    tenant.link(tenant.members, made.id, users[8])
    for add, remove in ((users[:3], []), (users[:1], []), ([], users[8:10]), ([], users[9:10])):
        failures = await graph.change_members(made.id, add, remove)
        assert set(failures.failed) == {*add, *remove}
        for error in failures.failed.values():
            assert isinstance(error, Rejected)
            assert error.code == code
            assert words in f"{error} {error.fix}"


async def test_a_member_who_is_in_already_costs_no_look_at_the_group(
    graph: GraphConnector, asked: Record, users: list[str], group: str
) -> None:
    await graph.change_members(group, users[:1], [])
    asked.clear()
    assert (await graph.change_members(group, users[:3], [])).failed == {}
    assert not [line for line in asked.operations if line.startswith("GET")], "who is in is in: nothing is looked up"
