"""POST of users and groups as Entra, its documentation and Microsoft's own test set write them (entra.md 1.3, 1.10)."""

from typing import Any

import pytest

from tests.scim.conftest import ENTERPRISE, GROUP, USER, Client
from tests.scim.entra import MIRA, at, mira, picked, refused

MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


async def test_the_documented_user_is_stored_value_by_value(client: Client) -> None:
    answer = await client.send("POST", "/Users", MIRA)
    assert answer.status == 201
    read = await client.get(f"/Users/{answer.body['id']}")
    assert read == answer.body
    expected = {name: value for name, value in MIRA.items() if name not in {"schemas", "roles", "meta", ENTERPRISE}}
    assert picked(read, expected) == expected
    assert read[ENTERPRISE]["employeeNumber"] == "70412"
    assert read[ENTERPRISE]["department"] == "Risk"


async def test_the_answer_to_a_create_has_what_entra_reads_of_it(client: Client) -> None:
    answer = await client.send("POST", "/Users", MIRA)
    user = answer.body
    assert answer.headers["content-type"] == "application/scim+json"
    assert answer.headers["Location"] == user["meta"]["location"] == f"https://hub.example/scim/v2/Users/{user['id']}"
    assert user["meta"]["resourceType"] == "User"
    assert user["meta"]["created"] == user["meta"]["lastModified"]
    assert set(user["schemas"]) == {USER, ENTERPRISE}


async def test_a_manager_sent_as_a_string_is_answered_as_an_object(client: Client) -> None:
    """A string in the answer breaks the client: "not able to deserialize the resource"."""
    user = await mira(client)
    assert user[ENTERPRISE]["manager"]["value"] == "u-9001"


async def test_a_second_create_of_one_user_name_is_a_conflict_in_any_case_of_letters(client: Client) -> None:
    await mira(client)
    for name in ("mira.okafor@northwind.example", "MIRA.Okafor@northwind.example"):
        answer = await client.send("POST", "/Users", MIRA | {"userName": name})
        assert refused(answer, 409, "uniqueness")
    assert (await client.get("/Users"))["totalResults"] == 1


async def test_a_create_repeated_after_a_lost_answer_is_a_conflict_and_the_match_finds_it(client: Client) -> None:
    made = await mira(client)
    assert refused(await client.send("POST", "/Users", MIRA), 409, "uniqueness")
    found = await client.get("/Users", filter='userName eq "mira.okafor@northwind.example"')
    assert [each["id"] for each in found["Resources"]] == [made["id"]]


