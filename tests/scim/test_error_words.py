"""What a refusal says: status and scimType of RFC 7644 section 3.12, and words that name the attribute and the way out.

``detail`` stands verbatim in Entra's provisioning log, so it is read by people who know neither SCIM nor Python.
"""

from typing import Any

import pytest

from tests.scim.conftest import ENTERPRISE, Client

FOREIGN = (
    "Input should",
    "pydantic",
    "validation error",
    "Extra inputs",
    "type=",
    "Traceback",
    "Exception",
    "NoneType",
)


def said(body: Any, status: int, scim_type: str | None, *words: str) -> None:
    """See that an error is complete, says these words, and none of another program's."""
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert (body["status"], body.get("scimType")) == (str(status), scim_type), body
    for word in words:
        assert word in body["detail"]
    assert not [word for word in FOREIGN if word in body["detail"]], body["detail"]
    assert "\n" not in body["detail"]
    assert len(body["detail"]) < 700


@pytest.mark.parametrize(
    ("body", "scim_type", "words"),
    [
        ({}, "invalidValue", ["'userName' is required"]),
        ({"userName": 5}, "invalidValue", ["'userName' takes a text"]),
        ({"userName": ["a", "b"]}, "invalidValue", ["'userName'", "single"]),
        ({"userName": "m", "active": "banana"}, "invalidValue", ["'active'", "true or false", "banana"]),
        ({"userName": "m", "name": "M"}, "invalidValue", ["'name'", "object"]),
        ({"userName": "m", "name": {"givenName": 5}}, "invalidValue", ["'name.givenName' takes a text"]),
        ({"userName": "m", "emails": [{"value": 5}]}, "invalidValue", ["'emails[0].value' takes a text"]),
        ({"userName": "m", "emails": [{"value": "a"}, {"value": 5}]}, "invalidValue", ["'emails[1].value'"]),
        ({"userName": "m", "profileUrl": "no address"}, "invalidValue", ["'profileUrl' takes a URI"]),
        ({"userName": "m", "x509Certificates": [{"value": "***"}]}, "invalidValue", ["base64"]),
        ({"userName": "m", ENTERPRISE: {"department": 5}}, "invalidValue", ["User.department'"]),
        (
            {"userName": "m", "emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
            "invalidValue",
            ["'emails'", "primary", "at most one"],
        ),
        ([], "invalidSyntax", ["object"]),
    ],
)
async def test_a_body_is_refused_in_words(client: Client, body: Any, scim_type: str, words: list[str]) -> None:
    said((await client.send("POST", "/Users", body)).body, 400, scim_type, *words)


@pytest.mark.parametrize(
    ("operation", "scim_type", "words"),
    [
        ({"op": "Jump", "path": "title"}, "invalidValue", ["add, replace or remove", "Jump"]),
        ({"op": "replace", "path": "userName", "value": 5}, "invalidValue", ["'userName' takes a text"]),
        ({"op": "add", "path": 'emails[type eq "work"].value', "value": 5}, "invalidValue", ["emails[type eq", "text"]),
        ({"op": "replace", "path": "profileUrl", "value": "no"}, "invalidValue", ["'profileUrl'", "URI"]),
        ({"op": "replace", "path": "userName", "value": ""}, "mutability", ["remove 'userName'", "required"]),
        ({"op": "remove", "path": "userName"}, "mutability", ["remove 'userName'", "required"]),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability", ["'id'", "read-only"]),
        ({"op": "replace", "path": "meta.version", "value": "x"}, "mutability", ["'meta.version'", "read-only"]),
        ({"op": "add", "path": "][", "value": "x"}, "invalidPath", ["add '][", "not understood"]),
        ({"op": "add", "path": "emails[type eq", "value": "x"}, "invalidPath", ["not understood at character"]),
        ({"op": "remove"}, "noTarget", ["remove without a path"]),
        ({"op": "add", "path": 'emails[value co "x"].type', "value": "x"}, "noTarget", ["emails[value co"]),
        (
            {
                "op": "add",
                "path": "emails",
                "value": [{"value": "a", "primary": True}, {"value": "b", "primary": True}],
            },
            "invalidValue",
            ["add 'emails'", "primary"],
        ),
        ({"op": "add", "path": "title"}, "invalidValue", ["'title'", "no value"]),
    ],
)
async def test_an_operation_is_refused_in_words_that_name_it(
    client: Client, operation: dict[str, Any], scim_type: str, words: list[str]
) -> None:
    user = await client.user("mira", emails=[{"type": "home", "value": "h@y"}])
    good = {"op": "replace", "path": "nickName", "value": "Mi"}
    answer = await client.patch(f"/Users/{user['id']}", good, operation)
    said(answer.body, 400, scim_type, *words)


@pytest.mark.parametrize(
    ("query", "scim_type", "words"),
    [
        ({"filter": "userName eq"}, "invalidFilter", ["filter", "character 10", 'userName eq "']),
        ({"filter": "("}, "invalidFilter", ["filter", "character"]),
        ({"filter": "shoeSize eq 4"}, "invalidFilter", ["'shoeSize'", "not an attribute"]),
        ({"filter": "active gt true"}, "invalidFilter", ["gt", "active"]),
        ({"filter": "userName eq " + "x" * 9000}, "invalidFilter", ["8192"]),
        ({"count": "abc"}, "invalidValue", ["'count' takes a whole number"]),
        ({"startIndex": "x"}, "invalidValue", ["'startIndex' takes a whole number"]),
        ({"sortOrder": "banana"}, "invalidValue", ["'sortOrder'", "'ascending' or 'descending'"]),
        ({"sortBy": "shoeSize"}, "invalidPath", ["shoeSize"]),
        ({"sortBy": "]["}, "invalidPath", ["'sortBy' is not understood"]),
        ({"attributes": "id", "excludedAttributes": "name"}, "invalidValue", ["'attributes'", "at once"]),
    ],
)
async def test_a_query_is_refused_in_words(
    client: Client, query: dict[str, str], scim_type: str, words: list[str]
) -> None:
    said((await client.send("GET", "/Users", **query)).body, 400, scim_type, *words)


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/Users/u-1", 404, ["User", "does not exist"]),
        ("GET", "/Pets", 404, ["Pets"]),
        ("GET", "/" + "x" * 50_000, 404, []),
        ("GET", "/Users/" + "x" * 50_000, 404, []),
        ("PUT", "/Users", 405, ["PUT", "GET, POST"]),
        ("GET", "/Me", 501, ["/Me"]),
    ],
)
async def test_a_path_is_refused_in_words(
    client: Client, method: str, path: str, status: int, words: list[str]
) -> None:
    said((await client.send(method, path)).body, status, None, *words)


async def test_a_conflict_names_the_attribute(client: Client) -> None:
    await client.user("mira")
    said((await client.send("POST", "/Users", {"userName": "MIRA"})).body, 409, "uniqueness", "userName")
    await client.group("Risk")
    said((await client.send("POST", "/Groups", {"displayName": "risk"})).body, 409, "uniqueness", "displayName")


async def test_a_failed_condition_says_what_to_do(client: Client) -> None:
    user = await client.user("mira")
    answer = await client.send("DELETE", f"/Users/{user['id']}", headers={"if-match": 'W/"other"'})
    said(answer.body, 412, None, "version", "Read it again")
