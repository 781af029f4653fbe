"""Conditional requests (RFC 7644 section 3.14): 304 and 412 by the version that a client has seen."""

from typing import Any

import pytest

from tests.scim.conftest import GROUP, USER, Client

KINDS = ["/Users", "/Groups"]
BODIES = {"/Users": {"schemas": [USER], "userName": "mira"}, "/Groups": {"schemas": [GROUP], "displayName": "mira"}}
CHANGES = {
    "/Users": {"op": "replace", "path": "title", "value": "Lead"},
    "/Groups": {"op": "add", "path": "members", "value": [{"value": "u-1"}]},
}


async def made(client: Client, kind: str) -> tuple[str, str]:
    """Return the path and the version of a new resource."""
    answer = await client.send("POST", kind, BODIES[kind])
    return f"{kind}/{answer.body['id']}", answer.headers["ETag"]


async def change(client: Client, method: str, path: str, kind: str, header: str, value: str) -> int:
    """Send a write under a condition and return its status."""
    if method == "PATCH":
        return (await client.patch(path, CHANGES[kind], headers={header: value})).status
    body = BODIES[kind] | {"externalId": "7"} if method == "PUT" else None
    return (await client.send(method, path, body, headers={header: value})).status


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_known_already_is_not_sent_again(client: Client, kind: str) -> None:
    path, version = await made(client, kind)
    for known in (version, version.removeprefix("W/"), f'"other", {version}', "*"):
        answer = await client.send("GET", path, headers={"if-none-match": known})
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, None, version)
    answer = await client.send("GET", path, headers={"if-none-match": '"other"'})
    assert (answer.status, answer.headers["ETag"]) == (200, version)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_write_on_another_version_is_refused_and_does_nothing(client: Client, kind: str, method: str) -> None:
    path, version = await made(client, kind)
    before = await client.get(path)
    for header, value in (("if-match", 'W/"other"'), ("if-none-match", version), ("if-none-match", "*")):
        assert await change(client, method, path, kind, header, value) == 412
    assert await client.get(path) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("form", ["{}", "*", 'W/"other", {}', "bare"])
async def test_a_write_on_the_version_that_stands_is_done(client: Client, kind: str, method: str, form: str) -> None:
    """Weak and strong tags compare alike: RFC 7644 section 3.14 hands out weak ones."""
    path, version = await made(client, kind)
    value = version.removeprefix("W/") if form == "bare" else form.format(version)
    assert await change(client, method, path, kind, "if-match", value) in {200, 204}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_version_is_good_for_one_write(client: Client, kind: str) -> None:
    path, version = await made(client, kind)
    assert await change(client, "PATCH", path, kind, "if-match", version) in {200, 204}
    refused = await client.patch(path, CHANGES[kind], headers={"if-match": version})
    assert refused.status == 412
    assert "version" in refused.body["detail"]
    assert await change(client, "DELETE", path, kind, "if-match", version) == 412


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_a_condition_on_what_is_not_there_is_not_found(client: Client, method: str) -> None:
    body: Any = BODIES["/Users"] if method == "PUT" else None
    if method == "PATCH":
        assert (await client.patch("/Users/u-none", CHANGES["/Users"], headers={"if-match": "*"})).status == 404
        return
    assert (await client.send(method, "/Users/u-none", body, headers={"if-match": "*"})).status == 404


async def test_a_list_has_no_version_and_is_sent_whatever_is_known(client: Client) -> None:
    _, version = await made(client, "/Users")
    for header in ("if-match", "if-none-match"):
        answer = await client.send("GET", "/Users", headers={header: version})
        assert (answer.status, answer.body["totalResults"], "ETag" in answer.headers) == (200, 1, False)


async def test_a_write_that_changes_nothing_keeps_the_version(client: Client) -> None:
    user = await client.user("mira", title="Lead")
    path, version = f"/Users/{user['id']}", user["meta"]["version"]
    assert (await client.patch(path, CHANGES["/Users"])).headers["ETag"] == version
    put = await client.send("PUT", path, {"schemas": [USER], "userName": "mira", "title": "Lead"})
    assert (put.status, put.headers["ETag"]) == (200, version)
    assert put.body["meta"]["lastModified"] == user["meta"]["lastModified"]
