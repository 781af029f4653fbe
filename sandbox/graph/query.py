"""Query options of reads: $select, $expand, $filter, $count, $top and the paging of collections."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.graph.entities import GROUP, USER
from sandbox.graph.errors import bad_request, extension_not_available, unsupported_query
from sandbox.graph.extensions import extended
from sandbox.graph.filters import Filter, parse_filter
from sandbox.graph.messages import Answer, Request
from sandbox.graph.permissions import READ_USERS
from sandbox.graph.properties import EXTENSION, Entity
from sandbox.graph.seats import read_value
from sandbox.graph.state import DirectoryObject, Tenant

DEFAULT_PAGE = 100
LARGEST_PAGE = 999
LARGEST_EXPANSION = 20
"""An expanded relationship holds at most so many objects, and no link to the rest (Graph: query parameters)."""

_OPTIONS = frozenset({"$select", "$expand", "$filter", "$count", "$top", "$skiptoken", "$format"})
_EXPANSION = re.compile(r"(?P<name>[A-Za-z]+)(?:\(\$select=(?P<select>[A-Za-z0-9_,]+)\))?")


@dataclass(frozen=True, slots=True)
class Shape:
    """What is shown of each object: selected properties (``None``: the default set) and expanded relationships."""

    select: tuple[str, ...] | None = None
    expand: Mapping[str, tuple[str, ...] | None] | None = None

    def body(self, tenant: Tenant, thing: DirectoryObject, *, typed: bool) -> dict[str, Any]:
        """Return the JSON form of an object; ``typed`` adds @odata.type, as in collections of directoryObject."""
        body: dict[str, Any] = {"@odata.type": thing.entity.odata_type} if typed else {}
        names = thing.entity.default_select if self.select is None else self.select
        if typed and "id" not in names:
            names = ("id", *names)
        for name in names:
            if name in thing.entity.properties or thing.values.get(name) not in (None, []):
                body[name] = read_value(tenant, thing, name)
        for name, select in (self.expand or {}).items():
            found = [Shape(select).body(tenant, other, typed=True) for other in related(tenant, thing, name)]
            if name != "manager":
                body[name] = found[:LARGEST_EXPANSION]
            elif found:
                body[name] = found[0]
        return body


def related(tenant: Tenant, thing: DirectoryObject, name: str) -> Iterator[DirectoryObject]:
    """Return the visible objects of one relationship: manager, memberOf, members or owners."""
    keys: Iterable[str]
    if name == "manager":
        keys = [tenant.managers[thing.id]] if thing.id in tenant.managers else []
    else:
        keys = {"memberOf": tenant.member_of, "members": tenant.members, "owners": tenant.owners}[name].get(
            thing.id, {}
        )
    return (other for other in (tenant.objects[key] for key in keys) if tenant.visible(other))


def read_shape(tenant: Tenant, request: Request, *entities: Entity) -> Shape:
    """Read $select and $expand for objects of the given types. Raises 400 for what none of them has."""
    _check_options(request.query)
    entities = entities or (USER, GROUP)
    select = selection(tenant, request.query["$select"], entities) if request.query.get("$select") else None
    expand: dict[str, tuple[str, ...] | None] = {}
    for part in _split(request.query.get("$expand", "")):
        found = _EXPANSION.fullmatch(part)
        if not found or not any(found["name"] in entity.navigation for entity in entities):
            raise bad_request(
                f"Parsing OData Select and Expand failed: '{part}' cannot be expanded here.", code="BadRequest"
            )
        expand[found["name"]] = selection(tenant, found["select"], (USER, GROUP)) if found["select"] else None
    return Shape(select, expand)


def selection(tenant: Tenant, text: str, entities: Sequence[Entity]) -> tuple[str, ...]:
    """Read a list of property names. Raises 400 for what none of the types has."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if not any(name in extended(tenant, entity).properties or name in entity.navigation for entity in entities):
            if name.startswith(EXTENSION):
                raise extension_not_available(name)
            kind = entities[0].odata_type.removeprefix("#") if len(entities) == 1 else "microsoft.graph.directoryObject"
            raise bad_request(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type '{kind}'.",
                code="BadRequest",
            )
    return names


