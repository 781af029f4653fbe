"""The protocol's handler: scim2-server's, with dialects normalised in front and groups patched by the change alone."""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any, cast

from scim2_models import Context, InvalidSyntaxException, Resource, ResourceType, ResponseParameters
from scim2_server.conditions import Conditions
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation

from connectors.contract import ObjectKind
from provisioning.scim.dialect import normal_attributes, normal_filter, normal_operations, normal_resource
from provisioning.scim.dialect_patch import PATCH_OP
from provisioning.scim.membership import MembershipChange, split
from provisioning.scim.presenting import kind_of_type
from provisioning.scim.published import Published
from provisioning.scim.shape import Shape
from provisioning.scim.storage import DirectoryStorage


class HubHandler(AsyncScimHandler):
    """Serves Users and Groups from the directory."""

    storage: DirectoryStorage

    def __init__(self, published: Published, storage: DirectoryStorage) -> None:
        super().__init__(published.service, storage)
        self._shapes = published.shapes

    async def create(self, request: ScimRequest) -> ScimResponse:
        """POST, in any dialect (RFC 7644 section 3.3)."""
        return await super().create(self._with_normal_body(request))

    async def replace(self, request: ScimRequest) -> ScimResponse:
        """PUT, in any dialect (RFC 7644 section 3.5.1)."""
        return await super().replace(self._with_normal_body(request))

    async def query(self, request: ScimRequest) -> ScimResponse:
        """GET of one resource (RFC 7644 section 3.4.1)."""
        return await super().query(self._with_normal_query(request))

    async def search(self, request: ScimRequest) -> ScimResponse:
        """GET of a list (RFC 7644 section 3.4.2): always 200, also with nothing found, as Entra needs it."""
        return await super().search(self._with_normal_query(request))

    async def patch(self, request: ScimRequest) -> ScimResponse:
        """PATCH in any dialect (RFC 7644 section 3.5.2): users answer 200 with the resource, groups 204.

        A group's memberships are taken out of the operations first and changed row by row.
        """
        request = self._with_normal_query(request)
        with self.service.provider:
            target = self.service.route(request, Operation.patch)
            resource_type = self.service.resource_type_at(cast("str", target.endpoint))
            self.service.authorize(request, target, resource_type)
            resource_id = cast("str", target.resource_id)
            shown = self.service.read_response_parameters(resource_type, request.query)
            conditions = self.service.read_conditions(request)
            operations = normal_operations(self._shapes[kind_of_type(resource_type).value], self._json(request))
            if kind_of_type(resource_type) is ObjectKind.GROUP:
                attributes, members = split(operations)
                return await self._patch_group(request, resource_type, resource_id, attributes, members, conditions)
            resource = await self._patch_attributes(request, resource_type, resource_id, operations, conditions)
            return self._patched(request, resource, shown)

    async def _patch_group(
        self,
        request: ScimRequest,
        resource_type: ResourceType,
        group_id: str,
        attributes: list[dict[str, Any]],
        members: MembershipChange,
        conditions: Conditions,
    ) -> ScimResponse:
        version = conditions.if_match
        if attributes or not members:
            await self._patch_attributes(request, resource_type, group_id, attributes, conditions)
            version = None  # checked, and outdated by what was just written
        if members.everyone is not None:
            await self.storage.expect(resource_type, group_id, version)
            await self.storage.set_members(group_id, list(members.everyone))
        elif members:
            await self.storage.change_members(group_id, members.add, members.remove, version)
        return ScimResponse(HTTPStatus.NO_CONTENT)

    async def _patch_attributes(
        self,
        request: ScimRequest,
        resource_type: ResourceType,
        resource_id: str,
        operations: list[dict[str, Any]],
        conditions: Conditions,
    ) -> Resource[Any]:
        body = json.dumps({"schemas": [PATCH_OP], "Operations": operations}).encode()
        content_type = request.header("Content-Type")
        if operations:
            self.service.read_patch(resource_type, body, content_type)  # refuses a bad one before anything is read

        def apply(current: Resource[Any]) -> Resource[Any] | None:
            self.service.check_preconditions(current, "PATCH", conditions)
            if not operations:
                return None
            patch_op = self.service.read_patch(resource_type, body, content_type)
            return self.service.apply_patch(current, patch_op, Conditions())

        return await self.storage.patch(resource_type, resource_id, apply, conditions.if_match)

    def _patched(self, request: ScimRequest, resource: Resource[Any], shown: ResponseParameters[Any]) -> ScimResponse:
        published = self.service.publish(request.base_url, resource)
        return self.service.resource_response(published, Context.RESOURCE_REPLACEMENT_RESPONSE, shown)

    async def delete_resource(self, resource_type: ResourceType, resource_id: str, conditions: Conditions) -> None:
        """DELETE (RFC 7644 section 3.6), without loading a group's members."""
        await self.storage.delete(resource_type, resource_id, expected_version=conditions.if_match)

    def _shape(self, request: ScimRequest) -> Shape | None:
        endpoint = request.path.strip("/").partition("/")[0]
        found = self.service.get_resource_type_by_endpoint(endpoint) if endpoint else None
        return self._shapes[kind_of_type(found).value] if found else None

    def _json(self, request: ScimRequest) -> Any:
        self.service.ensure_json(request.header("Content-Type"))
        try:
            return json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise InvalidSyntaxException(detail="The body is not valid JSON") from error

    def _with_normal_body(self, request: ScimRequest) -> ScimRequest:
        shape = self._shape(request)
        if shape is None:
            return request
        normal = normal_resource(shape, self._json(request))
        return replace(self._with_normal_query(request), body=json.dumps(normal).encode())

    def _with_normal_query(self, request: ScimRequest) -> ScimRequest:
        """Normalise a query; parameters that SCIM does not know (``aadOptscim062020``) are passed over."""
        shape = self._shape(request)
        if shape is None:
            return request
        query: dict[str, str] = {}
        for key, value in request.query.items():
            match key:
                case "filter":
                    query[key] = normal_filter(shape, value)
                case "attributes" | "excludedAttributes" if value.strip():
                    query[key] = normal_attributes(shape, value)
                case "attributes" | "excludedAttributes":
                    continue
                case _:
                    query[key] = value
        return replace(request, query=query)
