"""The endpoint: who may call, what every answer has, and how each mistake is answered as a SCIM error."""

from typing import Any

import pytest

from provisioning.sources.sources import Sources
from tests.scim.conftest import USER, Client

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc="])
@pytest.mark.parametrize("path", ["/Users", "/Users/u-1", "/Schemas", "/ServiceProviderConfig", "/nowhere"])
async def test_without_the_right_token_nothing_is_told(client: Client, header: str, path: str) -> None:
    answer = await client.send("GET", path, headers={"authorization": header})
    assert answer.status == 401
    assert answer.body["schemas"] == [ERROR]
    assert answer.body["status"] == "401"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["content-type"].startswith("application/scim+json")


async def test_a_created_user_has_an_id_a_location_and_a_version(client: Client) -> None:
    answer = await client.send("POST", "/Users", {"schemas": [USER], "userName": "mira"})
    assert answer.status == 201
    location = f"https://hub.example/scim/v2/Users/{answer.body['id']}"
    assert answer.headers["Location"] == answer.body["meta"]["location"] == location
    assert answer.headers["ETag"] == answer.body["meta"]["version"]
    assert answer.body["meta"]["resourceType"] == "User"


async def test_a_duplicate_is_a_conflict(client: Client) -> None:
    await client.user("mira")
    answer = await client.send("POST", "/Users", {"schemas": [USER], "userName": "MIRA"})
    assert (answer.status, answer.body["scimType"]) == (409, "uniqueness")
    await client.group("Risk")
    again = await client.send("POST", "/Groups", {"displayName": "Risk"})
    assert (again.status, again.body["scimType"]) == (409, "uniqueness")


@pytest.mark.parametrize("path", ["/Users", "/Groups"])
async def test_a_search_without_a_hit_is_an_empty_list(client: Client, path: str) -> None:
    attribute = "userName" if path == "/Users" else "displayName"
    answer = await client.send("GET", path, filter=f'{attribute} eq "6a1f0c3e-2f64-4c7b-9f52-0d1f3c1b7a90"')
    assert answer.status == 200
    assert (answer.body["schemas"], answer.body["totalResults"]) == ([LIST], 0)


@pytest.mark.parametrize(
    ("method", "path", "raw", "status"),
    [
        ("POST", "/Users", b"{not json", 400),
        ("POST", "/Users", b"[]", 400),
        ("POST", "/Users", b"{}", 400),
        ("POST", "/Users", b"[" * 100_000, 400),
        ("POST", "/Users", b'{"userName":"x","active":"banana"}', 400),
        ("PATCH", "/Users/u-1", b'{"Operations":[]}', 400),
        ("PATCH", "/Users/u-1", b'{"Operations":[{"op":"Jump","path":"title"}]}', 400),
        ("GET", "/Users/u-1", b"", 404),
        ("PUT", "/Users/u-1", b'{"userName":"x"}', 404),
        ("DELETE", "/Groups/g-1", b"", 404),
        ("GET", "/Nowhere", b"", 404),
        ("PUT", "/Users", b"{}", 405),
        ("POST", "/Users", b" " * 5_000_000, 413),
    ],
)
async def test_a_mistake_is_a_scim_error_with_its_status(
    client: Client, method: str, path: str, raw: bytes, status: int
) -> None:
    answer = await client.send(method, path, raw=raw)
    assert answer.status == status, answer.body
    assert answer.body["schemas"] == [ERROR]
    assert answer.body["status"] == str(status)


@pytest.mark.parametrize("text", ["userName eq", 'emails[type eq "work"', "(userName pr", "userName pr)"])
async def test_a_broken_filter_is_refused(client: Client, text: str) -> None:
    answer = await client.send("GET", "/Users", filter=text)
    assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")


async def test_a_resource_beyond_the_limits_is_refused_and_nothing_is_written(client: Client) -> None:
    emails = [{"type": "other", "value": f"m{number}@x.example"} for number in range(60)]
    answer = await client.send("POST", "/Users", {"userName": "mira", "emails": emails})
    assert answer.status in {400, 413}
    assert "at most" in answer.body["detail"]
    assert (await client.get("/Users"))["totalResults"] == 0


async def test_unknown_query_parameters_are_tolerated(client: Client) -> None:
    await client.user()
    assert (await client.get("/Users", aadOptscim062020="", filter='userName eq "mira"'))["totalResults"] == 1


async def test_a_body_of_another_type_is_refused(client: Client) -> None:
    answer = await client.send("POST", "/Users", {"userName": "x"}, headers={"content-type": "text/plain"})
    assert answer.status == 415


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "application/json", "application/scim+json;q=0.1"])
async def test_whatever_is_accepted_the_answer_is_scim(client: Client, accept: str) -> None:
    """RFC 7644 section 3.8 has JSON only; nobody is helped by a 406."""
    answer = await client.send("GET", "/Users", headers={"accept": accept})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/scim+json")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/scim+json; charset=utf-8", "APPLICATION/JSON", ""]
)
async def test_a_body_is_json_by_any_of_its_names(client: Client, content_type: str) -> None:
    answer = await client.send("POST", "/Users", {"userName": "mira"}, headers={"content-type": content_type})
    assert answer.status == 201


