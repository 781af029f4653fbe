"""An organisation's own extension of User and Group is stored, validated, filtered and published as SCIM's own are."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import ObjectKind
from provisioning.scim.schema.extension_store import ExtensionStore
from provisioning.scim.schema.schemas import Extension
from provisioning.storage.store import Storage
from tests.scim.conftest import ENTERPRISE, GROUP, USER, Client
from tests.scim.own_extension import DESK, HR, declared
from tests.scim.test_scim_schemas import flattened


class InForce:
    """What is in force, changed by a test as an administrator would."""

    def __init__(self, *extensions: Extension) -> None:
        self.extensions = extensions

    async def __call__(self) -> tuple[Extension, ...]:
        return self.extensions


@pytest.fixture
def in_force() -> InForce:
    """One extension of User."""
    return InForce(declared())


@pytest.fixture
def client(client: Client, in_force: InForce) -> Client:
    """A client of an endpoint with the extensions in force."""
    client.endpoint = replace(client.endpoint, extensions=in_force)
    return client


async def found(client: Client, text: str, path: str = "/Users") -> list[str]:
    """The names of the resources that a filter finds."""
    body = await client.get(path, filter=text)
    return sorted(each.get("userName") or each["displayName"] for each in body.get("Resources", []))


WHOLE: dict[str, Any] = {
    "code": "Ab-7",
    "grade": "senior",
    "badge": 7,
    "pay": 1.5,
    "contractor": True,
    "start": "2026-01-31T08:00:00Z",
    "key": "QUJD",
    "page": "https://northwind.example/mira",
    "hired": "2020",
    "tags": ["a", "b"],
    "cost": {"centre": "R1", "share": 40},
    "desks": [{"value": "4.12", "type": "main"}],
}


async def test_every_type_is_stored_and_answered(client: Client) -> None:
    made = await client.user(**{HR: WHOLE})
    assert made[HR] == WHOLE
    assert made["schemas"] == [USER, HR]
    assert (await client.get(f"/Users/{made['id']}"))[HR] == WHOLE


async def test_its_urn_may_be_missing_from_schemas(client: Client) -> None:
    """Entra does not put it there: "Customize user provisioning attribute-mappings"."""
    answer = await client.send("POST", "/Users", {"schemas": [USER], "userName": "m", HR: {"badge": 7}})
    assert answer.status == 201
    assert answer.body["schemas"] == [USER, HR]


@pytest.mark.parametrize(
    ("path", "value", "stored"),
    [
        (f"{HR}:grade", "junior", {"grade": "junior"}),
        (f"{HR}:GRADE", "junior", {"grade": "junior"}),
        (f"{HR.upper()}:grade", "junior", {"grade": "junior"}),
        (f"{HR}:contractor", "False", {"contractor": False}),
        (f"{HR}:cost.share", 5, {"cost": {"share": 5}}),
        (f'{HR}:desks[type eq "main"].value', "4.13", {"desks": [{"type": "main", "value": "4.13"}]}),
        (HR, {"grade": "junior", "badge": 8}, {"grade": "junior", "badge": 8}),
        (f"{HR}:badge", "8", {"badge": 8}),
        (f"{HR}:tags", ["x"], {"tags": ["x"]}),
    ],
)
async def test_a_patch_reaches_an_attribute_by_its_urn(client: Client, path: str, value: Any, stored: Any) -> None:
    made = await client.user()
    answer = await client.patch(f"/Users/{made['id']}", {"op": "Add", "path": path, "value": value})
    assert answer.status == 200, answer
    assert (await client.get(f"/Users/{made['id']}"))[HR] == stored


async def test_a_patch_without_a_path_names_it_by_urn_or_alone(client: Client) -> None:
    made = await client.user()
    value = {f"{HR}:badge": 9, "grade": "senior", f"{HR}:cost.centre": "R2"}
    assert (await client.patch(f"/Users/{made['id']}", {"op": "replace", "value": value})).status == 200
    shown = (await client.get(f"/Users/{made['id']}"))[HR]
    assert shown == {"badge": 9, "grade": "senior", "cost": {"centre": "R2"}}


async def test_null_and_the_empty_string_clear_it(client: Client) -> None:
    made = await client.user(**{HR: {"grade": "senior", "badge": 7, "code": "x"}})
    operations = [
        {"op": "Replace", "path": f"{HR}:{name}", "value": value} for name, value in (("grade", ""), ("badge", None))
    ]
    assert (await client.patch(f"/Users/{made['id']}", *operations)).status == 200
    assert (await client.get(f"/Users/{made['id']}"))[HR] == {"code": "x"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("badge", "seven"), ("badge", 1.5), ("contractor", "banana"), ("start", "yesterday"), ("page", "not a url"),
     ("grade", 5), ("grade", ["a", "b"]), ("cost", "R1"), ("tags", {"a": {"b": 1}}), ("pay", "much")],
)  # fmt: skip
async def test_a_value_of_another_type_is_refused_in_words(client: Client, name: str, value: Any) -> None:
    answer = await client.send("POST", "/Users", {"schemas": [USER, HR], "userName": "m", HR: {name: value}})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    made = await client.user("n")
    answer = await client.patch(f"/Users/{made['id']}", {"op": "replace", "path": f"{HR}:{name}", "value": value})
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")


async def test_mutability_and_returned_are_kept(client: Client) -> None:
    made = await client.user(**{HR: {"hired": "2020", "score": "9", "pin": "1234", "note": "n", "badge": 1}})
    path = f"/Users/{made['id']}"
    assert made[HR] == {"hired": "2020", "badge": 1}
    assert (await client.get(path, attributes=f"{HR}:note"))[HR] == {"note": "n"}
    changed = await client.patch(path, {"op": "replace", "path": f"{HR}:hired", "value": "2021"})
    assert (changed.status, changed.body["scimType"]) == (400, "mutability")
    assert (await client.patch(path, {"op": "replace", "path": "title", "value": "Lead"})).status == 200
    stored = await client.endpoint.directory.get(ObjectKind.USER, made["id"])
    assert stored.document[HR] == {"hired": "2020", "pin": "1234", "note": "n", "badge": 1}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (f'{HR}:grade eq "SENIOR"', ["mira"]),
        (f'{HR}:code eq "ab"', []),
        (f'{HR}:code eq "Ab"', ["mira"]),
        (f"{HR}:badge gt 6", ["mira"]),
        (f"{HR}:contractor eq true", ["mira"]),
        (f'{HR}:start lt "2026-06-01T00:00:00Z"', ["mira"]),
        (f'{HR}:cost.centre sw "r"', ["mira"]),
        (f'{HR}:desks[type eq "main"].value eq "4.12"', ["mira"]),
        (f'{HR}:tags eq "b"', ["mira"]),
        (f"not ({HR}:badge pr)", ["kofi"]),
        (f'{HR}:badge eq 3 or userName eq "kofi"', ["kofi"]),
    ],
)
async def test_filters_reach_it(client: Client, text: str, names: list[str]) -> None:
    await client.user(**{HR: WHOLE | {"code": "Ab"}})
    await client.user("kofi")
    assert await found(client, text) == names


async def test_attributes_select_it(client: Client) -> None:
    made = await client.user(**{HR: {"grade": "senior", "badge": 7}}, title="Lead")
    shown = await client.get(f"/Users/{made['id']}", attributes=f"{HR}:badge")
    assert shown[HR] == {"badge": 7}
    assert "title" not in shown
    assert (await client.get(f"/Users/{made['id']}", excludedAttributes=f"{HR}:badge"))[HR] == {"grade": "senior"}


async def test_a_bare_name_is_the_core_schemas_first_and_then_the_enterprise_extensions(
    client: Client, in_force: InForce
) -> None:
    """Entra's samples send ``department`` bare; an own attribute of that name does not take it away."""
    in_force.extensions = (declared([{"name": "department"}, {"name": "title"}, {"name": "badge"}]),)
    made = await client.user(department="Risk", title="Lead", badge="7")
    assert (made[ENTERPRISE], made["title"], made[HR]) == ({"department": "Risk"}, "Lead", {"badge": "7"})


