"""App roles as Entra's three functions write them (entra.md 1.3, 1.8), and roles found and changed by value path."""

from typing import Any

import pytest

from tests.scim.conftest import Client

ADMIN = '{"id":"1b4f816e-5eaf-48b9-8613-7923830595ad","value":"Admin","displayName":"Admin"}'
READER = '{"id":"18d14569-c3bd-439b-9a66-3a2aee01d14f","value":"Reader","displayName":"Reader of all"}'


async def roles(client: Client, user_id: str) -> list[dict[str, Any]]:
    """The roles as a GET shows them, by value."""
    found = (await client.get(f"/Users/{user_id}")).get("roles", [])
    return sorted(found, key=lambda role: str(role.get("value")))


@pytest.mark.parametrize(
    "sent",
    [
        # SingleAppRoleAssignment
        {"value": "Admin"},
        # AppRoleAssignmentsComplex, without the flag: a JSON string inside the value
        {"value": ADMIN},
        # documented forms of the complex functions
        {"primary": True, "type": "WindowsAzureActiveDirectoryRole", "value": "Admin"},
        {"primary": "True", "type": "WindowsAzureActiveDirectoryRole", "value": "Admin", "displayName": "Admin"},
        {"primary": False, "type": "WindowsAzureActiveDirectoryRole", "value": "Admin", "display": "Admin"},
    ],
)
async def test_a_role_is_stored_whichever_function_wrote_it(client: Client, sent: dict[str, Any]) -> None:
    made = await client.user("mira")
    answer = await client.patch(f"/Users/{made['id']}", {"op": "Add", "path": "roles", "value": [sent]})
    assert answer.status in (200, 204), answer.body
    (stored,) = await roles(client, made["id"])
    assert stored["value"] == "Admin"
    if "primary" in sent:
        assert stored["primary"] is (str(sent["primary"]) == "True")
    if "type" in sent:
        assert stored["type"] == "WindowsAzureActiveDirectoryRole"
    if {"display", "displayName"} & sent.keys() or sent["value"] == ADMIN:
        assert stored["display"] == "Admin"


async def test_roles_are_created_with_the_user(client: Client) -> None:
    kind = "WindowsAzureActiveDirectoryRole"
    sent = [
        {"primary": False, "type": kind, "display": "Admin", "value": "Admin"},
        {"primary": False, "type": kind, "display": "Reader of all", "value": "Reader"},
    ]
    made = await client.user("mira", roles=sent)
    assert await roles(client, made["id"]) == sent


async def test_add_never_takes_a_role_away_and_repeating_it_adds_none(client: Client) -> None:
    made = await client.user("mira", roles=[{"value": "Admin", "display": "Admin"}])
    for _ in range(2):
        operation = {"op": "Add", "path": "roles", "value": [{"value": READER}]}
        assert (await client.patch(f"/Users/{made['id']}", operation)).status in (200, 204)
    stored = await roles(client, made["id"])
    assert [role["value"] for role in stored] == ["Admin", "Reader"]
    assert stored[1]["display"] == "Reader of all"


async def test_the_assertive_function_replaces_them_all(client: Client) -> None:
    made = await client.user("mira", roles=[{"value": "Admin"}, {"value": "Writer"}])
    sent = [{"primary": True, "type": "WindowsAzureActiveDirectoryRole", "display": "Reader", "value": "Reader"}]
    answer = await client.patch(f"/Users/{made['id']}", {"op": "replace", "path": "roles", "value": sent})
    assert answer.status in (200, 204)
    assert await roles(client, made["id"]) == sent


@pytest.mark.parametrize("value", [[], "", None])
async def test_an_empty_replacement_takes_them_all_away(client: Client, value: Any) -> None:
    made = await client.user("mira", roles=[{"value": "Admin"}])
    answer = await client.patch(f"/Users/{made['id']}", {"op": "replace", "path": "roles", "value": value})
    assert answer.status in (200, 204), answer.body
    assert await roles(client, made["id"]) == []


async def test_a_primary_role_is_changed_by_value_path_with_a_boolean_as_string(client: Client) -> None:
    made = await client.user("mira", roles=[{"value": "Admin", "primary": True}, {"value": "Reader"}])
    for part, value in (("value", "Owner"), ("display", "The owner"), ("type", "WindowsAzureActiveDirectoryRole")):
        operation = {"op": "Replace", "path": f'roles[primary eq "True"].{part}', "value": value}
        assert (await client.patch(f"/Users/{made['id']}", operation)).status in (200, 204)
    owner = {"value": "Owner", "display": "The owner", "type": "WindowsAzureActiveDirectoryRole", "primary": True}
    assert await roles(client, made["id"]) == [owner, {"value": "Reader"}]


async def test_a_primary_role_is_made_where_there_is_none(client: Client) -> None:
    made = await client.user("mira")
    operation = {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "Admin"}
    assert (await client.patch(f"/Users/{made['id']}", operation)).status in (200, 204)
    assert await roles(client, made["id"]) == [{"value": "Admin", "primary": True}]


@pytest.mark.parametrize("question", ['roles[primary eq "True"].value eq "Admin"', 'roles.value eq "admin"'])
async def test_users_are_found_by_their_roles(client: Client, question: str) -> None:
    made = await client.user("mira", roles=[{"value": "Admin", "primary": True}])
    await client.user("noor", roles=[{"value": "Reader", "primary": True}])
    assert [each["id"] for each in (await client.get("/Users", filter=question))["Resources"]] == [made["id"]]


async def test_add_of_a_role_that_was_created_with_its_type_makes_no_second_one(client: Client) -> None:
    """The complex function sends the type at the creation, and none in the JSON of a later Add."""
    kind = "WindowsAzureActiveDirectoryRole"
    made = await client.user("mira", roles=[{"primary": False, "type": kind, "value": "Admin", "display": "Old"}])
    await client.patch(f"/Users/{made['id']}", {"op": "Add", "path": "roles", "value": [{"value": ADMIN}]})
    assert await roles(client, made["id"]) == [{"primary": False, "type": kind, "value": "Admin", "display": "Admin"}]