@pytest.mark.parametrize(
    "path",
    ["/users", "/USERS/", "/schemas", "/serviceproviderconfig", "/resourcetypes", "/ResourceTypes/User", "/groups"],
)
async def test_paths_are_known_in_any_case(client: Client, path: str) -> None:
    assert (await client.send("GET", path)).status == 200


async def test_a_bulk_request_and_a_search_are_known_in_any_case(client: Client) -> None:
    assert (await client.send("POST", "/bulk", {"Operations": []})).status == 200
    assert (await client.send("POST", "/users/.Search", {})).status == 200


@pytest.mark.parametrize("path", ["/Users/%75-1", "/Schemas/urn%3Aietf%3Aparams%3Ascim%3Aschemas%3Acore%3A2.0%3AUser"])
async def test_a_path_may_be_percent_encoded(client: Client, path: str) -> None:
    answer = await client.send("GET", path)
    assert answer.status == (404 if "Users" in path else 200)
    assert "%" not in str(answer.body)


async def test_head_is_get_without_a_body(client: Client) -> None:
    user = await client.user()
    for path in ("/Users", f"/Users/{user['id']}", "/Schemas"):
        answer = await client.send("HEAD", path)
        assert (answer.status, answer.body) == (200, None)
    assert (await client.send("HEAD", f"/Users/{user['id']}")).headers["ETag"] == user["meta"]["version"]
    assert (await client.send("HEAD", "/Users/u-none")).status == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/Users", "GET, HEAD, POST"),
        ("DELETE", "/Groups", "GET, HEAD, POST"),
        ("POST", "/Users/u-1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("POST", "/Schemas", "GET, HEAD"),
        ("DELETE", "/ServiceProviderConfig", "GET, HEAD"),
        ("GET", "/Bulk", "POST"),
        ("GET", "/Users/.search", "POST"),
        ("BREW", "/Users", "GET, HEAD, POST"),
        ("OPTIONS", "/Users", "GET, HEAD, POST"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(client: Client, method: str, path: str, allowed: str) -> None:
    answer = await client.send(method, path)
    assert (answer.status, answer.body["schemas"], answer.headers["Allow"]) == (405, [ERROR], allowed)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "POST"])
@pytest.mark.parametrize("path", ["/Me", "/me"])
async def test_me_is_not_served(client: Client, method: str, path: str) -> None:
    """RFC 7644 section 3.11: a client here is an application, and no person."""
    answer = await client.send(method, path, None if method in {"GET", "DELETE"} else {"userName": "x"})
    assert (answer.status, answer.body["status"]) == (501, "501")


async def test_the_answer_carries_the_correlation_id(client: Client) -> None:
    answer = await client.send("GET", "/Users", headers={"x-correlation-id": "entra-run-0001"})
    assert answer.headers["x-correlation-id"] == "entra-run-0001"
    bad = await client.send("GET", "/Users", headers={"x-correlation-id": "<script>\n"})
    assert bad.headers["x-correlation-id"].isalnum()


async def test_a_revoked_token_is_refused_at_once(client: Client) -> None:
    sources: Sources = client.endpoint.sources
    await client.get("/Users")
    (token,) = (await sources.get("entra")).tokens
    await sources.revoke("entra", token.id)
    assert (await client.send("GET", "/Users")).status == 401


@pytest.mark.parametrize(
    ("start", "count", "shown"), [(None, None, 7), (1, 3, 3), (4, 3, 3), (7, 3, 1), (8, 3, 0), (1, 0, 0), (0, 2, 2)]
)
async def test_lists_are_paged_and_count_everything(client: Client, start: Any, count: Any, shown: int) -> None:
    made = sorted([(await client.user(f"u{number}"))["id"] for number in range(7)])
    query = {name: value for name, value in (("startIndex", start), ("count", count)) if value is not None}
    page = await client.get("/Users", **query)
    assert page["totalResults"] == 7
    assert page.get("startIndex", 1) == max(1, start or 1)
    first = max(1, start or 1) - 1
    assert [each["id"] for each in page.get("Resources", [])] == made[first : first + shown]


async def test_discovery(client: Client) -> None:
    schemas = await client.get("/Schemas")
    assert {each["id"].rpartition(":")[2] for each in schemas["Resources"]} == {"User", "Group"}
    assert schemas["totalResults"] == 3
    assert (await client.get("/ServiceProviderConfig"))["patch"]["supported"] is True
    assert {each["name"] for each in (await client.get("/ResourceTypes"))["Resources"]} == {"User", "Group"}
    emails = next(
        attribute for each in schemas["Resources"] for attribute in each["attributes"] if attribute["name"] == "emails"
    )
    types = next(part for part in emails["subAttributes"] if part["name"] == "type")
    assert "work" in types["canonicalValues"]


async def test_an_unexpected_failure_is_a_scim_error_and_logs_no_values(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    person = "mira@northwind.example"

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"{person} broke it")

    monkeypatch.setattr(client.endpoint.directory, "create", broken)
    answer = await client.send("POST", "/Users", {"userName": "mira"}, headers={"x-correlation-id": "entra-run-0002"})
    assert (answer.status, answer.body["status"]) == (500, "500")
    assert "entra-run-0002" in answer.body["detail"]
    assert "RuntimeError" in caplog.text
    assert "northwind" not in caplog.text + str(answer.body)
