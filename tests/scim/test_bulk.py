"""Bulk requests (RFC 7644 section 3.7): each operation is the single request, one failure undoes no other."""

from http import HTTPStatus
from typing import Any

import pytest
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from connectors.contract import ObjectKind
from provisioning.scim import bulk as bulk_module
from provisioning.scim.limits import MOST_BULK_OPERATIONS
from provisioning.scim.published import published
from provisioning.sources.caller import Profile
from tests.scim.callers import caller
from tests.scim.conftest import ENTERPRISE, GROUP, PATCH, USER, Answer, Client

REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def user(bulk_id: str, name: str, **attributes: Any) -> dict[str, Any]:
    """A POST of a user."""
    return {
        "method": "POST",
        "path": "/Users",
        "bulkId": bulk_id,
        "data": {"schemas": [USER], "userName": name, **attributes},
    }


def group(bulk_id: str, name: str, *members: str) -> dict[str, Any]:
    """A POST of a group."""
    data = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


def patched(path: str, *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A PATCH."""
    return {"method": "PATCH", "path": path, "data": {"schemas": [PATCH], "Operations": list(operations)}, **more}


async def sent(client: Client, *operations: Any, **more: Any) -> Answer:
    """Send a bulk request."""
    return await client.send("POST", "/Bulk", {"schemas": [REQUEST], "Operations": list(operations), **more})


async def outcomes(client: Client, *operations: Any, **more: Any) -> list[dict[str, Any]]:
    """Send a bulk request that is taken, and return what became of its operations."""
    answer = await sent(client, *operations, **more)
    assert answer.status == 200, answer
    assert answer.body["schemas"] == [RESPONSE]
    return list(answer.body["Operations"])


async def test_every_method_is_served_as_the_single_request(client: Client) -> None:
    old, gone = await client.user("old", title="Analyst"), await client.user("gone")
    made, put, changed, deleted = await outcomes(
        client,
        user("a", "mira"),
        {"method": "PUT", "path": f"/Users/{old['id']}", "data": {"schemas": [USER], "userName": "older"}},
        patched(f"/Users/{old['id']}", {"op": "Add", "path": "nickName", "value": "O"}),
        {"method": "DELETE", "path": f"/Users/{gone['id']}"},
    )
    mira = (await client.get("/Users", filter='userName eq "mira"'))["Resources"][0]
    assert made == {
        "method": "POST",
        "bulkId": "a",
        "location": mira["meta"]["location"],
        "version": mira["meta"]["version"],
        "status": "201",
    }
    read = await client.get(f"/Users/{old['id']}")
    assert (read["userName"], read.get("title"), read["nickName"]) == ("older", None, "O")
    assert (put["status"], put["location"], changed["status"]) == ("200", old["meta"]["location"], "200")
    assert changed["version"] == read["meta"]["version"] != put["version"]
    assert deleted == {"method": "DELETE", "location": gone["meta"]["location"], "status": "204"}
    assert (await client.send("GET", f"/Users/{gone['id']}")).status == 404


async def test_an_operation_may_be_in_any_dialect(client: Client) -> None:
    made, changed, removed = await outcomes(
        client,
        user("a", "mira", active="True", **{ENTERPRISE: {"manager": "u-9001"}}),
        patched("/Users/bulkId:a", {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "m@x.example"}),
        patched("/Users/bulkId:a", {"op": "Replace", "path": "active", "value": "False"}),
    )
    assert [made["status"], changed["status"], removed["status"]] == ["201", "200", "200"]
    (mira,) = (await client.get("/Users"))["Resources"]
    assert (mira["active"], mira["emails"]) == (False, [{"type": "work", "value": "m@x.example"}])
    assert mira[ENTERPRISE]["manager"]["value"] == "u-9001"


async def test_a_reference_is_replaced_in_paths_members_and_manager_whatever_the_order(client: Client) -> None:
    result = await outcomes(
        client,
        group("risk", "Risk", "bulkId:mira", "bulkId:noor"),
        user("mira", "mira", **{ENTERPRISE: {"manager": {"value": "bulkId:noor"}}}),
        patched("/Groups/bulkId:risk", {"op": "add", "path": "members", "value": [{"value": "bulkId:ola"}]}),
        user("noor", "noor"),
        user("ola", "ola"),
        {"method": "DELETE", "path": "/Users/bulkId:ola"},
    )
    assert [each["status"] for each in result] == ["201", "201", "204", "201", "201", "204"]
    assert [each.get("bulkId") for each in result] == ["risk", "mira", None, "noor", "ola", None]
    ids = [each["location"].rpartition("/")[2] for each in result]
    assert set(await client.members(ids[0])) >= {ids[1], ids[3]}
    assert result[2]["location"].endswith(f"/Groups/{ids[0]}")
    assert (await client.get(f"/Users/{ids[1]}"))[ENTERPRISE]["manager"]["value"] == ids[3]


async def test_of_a_circle_one_reference_is_a_conflict(client: Client) -> None:
    """RFC 7644 section 3.7.1 lets the service stop there with 409."""
    result = await outcomes(
        client,
        user("mira", "mira", **{ENTERPRISE: {"manager": {"value": "bulkId:noor"}}}),
        user("noor", "noor", **{ENTERPRISE: {"manager": {"value": "bulkId:mira"}}}),
    )
    assert [each["status"] for each in result] == ["409", "409"]
    assert "noor" in result[0]["response"]["detail"]
    assert "circle" in result[1]["response"]["detail"]
    assert (await client.get("/Users"))["totalResults"] == 0


async def test_a_failure_undoes_nothing_and_stops_nothing(client: Client) -> None:
    await client.user("taken")
    first, second, third, fourth = await outcomes(
        client,
        user("a", "mira"),
        user("b", "taken"),
        {"method": "DELETE", "path": "/Users/u-none"},
        user("c", "noor"),
    )
    assert (first["status"], fourth["status"]) == ("201", "201")
    assert (second["status"], second["response"]["scimType"], "location" in second) == ("409", "uniqueness", False)
    assert second["response"]["schemas"] == [ERROR]
    assert (third["status"], third["location"]) == ("404", "https://hub.example/scim/v2/Users/u-none")
    assert (await client.get("/Users"))["totalResults"] == 3


@pytest.mark.parametrize(("limit", "served"), [(None, 4), (1, 2), (2, 3), (3, 4)])
async def test_the_request_stops_at_the_errors_that_the_client_accepts(
    client: Client, limit: int | None, served: int
) -> None:
    result = await outcomes(
        client,
        user("a", "a"),
        {"method": "DELETE", "path": "/Users/u-1"},
        {"method": "DELETE", "path": "/Users/u-2"},
        user("b", "b"),
        failOnErrors=limit,
    )
    assert len(result) == served
    assert (await client.get("/Users"))["totalResults"] == (2 if served == 4 else 1)


async def test_what_refers_to_a_create_that_failed_is_a_conflict(client: Client) -> None:
    await client.user("mira")
    result = await outcomes(client, group("g", "Risk", "bulkId:mira"), user("mira", "mira"), user("x", "noor"))
    assert [each["status"] for each in result] == ["409", "409", "201"]
    assert (await client.get("/Groups"))["totalResults"] == 0


async def test_a_version_is_the_condition_of_its_operation(client: Client) -> None:
    made = await client.user("mira")
    path, change = f"/Users/{made['id']}", {"op": "replace", "path": "title", "value": "Lead"}
    stale = patched(path, {**change, "value": "Chief"}, version=made["meta"]["version"])
    result = await outcomes(client, patched(path, change, version=made["meta"]["version"]), stale)
    assert [each["status"] for each in result] == ["200", "412"]
    assert (await client.get(path))["title"] == "Lead"


@pytest.mark.parametrize(
    ("operation", "status", "words"),
    [
        ("x", "400", "object"),
        ({}, "400", "method"),
        ({"method": "GET", "path": "/Users/u-1"}, "400", "POST, PUT, PATCH or DELETE"),
        ({"method": "POST", "bulkId": "x", "data": {}}, "400", "path"),
        ({"method": "POST", "path": "/Users", "data": {"userName": "x"}}, "400", "bulkId"),
        ({"method": "POST", "path": "/Users", "bulkId": "x"}, "400", "data"),
        ({"method": "POST", "path": "/Users", "bulkId": 7, "data": {}}, "400", "bulkId"),
        ({"method": "POST", "path": "/Users", "bulkId": "x", "data": "x"}, "400", "object"),
        ({"method": "POST", "path": "/Users", "bulkId": "x", "data": {"userName": 5}}, "400", "userName"),
        ({"method": "POST", "path": "/Pets", "bulkId": "x", "data": {}}, "404", "Pets"),
        ({"method": "POST", "path": "/Bulk", "bulkId": "x", "data": {}}, "400", "resource"),
        ({"method": "POST", "path": "/.search", "bulkId": "x", "data": {}}, "400", "resource"),
        ({"method": "PATCH", "path": "/Me", "data": {}}, "400", "resource"),
        ({"method": "PUT", "path": "/Users", "data": {}}, "405", "PUT"),
        ({"method": "PATCH", "path": "/Users/u-1", "data": {"Operations": []}}, "400", "operations"),
        ({"method": "DELETE", "path": "/Users/bulkId:nobody"}, "409", "nobody"),
    ],
)
async def test_an_operation_without_sense_fails_alone(client: Client, operation: Any, status: str, words: str) -> None:
    failed, made = await outcomes(client, operation, user("good", "mira"))
    assert (failed["status"], failed["response"]["status"], made["status"]) == (status, status, "201")
    assert words in failed["response"]["detail"]


async def test_two_creates_with_one_bulk_id_are_one(client: Client) -> None:
    first, second = await outcomes(client, user("a", "mira"), user("a", "noor"))
    assert (first["status"], second["status"], second["response"]["scimType"]) == ("201", "400", "invalidValue")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        ({}, 400),
        ({"Operations": "x"}, 400),
        ({"Operations": {}}, 400),
        ({"schemas": ["urn:x"], "Operations": []}, 400),
        ({"Operations": [], "failOnErrors": 0}, 400),
        ({"Operations": [], "failOnErrors": "1"}, 400),
        ({"Operations": [], "failOnErrors": True}, 400),
        ({"Operations": [user(str(number), str(number)) for number in range(MOST_BULK_OPERATIONS + 1)]}, 413),
        ({"Operations": []}, 200),
        ({"operations": [], "FailOnErrors": None}, 200),
    ],
)
async def test_the_envelope_is_judged_as_a_whole(client: Client, body: Any, status: int) -> None:
    answer = await client.send("POST", "/Bulk", body)
    assert answer.status == status, answer
    assert (await client.get("/Users"))["totalResults"] == 0


async def test_the_limits_are_in_the_service_provider_config(client: Client) -> None:
    told = (await client.get("/ServiceProviderConfig"))["bulk"]
    assert told == {"supported": True, "maxOperations": MOST_BULK_OPERATIONS, "maxPayloadSize": 4_194_304}
    answer = await client.send("POST", "/Bulk", raw=b" " * (told["maxPayloadSize"] + 1))
    assert (answer.status, answer.body["status"]) == (413, "413")


async def test_each_operation_is_authorised(client: Client) -> None:
    people = await caller(client, "people", kinds=frozenset({ObjectKind.USER}))
    reader = await caller(client, "reader", writes=False)
    assert [each["status"] for each in await outcomes(people, user("a", "mira"), group("g", "Risk"))] == ["201", "403"]
    assert [each["status"] for each in await outcomes(reader, user("b", "noor"))] == ["403"]


async def test_each_operation_is_in_the_profile_of_the_source(client: Client) -> None:
    strict = await caller(client, "purist", profile=Profile(strict=True, patch_answers_resource=False))
    good, bad, changed = await outcomes(
        strict,
        user("a", "mira"),
        user("b", "noor", shoeSize=42),
        patched("/Users/bulkId:a", {"op": "remove", "path": "title"}),
    )
    assert (good["status"], bad["status"], bad["response"]["scimType"]) == ("201", "400", "invalidSyntax")
    assert changed["status"] == "204"
    assert changed["version"]


async def test_an_operation_that_fails_by_our_own_fault_is_one_500_among_the_others(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = client.endpoint.directory.create

    async def broken(kind: ObjectKind, document: Any, *rest: Any, **named: Any) -> Any:
        if document["userName"] == "mira":
            raise RuntimeError("mira broke it")
        return await real(kind, document, *rest, **named)

    monkeypatch.setattr("provisioning.directory.directory.Directory.create", lambda _, *a, **k: broken(*a, **k))
    first, second = await outcomes(client, user("a", "mira"), user("b", "noor"))
    assert (first["status"], second["status"]) == ("500", "201")
    assert "broke" not in first["response"]["detail"]


async def test_what_is_not_begun_in_time_is_said_and_can_be_sent_again() -> None:
    """The platform would end the answer, and nobody would know which operations were done."""
    served: list[str] = []

    async def serve(request: ScimRequest) -> ScimResponse:
        served.append(request.path)
        return ScimResponse(HTTPStatus.OK)

    request = ScimRequest("POST", "https://hub.example/scim/v2", "/Bulk")
    body = {"Operations": [{"method": "DELETE", "path": "/Users/u-1"}, {"method": "DELETE", "path": "/Users/u-2"}]}
    response = await bulk_module.run_bulk(published().service, request, body, serve, lambda: None, most_seconds=-1)
    assert response.body is not None
    assert [each["status"] for each in response.body["Operations"]] == ["503", "503"]
    assert served == []
