"""Mutability, returned and uniqueness of each attribute (RFC 7643 section 2.2), as ``/Schemas`` promises them."""

from collections.abc import Iterator
from typing import Any

import pytest

from provisioning.scim.published import published
from provisioning.scim.schema.schemas import definitions
from tests.scim.conftest import ENTERPRISE, GROUP, USER, Client


def attributes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every attribute and sub-attribute: its schema, its path and its definition."""
    for schema in definitions():
        for attribute in schema["attributes"]:
            yield schema["id"], attribute["name"], attribute
            for part in attribute.get("subAttributes", ()):
                yield schema["id"], f"{attribute['name']}.{part['name']}", part


READ_ONLY = [("", "id"), ("", "meta"), ("", "meta.version"), ("", "meta.created")] + [
    (urn, path) for urn, path, definition in attributes() if definition["mutability"] == "readOnly"
]


def test_the_cases_are_those_of_the_schemas() -> None:
    """The tests below would otherwise say nothing about an attribute that comes later."""
    assert {definition["mutability"] for _, _, definition in attributes()} == {"readWrite", "readOnly", "immutable"}
    assert {definition["returned"] for _, _, definition in attributes()} == {"default", "request"}
    assert {path for _, path, definition in attributes() if definition.get("uniqueness") == "server"} == {
        "userName",
        "displayName",
    }
    assert {path for _, path, definition in attributes() if definition["mutability"] == "immutable"} == {
        *("members.value", "members.$ref", "members.type", "members.display")
    }


@pytest.mark.parametrize(("urn", "path"), READ_ONLY, ids=str)
@pytest.mark.parametrize("op", ["add", "replace"])
async def test_a_patch_of_what_is_read_only_is_refused(client: Client, urn: str, path: str, op: str) -> None:
    """400 mutability (RFC 7644 section 3.5.2)."""
    kind = "/Groups" if urn == GROUP else "/Users"
    made = await (client.group() if kind == "/Groups" else client.user())
    full = f"{urn}:{path}" if urn == ENTERPRISE else path
    answer = await client.patch(f"{kind}/{made['id']}", {"op": op, "path": full, "value": "x"})
    assert (answer.status, answer.body.get("scimType")) == (400, "mutability"), answer.body
    assert await client.get(f"{kind}/{made['id']}") == made


async def test_what_is_read_only_is_ignored_in_post_put_and_in_a_patch_without_a_path(client: Client) -> None:
    """RFC 7644 sections 3.3 and 3.5.1; Entra sends ``id`` and ``meta`` in its bodies."""
    meta = {"resourceType": "Pet", "created": "1999-01-01T00:00:00Z", "version": "x", "location": "https://x.example"}
    theirs = {"id": "mine", "meta": meta, "groups": [{"value": "g-1"}]}
    made = (await client.send("POST", "/Users", {"schemas": [USER], "userName": "mira", **theirs})).body
    put = (await client.send("PUT", f"/Users/{made['id']}", {"schemas": [USER], "userName": "mira", **theirs})).body
    patched = await client.patch(f"/Users/{made['id']}", {"op": "replace", "value": {**theirs, "title": "Lead"}})
    for shown in (made, put, patched.body):
        assert shown["id"] == made["id"] != "mine"
        assert shown["meta"]["created"] == made["meta"]["created"] > "2020"
        assert shown["meta"]["resourceType"] == "User"
        assert shown["meta"]["location"].startswith("https://hub.example/")
        assert "groups" not in shown
    assert (await client.get(f"/Users/{made['id']}", attributes="groups")).get("groups", []) == []


@pytest.mark.parametrize("part", ["value", "$ref", "type", "display"])
async def test_a_member_is_immutable(client: Client, part: str) -> None:
    """It is taken out and put in (RFC 7643 section 4.2)."""
    group = await client.group("Risk", "u-1")
    operation = {"op": "replace", "path": f'members[value eq "u-1"].{part}', "value": "x"}
    answer = await client.patch(f"/Groups/{group['id']}", operation)
    assert (answer.status, answer.body["scimType"]) == (400, "mutability")
    assert await client.members(group["id"]) == ["u-1"]


async def test_id_and_schemas_are_returned_always(client: Client) -> None:
    user = await client.user("mira", title="Lead")
    path = f"/Users/{user['id']}"
    assert set(await client.get(path, attributes="title")) == {"schemas", "id", "title"}
    left = await client.get(path, excludedAttributes="id,schemas,title,meta")
    assert set(left) == {"schemas", "id", "userName"}


async def test_what_is_returned_by_default_can_be_left_out(client: Client) -> None:
    body = {"schemas": [USER, ENTERPRISE], "userName": "m", "name": {"givenName": "M", "familyName": "O"}}
    made = (await client.send("POST", "/Users", body | {ENTERPRISE: {"department": "R", "division": "D"}})).body
    path = f"/Users/{made['id']}"
    assert (await client.get(path, excludedAttributes="name.familyName"))["name"] == {"givenName": "M"}
    assert (await client.get(path, attributes="name.familyName"))["name"] == {"familyName": "O"}
    assert (await client.get(path, attributes=f"{ENTERPRISE}:division"))[ENTERPRISE] == {"division": "D"}
    assert ENTERPRISE not in await client.get(path, excludedAttributes=ENTERPRISE)


async def test_what_is_returned_on_request_is_shown_where_it_is_asked_for_by_name(client: Client) -> None:
    user = await client.user()
    group = await client.group("Risk", user["id"])
    path = f"/Users/{user['id']}"
    assert "groups" not in await client.get(path)
    assert "groups" not in await client.get(path, excludedAttributes="title")
    assert [each["value"] for each in (await client.get(path, attributes="groups"))["groups"]] == [group["id"]]
    listed = await client.get("/Users", attributes="groups.value", filter='userName eq "mira"')
    assert [each["value"] for each in listed["Resources"][0]["groups"]] == [group["id"]]
    patched = await client.patch(path, {"op": "add", "path": "title", "value": "L"}, attributes="groups")
    assert [each["value"] for each in patched.body["groups"]] == [group["id"]]


async def test_attributes_may_be_asked_for_in_the_answer_to_a_write(client: Client) -> None:
    """RFC 7644 section 3.9: on any operation that returns a resource."""
    made = await client.send("POST", "/Users", {"schemas": [USER], "userName": "m", "title": "L"}, attributes="title")
    assert (made.status, set(made.body)) == (201, {"schemas", "id", "title"})
    path = made.headers["Location"].partition("/scim/v2")[2]
    put = await client.send("PUT", path, {"schemas": [USER], "userName": "m", "title": "M"}, attributes="title")
    assert set(put.body) == {"schemas", "id", "title"}
    patched = await client.patch(path, {"op": "add", "path": "title", "value": "N"}, excludedAttributes="meta")
    assert set(patched.body) == {"schemas", "id", "userName", "title"}


def test_a_password_is_no_attribute() -> None:
    """The hub keeps none, so nothing is returned never, and none can be asked for."""
    assert published().shapes["User"].resolve("password") is None


@pytest.mark.parametrize("spelling", ["mira", "MIRA", "Mira"])
async def test_a_user_name_is_unique_whatever_its_case(client: Client, spelling: str) -> None:
    await client.user("mira")
    other = await client.user("other")
    for answer in (
        await client.send("POST", "/Users", {"userName": spelling}),
        await client.send("PUT", f"/Users/{other['id']}", {"userName": spelling}),
        await client.patch(f"/Users/{other['id']}", {"op": "replace", "path": "userName", "value": spelling}),
    ):
        assert (answer.status, answer.body["scimType"]) == (409, "uniqueness")
    assert (await client.get(f"/Users/{other['id']}"))["userName"] == "other"


async def test_what_is_not_unique_may_stand_twice(client: Client) -> None:
    shared = {"displayName": "Mira", "externalId": "7", "emails": [{"value": "m@x"}]}
    await client.user("a", **shared)
    await client.user("b", **shared)
    assert (await client.get("/Users", filter='externalId eq "7"'))["totalResults"] == 2


async def test_a_value_that_is_there_is_not_added_again(client: Client) -> None:
    """RFC 7643 section 2.4: no two values of one type and value."""
    home, work = {"type": "home", "value": "m@x"}, {"type": "work", "value": "m@x"}
    made = await client.user("mira", emails=[work, work, home])
    assert made["emails"] == [work, home]
    added = {"op": "add", "path": "emails", "value": [{**work, "primary": True}]}
    answer = await client.patch(f"/Users/{made['id']}", added)
    assert answer.body["emails"] == [{**work, "primary": True}, home]


async def test_schemas_are_those_that_a_resource_has_something_of(client: Client) -> None:
    made = await client.user("mira", **{ENTERPRISE: {"department": "Risk"}})
    operations = [
        {"op": "add", "path": "schemas", "value": ["urn:x"]},
        {"op": "replace", "path": "schemas", "value": ["urn:x"]},
    ]
    for operation in operations:
        await client.patch(f"/Users/{made['id']}", operation)
        assert (await client.get(f"/Users/{made['id']}"))["schemas"] == [USER, ENTERPRISE]


@pytest.mark.parametrize(
    "operation",
    [{"op": "replace", "path": "emails.value", "value": "z@x"}, {"op": "add", "value": {"emails.value": "z@x"}}],
)
async def test_a_part_is_written_to_every_value_and_to_none_is_refused(
    client: Client, operation: dict[str, Any]
) -> None:
    made = await client.user("mira")
    answer = await client.patch(f"/Users/{made['id']}", operation)
    assert (answer.status, answer.body["scimType"]) == (400, "noTarget")
    assert "emails[type eq" in answer.body["detail"]
    other = await client.user("noor", emails=[{"type": "work", "value": "a@x"}])
    answer = await client.patch(f"/Users/{other['id']}", operation)
    assert answer.body["emails"] == [{"type": "work", "value": "z@x"}]
