"""What the hub publishes about itself, as Entra's discovery reads it."""

from collections.abc import Iterator
from typing import Any

import pytest
from scim2_models import Context

from provisioning.scim.published import published
from provisioning.scim.schema.schemas import ENTERPRISE_USER, GROUP, USER


def flattened(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the names that Entra's discovery makes of a schema."""
    prefix = "" if schema["id"] in {USER, GROUP} else f"{schema['id']}:"
    for attribute in schema["attributes"]:
        parts = {part["name"]: part for part in attribute.get("subAttributes", ())}
        types = parts.get("type", {}).get("canonicalValues", ())
        if not parts:
            yield prefix + attribute["name"]
        for name in parts:
            if attribute["multiValued"]:
                yield from (f'{prefix}{attribute["name"]}[type eq "{each}"].{name}' for each in types)
            else:
                yield f"{prefix}{attribute['name']}.{name}"


@pytest.mark.parametrize(
    "name",
    [
        "userName",
        "active",
        "displayName",
        "name.givenName",
        'emails[type eq "work"].value',
        'phoneNumbers[type eq "mobile"].value',
        'phoneNumbers[type eq "fax"].value',
        'addresses[type eq "work"].streetAddress',
        f"{ENTERPRISE_USER}:employeeNumber",
        f"{ENTERPRISE_USER}:manager.value",
    ],
)
def test_discovery_finds_what_entra_maps_by_default(name: str) -> None:
    """Schema_Discoverability_Test: no mapped attribute may be missing."""
    assert name in {each for schema in published().provider.schemas for each in flattened(schema.model_dump())}


def test_every_schema_is_complete_and_without_nulls() -> None:
    """Entra refuses a schema with null values, and wants the Group schema to be there."""

    def nulls(value: Any) -> bool:
        children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return value is None or any(nulls(each) for each in children)

    shown = [schema.model_dump() for schema in published().provider.schemas]
    assert [schema["id"] for schema in shown] == [USER, ENTERPRISE_USER, GROUP]
    assert not nulls(shown)
    assert not any(attribute["name"] == "password" for schema in shown for attribute in schema["attributes"])


def test_the_models_take_what_entra_sends() -> None:
    """A manager without ``$ref`` and an e-mail address of any form, both refused by the library's static models."""
    body = {
        "schemas": [USER, ENTERPRISE_USER],
        "userName": "m",
        "emails": [{"type": "work", "value": "not an address"}],
        ENTERPRISE_USER: {"manager": {"value": "u-1"}},
    }
    model = published().provider.model_for("User")
    assert model is not None
    read = model.model_validate(body, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    assert read.model_dump(scim_ctx=Context.DEFAULT) == body


def test_only_what_is_there_is_announced() -> None:
    """Passwords are changed elsewhere."""
    config = published().provider.config
    assert config is not None
    shown = config.model_dump()
    supported = {name for name, value in shown.items() if isinstance(value, dict) and value.get("supported")}
    assert supported == {"patch", "bulk", "filter", "sort", "etag"}
