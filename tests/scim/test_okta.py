"""Okta's documented requests ("Understanding SCIM", "SCIM 2.0 protocol reference").

PUT for users, PATCH for groups, ``userName eq`` before a create, paging by startIndex and count, deactivation by PATCH
or PUT. Okta never deletes a user.
"""

from typing import Any

import pytest

from tests.scim.conftest import GROUP, PATCH, USER, Client
from tests.scim.entra import LIST_RESPONSE, refused

ISAAC: dict[str, Any] = {
    "schemas": [USER],
    "userName": "isaac.brock@northwind.example",
    "name": {"givenName": "Isaac", "middleName": "", "familyName": "Brock"},
    "emails": [{"primary": True, "value": "isaac.brock@northwind.example", "type": "work"}],
    "displayName": "Isaac Brock",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}
JSON = {"content-type": "application/scim+json; charset=utf-8", "accept": "application/scim+json"}


async def isaac(client: Client) -> dict[str, Any]:
    """Create the user as Okta does; return it."""
    answer = await client.send("POST", "/Users", ISAAC, headers=JSON)
    assert answer.status == 201, answer.body
    return dict(answer.body)


async def test_nobody_is_found_before_the_create(client: Client) -> None:
    answer = await client.send(
        "GET", "/Users", headers=JSON, filter='userName eq "isaac.brock@northwind.example"', startIndex=1, count=100
    )
    assert answer.status == 200
    assert answer.body["schemas"] == [LIST_RESPONSE]
    assert (answer.body["totalResults"], answer.body["startIndex"], answer.body.get("Resources", [])) == (0, 1, [])


async def test_a_user_is_created_and_the_password_is_neither_kept_nor_shown(client: Client) -> None:
    made = await isaac(client)
    read = await client.get(f"/Users/{made['id']}")
    assert read == made
    assert read["name"] == {"givenName": "Isaac", "familyName": "Brock"}
    assert (read["locale"], read["externalId"], read["active"]) == ("en-US", "00ujl29u0le5T6Aj10h7", True)
    assert "password" not in read
    assert "1mz050nq" not in str(read)


async def test_a_second_create_is_a_conflict(client: Client) -> None:
    await isaac(client)
    assert refused(await client.send("POST", "/Users", ISAAC, headers=JSON), 409, "uniqueness")


async def test_the_user_is_read_and_then_written_back_whole(client: Client) -> None:
    """Okta reads the user, changes what differs and PUTs everything, with id, meta and groups."""
    made = await isaac(client)
    read = await client.get(f"/Users/{made['id']}")
    body = read | {"name": {"givenName": "Another", "middleName": "", "familyName": "User"}, "groups": []}
    answer = await client.send("PUT", f"/Users/{made['id']}", body, headers=JSON)
    assert answer.status == 200
    assert answer.body == await client.get(f"/Users/{made['id']}")
    assert answer.body["name"] == {"givenName": "Another", "familyName": "User"}
    assert answer.body["emails"] == made["emails"]
    assert answer.body["id"] == made["id"]
    assert answer.body["meta"]["created"] == made["meta"]["created"]


async def test_a_put_that_leaves_an_attribute_out_clears_it(client: Client) -> None:
    made = await isaac(client)
    body = {name: value for name, value in ISAAC.items() if name not in {"locale", "displayName"}}
    assert (await client.send("PUT", f"/Users/{made['id']}", body, headers=JSON)).status == 200
    read = await client.get(f"/Users/{made['id']}")
    assert not {"locale", "displayName"} & read.keys()


async def test_a_put_of_somebody_who_is_not_there_is_404(client: Client) -> None:
    assert refused(await client.send("PUT", "/Users/00ujl29u0le5T6Aj10h7", ISAAC, headers=JSON), 404)


async def test_a_user_is_deactivated_by_patch_without_a_path_and_by_put(client: Client) -> None:
    made = await isaac(client)
    for active in (False, True):
        body = {"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": active}}]}
        assert (await client.send("PATCH", f"/Users/{made['id']}", body, headers=JSON)).status in (200, 204)
        assert (await client.get(f"/Users/{made['id']}"))["active"] is active
    assert (await client.send("PUT", f"/Users/{made['id']}", ISAAC | {"active": False}, headers=JSON)).status == 200
    read = await client.get(f"/Users/{made['id']}")
    assert (read["active"], read["displayName"]) == (False, "Isaac Brock")


