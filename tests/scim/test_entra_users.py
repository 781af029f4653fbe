"""Users as Entra sends them, in both dialects at once; each case names where the shape is documented."""

from typing import Any

import pytest

from tests.scim.conftest import ENTERPRISE, PATCH, USER, Client

MIRA: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "mokafor",
    "userName": "mira.okafor@northwind.example",
    "active": True,
    "displayName": "Mira Okafor",
    "title": "Analyst",
    "name": {"formatted": "Mira Okafor", "familyName": "Okafor", "givenName": "Mira"},
    "emails": [{"primary": True, "type": "work", "value": "mira.okafor@northwind.example"}],
    "phoneNumbers": [{"type": "work", "value": "+441315550101"}, {"type": "mobile", "value": "+447700900123"}],
    "roles": [],
    "meta": {"resourceType": "User"},
    ENTERPRISE: {"employeeNumber": "70412", "department": "Risk", "manager": "u-9001"},
}


def at(resource: dict[str, Any], path: str) -> Any:
    """Follow a dotted path; ``emails:work`` is the e-mail of that type, ``E`` the enterprise extension."""
    value: Any = resource
    for part in path.split("."):
        name, _, kind = part.partition(":")
        value = (value or {}).get(ENTERPRISE if name == "E" else name)
        if kind:
            value = next((each for each in value or [] if each.get("type") == kind), None)
    return value


async def test_a_user_as_entra_creates_one(client: Client) -> None:
    answer = await client.send("POST", "/Users", MIRA)
    assert answer.status == 201
    assert at(answer.body, "E.manager")["value"] == "u-9001"
    assert at(answer.body, "phoneNumbers:mobile.value") == "+447700900123"
    assert answer.body["externalId"] == "mokafor"


@pytest.mark.parametrize(
    "question",
    [
        'userName eq "mira.okafor@northwind.example"',
        'USERNAME EQ "Mira.Okafor@Northwind.example"',
        'externalId eq "mokafor"',
        "externalId eq mokafor",
        'emails[type eq "work"].value eq "mira.okafor@northwind.example"',
        'emails[type eq "work"] eq "mira.okafor@northwind.example"',
        'displayName eq "Mira Okafor"',
        'active eq "True" and userName eq "mira.okafor@northwind.example"',
        f'{ENTERPRISE}:department eq "Risk"',
        'manager eq "u-9001"',
        'title sw "Ana" and not (title eq "Lead")',
    ],
)
async def test_a_user_is_found(client: Client, question: str) -> None:
    made = (await client.send("POST", "/Users", MIRA)).body
    await client.user("somebody.else")
    found = await client.get("/Users", filter=question)
    assert [each["id"] for each in found["Resources"]] == [made["id"]]


async def test_the_reference_check_before_a_manager_is_changed(client: Client) -> None:
    made = (await client.send("POST", "/Users", MIRA)).body
    for question in (f'id eq "{made["id"]}" and manager eq "u-9001"', f'manager eq "u-9001" and id eq "{made["id"]}"'):
        found = await client.get("/Users", filter=question, attributes="id")
        assert [list(each) for each in found["Resources"]] in ([["id"]], [["schemas", "id"]])
    assert (await client.get("/Users", filter=f'id eq "{made["id"]}" and manager eq "u-1"'))["totalResults"] == 0


