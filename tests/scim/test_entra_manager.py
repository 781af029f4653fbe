"""The manager, as a string, a list, an object or "" (entra.md 1.7): stored as one id, answered as an object."""

from typing import Any

import pytest

from tests.scim.conftest import ENTERPRISE, USER, Client

MANAGER = f"{ENTERPRISE}:manager"


async def pair(client: Client) -> tuple[str, str]:
    """Create somebody and, afterwards, who will be the manager; return both ids."""
    return (await client.user("mira"))["id"], (await client.user("noor"))["id"]


async def manager(client: Client, user: str) -> Any:
    """The manager as a GET shows it."""
    return (await client.get(f"/Users/{user}")).get(ENTERPRISE, {}).get("manager")


@pytest.mark.parametrize(
    "operation",
    [
        # observed: a bare string
        {"op": "Add", "path": MANAGER, "value": "{}"},
        {"op": "Replace", "path": MANAGER, "value": "{}"},
        # the documentation's sample: a list, and the path without the URN
        {"op": "Add", "path": "manager", "value": [{"$ref": "https://hub.example/scim/v2/Users/{}", "value": "{}"}]},
        {"op": "Replace", "path": "manager", "value": "{}"},
        # RFC 7643
        {"op": "Replace", "path": MANAGER, "value": {"value": "{}"}},
        {"op": "Add", "path": MANAGER, "value": {"value": "{}", "$ref": "../Users/{}", "displayName": "N"}},
        {"op": "Replace", "path": f"{MANAGER}.value", "value": "{}"},
        # with the flag, without a path
        {"op": "add", "value": {MANAGER: "{}"}},
        {"op": "replace", "value": {f"{MANAGER}.value": "{}"}},
        {"op": "replace", "value": {ENTERPRISE: {"manager": {"value": "{}"}}}},
        {"op": "replace", "value": {ENTERPRISE: {"manager": "{}"}}},
        {"op": "Add", "path": ENTERPRISE, "value": {"manager": "{}"}},
    ],
)
async def test_a_manager_is_set_and_answered_as_an_object(client: Client, operation: Any) -> None:
    user, boss = await pair(client)
    answer = await client.patch(f"/Users/{user}", filled(operation, boss))
    assert answer.status in (200, 204), answer.body
    shown = await manager(client, user)
    assert shown["value"] == boss
    assert shown["$ref"] == f"https://hub.example/scim/v2/Users/{boss}"


@pytest.mark.parametrize(
    "operation",
    [
        # as SCIM_Update_Manager_Test removes it
        {"op": "Replace", "path": MANAGER, "value": ""},
        {"op": "Replace", "path": MANAGER, "value": None},
        {"op": "Replace", "path": MANAGER, "value": {"value": ""}},
        {"op": "Replace", "path": MANAGER, "value": {"value": None}},
        {"op": "Replace", "path": MANAGER, "value": []},
        {"op": "Replace", "path": "manager", "value": ""},
        {"op": "Remove", "path": MANAGER},
        {"op": "remove", "path": f"{MANAGER}.value"},
        {"op": "replace", "value": {MANAGER: ""}},
        {"op": "replace", "value": {f"{MANAGER}.value": ""}},
        {"op": "replace", "value": {ENTERPRISE: {"manager": None}}},
    ],
)
async def test_a_manager_is_taken_away_and_nothing_else(client: Client, operation: dict[str, Any]) -> None:
    boss = await client.user("noor")
    user = await client.user("mira", **{ENTERPRISE: {"department": "Risk", "manager": boss["id"]}})
    assert (await manager(client, user["id"]))["value"] == boss["id"]
    answer = await client.patch(f"/Users/{user['id']}", operation)
    assert answer.status in (200, 204), answer.body
    assert (await client.get(f"/Users/{user['id']}"))[ENTERPRISE] == {"department": "Risk"}


async def test_somebody_else_becomes_manager(client: Client) -> None:
    user, boss = await pair(client)
    other = await client.user("ada")
    for each in (boss, other["id"]):
        await client.patch(f"/Users/{user}", {"op": "Replace", "path": MANAGER, "value": each})
    assert (await manager(client, user))["value"] == other["id"]


async def test_a_manager_may_come_after_those_who_report_to_them(client: Client) -> None:
    """Entra sends the reference it has; who it names is looked at when it is needed in a target."""
    user = await client.user("mira", **{ENTERPRISE: {"manager": "u-9001"}})
    assert (await manager(client, user["id"]))["value"] == "u-9001"


async def test_a_manager_is_set_by_put(client: Client) -> None:
    user, boss = await pair(client)
    body = {"schemas": [USER, ENTERPRISE], "userName": "mira", ENTERPRISE: {"manager": {"value": boss}}}
    assert (await client.send("PUT", f"/Users/{user}", body)).status == 200
    assert (await manager(client, user))["value"] == boss


def filled(template: Any, value: str) -> Any:
    """Return a template with an id in the place of each ``{}``."""
    match template:
        case dict():
            return {name: filled(each, value) for name, each in template.items()}
        case list():
            return [filled(each, value) for each in template]
        case str():
            return template.replace("{}", value)
    return template
