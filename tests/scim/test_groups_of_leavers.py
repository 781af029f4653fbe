"""What becomes of the memberships of users who are disabled, restored and deleted (Entra sends none of them again)."""

from typing import Any

import pytest

from tests.scim.conftest import Client


def active(value: Any) -> dict[str, Any]:
    return {"op": "Replace", "path": "active", "value": value}


@pytest.mark.parametrize("off", ["False", False])
async def test_a_disabled_user_keeps_the_groups_and_has_them_when_restored(client: Client, off: Any) -> None:
    user = await client.user()
    inner = await client.group("Inner", user["id"])
    outer = await client.group("Outer", inner["id"])
    client.announced.clear()
    for state in (off, "True"):
        assert (await client.patch(f"/Users/{user['id']}", active(state))).status in {200, 204}
        assert await client.members(inner["id"]) == [user["id"]]
        read = await client.get(f"/Users/{user['id']}", attributes="active,groups")
        assert [(each["value"], each["type"]) for each in read["groups"]] == [
            (inner["id"], "direct"),
            (outer["id"], "indirect"),
        ]
    assert [each.resource_id for each in client.announced] == [user["id"]] * 2


async def test_a_user_disabled_by_put_keeps_the_groups(client: Client) -> None:
    user = await client.user()
    group = await client.group("Risk", user["id"])
    assert (await client.send("PUT", f"/Users/{user['id']}", {**user, "active": False})).status == 200
    assert await client.members(group["id"]) == [user["id"]]


async def test_a_deleted_user_leaves_every_group_by_the_outbox(client: Client) -> None:
    """Sixty groups: each is told, and keeps its others."""
    user = await client.user()
    groups = [await client.group(f"G{number}", user["id"], "u-other") for number in range(60)]
    client.announced.clear()
    assert (await client.send("DELETE", f"/Users/{user['id']}")).status == 204
    assert [(each.resource_id, each.deleted) for each in client.announced] == [(user["id"], True)]
    await client.endpoint.directory.forget(user["id"])
    told = {(each.resource_id, each.members) for each in client.announced[1:]}
    assert told == {(group["id"], (user["id"],)) for group in groups}
    for group in groups[::20]:
        assert await client.members(group["id"]) == ["u-other"]