async def test_a_group_has_extensions_too(client: Client, in_force: InForce) -> None:
    in_force.extensions = (declared([{"name": "owner"}], DESK, ObjectKind.GROUP),)
    body = {"schemas": [GROUP, DESK], "displayName": "Risk", DESK: {"owner": "mira"}}
    made = await client.send("POST", "/Groups", body)
    assert (made.status, made.body[DESK]) == (201, {"owner": "mira"})
    path = f"/Groups/{made.body['id']}"
    assert (await client.patch(path, {"op": "replace", "path": f"{DESK}:owner", "value": "kofi"})).status == 204
    assert (await client.get(path))[DESK] == {"owner": "kofi"}
    assert await found(client, f'{DESK}:owner eq "kofi"', "/Groups") == ["Risk"]


async def test_it_is_published(client: Client, in_force: InForce) -> None:
    in_force.extensions = (declared(), declared([{"name": "owner"}], DESK, ObjectKind.GROUP))
    schema = await client.get(f"/Schemas/{HR}")
    grade = next(each for each in schema["attributes"] if each["name"] == "grade")
    assert grade["canonicalValues"] == ["junior", "senior"]
    user, group = (await client.get("/ResourceTypes"))["Resources"]
    assert {"schema": HR, "required": False} in user["schemaExtensions"]
    assert group["schemaExtensions"] == [{"schema": DESK, "required": False}]


@pytest.mark.parametrize(
    "name", ["grade", "badge", "cost.centre", 'desks[type eq "main"].value', 'desks[type eq "other"].value']
)
async def test_discovery_finds_its_attributes(client: Client, name: str) -> None:
    """Schema_Discoverability_Test: no mapped attribute may be missing, and nothing may be null."""
    schemas = (await client.get("/Schemas"))["Resources"]
    assert f"{HR}:{name}" in {each for schema in schemas for each in flattened(schema)}
    assert "null" not in str(schemas)


async def test_an_instance_sees_a_change_when_its_cache_is_old(storage: Storage) -> None:
    here, other, patient = (ExtensionStore(storage, seconds) for seconds in (60, 0, 60))
    assert [await each.in_force() for each in (here, other, patient)] == [(), (), ()]
    await here.put(declared())
    assert await here.in_force() == await other.in_force() == (declared(),)
    assert await patient.in_force() == ()
