"""PATCH of a user as Entra sends it without the flag ``aadOptscim062020`` (entra.md 1.4, 1.6): capitalised operations,
one attribute each with a path, booleans as strings, value paths whose element may not exist yet."""

from typing import Any

import pytest

from tests.scim.conftest import ENTERPRISE, PATCH, Client
from tests.scim.entra import at, mira, picked

WHOLE = {
    "schemas": [PATCH],
    "Operations": [
        {"op": "Replace", "path": "displayName", "value": "Mira O."},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "mira@northwind.example"},
        {"op": "Replace", "path": "name.familyName", "value": "Okafor-Lind"},
        {"op": "Add", "path": 'addresses[type eq "work"].streetAddress', "value": "9 Shore"},
        {"op": "Add", "path": "nickName", "value": "Mi"},
        {"op": "Replace", "path": "externalId", "value": "mokafor2"},
        {
            "op": "Replace",
            "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
            "value": "70413",
        },
        {"op": "Replace", "path": "active", "value": "False"},
    ],
}

STORED = {
    "displayName": "Mira O.",
    "emails:work.value": "mira@northwind.example",
    "emails:work.primary": True,
    "name.familyName": "Okafor-Lind",
    "name.givenName": "Mira",
    "addresses:work.streetAddress": "9 Shore",
    "addresses:work.locality": "Leith",
    "nickName": "Mi",
    "externalId": "mokafor2",
    "E.employeeNumber": "70413",
    "E.department": "Risk",
    "active": False,
}


async def test_the_documented_patch_is_stored_whole_and_touches_nothing_else(client: Client) -> None:
    made = await mira(client)
    answer = await client.send("PATCH", f"/Users/{made['id']}", WHOLE)
    assert answer.status in (200, 204)
    read = await client.get(f"/Users/{made['id']}")
    assert picked(read, STORED) == STORED
    for untouched in ("userName", "phoneNumbers", "title", "preferredLanguage"):
        assert read[untouched] == made[untouched]
    assert len(read["emails"]) == len(read["addresses"]) == 1


async def test_the_user_is_then_found_by_its_new_values_and_not_by_the_old(client: Client) -> None:
    made = await mira(client)
    await client.send("PATCH", f"/Users/{made['id']}", WHOLE)
    for question, hits in (
        ('externalId eq "mokafor2"', 1),
        ('externalId eq "mokafor"', 0),
        ('emails[type eq "work"].value eq "mira@northwind.example"', 1),
        ('emails[type eq "work"].value eq "mira.okafor@northwind.example"', 0),
        ('displayName eq "mira o."', 1),
        ('displayName eq "Mira Okafor"', 0),
    ):
        assert (await client.get("/Users", filter=question))["totalResults"] == hits, question


async def test_a_patch_without_change_moves_neither_version_nor_date(client: Client) -> None:
    made = await mira(client)
    answer = await client.patch(
        f"/Users/{made['id']}", {"op": "Replace", "path": "displayName", "value": "Mira Okafor"}
    )
    assert answer.status in (200, 204)
    assert await client.get(f"/Users/{made['id']}") == made


