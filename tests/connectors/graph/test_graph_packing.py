"""Requests of the same moment share a round trip, and nothing else: answers, waits and failures are each one's own."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from connectors.contract import Account, Match, ObjectKind
from connectors.errors import AlreadyExists, ConnectorError, Unavailable
from connectors.graph import GraphConnector
from connectors.graph.quota import quota_of
from connectors.graph.turns import turn
from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP


def person(number: int) -> dict[str, str]:
    return {"userPrincipalName": f"u{number}@contoso.example", "displayName": f"User {number}"}


async def create(graph: GraphConnector, numbers: Sequence[int]) -> list[Account | ConnectorError]:
    """Create users at once, each by a verb of its own."""
    results = await asyncio.gather(
        *(graph.create(USER, person(number), active=True) for number in numbers), return_exceptions=True
    )
    assert all(isinstance(each, Account | ConnectorError) for each in results), results
    return results  # type: ignore[return-value]  # as just asserted


def logins(served: Served) -> Counter[str]:
    return Counter(
        thing.values["userPrincipalName"] for thing in served.tenant.objects.values() if thing.entity.name == "User"
    )


async def test_what_runs_at_once_goes_twenty_in_a_batch(
    graph: GraphConnector, graph_simulator: Served, asked: Record
) -> None:
    results = await create(graph, range(45))
    assert [account.name for account in results if isinstance(account, Account)] == [
        f"u{number}@contoso.example" for number in range(45)
    ]
    assert asked.lines == ["POST /$batch"] * 3
    assert sorted(len(each.operations) for each in asked) == [5, 20, 20]
    assert set(logins(graph_simulator).values()) == {1}


async def test_one_alone_goes_alone_and_has_the_usual_priority(graph: GraphConnector, asked: Record) -> None:
    await create(graph, [1])
    await graph.find(Match(USER, "userPrincipalName", "u1@contoso.example"))
    assert asked.lines == ["POST /users", "GET /users"]
    assert not any("x-ms-throttle-priority" in each.exchange.request_headers for each in asked)


async def test_what_is_packed_has_low_priority(graph: GraphConnector, asked: Record) -> None:
    await create(graph, range(3))
    assert asked[0].exchange.request_headers["x-ms-throttle-priority"] == "Low"
    assert {item["headers"]["x-ms-throttle-priority"] for item in asked[0].body["requests"]} == {"Low"}


async def test_look_ups_are_packed_by_themselves_and_each_gets_its_own_answer(
    graph: GraphConnector, asked: Record
) -> None:
    await create(graph, range(10))
    asked.clear()
    found = await asyncio.gather(
        *(graph.find(Match(USER, "userPrincipalName", f"u{number}@contoso.example")) for number in range(12))
    )
    assert [[account.name for account in each] for each in found] == [
        *([f"u{number}@contoso.example"] for number in range(10)),
        [],
        [],
    ]
    assert asked.lines == ["POST /$batch"]


async def test_each_refusal_is_its_own(graph: GraphConnector, graph_simulator: Served) -> None:
    await create(graph, [3])
    results = await create(graph, range(6))
    assert [type(each) for each in results] == [Account] * 3 + [AlreadyExists] + [Account] * 2
    assert set(logins(graph_simulator).values()) == {1}


async def test_a_batch_in_which_every_third_item_is_throttled_creates_everybody_once(
    graph: GraphConnector, graph_simulator: Served, asked: Record
) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=2, items=True, every=3, times=20)]
    results = await create(graph, range(40))
    assert [each for each in results if not isinstance(each, Account)] == []
    assert set(logins(graph_simulator).values()) == {1}
    assert len(logins(graph_simulator)) == 40
    sent = [item["body"]["userPrincipalName"] for each in asked for item in each.body.get("requests", ())]
    assert Counter(sent).most_common(1)[0][1] > 1, "the throttled were sent again"


async def test_a_batch_in_which_every_third_item_fails_tells_who_may_have_been_created(
    graph: GraphConnector, graph_simulator: Served, asked: Record
) -> None:
    graph_simulator.knobs.faults = [Fault(status=503, after_commit=True, items=True, every=3, times=99)]
    results = await create(graph, range(20))
    failed = [each for each in results if isinstance(each, Unavailable)]
    assert len(failed) == 6
    assert all(each.may_have_happened for each in failed)
    assert asked.lines == ["POST /$batch"], "a create is not repeated"
    assert logins(graph_simulator) == Counter(f"u{number}@contoso.example" for number in range(20))


async def test_updates_of_which_every_third_fails_are_repeated_and_all_come_through(
    graph: GraphConnector, graph_simulator: Served
) -> None:
    accounts = [each for each in await create(graph, range(20)) if isinstance(each, Account)]
    graph_simulator.knobs.faults = [Fault(status=503, items=True, every=3, times=9)]
    await asyncio.gather(*(graph.update(USER, each.remote_id, {"jobTitle": "Analyst"}) for each in accounts))
    titles = Counter(thing.values.get("jobTitle") for thing in graph_simulator.tenant.objects.values())
    assert titles == {"Analyst": 20}


async def test_a_batch_whose_answer_is_lost_may_have_created_everybody_and_is_not_repeated(
    graph: GraphConnector, graph_simulator: Served, asked: Record
) -> None:
    await graph.find(Match(USER, "userPrincipalName", "nobody@contoso.example"))
    asked.clear()
    graph_simulator.knobs.faults = [Fault(status=None, after_commit=True, path=r"^/\$batch")]
    results = await create(graph, range(20))
    assert all(isinstance(each, Unavailable) and each.may_have_happened for each in results)
    assert len({id(each) for each in results}) == 20, "each has an error of its own"
    assert asked.lines == ["POST /$batch"]
    assert logins(graph_simulator) == Counter(f"u{number}@contoso.example" for number in range(20))


async def test_of_a_lost_batch_what_may_run_twice_is_sent_again(graph: GraphConnector, graph_simulator: Served) -> None:
    accounts = [each for each in await create(graph, range(10)) if isinstance(each, Account)]
    graph_simulator.knobs.faults = [Fault(status=None, after_commit=True, path=r"^/\$batch")]
    *updated, unsure = await asyncio.gather(
        *(graph.update(USER, each.remote_id, {"jobTitle": "Analyst"}) for each in accounts),
        graph.create(USER, person(99), active=True),
        return_exceptions=True,
    )
    assert all(isinstance(each, Account) for each in updated)
    assert isinstance(unsure, Unavailable)
    assert unsure.may_have_happened
    titles = Counter(thing.values.get("jobTitle") for thing in graph_simulator.tenant.objects.values())
    assert titles == {"Analyst": 10, None: 1}


@pytest.mark.parametrize("status", [503, 429])
async def test_a_batch_that_is_refused_as_a_whole_is_each_ones_refusal(
    graph: GraphConnector, graph_simulator: Served, status: int
) -> None:
    graph_simulator.knobs.faults = [Fault(status=status, retry_after=1, path=r"^/\$batch")]
    results = await create(graph, range(5))
    if status == 429:
        assert all(isinstance(each, Account) for each in results), "it was not carried out, and is sent again"
    else:
        assert all(isinstance(each, Unavailable) and each.may_have_happened for each in results)


async def test_a_batch_whose_form_is_refused_is_sent_one_by_one(
    graph: GraphConnector, graph_simulator: Served, asked: Record
) -> None:
    graph_simulator.knobs.faults = [Fault(status=413, path=r"^/\$batch")]
    results = await create(graph, range(5))
    assert all(isinstance(each, Account) for each in results)
    assert sorted(asked.lines) == ["POST /$batch"] + ["POST /users"] * 5


async def test_the_throttled_wait_and_those_behind_them_slow_down(
    graph: GraphConnector, graph_simulator: Served, waits: Waits
) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=4, items=True)]
    await create(graph, range(4))
    assert 4 in waits.seconds
    quota = quota_of(
        graph_simulator.authority, graph_simulator.tenant_id.lower(), graph_simulator.client_id.lower(), waits.clock
    )
    assert quota.left < 100, "what was left of the burst is gone"


async def test_a_storm_of_429_ends_and_loses_nobody(graph: GraphConnector, graph_simulator: Served) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=3, times=None, lasts=30)]
    pending = list(range(40))
    for _ in range(30):
        results = await create(graph, pending)
        refused = [each for each in results if not isinstance(each, Account)]
        assert all(isinstance(each, Unavailable) and not each.may_have_happened for each in refused)
        pending = [number for number, each in zip(pending, results, strict=True) if not isinstance(each, Account)]
        if not pending:
            break
        graph_simulator.clock.advance(5)
    assert not pending
    assert logins(graph_simulator) == Counter(f"u{number}@contoso.example" for number in range(40))


async def test_who_would_wait_too_long_for_the_quota_is_put_off_with_the_time(
    graph: GraphConnector, graph_simulator: Served, asked: Record
) -> None:
    await create(graph, [1])
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=120)]
    first, second = await create(graph, [2]), await create(graph, [3])
    assert isinstance(first[0], Unavailable)
    assert first[0].code == "graph.throttled"
    assert isinstance(second[0], Unavailable)
    assert (second[0].code, second[0].one_object, second[0].may_have_happened) == ("graph.writeQuota", True, False)
    assert second[0].retry_after == pytest.approx(120, abs=5)
    assert asked.lines == ["POST /users"] * 2, "nothing was sent while Graph wants to be left alone"
    assert await graph.find(Match(USER, "userPrincipalName", "u1@contoso.example")), "reads go on"
    graph_simulator.clock.advance(121)
    assert isinstance((await create(graph, [3]))[0], Account)


async def test_who_waits_already_when_graph_wants_to_be_left_alone_is_put_off_at_once(
    graph: GraphConnector, graph_simulator: Served, asked: Record, waits: Waits
) -> None:
    waiting = asyncio.create_task(create(graph, [1]))
    await asyncio.sleep(0)
    key = graph_simulator.authority, graph_simulator.tenant_id.lower(), graph_simulator.client_id.lower()
    quota_of(*key, waits.clock).hold(200)
    ((refused,),) = await asyncio.gather(waiting)
    assert isinstance(refused, Unavailable)
    assert (refused.code, refused.may_have_happened) == ("graph.writeQuota", False)
    assert (waits.seconds, asked.lines) == ([], [])
    graph_simulator.clock.advance(201)
    assert isinstance((await create(graph, [1]))[0], Account), "the next one is not behind a wait that is over"


async def test_writes_to_one_object_keep_their_order(
    graph: GraphConnector, graph_simulator: Served, asked: Record
) -> None:
    (account,) = await create(graph, [1])
    assert isinstance(account, Account)
    graph_simulator.knobs.faults = [Fault(status=503, method="PATCH", times=2)]
    titles = [f"Analyst {number}" for number in range(5)]
    await asyncio.gather(*(graph.update(USER, account.remote_id, {"jobTitle": title}) for title in titles))
    assert graph_simulator.tenant.objects[account.remote_id].values["jobTitle"] == titles[-1]
    assert "POST /$batch" not in asked.lines


async def test_who_gives_up_waiting_harms_nobody(graph: GraphConnector, graph_simulator: Served) -> None:
    tasks = [asyncio.create_task(graph.create(USER, person(number), active=True)) for number in range(6)]
    await asyncio.sleep(0)
    tasks[2].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(each, Account) for each in results] == [True, True, False, True, True, True]
    assert len(logins(graph_simulator)) == 5


def test_reads_and_creates_wait_for_nobody_and_links_only_for_themselves() -> None:
    body = {"@odata.id": "https://graph.example/v1.0/directoryObjects/a"}
    assert turn("GET", "/users/a", None) is None
    assert turn("POST", "/users", {}) is None
    assert turn("PATCH", "/users/a", {}) == turn("DELETE", "/users/a?x=1", None) == "/users/a"
    assert turn("POST", "/users/a/assignLicense", {}) == "/users/a"
    assert turn("POST", "/groups/g/members/$ref", body) != turn("POST", "/groups/g/members/$ref", {"@odata.id": "b"})
    assert turn("DELETE", "/groups/g/members/a/$ref", None) != turn("DELETE", "/groups/g/members/b/$ref", None)
    assert turn("DELETE", "/groups/g/members/a/$ref", None) == turn("POST", "/groups/g/members/$ref", body)
    assert turn("DELETE", "/directory/deletedItems/a", None) != turn("DELETE", "/directory/deletedItems/b", None)
    assert turn("POST", "/directory/deletedItems/a/restore", None) == turn("DELETE", "/directory/deletedItems/a", None)
