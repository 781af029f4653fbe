"""The contract check itself: that it looks, and that it catches what it is there for."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sandbox.graph.api import OPERATIONS
from sandbox.graph.server import Served
from sandbox.graph.simulator import Exchange
from tests.graph_client import GraphClient, user
from tests.graph_contract import CONTRACTS, DATA, OUTSIDE, ContractRecorder, present

pytestmark = pytest.mark.skipif(
    not present(), reason=f"Microsoft's metadata is not at hand: {DATA} lacks {', '.join(CONTRACTS.values())}"
)

JSON = {"content-type": "application/json", "authorization": "Bearer x"}
MIRA = {"@odata.context": "https://localhost/v1.0/$metadata#users/$entity", "id": "1", "displayName": "Mira"}


def exchange(method: str, url: str, sent: Any, status: int, answered: Any) -> Exchange:
    return Exchange(
        method,
        url,
        JSON,
        b"" if sent is None else json.dumps(sent).encode(),
        status,
        {"Content-Type": "application/json"},
        b"" if answered is None else json.dumps(answered).encode(),
    )


def violations(*exchanges: Exchange) -> list[tuple[str, str]]:
    recorder = ContractRecorder()
    for one in exchanges:
        recorder.observe(one)
    return [(violation.contract, violation.side) for violation in recorder.violations]


def test_a_proper_exchange_keeps_both_contracts() -> None:
    assert violations(exchange("POST", "/v1.0/users", user(), 201, MIRA)) == []
    assert violations(exchange("GET", "/v1.0/users/1?$select=id,displayName", None, 200, MIRA)) == []


def test_a_value_of_the_wrong_type_breaks_both() -> None:
    created = exchange("POST", "/v1.0/users", user(accountEnabled="yes"), 201, MIRA)

    assert violations(created) == [("lenient", "request"), ("strict", "request")]


@pytest.mark.parametrize("change", [{"bogus": 1}, {"createdDateTime": "2026-01-01T00:00:00Z"}, {"displayName": ...}])
def test_an_unknown_read_only_or_missing_property_breaks_the_strict_one(change: dict[str, Any]) -> None:
    sent = {name: value for name, value in (user() | change).items() if value is not ...}

    assert violations(exchange("POST", "/v1.0/users", sent, 201, MIRA)) == [("strict", "request")]


def test_an_invented_property_in_an_answer_breaks_the_strict_one() -> None:
    answered = MIRA | {"bogus": 1}

    assert violations(exchange("GET", "/v1.0/users/1", None, 200, answered)) == [("strict", "answer")]


def test_an_error_without_graphs_body_breaks_both() -> None:
    answered = {"detail": "no"}

    assert violations(exchange("GET", "/v1.0/users/1", None, 404, answered)) == [
        ("lenient", "answer"),
        ("strict", "answer"),
    ]


def test_a_status_that_is_not_in_the_contract_breaks_both() -> None:
    assert len(violations(exchange("DELETE", "/v1.0/users/1", None, 200, MIRA))) == 2


def test_an_unknown_path_that_was_answered_breaks_both() -> None:
    assert len(violations(exchange("GET", "/v1.0/bogus", None, 200, MIRA))) == 2


def test_the_items_of_a_batch_are_checked_like_requests() -> None:
    item = {"id": "1", "method": "POST", "url": "/users", "headers": {"Content-Type": "application/json"}}
    sent = {"requests": [item | {"body": user(bogus=1)}]}
    answered = {"responses": [{"id": "1", "status": 201, "headers": JSON, "body": MIRA | {"bogus": 1}}]}

    assert violations(exchange("POST", "/v1.0/$batch", sent, 200, answered)) == [
        ("strict", "request"),
        ("strict", "answer"),
    ]


def test_a_request_that_was_refused_is_told_apart_from_one_that_was_carried_out() -> None:
    error = {"error": {"code": "Request_BadRequest", "message": "no"}}
    recorder = ContractRecorder()

    recorder.observe(exchange("POST", "/v1.0/users", user(bogus=1), 400, error))

    recorder.assert_answers_kept()
    with pytest.raises(AssertionError, match="bogus"):
        recorder.assert_kept()


def test_a_dropped_connection_has_no_answer_to_check() -> None:
    dropped = replace(exchange("GET", "/v1.0/users", None, 504, None), answered=False)

    assert violations(dropped) == []


async def test_every_request_of_a_test_is_checked_twice_over(
    graph: GraphClient, graph_contract: ContractRecorder
) -> None:
    key = await graph.user("mira")
    await graph("GET", f"/users/{key}")
    await graph.batch({"id": "1", "method": "GET", "url": "/users"}, {"id": "2", "method": "GET", "url": "/groups"})
    await graph("GET", f"/groups/{await graph.group()}/owners")

    assert graph_contract.checked == 6, "a create, a read, a batch and its two items, a group; owners are outside"


async def test_the_connectors_fixture_fails_on_a_refused_request_too(graph_simulator: Served) -> None:
    assert graph_simulator.simulator.observers, "the fixture checks nothing"


def test_every_operation_is_in_the_contract_or_listed_as_outside() -> None:
    paths = json.loads((DATA / CONTRACTS["lenient"]).read_text())["paths"]
    known = set()
    for path, item in paths.items():
        parts = ["*" if part.startswith("{") else part for part in path.strip("/").split("/")]
        known |= {(method.upper(), "/".join(parts)) for method in item}
    missing = {(one.method, one.path) for one in OPERATIONS} - known - set(OUTSIDE)

    assert missing == set()
