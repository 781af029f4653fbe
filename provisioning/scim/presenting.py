"""A stored resource as the SCIM model that the client sees, and back. No input or output."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

from pydantic import ValidationError
from scim2_models import Context, Resource, ResourceType, ScimProvider

from connectors.contract import ObjectKind
from provisioning.directory.keys import kind_of
from provisioning.directory.resources import Resource as Stored
from provisioning.scim.schema.hidden import all_shown, kept, visible, without
from provisioning.scim.schema.schemas import ENTERPRISE_USER
from provisioning.scim.schema.shape import Shape

_NOT_STORED = ("id", "meta", "members", "groups")
ENDPOINTS = {ObjectKind.USER: "Users", ObjectKind.GROUP: "Groups"}

type Model = Resource[Any]


def kind_of_type(resource_type: ResourceType) -> ObjectKind:
    """Return the hub's kind of a SCIM resource type."""
    return ObjectKind(str(resource_type.name))


def version_of(stored: Stored) -> str:
    """Return ``meta.version``: a weak ETag of the generation."""
    return etag(stored.generation)


def etag(generation: str) -> str:
    """Return the weak ETag of a generation."""
    return f'W/"{generation}"'


class Presenting:
    """Makes models of one provider from stored resources. ``$ref`` values are made here, relative to the SCIM root."""

    def __init__(self, provider: ScimProvider, shapes: Mapping[str, Shape]) -> None:
        self._provider = provider
        self._shapes = shapes

    def model(self, kind: ObjectKind) -> type[Model]:
        """Return the model of a kind, extensions included."""
        return cast("type[Model]", self._provider.model_for(kind.value))

    def present(
        self,
        stored: Stored,
        members: Iterable[str] = (),
        groups: Iterable[str] = (),
        *,
        displays: Mapping[str, str] | None = None,
        indirect: Collection[str] = (),
    ) -> Model:
        """Return a stored resource as a model, with the given members or groups.

        ``displays`` has the names to show for some of them, ``indirect`` the groups that a user is in through others.
        """
        shown = displays or {}
        shape = self._shapes[stored.kind.value]
        document = stored.document if all_shown(shape, stored.document) else visible(shape, stored.document)
        payload: dict[str, Any] = {
            **document,
            "id": stored.id,
            "meta": {
                "resourceType": stored.kind.value,
                "created": stored.created,
                "lastModified": stored.modified,
                "version": version_of(stored),
            },
        }
        manager = document.get(ENTERPRISE_USER, {}).get("manager")
        if manager and kind_of(manager.get("value", "")) is ObjectKind.USER:
            referenced = {**manager, "$ref": f"Users/{manager['value']}"}
            payload[ENTERPRISE_USER] = {**document[ENTERPRISE_USER], "manager": referenced}
        if entries := [_reference(member, shown) for member in members]:
            payload["members"] = entries
        if within := [
            {**_reference(group, shown), "type": "indirect" if group in indirect else "direct"} for group in groups
        ]:
            payload["groups"] = within
        return self._valid(stored.kind, payload)

    def document(self, model: Model, was: Stored | None = None) -> dict[str, Any]:
        """Return what is stored of a model: its JSON without id, meta, memberships and URLs.

        Of a resource that is stored already, also what the schemas in force do not show of it.
        """
        document = self._plain(model)
        if was is None or all_shown(shape := self._shapes[was.kind.value], was.document):
            return document
        return kept(shape, was.document, self._plain(self.present(was)), document)

    def _valid(self, kind: ObjectKind, payload: dict[str, Any]) -> Model:
        """Return a payload as a model, without what the library does not take: values of a schema that has changed."""
        while True:
            try:
                return self.model(kind).model_validate(payload, scim_policy=self._provider.policy)
            except ValidationError as error:
                if not without(payload, [each["loc"] for each in error.errors(include_input=False)]):
                    raise

    def _plain(self, model: Model) -> dict[str, Any]:
        document = model.model_dump(scim_ctx=Context.DEFAULT)
        for name in _NOT_STORED:
            document.pop(name, None)
        manager = document.get(ENTERPRISE_USER, {}).get("manager")
        if manager:
            manager.pop("$ref", None)
            manager.pop("displayName", None)
        # What a client writes there says nothing: the schemas of a resource are those that it has something of.
        document["schemas"] = [str(type(model).__schema__), *(urn for urn in document if urn.startswith("urn:"))]
        return {name: distinct(value) if isinstance(value, list) else value for name, value in document.items()}


def distinct(values: list[Any]) -> list[Any]:
    """Return the values of an attribute, each (type, value) once: what is said last of it holds.

    RFC 7643 section 2.4 has no two of them, and adding one that is there changes nothing (RFC 7644 section 3.5.2.1). A
    value without a type is the one that has the same value: Entra adds roles without the type that it gave them first.
    """
    kept: list[Any] = []
    known: dict[Any, list[dict[str, Any]]] = {}
    for each in values:
        if not isinstance(each, dict) or not isinstance(each.get("value"), str):
            kept.append(each)
            continue
        alike = known.setdefault(each["value"], [])
        same = next((one for one in alike if _type(one) == _type(each) or not (_type(one) and _type(each))), None)
        if same is None:
            alike.append({**each})
            kept.append(alike[-1])
        else:
            same.update(each)
    return kept


def _type(value: Mapping[str, Any]) -> str:
    return str(value.get("type") or "").lower()


def _reference(resource_id: str, displays: Mapping[str, str]) -> dict[str, Any]:
    kind = kind_of(resource_id)
    reference = {"value": resource_id}
    if display := displays.get(resource_id):
        reference["display"] = display
    if kind is not None:
        reference |= {"$ref": f"{ENDPOINTS[kind]}/{resource_id}", "type": kind.value}
    return reference