@pytest.mark.parametrize(
    ("more", "path", "stored"),
    [
        # nulls at the top level, also of attributes that belong to the extension
        ({"addresses": None}, "addresses", None),
        ({"nickName": None}, "nickName", None),
        ({"department": None}, "E.department", None),
        ({"manager": None}, "E.manager", None),
        # empty strings and empty lists are no values
        ({"nickName": ""}, "nickName", None),
        ({"roles": []}, "roles", None),
        ({"phoneNumbers": []}, "phoneNumbers", None),
        # meta and id from the client are not taken
        ({"id": "mine"}, "externalId", "mokafor"),
        ({"meta": {"resourceType": "User", "created": "2015-01-01T00:00:00Z"}}, "meta.resourceType", "User"),
        # the extension's URN as a sample of the documentation misspells it
        ({"urn:ietf:params:scim:schemas:extension:enterprise:2.0User": {"division": "D"}}, "E.division", "D"),
        # an extension of the top level
        ({"costCenter": "CC-7"}, "E.costCenter", "CC-7"),
        ({f"{ENTERPRISE}:costCenter": "CC-8"}, "E.costCenter", "CC-8"),
        # names in other cases of letters, as in Microsoft's Postman set
        ({"DisplayName": "Mira O."}, "displayName", "Mira O."),
        ({"NAME": {"GivenName": "Mi"}}, "name.givenName", "Mi"),
        ({"Emails": [{"Primary": True, "Type": "work", "Value": "m@x"}]}, "emails:work.value", "m@x"),
        ({ENTERPRISE: {"Department": "Audit"}}, "E.department", "Audit"),
        ({ENTERPRISE: {"Manager": {"Value": "u-7"}}}, "E.manager.value", "u-7"),
        ({ENTERPRISE: {"manager": [{"value": "u-7", "$ref": "../Users/u-7"}]}}, "E.manager.value", "u-7"),
        ({ENTERPRISE: {"manager": ""}}, "E.manager", None),
        # booleans as strings
        ({"active": "True"}, "active", True),
        ({"active": "False"}, "active", False),
        ({"active": "false"}, "active", False),
        ({"emails": [{"primary": "True", "type": "work", "value": "m@x"}]}, "emails:work.primary", True),
        # values are stored exactly as they are sent
        ({"phoneNumbers": [{"type": "work", "value": "0131 555-01 01"}]}, "phoneNumbers:work.value", "0131 555-01 01"),
        ({"displayName": "  Zoë “Mi” Okafor\t"}, "displayName", "  Zoë “Mi” Okafor\t"),
        ({"emails": [{"type": "work", "value": "not an address"}]}, "emails:work.value", "not an address"),
    ],
)
async def test_what_entra_and_others_write_differently_is_understood(
    client: Client, more: dict[str, Any], path: str, stored: Any
) -> None:
    # what is said differently is not said the usual way as well
    said = {name.lower() for name in more}
    body = {name: value for name, value in MIRA.items() if name.lower() not in said}
    if path.startswith("E."):
        body.pop(ENTERPRISE, None)
    answer = await client.send("POST", "/Users", body | more)
    assert answer.status == 201, answer.body
    assert at(await client.get(f"/Users/{answer.body['id']}"), path) == stored


async def test_an_extension_that_schemas_does_not_name_is_stored(client: Client) -> None:
    """Entra does not put the URN of an extension into ``schemas`` ("Customize attribute mappings")."""
    user = await mira(client, schemas=[USER])
    assert user[ENTERPRISE]["department"] == "Risk"
    assert ENTERPRISE in user["schemas"]


async def test_an_unknown_attribute_and_an_unknown_extension_are_passed_over(client: Client) -> None:
    user = await mira(
        client, shoeSize=44, **{"urn:ietf:params:scim:schemas:extension:Contoso:2.0:User": {"badge": "7"}}
    )
    read = await client.get(f"/Users/{user['id']}")
    assert "shoeSize" not in read
    assert not [name for name in read if "Contoso" in name]


async def test_an_inactive_user_can_be_created(client: Client) -> None:
    user = await mira(client, active=False)
    assert (await client.get(f"/Users/{user['id']}"))["active"] is False


async def test_no_answer_holds_a_null(client: Client) -> None:
    made = await mira(client, nickName=None, addresses=None)
    for body in (made, await client.get(f"/Users/{made['id']}"), await client.get("/Users")):
        assert not list(nulls(body))


def nulls(value: Any, path: str = "") -> Any:
    """Yield the path of every null."""
    if value is None:
        yield path
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from nulls(each, f"{path}/{name}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from nulls(each, f"{path}/{number}")


async def test_the_documented_group_with_a_second_schema_is_created_empty(client: Client) -> None:
    body = {
        "schemas": [GROUP, MICROSOFT_GROUP],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "Risk team",
        "meta": {"resourceType": "Group"},
    }
    answer = await client.send("POST", "/Groups", body)
    assert answer.status == 201
    read = await client.get(f"/Groups/{answer.body['id']}")
    assert (read["displayName"], read["externalId"]) == ("Risk team", "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159")
    assert read["schemas"] == [GROUP]
    assert read.get("members", []) == []
    assert read["meta"]["resourceType"] == "Group"


async def test_a_second_group_of_one_name_is_a_conflict(client: Client) -> None:
    """displayName is what Entra matches groups by."""
    await client.group("Risk team")
    answer = await client.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "RISK team"})
    assert refused(answer, 409, "uniqueness")