@pytest.mark.parametrize(
    ("operation", "stored"),
    [
        # an element that does not exist yet is made, by Add and by Replace
        ({"op": "Add", "path": 'emails[type eq "home"].value', "value": "m@home"}, {"emails:home.value": "m@home"}),
        ({"op": "Replace", "path": 'emails[type eq "home"].value', "value": "m@home"}, {"emails:home.value": "m@home"}),
        ({"op": "Replace", "path": 'phoneNumbers[type eq "fax"].value', "value": "1"}, {"phoneNumbers:fax.value": "1"}),
        (
            {"op": "Add", "path": 'addresses[type eq "home"].locality', "value": "Ayr"},
            {"addresses:home.locality": "Ayr"},
        ),
        ({"op": "Add", "path": 'ims[type eq "skype"].value', "value": "mira"}, {"ims:skype.value": "mira"}),
        (
            {"op": "Add", "path": 'photos[type eq "photo"].value', "value": "https://p/1"},
            {"photos:photo.value": "https://p/1"},
        ),
        # what Microsoft's validator patches
        ({"op": "Add", "path": 'emails[type eq "untyped"].value', "value": "u@x"}, {"emails:untyped.value": "u@x"}),
        ({"op": "Add", "path": 'emails[type eq "untyped"].display', "value": "U"}, {"emails:untyped.display": "U"}),
        ({"op": "Add", "path": 'emails[type eq "untyped"].primary', "value": False}, {"emails:untyped.primary": False}),
        # one that exists is changed where it stands
        (
            {"op": "Add", "path": 'emails[type eq "work"].value', "value": "new@x"},
            {"emails:work.value": "new@x", "emails:work.primary": True},
        ),
        # conditions joined by and; booleans as such and as strings
        (
            {"op": "Replace", "path": 'emails[type eq "work" and primary eq true].value', "value": "new@x"},
            {"emails:work.value": "new@x"},
        ),
        (
            {"op": "Replace", "path": 'emails[type eq "work" and primary eq "True"].value', "value": "new@x"},
            {"emails:work.value": "new@x"},
        ),
        # Add on a single-valued attribute sets it
        ({"op": "Add", "path": "title", "value": "Lead"}, {"title": "Lead"}),
        ({"op": "Add", "path": "name.givenName", "value": "Mi"}, {"name.givenName": "Mi"}),
        # disabling: a string from Entra, a string from an administrator's Switch, a boolean in a sample
        ({"op": "Replace", "path": "active", "value": "False"}, {"active": False}),
        ({"op": "Replace", "path": "active", "value": "false"}, {"active": False}),
        ({"op": "Replace", "path": "active", "value": False}, {"active": False}),
        ({"op": "Replace", "path": "active", "value": [{"value": "False"}]}, {"active": False}),
        ({"op": "Replace", "path": "active", "value": "True"}, {"active": True}),
        # "" and null clear
        ({"op": "Replace", "path": "title", "value": ""}, {"title": None}),
        ({"op": "Replace", "path": "title", "value": None}, {"title": None}),
        ({"op": "Add", "path": "title", "value": ""}, {"title": None}),
        ({"op": "Remove", "path": "title"}, {"title": None}),
        (
            {"op": "Replace", "path": "name.givenName", "value": ""},
            {"name.givenName": None, "name.familyName": "Okafor"},
        ),
        ({"op": "Replace", "path": f"{ENTERPRISE}:department", "value": ""}, {"E.department": None}),
        ({"op": "Remove", "path": f"{ENTERPRISE}:department"}, {"E.department": None, "E.employeeNumber": "70412"}),
        ({"op": "Remove", "path": 'phoneNumbers[type eq "mobile"]'}, {"phoneNumbers:mobile": None}),
        ({"op": "Remove", "path": 'phoneNumbers[type eq "mobile"].value'}, {"phoneNumbers:mobile.value": None}),
        (
            {"op": "Replace", "path": 'phoneNumbers[type eq "mobile"].value', "value": ""},
            {"phoneNumbers:mobile.value": None},
        ),
        ({"op": "Remove", "path": "emails"}, {"emails": None}),
        ({"op": "Remove", "path": 'emails[type eq "home"].value'}, {"emails:work.primary": True}),
        # other cases of letters in names, not in values
        ({"op": "REPLACE", "path": "DisplayName", "value": "M"}, {"displayName": "M"}),
        ({"op": "replace", "path": "Name.FamilyName", "value": "M"}, {"name.familyName": "M"}),
        # full URNs, also of core attributes
        ({"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Audit"}, {"E.department": "Audit"}),
        (
            {"op": "Replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:title", "value": "Lead"},
            {"title": "Lead"},
        ),
        (
            {"op": "Replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "value": "Lind"},
            {"name.familyName": "Lind", "name.givenName": "Mira"},
        ),
        # a whole attribute
        (
            {"op": "Replace", "path": "emails", "value": [{"type": "home", "value": "h@x"}]},
            {"emails:home.value": "h@x", "emails:work": None},
        ),
        (
            {"op": "Add", "path": "emails", "value": [{"type": "home", "value": "h@x"}]},
            {"emails:home.value": "h@x", "emails:work.value": "mira.okafor@northwind.example"},
        ),
        ({"op": "Replace", "path": "name", "value": {"familyName": "Lind"}}, {"name.familyName": "Lind"}),
        # an attribute that the hub does not know is passed over
        ({"op": "Add", "path": "shoeSize", "value": "44"}, {"title": "Analyst"}),
        ({"op": "Replace", "path": "urn:contoso:2.0:User:badge", "value": "44"}, {"title": "Analyst"}),
    ],
)
async def test_one_operation(client: Client, operation: dict[str, Any], stored: dict[str, Any]) -> None:
    made = await mira(client)
    answer = await client.patch(f"/Users/{made['id']}", operation)
    assert answer.status in (200, 204), answer.body
    read = await client.get(f"/Users/{made['id']}")
    assert picked(read, stored) == stored
    if answer.status == 200:
        assert answer.body == read


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "mira.okafor@northwind.example"},
        {
            "op": "Add",
            "path": "emails",
            "value": [{"type": "work", "value": "mira.okafor@northwind.example", "primary": True}],
        },
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+447700900123"},
    ],
)
async def test_an_add_that_is_repeated_adds_nothing(client: Client, operation: dict[str, Any]) -> None:
    made = await mira(client)
    for _ in range(2):
        assert (await client.patch(f"/Users/{made['id']}", operation)).status in (200, 204)
    read = await client.get(f"/Users/{made['id']}")
    assert (read["emails"], read["phoneNumbers"]) == (made["emails"], made["phoneNumbers"])


async def test_operations_of_one_patch_see_each_other(client: Client) -> None:
    made = await mira(client)
    await client.patch(
        f"/Users/{made['id']}",
        {"op": "Add", "path": 'emails[type eq "home"].value', "value": "h@x"},
        {"op": "Replace", "path": 'emails[type eq "home"].value', "value": "h2@x"},
        {"op": "Remove", "path": 'emails[type eq "work"]'},
    )
    assert at(await client.get(f"/Users/{made['id']}"), "emails") == [{"type": "home", "value": "h2@x"}]
