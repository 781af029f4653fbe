"""The fault knobs, and the simulator's own pages through which a trial turns them."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served
from tests.graph_client import GraphClient, bound, group, user


@pytest.mark.parametrize(
    ("status", "code"), [(429, "TooManyRequests"), (503, "serviceUnavailable"), (504, "GatewayTimeout")]
)
async def test_the_next_requests_fail_with_a_status_and_are_not_carried_out(
    served: Served, graph: GraphClient, status: int, code: str
) -> None:
    served.knobs.faults = [Fault(status=status, times=2, retry_after=1.5)]

    for _ in range(2):
        reply = await graph("POST", "/users", user())
        assert (reply.status, reply.code, reply.headers["Retry-After"]) == (status, code, "1.5")
    assert (await graph("POST", "/users", user())).status == 201


async def test_without_a_time_to_wait_there_is_no_retry_after(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(status=503)]

    assert "Retry-After" not in (await graph("GET", "/users")).headers


async def test_a_failure_after_the_commit_has_happened_all_the_same(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(status=504, after_commit=True)]

    assert (await graph("POST", "/users", user("mira"))).status == 504
    assert (await graph("POST", "/users", user("mira"))).details == [("ObjectConflict", "userPrincipalName")]


@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_dropped_connection_has_happened_or_not(served: Served, graph: GraphClient, after_commit: bool) -> None:
    served.knobs.faults = [Fault(after_commit=after_commit)]

    with pytest.raises(aiohttp.ClientError):
        await graph("POST", "/users", user("mira"))

    assert len(served.simulator.state()["users"]) == after_commit
    assert (await graph("GET", "/users")).status == 200


async def test_a_fault_can_be_narrowed_to_a_method_and_a_path(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(status=503, method="POST", path="^/groups$")]

    assert (await graph("GET", "/groups")).status == 200
    assert (await graph("POST", "/users", user())).status == 201
    assert (await graph("POST", "/groups", group())).status == 503


async def test_a_fault_can_strike_one_item_of_a_batch(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(status=503, path="^/groups")]

    answers = await graph.batch(
        {"id": "1", "method": "GET", "url": "/users"}, {"id": "2", "method": "GET", "url": "/groups"}
    )

    assert (answers["1"]["status"], answers["2"]["status"]) == (200, 503)


async def test_a_fault_can_strike_the_batch_as_a_whole(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(status=503, retry_after=2)]

    reply = await graph("POST", "/$batch", {"requests": [{"id": "1", "method": "GET", "url": "/users"}]})

    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")


async def test_an_item_that_drops_the_connection_drops_the_batchs(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(path="^/groups")]
    create = {"id": "1", "method": "POST", "url": "/users", "headers": {"Content-Type": "application/json"}}

    with pytest.raises(aiohttp.ClientError):
        await graph.batch(create | {"body": user()}, {"id": "2", "method": "GET", "url": "/groups"})

    assert len(served.simulator.state()["users"]) == 1, "the other items were carried out"


async def test_faults_strike_one_after_the_other(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(status=503), Fault(status=429)]

    assert [(await graph("GET", "/users")).status for _ in range(3)] == [503, 429, 200]


async def test_an_answer_is_held_back_for_the_latency(served: Served, graph: GraphClient) -> None:
    served.knobs.latency = 0.2
    started = time.monotonic()

    await asyncio.gather(*(graph("GET", "/users") for _ in range(5)))

    assert 0.2 <= time.monotonic() - started < 0.9, "side by side, not one behind the other"


async def _page(graph: GraphClient, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with graph.session.request(method, f"{graph.served.origin}/_simulator/{path}", json=body) as response:
        return response.status, await response.json()


async def test_knobs_are_read_and_turned_from_outside(served: Served, graph: GraphClient) -> None:
    change = {"permissions": ["User.Read.All"], "faults": [{"status": 503, "times": 3}], "latency": 0.01}

    status, knobs = await _page(graph, "PATCH", "knobs", change)

    assert status == 200
    assert knobs["permissions"] == ["User.Read.All"]
    assert knobs["write_quota"] == 3000
    assert (await _page(graph, "GET", "knobs"))[1] == knobs
    assert served.knobs.faults == [Fault(status=503, times=3)]
    assert (await graph("GET", "/users")).status == 503


@pytest.mark.parametrize(
    "change",
    [
        {"bogus": 1},
        {"write_quota": "many"},
        {"max_page_size": 0},
        {"faults": [{"status": 200}]},
        {"faults": [{"path": "("}]},
        [],
        7,
    ],
)
async def test_a_knob_that_does_not_exist_or_fit_is_refused_and_none_is_turned(
    served: Served, graph: GraphClient, change: Any
) -> None:
    before = served.knobs.model_dump()
    if isinstance(change, dict):
        change = {"latency": 0.5} | change

    status, answer = await _page(graph, "PATCH", "knobs", change)

    assert status == 400
    assert answer["error"]
    assert served.knobs.model_dump() == before


async def test_the_state_is_shown_for_people_without_a_token(graph: GraphClient) -> None:
    boss, gone = await graph.user("boss"), await graph.user("gone")
    mira = await graph.user("mira", **{"manager@odata.bind": f"{graph.served.base_url}/users/{boss}"})
    key = await graph.group(**bound("members", mira, gone))
    await graph("DELETE", f"/users/{gone}")

    status, state = await _page(graph, "GET", "state")

    assert status == 200
    users = {item["userPrincipalName"]: item for item in state["users"]}
    assert users.keys() == {"boss@contoso.example", "mira@contoso.example"}
    assert users["mira@contoso.example"]["manager"] == boss
    assert [(item["id"], item["members"]) for item in state["groups"]] == [(key, [mira])]
    assert [item["id"] for item in state["deleted"]] == [gone]


async def test_a_request_that_is_refused_anyway_is_struck_all_the_same(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(status=504, after_commit=True), Fault(after_commit=True)]

    assert (await graph("GET", "/users/nobody")).status == 504
    with pytest.raises(aiohttp.ClientError):
        await graph("PATCH", "/users/nobody", {"city": "Berlin"})
    assert (await graph("GET", "/users/nobody")).status == 404


def _get(number: int, url: str = "/users") -> dict[str, Any]:
    return {"id": str(number), "method": "GET", "url": url}


@pytest.mark.parametrize("status", [400, 429, 503])
async def test_every_third_item_of_all_batches_can_fail(served: Served, graph: GraphClient, status: int) -> None:
    served.knobs.faults = [Fault(status=status, items=True, every=3, times=None, retry_after=1)]

    first = await graph.batch(*(_get(number) for number in range(1, 8)))
    second = await graph.batch(*(_get(number) for number in range(1, 4)))

    assert [first[str(number)]["status"] for number in range(1, 8)] == [200, 200, status, 200, 200, status, 200]
    assert [second[str(number)]["status"] for number in range(1, 4)] == [200, status, 200]
    assert (await graph("GET", "/users")).status == 200, "what is no item is not struck"


async def test_a_storm_lasts_for_its_time(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(status=429, retry_after=7, times=None, lasts=60)]
    served.clock.advance(1000)

    for _ in range(20):
        assert (await graph("GET", "/users")).status == 429
    served.clock.advance(59)
    assert (await graph("GET", "/users")).status == 429
    served.clock.advance(2)
    assert (await graph("GET", "/users")).status == 200


async def test_a_fault_without_end_goes_on(served: Served, graph: GraphClient) -> None:
    served.knobs.faults = [Fault(status=503, times=None)]

    assert {(await graph("GET", "/users")).status for _ in range(5)} == {503}
