"""The strict profile: RFC 7643 and 7644 to the letter, for a source that wants no leniency."""

from typing import Any

import pytest

from provisioning.sources.caller import Profile
from tests.scim.callers import caller
from tests.scim.conftest import ENTERPRISE, GROUP, USER, Client

WORK = 'emails[type eq "work"].value'


@pytest.fixture
async def purist(client: Client) -> Client:
    """A client in the strict profile."""
    return await caller(client, "purist", profile=Profile(strict=True))


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ({"userName": "m", "shoeSize": 42}, "invalidSyntax", "shoeSize"),
        ({"userName": "m", "name": {"nick": "M"}}, "invalidSyntax", "name.nick"),
        ({"userName": "m", "urn:acme:2.0:User": {"badge": "7"}}, "invalidSyntax", "urn:acme:2.0:User"),
        ({"userName": "m", "department": "Risk"}, "invalidSyntax", "department"),
        ({"userName": "m", "schemas": ["urn:acme:2.0:User"]}, "invalidSyntax", "schemas"),
        ({"userName": "m", "schemas": [USER, "urn:acme:2.0:User"]}, "invalidSyntax", "urn:acme"),
        ({"userName": "m", "active": "True"}, "invalidValue", "active"),
        ({"userName": "m", "active": 1}, "invalidValue", "active"),
        ({"userName": "m", "emails": [{"value": "m@x", "primary": "yes"}]}, "invalidValue", "primary"),
        ({"userName": "m", "emails": ["m@x"]}, "invalidValue", "emails[0]"),
        ({"userName": "m", "emails": {"value": "m@x"}}, "invalidValue", "emails"),
        ({"userName": "m", "x509Certificates": [{"value": "***"}]}, "invalidValue", "base64"),
        ({"userName": [{"value": "m"}]}, "invalidValue", "userName"),
        ({"userName": "m", ENTERPRISE: {"manager": "u-1"}}, "invalidValue", "manager"),
        ({"displayName": "M"}, "invalidValue", "userName"),
    ],
)
async def test_a_resource_that_is_not_of_the_schema_is_refused(
    purist: Client, body: dict[str, Any], kind: str, words: str
) -> None:
    answer = await purist.send("POST", "/Users", {"schemas": [USER, ENTERPRISE], **body})
    assert (answer.status, answer.body.get("scimType")) == (400, kind), answer.body
    assert words in answer.body["detail"]
    assert (await purist.get("/Users"))["totalResults"] == 0


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "replace", "path": "shoeSize", "value": 42}, "invalidPath"),
        ({"op": "replace", "path": "manager", "value": {"value": "u-1"}}, "invalidPath"),
        ({"op": "replace", "path": "emails[type eq work].value", "value": "m@x"}, "invalidPath"),
        ({"op": "replace", "value": {"shoeSize": 42}}, "invalidValue"),
        ({"op": "replace", "path": WORK, "value": "m@x"}, "noTarget"),
        ({"op": "add", "path": WORK, "value": "m@x"}, "noTarget"),
        ({"op": "remove", "path": "roles", "value": [{"value": "Admin"}]}, "invalidValue"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "active", "value": "False"}, "invalidValue"),
        ({"op": "replace", "value": {"active": "False"}}, "invalidValue"),
        ({"op": "replace", "path": "title", "value": [{"value": "Lead"}]}, "invalidValue"),
        ({"op": "replace", "path": f"{ENTERPRISE}:manager", "value": "u-1"}, "invalidValue"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "replace", "value": {"id": "x"}}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
    ],
)
async def test_an_operation_that_the_rfc_does_not_have_is_refused(
    purist: Client, operation: dict[str, Any], kind: str
) -> None:
    made = await purist.user("mira", emails=[{"type": "home", "value": "h@x"}], roles=[{"value": "Admin"}])
    answer = await purist.patch(f"/Users/{made['id']}", operation)
    assert (answer.status, answer.body.get("scimType")) == (400, kind), answer.body
    assert (await purist.get(f"/Users/{made['id']}")) == made


async def test_the_same_operations_are_taken_from_a_source_without_the_profile(client: Client, purist: Client) -> None:
    """One endpoint serves both at once."""
    made = await purist.user("mira")
    path, operation = f"/Users/{made['id']}", {"op": "Replace", "path": WORK, "value": "m@x"}
    assert (await purist.patch(path, operation)).status == 400
    assert (await client.patch(path, operation)).status == 200
    assert (await purist.get(path))["emails"] == [{"type": "work", "value": "m@x"}]


