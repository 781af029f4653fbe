"""PATCH of a user as Entra sends it with the flag ``aadOptscim062020`` (entra.md 1.5): lower-case operations, booleans,
several attributes in one value without a path, with dotted names, whole URNs and value paths as keys. Provision on
demand does not honour the flag, so that one app sends both dialects."""

from typing import Any

import pytest

from tests.scim.conftest import ENTERPRISE, PATCH, Client
from tests.scim.entra import mira, picked

WHOLE = {
    "schemas": [PATCH],
    "Operations": [
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "mira@northwind.example"},
        {
            "op": "replace",
            "value": {
                "displayName": "Mira O.",
                "name.givenName": "Mi",
                "name.familyName": "Okafor-Lind",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "70413",
            },
        },
    ],
}

STORED = {
    "emails:work.value": "mira@northwind.example",
    "emails:work.primary": True,
    "displayName": "Mira O.",
    "name.givenName": "Mi",
    "name.familyName": "Okafor-Lind",
    "name.formatted": "Mira Okafor",
    "E.employeeNumber": "70413",
    "E.department": "Risk",
}


async def test_the_documented_patch_is_stored_whole_and_touches_nothing_else(client: Client) -> None:
    made = await mira(client)
    answer = await client.send("PATCH", f"/Users/{made['id']}", WHOLE, aadOptscim062020="")
    assert answer.status in (200, 204)
    read = await client.get(f"/Users/{made['id']}")
    assert picked(read, STORED) == STORED
    assert set(read) == set(made), "no attribute has appeared, above all none called name.givenName"


async def test_disable_with_the_schemas_at_the_end(client: Client) -> None:
    made = await mira(client)
    raw = b'{"Operations":[{"op":"replace","path":"active","value":false}],"schemas":["' + PATCH.encode() + b'"]}'
    assert (await client.send("PATCH", f"/Users/{made['id']}", raw=raw)).status in (200, 204)
    assert (await client.get(f"/Users/{made['id']}"))["active"] is False


@pytest.mark.parametrize(
    ("operation", "stored"),
    [
        # as seen by operators of other servers
        (
            {"op": "add", "value": {"name.givenName": "Mi", "name.formatted": "Mira O.", "title": "Lead"}},
            {"name.givenName": "Mi", "name.formatted": "Mira O.", "name.familyName": "Okafor", "title": "Lead"},
        ),
        ({"op": "replace", "value": {"active": False}}, {"active": False}),
        ({"op": "replace", "value": {"active": "False"}}, {"active": False}),
        ({"op": "add", "value": {"active": "True"}}, {"active": True}),
        # whole URNs as keys: of an attribute, of a sub-attribute, of an extension
        ({"op": "add", "value": {f"{ENTERPRISE}:division": "North"}}, {"E.division": "North", "E.department": "Risk"}),
        ({"op": "add", "value": {f"{ENTERPRISE}:manager.value": "u-7"}}, {"E.manager.value": "u-7"}),
        ({"op": "replace", "value": {f"{ENTERPRISE}:manager": "u-7"}}, {"E.manager.value": "u-7"}),
        (
            {"op": "replace", "value": {ENTERPRISE: {"division": "North"}}},
            {"E.division": "North", "E.employeeNumber": "70412"},
        ),
        ({"op": "add", "value": {"urn:ietf:params:scim:schemas:core:2.0:User:title": "Lead"}}, {"title": "Lead"}),
        (
            {"op": "add", "value": {"urn:ietf:params:scim:schemas:core:2.0:User": {"title": "Lead"}}},
            {"title": "Lead", "displayName": "Mira Okafor"},
        ),
        # value paths as keys
        (
            {"op": "replace", "value": {'emails[type eq "work"].value': "new@x"}},
            {"emails:work.value": "new@x", "emails:work.primary": True},
        ),
        ({"op": "add", "value": {'emails[type eq "home"].value': "h@x"}}, {"emails:home.value": "h@x"}),
        (
            {
                "op": "add",
                "value": {
                    'addresses[type eq "home"].locality': "Ayr",
                    'addresses[type eq "home"].country': "GB",
                    "nickName": "Mi",
                },
            },
            {"addresses:home.locality": "Ayr", "addresses:home.country": "GB", "nickName": "Mi"},
        ),
        # nested objects and lists, as the RFC has them
        ({"op": "replace", "value": {"name": {"givenName": "Mi"}}}, {"name.givenName": "Mi"}),
        (
            {"op": "add", "value": {"emails": [{"type": "home", "value": "h@x"}]}},
            {"emails:home.value": "h@x", "emails:work.value": "mira.okafor@northwind.example"},
        ),
        # "" and null clear here too
        ({"op": "replace", "value": {"title": "", "displayName": None}}, {"title": None, "displayName": None}),
        ({"op": "replace", "value": {"name.givenName": ""}}, {"name.givenName": None, "name.familyName": "Okafor"}),
        ({"op": "replace", "value": {f"{ENTERPRISE}:department": None}}, {"E.department": None}),
        ({"op": "remove", "path": "title"}, {"title": None}),
        # id, meta and schemas inside a value are not taken
        (
            {"op": "replace", "value": {"id": "mine", "schemas": ["x"], "title": "Lead"}},
            {"title": "Lead", "userName": "mira.okafor@northwind.example"},
        ),
        # unknown attributes are passed over
        ({"op": "add", "value": {"shoeSize": "44", "shoe.size": "44", "title": "Lead"}}, {"title": "Lead"}),
    ],
)
async def test_one_operation(client: Client, operation: dict[str, Any], stored: dict[str, Any]) -> None:
    made = await mira(client)
    answer = await client.patch(f"/Users/{made['id']}", operation)
    assert answer.status in (200, 204), answer.body
    read = await client.get(f"/Users/{made['id']}")
    assert picked(read, stored) == stored
    assert read["id"] == made["id"]
    assert not [name for name in read if "." in name.replace("2.0", "") or "[" in name]


async def test_both_dialects_in_one_request(client: Client) -> None:
    made = await mira(client)
    answer = await client.patch(
        f"/Users/{made['id']}",
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"name.givenName": "Mi"}},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "u-7"},
    )
    assert answer.status in (200, 204)
    stored = {"active": False, "name.givenName": "Mi", "E.manager.value": "u-7"}
    assert picked(await client.get(f"/Users/{made['id']}"), stored) == stored