async def test_a_deactivated_user_is_found_and_reactivated(client: Client) -> None:
    made = await isaac(client)
    await client.send("PUT", f"/Users/{made['id']}", ISAAC | {"active": False}, headers=JSON)
    (found,) = (await client.get("/Users", filter='userName eq "isaac.brock@northwind.example"'))["Resources"]
    assert (found["id"], found["active"]) == (made["id"], False)
    assert (await client.send("PUT", f"/Users/{made['id']}", ISAAC, headers=JSON)).body["active"] is True


async def test_an_import_reads_every_page_by_start_index_and_count(client: Client) -> None:
    made = {(await client.user(f"u{number}"))["id"] for number in range(5)}
    seen: list[str] = []
    while True:
        page = await client.get("/Users", startIndex=len(seen) + 1, count=2)
        assert (page["totalResults"], page["startIndex"]) == (5, len(seen) + 1)
        seen += [each["id"] for each in page.get("Resources", [])]
        if len(seen) >= page["totalResults"]:
            break
    assert (len(seen), set(seen)) == (5, made)


async def test_a_group_is_pushed_with_its_members(client: Client) -> None:
    made = await isaac(client)
    body = {
        "schemas": [GROUP],
        "displayName": "Test SCIMv2",
        "members": [{"value": made["id"], "display": "isaac.brock@northwind.example"}],
    }
    answer = await client.send("POST", "/Groups", body, headers=JSON)
    assert answer.status == 201
    assert await client.members(answer.body["id"]) == [made["id"]]


async def test_groups_are_imported_page_by_page(client: Client) -> None:
    made = {(await client.group(f"g{number}"))["id"] for number in range(3)}
    pages = [await client.get("/Groups", startIndex=start, count=2) for start in (1, 3)]
    assert {each["id"] for page in pages for each in page["Resources"]} == made
    found = await client.get("/Groups", filter='displayName eq "g1"', startIndex=1, count=100)
    assert found["totalResults"] == 1


async def test_a_group_is_renamed_by_an_object_with_its_id_and_without_a_path(client: Client) -> None:
    group = await client.group("Test SCIMv2", "u-1")
    value = {"id": group["id"], "displayName": "Test SCIMv2 renamed"}
    answer = await client.patch(f"/Groups/{group['id']}", {"op": "replace", "value": value}, headers=JSON)
    assert answer.status in (200, 204)
    read = await client.get(f"/Groups/{group['id']}")
    assert (read["displayName"], len(read["members"])) == ("Test SCIMv2 renamed", 1)


@pytest.mark.parametrize(
    ("operations", "left"),
    [
        (
            [
                {"op": "remove", "path": 'members[value eq "u-1"]'},
                {"op": "add", "path": "members", "value": [{"value": "u-4", "display": "four@northwind.example"}]},
            ],
            {"u-2", "u-4"},
        ),
        # "push now" replaces them all
        (
            [{"op": "replace", "path": "members", "value": [{"value": "u-4", "display": "four"}, {"value": "u-2"}]}],
            {"u-2", "u-4"},
        ),
        ([{"op": "replace", "path": "members", "value": []}], set()),
    ],
)
async def test_the_members_of_a_group_are_changed_by_patch(
    client: Client, operations: list[dict[str, Any]], left: set[str]
) -> None:
    group = await client.group("Test SCIMv2", "u-1", "u-2")
    assert (await client.patch(f"/Groups/{group['id']}", *operations, headers=JSON)).status in (200, 204)
    assert set(await client.members(group["id"])) == left


async def test_a_group_is_written_whole_by_put(client: Client) -> None:
    """Apps of Okta's catalogue that do not do PATCH."""
    group = await client.group("Test SCIMv2", "u-1", "u-2")
    body = {"schemas": [GROUP], "id": group["id"], "displayName": "Renamed", "members": [{"value": "u-2"}]}
    assert (await client.send("PUT", f"/Groups/{group['id']}", body, headers=JSON)).status == 200
    read = await client.get(f"/Groups/{group['id']}")
    assert (read["displayName"], [each["value"] for each in read["members"]]) == ("Renamed", ["u-2"])


async def test_a_group_is_deleted(client: Client) -> None:
    group = await client.group("Test SCIMv2")
    assert (await client.send("DELETE", f"/Groups/{group['id']}", headers=JSON)).status == 204
    assert refused(await client.send("GET", f"/Groups/{group['id']}"), 404)
