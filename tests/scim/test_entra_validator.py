"""Microsoft's eleven published SCIM tests ("SCIM Validation Test Overview", entra.md 1.15) as tests of our own, in both
dialects: after each PATCH, a GET must show exactly what was sent.

Federated_Identity, which asks the token endpoint, is in tests/sources; here it is a bearer token that works.
"""

import uuid
from typing import Any

import pytest

from tests.scim.conftest import ENTERPRISE, GROUP, USER, Client
from tests.scim.entra import LIST_RESPONSE, mira, picked, refused
from tests.scim.test_entra_discovery import MAPPED, flattened

DIALECTS = ["without the flag", "with the flag"]


def operations(dialect: str, changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Write changes, by path, as Entra does in a dialect."""
    if dialect == "without the flag":
        return [
            {"op": "Replace", "path": path, "value": str(value) if isinstance(value, bool) else value}
            for path, value in changes.items()
        ]
    return [{"op": "replace", "value": changes}]


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Both of Entra's dialects, one after the other."""
    return str(request.param)


async def test_validate_credentials(client: Client) -> None:
    """A list of users with the right token; 401 with another one."""
    answer = await client.send("GET", "/Users", filter=f'userName eq "{uuid.uuid4()}"')
    assert (answer.status, answer.body["schemas"], answer.body["totalResults"]) == (200, [LIST_RESPONSE], 0)
    wrong = await client.send("GET", "/Users", headers={"authorization": f"Bearer {client.token}x"})
    assert refused(wrong, 401)


async def test_user_create(client: Client) -> None:
    """201, the body as sent, and a second one refused with 409."""
    body = {
        "schemas": [USER, ENTERPRISE],
        "userName": "e9e30dba-f08f-7d4d-0000-000000000001@northwind.example",
        "externalId": "e9e30dba",
        "active": True,
        "displayName": "BOB",
        "name": {"givenName": "Bob", "familyName": "Ellis"},
        "emails": [{"primary": True, "type": "work", "value": "bob@northwind.example"}],
        ENTERPRISE: {"department": "Bob's department", "employeeNumber": "7"},
    }
    answer = await client.send("POST", "/Users", body)
    assert answer.status == 201
    read = await client.get(f"/Users/{answer.body['id']}")
    assert {name: read[name] for name in body if name != "schemas"} == {k: v for k, v in body.items() if k != "schemas"}
    assert refused(await client.send("POST", "/Users", body), 409, "uniqueness")


async def test_user_update(client: Client, dialect: str) -> None:
    made = await mira(client)
    changes = {
        "displayName": "Mira Lind",
        "name.givenName": "Mirabel",
        "title": "Lead",
        'emails[type eq "work"].value': "lind@northwind.example",
        'phoneNumbers[type eq "fax"].value': "+441315550102",
        f"{ENTERPRISE}:department": "Audit",
        "userName": "mira.lind@northwind.example",
        "active": False,
    }
    answer = await client.patch(f"/Users/{made['id']}", *operations(dialect, changes))
    assert answer.status in (200, 204)
    stored = {
        "displayName": "Mira Lind",
        "name.givenName": "Mirabel",
        "title": "Lead",
        "emails:work.value": "lind@northwind.example",
        "phoneNumbers:fax.value": "+441315550102",
        "E.department": "Audit",
        "userName": "mira.lind@northwind.example",
        "active": False,
    }
    assert picked(await client.get(f"/Users/{made['id']}"), stored) == stored
    (found,) = (await client.get("/Users", filter='userName eq "mira.lind@northwind.example"'))["Resources"]
    assert found["id"] == made["id"]


@pytest.mark.parametrize("attribute", ["displayName", "title", "nickName", "name.givenName", f"{ENTERPRISE}:division"])
async def test_null_update(client: Client, dialect: str, attribute: str) -> None:
    """``""`` and then null: both are answered with success and leave nothing."""
    for cleared in ("", None):
        made = await client.user(f"n{uuid.uuid4().hex}")
        await client.patch(f"/Users/{made['id']}", *operations(dialect, {attribute: "Something"}))
        path = attribute.replace(f"{ENTERPRISE}:", "E.")
        assert picked(await client.get(f"/Users/{made['id']}"), {path: 0}) == {path: "Something"}
        answer = await client.patch(f"/Users/{made['id']}", *operations(dialect, {attribute: cleared}))
        assert answer.status in (200, 204)
        assert picked(await client.get(f"/Users/{made['id']}"), {path: 0}) == {path: None}


async def test_update_manager(client: Client, dialect: str) -> None:
    """Set, read back, then removed with ``""``."""
    boss, made = await client.user("noor"), await client.user("mira")
    manager = f"{ENTERPRISE}:manager"
    answer = await client.patch(f"/Users/{made['id']}", *operations(dialect, {manager: boss["id"]}))
    assert answer.status in (200, 204)
    read = await client.get(f"/Users/{made['id']}")
    assert read[ENTERPRISE]["manager"]["value"] == boss["id"]
    answer = await client.patch(f"/Users/{made['id']}", *operations(dialect, {manager: ""}))
    assert answer.status in (200, 204)
    assert "manager" not in (await client.get(f"/Users/{made['id']}")).get(ENTERPRISE, {})


async def test_group_create(client: Client) -> None:
    body = {"schemas": [GROUP], "displayName": "AzureADGroup", "externalId": "e9e30dba", "members": []}
    answer = await client.send("POST", "/Groups", body)
    assert answer.status == 201
    read = await client.get(f"/Groups/{answer.body['id']}")
    assert (read["displayName"], read["externalId"], read.get("members", [])) == ("AzureADGroup", "e9e30dba", [])
    assert refused(await client.send("POST", "/Groups", body), 409, "uniqueness")


async def test_group_update(client: Client, dialect: str) -> None:
    """Renamed, and members in and out, each PATCH answered with 200 or 204 and seen by a GET."""
    group = await client.group("AzureADGroup")
    users = [(await client.user(f"member{number}"))["id"] for number in range(3)]
    path = f"/Groups/{group['id']}"
    assert (await client.patch(path, *operations(dialect, {"displayName": "Renamed"}))).status in (200, 204)
    adding = [{"op": "Add", "path": "members", "value": [{"$ref": None, "value": each} for each in users]}]
    assert (await client.patch(path, *adding)).status in (200, 204)
    read = await client.get(path)
    assert (read["displayName"], sorted(each["value"] for each in read["members"])) == ("Renamed", sorted(users))
    removing = {
        "without the flag": {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": users[0]}]},
        "with the flag": {"op": "remove", "path": f'members[value eq "{users[0]}"]'},
    }
    assert (await client.patch(path, removing[dialect])).status in (200, 204)
    assert sorted(await client.members(group["id"])) == sorted(users[1:])


@pytest.mark.parametrize("path", ["/Users", "/Groups"])
async def test_pagination(client: Client, path: str) -> None:
    """``startIndex=N&count=5``: at least two pages, every one 200, and the start that was asked for is echoed."""
    for number in range(8):
        await (client.user(f"u{number}") if path == "/Users" else client.group(f"g{number}"))
    pages = [await client.get(path, startIndex=start, count=5) for start in (1, 6)]
    assert [page["startIndex"] for page in pages] == [1, 6]
    assert [len(page["Resources"]) for page in pages] == [5, 3]
    assert len({each["id"] for page in pages for each in page["Resources"]}) == 8


async def test_schema_discoverability(client: Client) -> None:
    """/Schemas, flattened as Entra does it, has every attribute that is mapped; the Group schema is among them."""
    schemas = (await client.get("/Schemas"))["Resources"]
    found = {name.lower() for schema in schemas for name in flattened(schema)}
    assert [name for name in MAPPED if name.lower() not in found | {"externalid"}] == []
    assert GROUP in {schema["id"] for schema in schemas}
