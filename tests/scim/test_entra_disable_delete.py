"""Disable, restore and delete as Entra does it (entra.md 1.9): the inactive stay visible and keep their groups; only a
DELETE makes somebody disappear."""

from typing import Any

import pytest

from provisioning.hub import Hub
from provisioning.scim.endpoint import ScimEndpoint
from provisioning.settings import Settings
from provisioning.storage.store import Storage
from tests.draining import drain
from tests.scim.conftest import Client
from tests.scim.entra import MIRA, mira, refused

OFF: list[dict[str, Any]] = [
    {"op": "Replace", "path": "active", "value": "False"},
    {"op": "replace", "path": "active", "value": False},
    {"op": "replace", "value": {"active": False}},
]
ON: list[dict[str, Any]] = [
    {"op": "Replace", "path": "active", "value": "True"},
    {"op": "replace", "path": "active", "value": True},
    {"op": "replace", "value": {"active": True}},
]


@pytest.mark.parametrize("off", OFF)
async def test_a_disabled_user_is_still_read_found_and_listed(client: Client, off: dict[str, Any]) -> None:
    made = await mira(client)
    assert (await client.patch(f"/Users/{made['id']}", off)).status in (200, 204)
    assert (await client.get(f"/Users/{made['id']}"))["active"] is False
    for query in ({"filter": 'userName eq "mira.okafor@northwind.example"'}, {"filter": 'externalId eq "mokafor"'}, {}):
        (found,) = (await client.get("/Users", **query))["Resources"]
        assert (found["id"], found["active"]) == (made["id"], False)


@pytest.mark.parametrize(("off", "on"), list(zip(OFF, ON, strict=True)))
async def test_disable_keeps_the_groups_because_entra_does_not_add_them_again(
    client: Client, off: dict[str, Any], on: dict[str, Any]
) -> None:
    made = await mira(client)
    group = await client.group("Risk team", made["id"], "u-2")
    await client.patch(f"/Users/{made['id']}", off)
    assert set(await client.members(group["id"])) == {made["id"], "u-2"}
    await client.patch(f"/Users/{made['id']}", on)
    assert (await client.get(f"/Users/{made['id']}"))["active"] is True
    assert set(await client.members(group["id"])) == {made["id"], "u-2"}


async def test_a_restore_changes_nothing_but_active(client: Client) -> None:
    made = await mira(client)
    for operation in (OFF[0], ON[0]):
        await client.patch(f"/Users/{made['id']}", operation)
    read = await client.get(f"/Users/{made['id']}")
    assert read | {"meta": None} == made | {"meta": None}


async def test_the_create_of_somebody_who_stands_disabled_is_a_conflict_that_the_match_resolves(client: Client) -> None:
    made = await mira(client)
    await client.patch(f"/Users/{made['id']}", OFF[0])
    assert refused(await client.send("POST", "/Users", MIRA), 409, "uniqueness")
    (found,) = (await client.get("/Users", filter='userName eq "mira.okafor@northwind.example"'))["Resources"]
    assert (found["id"], found["active"]) == (made["id"], False)
    assert (await client.patch(f"/Users/{found['id']}", ON[0])).status in (200, 204)


async def test_a_user_deleted_for_good_disappears(client: Client) -> None:
    made = await mira(client)
    answer = await client.send("DELETE", f"/Users/{made['id']}")
    assert (answer.status, answer.body) == (204, None)
    assert refused(await client.send("GET", f"/Users/{made['id']}"), 404)
    assert refused(await client.patch(f"/Users/{made['id']}", OFF[0]), 404)
    assert refused(await client.send("DELETE", f"/Users/{made['id']}"), 404)
    found = await client.get("/Users", filter='userName eq "mira.okafor@northwind.example"')
    assert found["totalResults"] == 0


async def test_a_user_deleted_for_good_leaves_the_groups_when_the_outbox_is_worked_off(storage: Storage) -> None:
    hub = Hub.over(storage, Settings())
    await hub.sources.create("entra", "Entra")
    _, token = await hub.sources.issue("entra")
    client = Client(ScimEndpoint(hub.directory, hub.sources, 4_194_304), token)
    made = await mira(client)
    group = await client.group("Risk team", made["id"], "u-2")
    assert (await client.send("DELETE", f"/Users/{made['id']}")).status == 204
    await drain(hub)
    assert await client.members(group["id"]) == ["u-2"]


async def test_the_names_of_somebody_who_was_deleted_are_free_again(client: Client) -> None:
    made = await mira(client)
    await client.send("DELETE", f"/Users/{made['id']}")
    again = await mira(client)
    assert again["id"] != made["id"]
    (found,) = (await client.get("/Users", filter='externalId eq "mokafor"'))["Resources"]
    assert found["id"] == again["id"]


async def test_a_group_is_deleted_at_once_and_its_name_is_free(client: Client) -> None:
    made = await mira(client)
    group = await client.group("Risk team", made["id"])
    assert (await client.send("DELETE", f"/Groups/{group['id']}")).status == 204
    assert refused(await client.send("GET", f"/Groups/{group['id']}"), 404)
    assert (await client.send("GET", f"/Users/{made['id']}")).status == 200
    assert (await client.group("Risk team"))["id"] != group["id"]
