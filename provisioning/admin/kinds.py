"""Routes under ``/api/kinds``: which systems can be connected, and what their settings mean."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from connectors.contract import Connector, ObjectKind
from provisioning.admin.views import View
from provisioning.connections.connection import Features
from provisioning.connections.registry import KINDS, load
from provisioning.connections.secrets import REFERENCE_PATTERN, secret_fields

router = APIRouter(tags=["kinds"])


class MappingView(View):
    """One built-in mapping: the first SCIM source that has a value is written to the target attribute."""

    target: str
    sources: list[str]
    reference: ObjectKind | None = Field(description="Set where the value points at another user or group.")
    multivalued: bool
    create_only: bool
    required: bool


class KindView(View):
    """One kind of system."""

    kind: str
    title: str
    capabilities: dict[str, bool | int]
    features: dict[str, bool] = Field(description="Which features a connection of this kind can have.")
    settings: dict[str, Any] = Field(description="JSON Schema of the settings; `secret: true` takes a reference.")
    matching: dict[ObjectKind, list[str]]
    mappings: dict[ObjectKind, list[MappingView]]


class KindList(View):
    """Every kind of system that can be connected."""

    kinds: list[KindView]


@router.get("/api/kinds", summary="List the kinds of system that can be connected")
async def list_kinds() -> KindList:
    """Each with its settings as JSON Schema, its capabilities, its default mappings and matching attributes."""
    return KindList(kinds=[describe(await load(kind)) for kind in sorted(KINDS)])


def describe(connector: type[Connector]) -> KindView:
    """Return what there is to know about a kind."""
    return KindView(
        kind=connector.kind,
        title=connector.title,
        capabilities=asdict(connector.capabilities),
        features=asdict(Features().within(connector.capabilities)),
        settings=settings_schema(connector),
        matching={kind: list(defaults.matching) for kind, defaults in connector.defaults.items()},
        mappings={
            kind: [
                MappingView(
                    target=mapping.target,
                    sources=list(mapping.sources),
                    reference=mapping.reference,
                    multivalued=mapping.multivalued,
                    create_only=mapping.create_only,
                    required=mapping.required,
                )
                for mapping in defaults.mappings
            ]
            for kind, defaults in connector.defaults.items()
        },
    )


def settings_schema(connector: type[Connector]) -> dict[str, Any]:
    """Return the JSON Schema of a kind's settings, in which a secret is what may be given for it: a reference."""
    schema = connector.settings_model.model_json_schema()
    for name in secret_fields(connector.settings_model):
        told = schema["properties"][name]
        schema["properties"][name] = {
            "type": "string",
            "secret": True,
            "pattern": REFERENCE_PATTERN,
            **{key: told[key] for key in ("title", "description") if key in told},
        }
    return schema