@pytest.mark.parametrize(
    ("operation", "path", "value"),
    [
        # without the flag
        ({"op": "Replace", "path": "displayName", "value": "Mira O."}, "displayName", "Mira O."),
        ({"op": "Replace", "path": 'emails[type eq "work"].value', "value": "m@x"}, "emails:work.value", "m@x"),
        ({"op": "Add", "path": 'emails[type eq "home"].value', "value": "h@x"}, "emails:home.value", "h@x"),
        ({"op": "Replace", "path": "name.familyName", "value": "Lind"}, "name.familyName", "Lind"),
        ({"op": "Add", "path": 'addresses[type eq "work"].locality', "value": "L"}, "addresses:work.locality", "L"),
        ({"op": "Add", "path": "nickName", "value": "Mi"}, "nickName", "Mi"),
        ({"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "7"}, "E.employeeNumber", "7"),
        ({"op": "Replace", "path": "active", "value": "False"}, "active", False),
        ({"op": "Replace", "path": "active", "value": "false"}, "active", False),
        # with the flag
        ({"op": "replace", "path": "active", "value": False}, "active", False),
        ({"op": "replace", "value": {"displayName": "D", "name.givenName": "G"}}, "name.givenName", "G"),
        ({"op": "replace", "value": {f"{ENTERPRISE}:employeeNumber": "8"}}, "E.employeeNumber", "8"),
        ({"op": "add", "value": {'emails[type eq "home"].value': "h@x"}}, "emails:home.value", "h@x"),
        ({"op": "add", "value": {ENTERPRISE: {"division": "D"}}}, "E.division", "D"),
        # manager, every way
        ({"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "u-1"}, "E.manager.value", "u-1"),
        ({"op": "Add", "path": "manager", "value": [{"$ref": "x", "value": "u-1"}]}, "E.manager.value", "u-1"),
        ({"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": {"value": "u-1"}}, "E.manager.value", "u-1"),
        ({"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": ""}, "E.manager", None),
        ({"op": "Remove", "path": f"{ENTERPRISE}:manager"}, "E.manager", None),
        # clearing
        ({"op": "Replace", "path": "title", "value": ""}, "title", None),
        ({"op": "Replace", "path": "title", "value": None}, "title", None),
        ({"op": "Remove", "path": "title"}, "title", None),
        ({"op": "Remove", "path": 'phoneNumbers[type eq "mobile"].value'}, "phoneNumbers:mobile.value", None),
        # a scalar as a list
        ({"op": "Replace", "path": "title", "value": [{"value": "Lead"}]}, "title", "Lead"),
    ],
)
async def test_a_patch_in_any_dialect(client: Client, operation: dict[str, Any], path: str, value: Any) -> None:
    made = (await client.send("POST", "/Users", MIRA)).body
    answer = await client.patch(f"/Users/{made['id']}", operation)
    assert answer.status == 200, answer.body
    assert at(await client.get(f"/Users/{made['id']}"), path) == value
    assert at(answer.body, path) == value


async def test_roles_as_json_strings(client: Client) -> None:
    made = await client.user()
    role = '{"id":"1","value":"Admin","displayName":"Administrator"}'
    answer = await client.patch(f"/Users/{made['id']}", {"op": "Add", "path": "roles", "value": [{"value": role}]})
    assert answer.status == 200
    (stored,) = (await client.get(f"/Users/{made['id']}"))["roles"]
    assert stored["value"] == "Admin"


async def test_an_unknown_value_is_refused_and_nothing_of_the_patch_is_stored(client: Client) -> None:
    made = await client.user(title="Analyst")
    answer = await client.patch(
        f"/Users/{made['id']}",
        {"op": "Replace", "path": "title", "value": "Lead"},
        {"op": "Replace", "path": "active", "value": "banana"},
    )
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert (await client.get(f"/Users/{made['id']}"))["title"] == "Analyst"


async def test_a_disabled_user_is_still_found_and_read(client: Client) -> None:
    made = await client.user()
    await client.patch(f"/Users/{made['id']}", {"op": "Replace", "path": "active", "value": "False"})
    assert (await client.get("/Users", filter='userName eq "mira"'))["Resources"][0]["active"] is False
    assert (await client.get(f"/Users/{made['id']}"))["active"] is False


async def test_a_rename_to_a_taken_name_is_a_conflict(client: Client) -> None:
    await client.user("noor")
    made = await client.user("mira")
    answer = await client.patch(f"/Users/{made['id']}", {"op": "Replace", "path": "userName", "value": "Noor"})
    assert (answer.status, answer.body["scimType"]) == (409, "uniqueness")


async def test_put_replaces_the_whole_user(client: Client) -> None:
    made = (await client.send("POST", "/Users", MIRA)).body
    answer = await client.send("PUT", f"/Users/{made['id']}", {"schemas": [USER], "userName": "mira", "title": "Lead"})
    assert answer.status == 200
    read = await client.get(f"/Users/{made['id']}")
    assert (read["userName"], read["title"], read.get("emails"), at(read, "E.department")) == (
        "mira",
        "Lead",
        None,
        None,
    )


async def test_parallel_patches_of_one_user_that_commute_all_arrive(client: Client) -> None:
    import asyncio

    made = await client.user()
    names = ["title", "nickName", "displayName", "preferredLanguage", "locale"]
    answers = await asyncio.gather(
        *(client.patch(f"/Users/{made['id']}", {"op": "Add", "path": name, "value": "en"}) for name in names)
    )
    assert [answer.status for answer in answers] == [200] * len(names)
    read = await client.get(f"/Users/{made['id']}")
    assert {name: read.get(name) for name in names} == dict.fromkeys(names, "en")


async def test_a_patch_that_changes_nothing_announces_nothing(client: Client) -> None:
    made = await client.user(title="Analyst")
    client.announced.clear()
    await client.send(
        "PATCH",
        f"/Users/{made['id']}",
        {"schemas": [PATCH], "Operations": [{"op": "Replace", "path": "title", "value": "Analyst"}]},
    )
    assert client.announced == []