def _split(text: str) -> list[str]:
    """Split at the commas that are outside parentheses."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", text) if part.strip()]


def _check_options(query: Mapping[str, str]) -> None:
    for name in query:
        if name not in _OPTIONS:
            raise unsupported_query(f"The query option '{name}' is not offered by this simulator.")


def read_filter(tenant: Tenant, request: Request, entity: Entity) -> Filter | None:
    """Read $filter. Advanced operators need $count=true and ConsistencyLevel: eventual."""
    text = request.query.get("$filter")
    return parse_filter(text, extended(tenant, entity), advanced=_counting(request)) if text else None


def _counting(request: Request) -> bool:
    eventual = request.headers.get("consistencylevel", "").casefold() == "eventual"
    return eventual and request.query.get("$count", "").casefold() == "true"


def list_related(tenant: Tenant, request: Request, links: Mapping[str, int]) -> Answer:
    """Answer a list of members, owners or groups of one object. ``links`` are their ids and turns.

    An application that may not read users sees of them that they are there, and nothing else.
    """
    shape = read_shape(tenant, request)
    if "$filter" in request.query:
        raise unsupported_query("$filter on a relationship is not offered by this simulator.")
    shown = bool(tenant.knobs.permissions & READ_USERS)

    def body(thing: DirectoryObject) -> dict[str, Any]:
        visible = shape if shown or thing.entity is not USER else Shape(("id",))
        return visible.body(tenant, thing, typed=True)

    related = ((order, tenant.objects[key]) for key, order in links.items())
    found = [(order, thing) for order, thing in related if tenant.visible(thing)]
    return page(tenant, request, found, body, "directoryObjects")


def list_entities(tenant: Tenant, request: Request, entity: Entity, *, deleted: bool = False) -> Answer:
    """Answer a list of users or of groups."""
    shape = read_shape(tenant, request, entity)
    matching = read_filter(tenant, request, entity)
    candidates: Iterable[DirectoryObject]
    if matching and matching.index is not None and not deleted:
        held = {thing.id: thing for name, value in matching.index for thing in tenant.holding(name, value)}
        live = [thing for thing in held.values() if thing.entity is entity and tenant.visible(thing)]
        candidates = sorted(live, key=lambda thing: thing.order)
    else:
        candidates = tenant.all(entity, deleted=deleted)
    found = [(thing.order, thing) for thing in candidates if matching is None or matching.test(thing)]
    return page(tenant, request, found, lambda thing: shape.body(tenant, thing, typed=deleted), entity.collection)


def page(
    tenant: Tenant,
    request: Request,
    found: Sequence[tuple[int, DirectoryObject]],
    body: Callable[[DirectoryObject], dict[str, Any]],
    context: str,
) -> Answer:
    """Answer one page of a collection in ascending order of ``found``'s numbers.

    The token holds the number of the last object shown: what is created or deleted between two pages neither repeats
    nor hides anything else.
    """
    size = min(_top(request.query.get("$top")), tenant.knobs.max_page_size)
    after = _position(request.query.get("$skiptoken"))
    rest = [(order, thing) for order, thing in found if order > after]
    answer: dict[str, Any] = {"@odata.context": f"{request.base}/$metadata#{context}"}
    if _counting(request):
        answer["@odata.count"] = len(found)
    if len(rest) > size:
        options = {**request.query, "$skiptoken": _token(rest[size - 1][0])}
        path = "/".join(quote(segment, safe="$@()'") for segment in request.segments)
        answer["@odata.nextLink"] = f"{request.base}/{path}?{urlencode(options, safe='$', quote_via=quote)}"
    answer["value"] = [body(thing) for _, thing in rest[:size]]
    return Answer(200, answer)


def _top(text: str | None) -> int:
    if text is None:
        return DEFAULT_PAGE
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= LARGEST_PAGE:
        raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive.")
    return int(text)


def _token(position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"after": position}).encode()).decode()


def _position(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))["after"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise bad_request("The specified page token value is invalid or has expired.") from error
