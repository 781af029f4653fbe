"""What Entra's editor and Microsoft's onboarding tool ask about the endpoint itself (entra.md 1.1, 1.11, 1.12)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.scim.conftest import ENTERPRISE, GROUP, USER, Client
from tests.scim.entra import LIST_RESPONSE, SCIM_ERROR, mira, refused
from tests.scim.test_entra_create import nulls

MAPPED = [
    *("userName", "active", "displayName", "title", "preferredLanguage", "externalId", "nickName", "userType"),
    *("name.givenName", "name.familyName", "name.formatted", "locale", "timezone", "profileUrl"),
    *('emails[type eq "work"].value', 'emails[type eq "home"].value', 'emails[type eq "other"].value'),
    *('addresses[type eq "work"].formatted', 'addresses[type eq "work"].streetAddress'),
    *('addresses[type eq "work"].locality', 'addresses[type eq "work"].region'),
    *('addresses[type eq "work"].postalCode', 'addresses[type eq "work"].country'),
    *('addresses[type eq "other"].formatted', 'phoneNumbers[type eq "work"].value'),
    *('phoneNumbers[type eq "mobile"].value', 'phoneNumbers[type eq "fax"].value'),
    *(f"{ENTERPRISE}:{name}" for name in ("employeeNumber", "department", "costCenter", "division", "organization")),
    *(f"{ENTERPRISE}:manager", "displayName", "externalId", "members"),
]
"""The targets of Entra's default attribute mappings for a non-gallery app, users and groups."""

CHARACTERISTICS = {
    "mutability": {"readOnly", "readWrite", "immutable", "writeOnly"},
    "returned": {"always", "never", "default", "request"},
    "uniqueness": {"none", "server", "global"},
    "type": {"string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"},
}

EXTERNAL_ID = {"externalId"}
"""Common to every resource by RFC 7643 section 3.1, and in no schema."""


def flattened(schema: dict[str, Any]) -> Iterator[str]:
    """Name each attribute as Entra's schema discovery does: ``emails[type eq "work"].value`` from canonicalValues."""
    prefix = "" if schema["id"] in {USER, GROUP} else f"{schema['id']}:"
    for attribute in schema["attributes"]:
        name = f"{prefix}{attribute['name']}"
        yield name
        parts = {part["name"]: part for part in attribute.get("subAttributes", [])}
        kinds = parts.get("type", {}).get("canonicalValues", []) if attribute["multiValued"] else []
        for part in parts:
            if attribute["multiValued"]:
                yield from (f'{name}[type eq "{kind}"].{part}' for kind in kinds)
            else:
                yield f"{name}.{part}"


async def test_schemas_are_a_list_response_that_entra_can_read(client: Client) -> None:
    answer = await client.send("GET", "/Schemas", headers={"accept": "application/scim+json"})
    body = answer.body
    assert (answer.status, answer.headers["content-type"]) == (200, "application/scim+json")
    assert body["schemas"] == [LIST_RESPONSE]
    assert body["totalResults"] == body["itemsPerPage"] == len(body["Resources"])
    assert body["startIndex"] == 1
    assert {USER, GROUP, ENTERPRISE} <= {schema["id"] for schema in body["Resources"]}
    assert not list(nulls(body))


async def test_every_target_of_the_default_mappings_is_discovered(client: Client) -> None:
    """Schema_Discoverability_Test: names compared without case, and none may be missing."""
    schemas = (await client.get("/Schemas"))["Resources"]
    found = {name.lower() for schema in schemas for name in flattened(schema)}
    assert {name for name in MAPPED if name not in EXTERNAL_ID and name.lower() not in found} == set()


async def test_characteristics_are_written_as_the_rfc_writes_them(client: Client) -> None:
    def attributes(of: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for attribute in of:
            yield attribute
            yield from attributes(attribute.get("subAttributes", []))

    for schema in (await client.get("/Schemas"))["Resources"]:
        for attribute in attributes(schema["attributes"]):
            for name, values in CHARACTERISTICS.items():
                assert attribute.get(name, next(iter(values))) in values, (schema["id"], attribute["name"], name)
            for flag in ("multiValued", "required"):
                assert isinstance(attribute[flag], bool)


@pytest.mark.parametrize("urn", [USER, GROUP, ENTERPRISE])
async def test_a_schema_is_read_by_its_urn(client: Client, urn: str) -> None:
    schema = await client.get(f"/Schemas/{urn}")
    assert schema["id"] == urn
    assert schema["meta"]["location"].endswith(f"/scim/v2/Schemas/{urn}")


async def test_the_probes_of_the_onboarding_tool(client: Client) -> None:
    await mira(client)
    await client.group("Risk team")
    accept = {"accept": "application/scim+json"}
    for path, query in (
        ("/Users", {"count": "1"}),
        ("/Groups", {"count": "1"}),
        ("/Users", {"filter": 'userName eq "nonexistent_xyz"'}),
        ("/Schemas", {}),
        ("/ServiceProviderConfig", {}),
        ("/ResourceTypes", {}),
    ):
        answer = await client.send("GET", path, headers=accept, **query)
        assert answer.status == 200, path
        assert answer.headers["content-type"] == "application/scim+json"
    assert len((await client.get("/Users", count=1))["Resources"]) == 1


async def test_what_the_service_can_do_is_said_and_true(client: Client) -> None:
    config = await client.get("/ServiceProviderConfig")
    assert config["patch"] == {"supported": True}
    assert config["filter"]["supported"] is True
    assert (await client.get("/Users", count=100_000))["itemsPerPage"] <= config["filter"]["maxResults"]
    types = {each["endpoint"]: each for each in (await client.get("/ResourceTypes"))["Resources"]}
    assert types["/Users"]["schema"] == USER
    assert ENTERPRISE in [each["schema"] for each in types["/Users"]["schemaExtensions"]]
    assert types["/Groups"]["schema"] == GROUP


@pytest.mark.parametrize(
    "header", [{"authorization": "Bearer wrong"}, {"authorization": ""}, {"authorization": "Basic eDp5"}]
)
async def test_wrong_credentials_are_401_with_words_on_every_path(client: Client, header: dict[str, str]) -> None:
    for path in ("/Users", "/Groups", "/Schemas", "/Users/u-1"):
        answer = await client.send("GET", path, headers=header)
        assert refused(answer, 401)


async def test_an_error_is_what_the_provisioning_log_shows(client: Client) -> None:
    answer = await client.send("GET", "/Users/u-1")
    assert answer.headers["content-type"] == "application/scim+json"
    assert answer.body["schemas"] == [SCIM_ERROR]
    assert (answer.body["status"], isinstance(answer.body["detail"], str)) == ("404", True)
