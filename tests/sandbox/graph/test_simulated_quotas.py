"""The quotas: writes and resource units, what they cost, what the headers say, and who is throttled first."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.graph.clock import Clock
from sandbox.graph.errors import GraphError
from sandbox.graph.knobs import Knobs
from sandbox.graph.messages import Request, parse_url
from sandbox.graph.quota import Quota, cost
from sandbox.graph.server import Served
from sandbox.graph.simulator import Simulator
from sandbox.graph.state import Tenant
from sandbox.graph.tokens import Application
from tests.graph_client import GraphClient, reference, user

LOW = {"x_ms_throttle_priority": "Low"}


def item(number: int, method: str = "POST", url: str = "/users", **more: Any) -> dict[str, Any]:
    body = {"body": user(f"u{number}"), "headers": {"Content-Type": "application/json"}} if method == "POST" else {}
    return {"id": str(number), "method": method, "url": url} | body | more


async def test_each_item_of_a_batch_is_counted_and_throttled_on_its_own(served: Served, graph: GraphClient) -> None:
    served.knobs.write_quota, served.knobs.write_window = 3, 30

    answers = await graph.batch(*(item(number) for number in range(5)), item(5, "GET"))

    assert sorted(answer["status"] for answer in answers.values()) == [200, 201, 201, 201, 429, 429]
    refused = next(answer for answer in answers.values() if answer["status"] == 429)
    assert int(refused["headers"]["Retry-After"]) in (9, 10)
    assert refused["headers"]["x-ms-throttle-information"] == "WriteLimitExceeded"
    assert refused["headers"]["x-ms-throttle-scope"] == (
        f"Tenant_Application/Write/{served.client_id}/{served.tenant_id}"
    )
    assert refused["body"]["error"]["code"] == "TooManyRequests"


async def test_the_time_to_wait_can_have_decimals_and_is_enough(served: Served, graph: GraphClient) -> None:
    served.knobs.write_quota, served.knobs.write_window, served.knobs.decimal_retry_after = 7, 10, True
    for number in range(7):
        await graph.user(f"u{number}")

    wait = (await graph("POST", "/users", user())).headers["Retry-After"]

    assert "." in wait
    served.clock.advance(float(wait))
    assert (await graph("POST", "/users", user())).status == 201


async def test_reads_take_resource_units_and_so_do_writes(served: Served, graph: GraphClient) -> None:
    served.knobs.resource_units = 5
    mira = await graph.user("mira")
    assert (await graph("GET", "/users")).headers["x-ms-resource-unit"] == "2"
    near = await graph("GET", "/users")
    assert near.headers["x-ms-throttle-limit-percentage"] == "1.00"

    refused = await graph("GET", f"/users/{mira}")

    assert (refused.status, refused.headers["Retry-After"]) == (429, "2")
    assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    served.clock.advance(2)
    assert (await graph("GET", f"/users/{mira}")).status == 200


@pytest.mark.parametrize(
    ("method", "url", "units"),
    [
        ("GET", "/users", 2),
        ("GET", "/users?$select=id", 1),
        ("GET", "/users?$top=10", 1),
        ("GET", "/users?$top=20", 2),
        ("GET", "/users?$select=id&$top=1", 1),
        ("GET", "/users?$expand=manager", 3),
        ("GET", "/users/1", 1),
        ("GET", "/users/1?$expand=manager", 2),
        ("GET", "/groups/1/members", 3),
        ("GET", "/groups/1/members?$select=id&$top=5", 1),
        ("GET", "/groups", 1),
        ("POST", "/users", 1),
        ("DELETE", "/groups/1/members/2/$ref", 1),
    ],
)
def test_the_units_of_a_request_are_as_documented(method: str, url: str, units: int) -> None:
    segments, query = parse_url(url)

    assert cost(Request(method, segments, "https://localhost/v1.0", query)) == units


@pytest.mark.parametrize(("users", "units"), [(49, 3500), (50, 5000), (500, 5000), (501, 8000)])
def test_the_units_are_more_in_a_larger_tenant(users: int, units: int) -> None:
    quota, now = Quota(Knobs(), "app/tenant"), datetime.now(UTC)
    read = Request("GET", ("users", "1"), "https://localhost/v1.0")

    for _ in range(units):
        quota.spend(read, now, users)
    with pytest.raises(GraphError) as refused:
        quota.spend(read, now, users)

    assert refused.value.status == 429


async def test_nothing_is_said_of_the_limit_below_four_fifths(served: Served, graph: GraphClient) -> None:
    served.knobs.write_quota = 10

    shares = [
        (await graph("POST", "/users", user(f"u{n}"))).headers.get("x-ms-throttle-limit-percentage") for n in range(10)
    ]

    assert shares[:8] == [None] * 8
    assert shares[8:] == ["0.90", "1.00"]


async def test_low_priority_is_throttled_first_where_others_write_too(served: Served, graph: GraphClient) -> None:
    served.knobs.write_quota, served.knobs.write_window = 20, 200
    for number in range(18):
        await graph.user(f"u{number}")

    assert (await graph("POST", "/users", user("low"), **LOW)).status == 429
    assert (await graph("POST", "/users", user("normal"))).status == 201
    assert (await graph("POST", "/users", user("high"), x_ms_throttle_priority="High")).status == 201
    assert (await graph("POST", "/users", user("late"))).status == 429


async def test_low_priority_alone_has_the_whole_quota(served: Served, graph: GraphClient) -> None:
    served.knobs.write_quota, served.knobs.write_window = 20, 200

    statuses = [(await graph("POST", "/users", user(f"u{number}"), **LOW)).status for number in range(21)]

    assert statuses == [201] * 20 + [429]


async def test_the_priority_of_an_item_is_its_own(served: Served, graph: GraphClient) -> None:
    served.knobs.write_quota, served.knobs.write_window = 10, 1000
    for number in range(9):
        await graph.user(f"n{number}")
    headers = {"Content-Type": "application/json", "x-ms-throttle-priority": "Low"}

    answers = await graph.batch(item(1, headers=headers), item(2))

    assert (answers["1"]["status"], answers["2"]["status"]) == (429, 201)


async def test_a_client_that_waits_as_it_is_told_needs_no_more_time_than_the_quota_itself() -> None:
    tenant = Tenant("t", clock=Clock(running=False), knobs=Knobs(write_quota=50, write_window=10))
    simulator, origin = Simulator(tenant, Application("app", "secret")), "https://localhost"
    form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "secret"}
    issued = simulator.tokens.issue("t", form | {"scope": f"{origin}/.default"}, tenant.clock.now(), origin)
    headers = {"authorization": f"Bearer {issued.body['access_token']}"}
    started, left = tenant.clock.now(), [item(number) for number in range(200)]

    while left:
        body = {"requests": left[:20]}
        answer = simulator.answer(Request("POST", ("$batch",), f"{origin}/v1.0", {}, headers, body), origin)
        refused = {one["id"]: one for one in answer.body["responses"] if one["status"] != 201}
        tenant.clock.advance(max((float(one["headers"]["Retry-After"]) for one in refused.values()), default=0))
        left = [one for one in left[:20] if one["id"] in refused] + left[20:]

    assert len(tenant.objects) == 200
    assert 30 <= (tenant.clock.now() - started).total_seconds() <= 31, "(200 - 50) / 5 a second"


async def test_a_write_that_waits_for_units_has_not_spent_a_write(served: Served, graph: GraphClient) -> None:
    served.knobs.resource_units, served.knobs.write_quota = 1, 2
    mira = await graph.user("mira")
    for _ in range(3):
        assert (await graph("PUT", f"/users/{mira}/manager/$ref", reference(mira))).status == 429

    served.clock.advance(10)
    assert (await graph("PUT", f"/users/{mira}/manager/$ref", reference(mira))).status == 204