async def test_well_formed_requests_are_served_as_ever(purist: Client) -> None:
    body = {
        "schemas": [USER, ENTERPRISE],
        "userName": "mira",
        "active": True,
        "name": {"givenName": "Mira"},
        ENTERPRISE: {"division": "D"},
    }
    path = f"/Users/{(await purist.send('POST', '/Users', body)).body['id']}"
    answer = await purist.patch(
        path,
        {"op": "replace", "path": "active", "value": False},
        {"op": "add", "path": "emails", "value": [{"type": "work", "value": "m@x", "primary": True}]},
        {"op": "replace", "path": WORK, "value": "mira@x"},
        {"op": "replace", "value": {"title": "Lead", ENTERPRISE: {"department": "Risk"}}},
        {"op": "remove", "path": "name.givenName"},
    )
    assert answer.status == 200, answer.body
    read = await purist.get(path)
    assert (read["active"], read["title"], read["emails"][0]["value"], "name" in read) == (
        False,
        "Lead",
        "mira@x",
        False,
    )
    assert read[ENTERPRISE] == {"division": "D", "department": "Risk"}
    assert (await purist.get("/Users", filter='emails[type eq "work" and value sw "mira"]'))["totalResults"] == 1
    assert (await purist.send("PUT", path, {"schemas": [USER], "userName": "mira"})).status == 200


async def test_what_is_read_only_is_ignored_in_a_body(purist: Client) -> None:
    """RFC 7644 sections 3.3 and 3.5.1."""
    body = {"schemas": [USER], "userName": "mira", "id": "mine", "meta": {"version": "1"}, "groups": [{"value": "g-1"}]}
    made = await purist.send("POST", "/Users", body)
    assert made.status == 201
    assert made.body["id"] != "mine"
    put = await purist.send("PUT", f"/Users/{made.body['id']}", body)
    assert (put.status, put.body["id"]) == (200, made.body["id"])


@pytest.mark.parametrize("question", ["userName eq mira", 'userName like "m"', "shoeSize eq 4", "userName"])
async def test_a_filter_outside_the_grammar_is_refused(purist: Client, question: str) -> None:
    answer = await purist.send("GET", "/Users", filter=question)
    assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")


async def test_members_are_changed_by_the_rfc(purist: Client) -> None:
    group = await purist.group("Risk", "u-1", "u-2", "u-3")
    path = f"/Groups/{group['id']}"
    assert (await purist.patch(path, {"op": "add", "path": "members", "value": [{"value": "u-4"}]})).status == 204
    assert (await purist.patch(path, {"op": "remove", "path": 'members[value eq "u-1"]'})).status == 204
    assert (await purist.patch(path, {"op": "replace", "value": {"displayName": "R"}})).status == 204
    assert set(await purist.members(group["id"])) == {"u-2", "u-3", "u-4"}
    assert (await purist.patch(path, {"op": "remove", "path": "members"})).status == 204
    assert await purist.members(group["id"]) == []


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "members", "value": [{"value": "u-1"}]},
        {"op": "add", "path": "members", "value": "u-4"},
        {"op": "add", "path": "members", "value": [{"value": "u-4", "shoeSize": 42}]},
        {"op": "replace", "path": "shoeSize", "value": 42},
        {"op": "replace", "value": {"shoeSize": 42}},
    ],
)
async def test_a_group_is_not_changed_by_what_the_rfc_does_not_have(purist: Client, operation: dict[str, Any]) -> None:
    group = await purist.group("Risk", "u-1", "u-2")
    assert (await purist.patch(f"/Groups/{group['id']}", operation)).status == 400
    assert set(await purist.members(group["id"])) == {"u-1", "u-2"}
    body = {"schemas": [GROUP], "displayName": "X", "shoeSize": 42}
    assert (await purist.send("POST", "/Groups", body)).status == 400


@pytest.mark.parametrize(
    ("wants", "user_status", "group_status"), [(None, 200, 204), (True, 200, 200), (False, 204, 204)]
)
async def test_the_answer_to_a_patch_is_as_the_source_has_it(
    client: Client, wants: bool | None, user_status: int, group_status: int
) -> None:
    """RFC 7644 section 3.5.2 allows both; asked for attributes, it is 200 always."""
    other = await caller(client, "other", profile=Profile(patch_answers_resource=wants))
    user, group = await other.user("mira"), await other.group("Risk", "u-1")
    of_user = await other.patch(f"/Users/{user['id']}", {"op": "add", "path": "title", "value": "Lead"})
    of_group = await other.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "R"})
    assert (of_user.status, of_group.status) == (user_status, group_status)
    assert of_user.headers["ETag"] == (await other.get(f"/Users/{user['id']}"))["meta"]["version"]
    assert of_group.headers["ETag"] == (await other.get(f"/Groups/{group['id']}"))["meta"]["version"]
    if of_group.body is not None:
        assert (of_group.body["displayName"], "members" in of_group.body) == ("R", False)
    member = {"op": "add", "path": "members", "value": [{"value": "u-2"}]}
    asked = await other.patch(f"/Groups/{group['id']}", member, attributes="members")
    assert asked.status == 200
    assert [each["value"] for each in asked.body["members"]] == ["u-1", "u-2"]
    assert set(asked.body) == {"schemas", "id", "members"}
