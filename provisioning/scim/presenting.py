"""A stored resource as the SCIM model that the client sees, and back. No input or output."""

from collections.abc import Iterable
from typing import Any, cast

from scim2_models import Context, Resource, ResourceType, ScimProvider

from connectors.contract import ObjectKind
from provisioning.directory.keys import kind_of
from provisioning.directory.resources import Resource as Stored
from provisioning.scim.schemas import ENTERPRISE_USER

_NOT_STORED = ("id", "meta", "members", "groups")
_ENDPOINTS = {ObjectKind.USER: "Users", ObjectKind.GROUP: "Groups"}

type Model = Resource[Any]


def kind_of_type(resource_type: ResourceType) -> ObjectKind:
    """Return the hub's kind of a SCIM resource type."""
    return ObjectKind(str(resource_type.name))


def version_of(stored: Stored) -> str:
    """Return ``meta.version``: a weak ETag of the generation."""
    return f'W/"{stored.generation}"'


class Presenting:
    """Makes models of one provider from stored resources. ``$ref`` values are made here, relative to the SCIM root."""

    def __init__(self, provider: ScimProvider) -> None:
        self._provider = provider

    def model(self, kind: ObjectKind) -> type[Model]:
        """Return the model of a kind, extensions included."""
        return cast("type[Model]", self._provider.model_for(kind.value))

    def present(self, stored: Stored, members: Iterable[str] = (), groups: Iterable[str] = ()) -> Model:
        """Return a stored resource as a model, with the given members or groups."""
        payload: dict[str, Any] = {
            **stored.document,
            "id": stored.id,
            "meta": {
                "resourceType": stored.kind.value,
                "created": stored.created,
                "lastModified": stored.modified,
                "version": version_of(stored),
            },
        }
        manager = stored.document.get(ENTERPRISE_USER, {}).get("manager")
        if manager and kind_of(manager.get("value", "")) is ObjectKind.USER:
            referenced = {**manager, "$ref": f"Users/{manager['value']}"}
            payload[ENTERPRISE_USER] = {**stored.document[ENTERPRISE_USER], "manager": referenced}
        if entries := [_reference(member) for member in members]:
            payload["members"] = entries
        if direct := [{**_reference(group), "type": "direct"} for group in groups]:
            payload["groups"] = direct
        return self.model(stored.kind).model_validate(payload, scim_policy=self._provider.policy)

    def document(self, model: Model) -> dict[str, Any]:
        """Return what is stored of a model: its JSON without id, meta, memberships and URLs."""
        document = model.model_dump(scim_ctx=Context.DEFAULT)
        for name in _NOT_STORED:
            document.pop(name, None)
        manager = document.get(ENTERPRISE_USER, {}).get("manager")
        if manager:
            manager.pop("$ref", None)
            manager.pop("displayName", None)
        return document


def _reference(resource_id: str) -> dict[str, Any]:
    kind = kind_of(resource_id)
    if kind is None:
        return {"value": resource_id}
    return {"value": resource_id, "$ref": f"{_ENDPOINTS[kind]}/{resource_id}", "type": kind.value}
