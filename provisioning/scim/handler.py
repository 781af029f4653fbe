"""The protocol's handler: scim2-server's, with dialects normalised in front and groups patched by the change alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, cast

from scim2_models import (
    Context,
    NoTargetException,
    Path,
    PayloadTooLargeException,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
)
from scim2_server.conditions import Conditions
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation

from connectors.contract import ObjectKind
from provisioning.scim.bulk import BulkPart, run_bulk
from provisioning.scim.dialect.bodies import normal_resource
from provisioning.scim.dialect.patches import PATCH_OP, normal_operations, parts_written, patch_operations
from provisioning.scim.dialect.queries import bounded, normal_query, normal_search, search_body
from provisioning.scim.groups import Groups
from provisioning.scim.limits import MOST_ATTRIBUTE_OPERATIONS
from provisioning.scim.membership import split
from provisioning.scim.presenting import kind_of_type
from provisioning.scim.published import Published
from provisioning.scim.reading import read_json
from provisioning.scim.schema.shape import Shape
from provisioning.scim.service import HubService
from provisioning.scim.storage import DirectoryStorage
from provisioning.scim.strict import check_operations, check_resource
from provisioning.scim.wording import while_applying, while_reading
from provisioning.sources.caller import Profile

type Apply = Callable[[Resource[Any]], Resource[Any] | None]

_EVERY_DIALECT = Profile()


def _free() -> None:
    """Charge nothing."""


class HubHandler(AsyncScimHandler):
    """Serves Users and Groups from the directory, in the profile of one caller.

    ``charge`` counts an operation of a bulk request; it raises ``RateExceeded`` where the caller's rate is used up.
    """

    storage: DirectoryStorage
    service: HubService

    def __init__(
        self,
        published: Published,
        storage: DirectoryStorage,
        profile: Profile = _EVERY_DIALECT,
        charge: Callable[[], None] = _free,
    ) -> None:
        super().__init__(published.strict if profile.strict else published.service, storage)
        self._published = published
        self._profile = profile
        self._charge = charge
        self._groups = Groups(self.service, storage)

    async def create(self, request: ScimRequest) -> ScimResponse:
        """POST (RFC 7644 section 3.3)."""
        with self.service.provider:
            resource_type, _ = self._target(request, Operation.create)
            payload = self._payload(request, resource_type, Context.RESOURCE_CREATION_REQUEST)
            shown = self._shown(request, resource_type)
            if kind_of_type(resource_type) is ObjectKind.GROUP:
                return await self._groups.create(request, resource_type, payload, shown)
            user = self.service.read(self.service.get_model(resource_type), payload, Context.RESOURCE_CREATION_REQUEST)
            created = self.service.publish(request.base_url, await self.storage.create(resource_type, user))
            response = self.service.resource_response(
                created, Context.RESOURCE_CREATION_RESPONSE, shown, HTTPStatus.CREATED
            )
            response.headers["Location"] = response.headers["Content-Location"]
            return response

    async def replace(self, request: ScimRequest) -> ScimResponse:
        """PUT (RFC 7644 section 3.5.1)."""
        with self.service.provider:
            resource_type, resource_id = self._target(request, Operation.replace)
            shown, conditions = self._shown(request, resource_type), self.service.read_conditions(request)
            payload = self._payload(request, resource_type, Context.RESOURCE_REPLACEMENT_REQUEST)
            if kind_of_type(resource_type) is ObjectKind.GROUP:
                return await self._groups.replace(request, resource_type, resource_id, payload, shown, conditions)
            apply = self.service.replacing(resource_type, payload, conditions)
            replaced = await self.storage.patch(resource_type, resource_id, apply, conditions.if_match)
            return self._answer(request, replaced, shown)

    async def query(self, request: ScimRequest) -> ScimResponse:
        """GET of one resource (RFC 7644 section 3.4.1)."""
        with self.service.provider:
            resource_type, resource_id = self._target(request, Operation.query)
            shown, conditions = self._shown(request, resource_type), self.service.read_conditions(request)
            if kind_of_type(resource_type) is ObjectKind.GROUP:
                return await self._groups.query(request, resource_id, shown, conditions)
            user = await self.storage.get(resource_type, resource_id, response_parameters=shown)
            return self.service.query_response(request.base_url, user, shown, conditions)

    async def search(self, request: ScimRequest) -> ScimResponse:
        """GET of a list (RFC 7644 section 3.4.2): always 200, also with nothing found, as Entra needs it."""
        return await super().search(replace(request, query=self._query(request)))

    async def search_with_body(self, request: ScimRequest) -> ScimResponse:
        """POST of a search on a resource type or at the root (RFC 7644 section 3.4.3)."""
        with self.service.provider:
            target = self.service.route(request, Operation.search_with_body)
            types = self.service.searched_types(target.endpoint)
            allowed = self.service.authorized_types(request, target, types)
            body = self._body(request)
            asked = search_body(body) if self._profile.strict else normal_search(self._shape(target.endpoint), body)
            search, position = self.service.read_search(types, asked)
            page = await self.storage.search(allowed, search, position=position)
            return self.service.search_response(request.base_url, types, page, search)

    async def bulk(self, request: ScimRequest) -> ScimResponse:
        """POST of several operations (RFC 7644 section 3.7)."""
        self.service.ensure_bulk_payload_size(len(request.body))
        return await run_bulk(self.service, request, self._body(request), self.handle, self._charge)

    async def patch(self, request: ScimRequest) -> ScimResponse:
        """PATCH (RFC 7644 section 3.5.2); how it is answered is the caller's profile.

        A group's memberships are taken out of the operations first and changed row by row.
        """
        with self.service.provider:
            resource_type, resource_id = self._target(request, Operation.patch)
            shown, conditions = self._shown(request, resource_type), self.service.read_conditions(request)
            operations = self._operations(request, resource_type)
            if kind_of_type(resource_type) is ObjectKind.USER:
                apply = self._patching(resource_type, operations, conditions)
                resource = await self.storage.patch(resource_type, resource_id, apply, conditions.if_match)
                version = resource.meta.version if resource.meta else None
                return await self._patched(request, resource_type, resource_id, shown, version, resource)
            attributes, members = split(operations)
            untouched = not attributes and members and conditions.if_none_match is None
            patching = None if untouched else self._patching(resource_type, attributes, conditions)
            changed = await self.storage.patch_group(resource_id, patching, members, conditions.if_match)
            return await self._patched(request, resource_type, resource_id, shown, changed)

    async def delete_resource(self, resource_type: ResourceType, resource_id: str, conditions: Conditions) -> None:
        """DELETE (RFC 7644 section 3.6), without loading a group's members."""
        await self.storage.delete(
            resource_type, resource_id, expected_version=conditions.if_match, unless_version=conditions.if_none_match
        )

    def _patching(self, resource_type: ResourceType, operations: list[Any], conditions: Conditions) -> Apply:
        """Return what applies operations to a resource: ``None`` comes of those that change nothing.

        The operations are read once, here: a bad one is refused before anything is read from the directory.
        """
        if len(operations) > MOST_ATTRIBUTE_OPERATIONS:
            raise PayloadTooLargeException(
                detail=f"A PATCH may have at most {MOST_ATTRIBUTE_OPERATIONS} operations besides those on members"
            )
        model, message = self.service.patch_model(resource_type), {"schemas": [PATCH_OP], "Operations": operations}
        try:
            patch_op = self.service.read(model, message, Context.RESOURCE_PATCH_REQUEST) if operations else None
        except SCIMException as error:
            raise while_reading(model, operations, error) from None

        written = parts_written(self._published.shapes[kind_of_type(resource_type).value], operations)

        def apply(current: Resource[Any]) -> Resource[Any] | None:
            self.service.check_preconditions(current, "PATCH", conditions)
            if patch_op is None:
                return None
            try:
                patched = self.service.apply_patch(current, patch_op, Conditions())
            except SCIMException as error:
                raise while_applying(patch_op, current, error) from None
            for name in written:
                if not Path(name).get(current):
                    raise NoTargetException(
                        detail=f"'{name}' has no value yet: name the one to write, as in {name}[type eq \"work\"].value"
                    )
            return patched

        return apply

    async def _patched(
        self,
        request: ScimRequest,
        resource_type: ResourceType,
        resource_id: str,
        shown: ResponseParameters[Any],
        version: str | None,
        resource: Resource[Any] | None = None,
    ) -> ScimResponse:
        """Return the answer to a PATCH: 200 where attributes are asked for, as it MUST be, else as the profile has it.

        A group is shown without its members, unless ``attributes`` names them.
        """
        kind, wants = kind_of_type(resource_type), self._profile.patch_answers_resource
        asked = bool(shown.attributes or shown.excluded_attributes)
        if not asked and not (kind is ObjectKind.USER if wants is None else wants):
            return ScimResponse(HTTPStatus.NO_CONTENT, headers={"ETag": version} if version else {})
        if kind is ObjectKind.GROUP and not shown.attributes:
            model: Any = Path.__class_getitem__(self.service.get_model(resource_type))
            left_out = [*(shown.excluded_attributes or ()), model("members")]
            shown = shown.model_copy(update={"excluded_attributes": left_out})
        if kind is ObjectKind.GROUP:
            return await self._groups.query(request, resource_id, shown, Conditions())
        if resource is None or shown.attributes:
            resource = await self.storage.get(resource_type, resource_id, response_parameters=shown)
        return self._answer(request, resource, shown)

    def _answer(self, request: ScimRequest, resource: Resource[Any], shown: ResponseParameters[Any]) -> ScimResponse:
        published = self.service.publish(request.base_url, resource)
        return self.service.resource_response(published, Context.RESOURCE_REPLACEMENT_RESPONSE, shown)

    def _target(self, request: ScimRequest, operation: Operation) -> tuple[ResourceType, str]:
        """Return the type and id that a request acts on, after it was authorised."""
        target = self.service.route(request, operation)
        resource_type = self.service.resource_type_at(cast("str", target.endpoint))
        self.service.authorize(request, target, resource_type)
        return resource_type, target.resource_id or ""

    def _shape(self, endpoint: str | None) -> Shape:
        """Return the shape of what is searched; at the root, and for what is not found, that of everything."""
        found = self.service.get_resource_type_by_endpoint(endpoint) if endpoint else None
        return self._published.shapes[kind_of_type(found).value] if found else self._published.anything

    def _body(self, request: ScimRequest) -> Any:
        if isinstance(request, BulkPart):
            return request.data
        self.service.ensure_json(request.header("Content-Type"))
        return read_json(request.body)

    def _payload(self, request: ScimRequest, resource_type: ResourceType, context: Context) -> Mapping[str, Any]:
        """Return the body of a POST or PUT in its RFC form."""
        kind, body = kind_of_type(resource_type), self._body(request)
        shape = self._published.shapes[kind.value]
        if not self._profile.strict:
            return normal_resource(shape, body)
        check_resource(shape, body)
        if kind is ObjectKind.GROUP:  # whose members are not seen by the model later
            self.service.read(self.service.get_model(resource_type), body, context)
        return cast("Mapping[str, Any]", body)

    def _operations(self, request: ScimRequest, resource_type: ResourceType) -> list[Any]:
        kind, body = kind_of_type(resource_type), self._body(request)
        shape = self._published.shapes[kind.value]
        if not self._profile.strict:
            return normal_operations(shape, body)
        check_operations(shape, body)
        if kind is ObjectKind.USER:
            return patch_operations(body)
        # A group's are taken apart, so they are judged first: what is well formed keeps its meaning in one path each.
        self.service.read(self.service.patch_model(resource_type), body, Context.RESOURCE_PATCH_REQUEST)
        return normal_operations(shape, body)

    def _query(self, request: ScimRequest) -> Mapping[str, str]:
        if self._profile.strict:
            return bounded(request.query)
        return normal_query(self._shape(self.service.match(request).endpoint), request.query)

    def _shown(self, request: ScimRequest, resource_type: ResourceType) -> ResponseParameters[Any]:
        return self.service.read_response_parameters(resource_type, self._query(request) if request.query else {})
