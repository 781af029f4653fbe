"""The protocol's steps: scim2-server's, with the hub's authorisation, tolerant routing and no work done twice.

What the library does again for each request though it stays the same (parametrised models), or again to what it has
just made itself (copies of fresh resources, lists validated and dumped a second time), is done once here.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, cast

from pydantic import ValidationError
from scim2_models import (
    BaseModel,
    Context,
    Error,
    ForbiddenException,
    InvalidCursorException,
    NotFoundException,
    PatchOp,
    Path,
    Reference,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
)
from scim2_server.conditions import Conditions
from scim2_server.errors import MethodNotAllowedException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import RESERVED_NAMES, Operation, Target, match
from scim2_server.service import ScimService
from scim2_server.storage import SearchPage

from provisioning.scim.errors import UnauthenticatedException
from provisioning.scim.limits import LONGEST_ID
from provisioning.scim.presenting import kind_of_type
from provisioning.scim.wording import reworded
from provisioning.sources.caller import Caller

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

_ON_RESOURCES = {
    ("GET", 1): Operation.search,
    ("POST", 1): Operation.create,
    ("GET", 2): Operation.query,
    ("PUT", 2): Operation.replace,
    ("PATCH", 2): Operation.patch,
    ("DELETE", 2): Operation.delete,
}
_LITERAL = {name.lower(): name for name in (*RESERVED_NAMES, ".search")}
_READS = frozenset({Operation.query, Operation.search, Operation.search_with_body})
_LONGEST_DETAIL = 600

type Model = Resource[Any]
type Apply = Callable[[Model], Model | None]


class HubService(ScimService):
    """Serves one state of the schemas under one policy. Does no input or output."""

    def _open_cursor(self, resource_types: list[ResourceType], search_request: SearchRequest[Any]) -> Any:
        """Open a cursor as the library does; whatever a made-up one holds is refused, too (RFC 9865 section 2.1)."""
        try:
            return super()._open_cursor(resource_types, search_request)
        except (LookupError, TypeError, ValueError, RecursionError):
            raise InvalidCursorException from None

    @staticmethod
    def match(request: ScimRequest) -> Target:
        """Return what a request asks for: HEAD is answered as GET, and the RFC's own paths are known in any case.

        Entra's validator, and clients on Windows, write ``/schemas`` and ``/serviceproviderconfig``.
        """
        method = "GET" if request.method.upper() == "HEAD" else request.method.upper()
        segments = request.path.strip("/").split("/")
        operation = _ON_RESOURCES.get((method, len(segments)))
        own = _LITERAL.keys() & {segments[0].lower(), segments[-1].lower()}
        if operation is not None and segments[0] and not own:  # as the library's table of routes would have it
            return Target(operation, segments[0], _an_id(segments[1]) if len(segments) == 2 else None)
        try:
            target = match(method, "/".join(_LITERAL.get(segment.lower(), segment) for segment in segments))
        except MethodNotAllowedException as error:
            allowed = ["POST"] if segments[-1].lower() == ".search" else error.allowed
            raise _not_allowed(method, allowed) from None
        if target.resource_id == ".search":
            raise _not_allowed(method, ["POST"])
        return target

    def authorize(self, request: ScimRequest, target: Target, resource_type: ResourceType) -> None:
        """Refuse what the source may not do. Raises ``ForbiddenException``; without a caller, fails closed."""
        caller = request.subject
        if not isinstance(caller, Caller):
            raise UnauthenticatedException
        kind = kind_of_type(resource_type)
        if kind not in caller.kinds:
            raise ForbiddenException(
                detail=f"The source '{caller.source}' has no right to {kind.value}s. "
                "Give it the kind in its settings, ask for a token of the scope 'scim', or leave the mapping out."
            )
        if target.operation not in _READS and not caller.writes:
            raise ForbiddenException(
                detail=f"The source '{caller.source}' may only read. Give it the right to write in its settings, "
                "or ask for a token of the scope 'scim'."
            )

    def read[M: BaseModel](self, model: type[M], payload: Any, context: Context) -> M:
        """Return a body that is already JSON as a model, validated for its operation."""
        try:
            return model.model_validate(payload, scim_ctx=context)
        except ValidationError as error:
            raise reworded(error) from error

    def replacing(self, resource_type: ResourceType, payload: Any, conditions: Conditions) -> Apply:
        """Return what puts a body in a resource's place: ``None`` comes of one that changes nothing.

        The body is read here, so that a bad one is refused before anything is read from the directory; and once more
        for each further try, because a replacement takes over what is read-only of the resource that it is tried on.
        """
        model = self.get_model(resource_type)
        unused = [self.read(model, payload, Context.RESOURCE_REPLACEMENT_REQUEST)]

        def apply(current: Model) -> Model | None:
            replacement = unused.pop() if unused else self.read(model, payload, Context.RESOURCE_REPLACEMENT_REQUEST)
            return self.apply_replacement(current, replacement, conditions)

        return apply

    def patch_model(self, resource_type: ResourceType) -> "type[PatchOp[Any]]":
        """Return the model of a PATCH of a resource type."""
        return _patch_of(self.get_model(resource_type))

    def read_response_parameters(
        self, resource_type: ResourceType, query: Mapping[str, str]
    ) -> ResponseParameters[Any]:
        """Read ``attributes`` and ``excludedAttributes``; most requests have neither."""
        if "attributes" in query or "excludedAttributes" in query:
            return super().read_response_parameters(resource_type, query)
        return _NOTHING_ASKED

    def publish(self, base_url: str, resource: Resource[Any]) -> Resource[Any]:
        """Give a resource its location, and its references their URLs, in place: each was made for this request.

        Written past the models' own assignment, which would validate the whole resource again for each of them.
        """
        meta = resource.meta
        if meta is None or resource.id is None:
            raise ValueError("A resource that is published has an id and a meta")
        root = base_url.rstrip("/")
        resource_type = self.get_resource_type_of(resource)
        meta.__dict__["location"] = self.resource_location(root, resource_type, resource.id)

        def url(reference: str) -> str:
            return self.reference_location(root, reference)

        for steps in _references(type(resource)):
            _rewrite(resource, steps, url)
        return resource

    def search_response(
        self, base_url: str, resource_types: list[ResourceType], page: SearchPage, search_request: SearchRequest[Any]
    ) -> ScimResponse:
        """Return a list (RFC 7644 section 3.4.2), for a page by cursor with the cursors around it (RFC 9865)."""
        by_cursor = search_request.cursor is not None
        resources = [
            self.publish(base_url, each).model_dump(
                scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=search_request
            )
            for each in page.resources
        ]
        body: dict[str, Any] = {"schemas": [LIST_RESPONSE]}
        if page.total is not None:
            body["totalResults"] = page.total
        body["itemsPerPage"] = len(resources)
        if not by_cursor:
            body["startIndex"] = search_request.start_index
        elif search_request.count != 0:
            for name, position in (("nextCursor", page.next), ("previousCursor", page.previous)):
                if (cursor := self._seal(resource_types, search_request, position)) is not None:
                    body[name] = cursor
        return ScimResponse(HTTPStatus.OK, {**body, "Resources": resources})

    @staticmethod
    def error_of(exception: Exception) -> Error:
        """Return the error message of an exception; what it repeats of a request is bounded."""
        error = ScimService.error_of(exception)
        if error.detail is not None and len(error.detail) > _LONGEST_DETAIL:
            return error.model_copy(update={"detail": f"{error.detail[:_LONGEST_DETAIL]}..."})
        return error


def _an_id(segment: str) -> str:
    if len(segment) > LONGEST_ID:
        raise NotFoundException(detail=f"No resource has an id of {len(segment)} characters")
    return segment


def _not_allowed(method: str, allowed: list[str]) -> MethodNotAllowedException:
    return MethodNotAllowedException(
        detail=f"{method[:20]} is not for this path, which takes {', '.join(allowed)}",
        allowed=[*allowed, "HEAD"] if "GET" in allowed else allowed,
    )


_NOTHING_ASKED: ResponseParameters[Any] = ResponseParameters()


@lru_cache(maxsize=64)
def _patch_of(model: type[Model]) -> "type[PatchOp[Any]]":
    return cast("type[PatchOp[Any]]", PatchOp.__class_getitem__(model))


@lru_cache(maxsize=64)
def _references(model: type[Model]) -> tuple[tuple[str, ...], ...]:
    """Return where a model holds references to resources, as the names to follow."""
    found = []
    paths: Any = Path.__class_getitem__(model)
    for path in paths.iter_paths(target_type=[Reference]):
        binding = path.resolve()
        kinds = set(binding.target_type.__reference_types__)
        if kinds and not kinds & {"external", "uri"}:
            extension = () if issubclass(model, binding.model) else (binding.model.__name__,)
            part = () if binding.sub_field_name is None else (binding.sub_field_name,)
            found.append((*extension, binding.field_name, *part))
    return tuple(found)


def _rewrite(holder: Any, steps: tuple[str, ...], change: Callable[[str], str]) -> None:
    name, *rest = steps
    held = holder.__dict__.get(name)
    if held is None:
        return
    if rest:
        for each in held if isinstance(held, list) else [held]:
            _rewrite(each, tuple(rest), change)
    else:
        holder.__dict__[name] = [change(each) for each in held] if isinstance(held, list) else change(held)
