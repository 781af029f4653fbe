"""Which systems can be connected, and the OpenAPI document."""

from typing import Any

import pytest
from openapi_spec_validator import validate

from provisioning.connections.registry import KINDS
from tests.admin.conftest import Api


@pytest.fixture
async def kinds(api: Api) -> dict[str, dict[str, Any]]:
    """The kinds by name."""
    told = (await api.client.get("/api/kinds")).json()["kinds"]
    return {each["kind"]: each for each in told}


async def test_every_kind_is_told_with_title_capabilities_and_default_mappings(kinds: dict[str, Any]) -> None:
    assert kinds.keys() == KINDS.keys()
    for each in kinds.values():
        assert each["title"]
        assert each["capabilities"].keys() >= {"groups", "memberships", "deactivate", "member_batch"}
        assert each["capabilities"].keys() >= {"passwords", "imports", "delta", "restore"}
        for kind, mappings in each["mappings"].items():
            targets = [mapping["target"] for mapping in mappings]
            assert set(each["matching"][kind]) <= set(targets)
            assert all(mapping["sources"] for mapping in mappings)


async def test_settings_are_a_schema_in_which_every_field_can_be_shown_and_secrets_are_marked(
    kinds: dict[str, Any],
) -> None:
    for each in kinds.values():
        for name, field in each["settings"]["properties"].items():
            assert field["title"], name
            assert field["description"], name
    secrets = {
        (kind, name)
        for kind, each in kinds.items()
        for name, field in each["settings"]["properties"].items()
        if field.get("secret")
    }
    assert secrets == {
        ("active_directory", "bind_password"),
        ("ldap", "bind_password"),
        ("graph", "client_secret"),
    }
    assert "LOCKSTEP_SECRET_" in kinds["ldap"]["settings"]["properties"]["bind_password"]["pattern"]


async def test_the_openapi_document_is_valid_and_names_every_operation(api: Api) -> None:
    document = (await api.client.get("/api/openapi.json")).json()
    validate(document)
    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    assert all(each["summary"] for each in operations)
    assert all(each["security"] == [{"functionKey": []}] for each in operations)


async def test_problems_have_their_media_type_in_the_openapi_document(api: Api) -> None:
    document = (await api.client.get("/api/openapi.json")).json()
    for path in document["paths"].values():
        for operation in path.values():
            assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]
            assert list(operation["responses"]["422"]["content"]) == ["application/problem+json"]
