"""Delta queries of users and groups: rounds of pages that end in a link to what changes next.

Sources: delta query overview, user: delta, group: delta, get incremental changes for groups (Graph's documentation).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.graph.delta_rounds import RELATIONS, Link, Portion, portions
from sandbox.graph.delta_tokens import DeltaToken, generation, read_token
from sandbox.graph.entities import GROUP, USER
from sandbox.graph.errors import bad_request, unsupported_query
from sandbox.graph.messages import Answer, Request
from sandbox.graph.properties import Entity
from sandbox.graph.query import selection
from sandbox.graph.seats import read_value
from sandbox.graph.state import Tenant

MOST_IDS = 50
"""Objects that $filter may narrow a delta query to (user: delta)."""

_ID = re.compile(r"\s*id\s+eq\s+'([0-9a-fA-F-]{36})'\s*")
_STATE = ("$skiptoken", "$deltatoken")


def delta_users(tenant: Tenant, request: Request) -> Answer:
    """GET /users/delta."""
    return _answer(tenant, request, USER)


def delta_groups(tenant: Tenant, request: Request) -> Answer:
    """GET /groups/delta."""
    return _answer(tenant, request, GROUP)


def _answer(tenant: Tenant, request: Request, entity: Entity) -> Answer:
    token = _token(tenant, request, entity)
    shown = ",".join(token.select) if token.select else ""
    answer: dict[str, Any] = {
        "@odata.context": f"{request.base}/$metadata#{entity.collection}" + (f"({shown})" if shown else "")
    }
    page, following = _page(tenant, token)
    minimal = "return=minimal" in request.headers.get("prefer", "").replace(" ", "").casefold()
    answer["value"] = [
        *(_body(tenant, token, Portion(key, None, (), (0, 0)), minimal=False) for key in token.repeat),
        *(_body(tenant, token, portion, minimal=minimal) for portion in page),
    ]
    name, option = ("nextLink", "$skiptoken") if following.until is not None else ("deltaLink", "$deltatoken")
    answer[f"@odata.{name}"] = f"{request.base}/{entity.collection}/delta?{option}={following.text()}"
    return Answer(200, answer)


def _token(tenant: Tenant, request: Request, entity: Entity) -> DeltaToken:
    options = {name.casefold(): value for name, value in request.query.items()}
    state = next((options[name] for name in _STATE if options.get(name)), "")
    now = tenant.clock.now().timestamp()
    until = tenant.settled()
    if state and state != "latest":
        if len(options) > 1:
            raise bad_request("Query options cannot be changed while a state token is used: they are part of it.")
        token = read_token(tenant, state, entity.collection, request.base)
        return replace(token, issued=now, until=until if token.until is None else token.until)
    _check_options(options)
    token = DeltaToken(
        entity.collection,
        _selected(tenant, options, entity),
        _ids(options.get("$filter")),
        generation(tenant),
        now,
        until=until,
    )
    return replace(token, since=until, paused=True) if state else token


def _check_options(options: Mapping[str, str]) -> None:
    for name in options:
        if name not in ("$select", "$filter", *_STATE):
            raise unsupported_query(f"The query option '{name}' is not supported on a delta query.")


def _selected(tenant: Tenant, options: Mapping[str, str], entity: Entity) -> tuple[str, ...] | None:
    if not options.get("$select"):
        return None
    names = selection(tenant, options["$select"], [entity])
    wrong = [name for name in names if name in entity.navigation and name != RELATIONS[entity.collection]]
    if wrong:
        raise unsupported_query(f"Changes of '{wrong[0]}' cannot be tracked by a delta query.")
    return names


def _ids(text: str | None) -> tuple[str, ...] | None:
    """Return the ids of a scoping filter: ``id eq '..' or id eq '..'``, and nothing else."""
    if not text:
        return None
    found = [_ID.fullmatch(part) for part in re.split(r"\s+or\s+", text)]
    ids = tuple(match[1].lower() for match in found if match)
    if len(ids) != len(found) or len(ids) > MOST_IDS:
        raise unsupported_query(f"A delta query can be filtered by id only, and by at most {MOST_IDS} of them.")
    return ids


def _page(tenant: Tenant, token: DeltaToken) -> tuple[list[Portion], DeltaToken]:
    """Return a page, and the token of what comes behind it: the next page (``until`` is set), or the next round."""
    knobs = tenant.knobs
    if knobs.delta_empty_pages and not token.paused:
        return [], replace(token, paused=True)
    page: list[Portion] = []
    links = 0
    for portion in portions(tenant, token):
        full = len(page) >= knobs.delta_page_size or links + len(portion.links) > knobs.delta_page_members
        if page and full:
            shown = tuple(dict.fromkeys(told.id for told in page))
            repeat = shown[-knobs.delta_repeats :] if knobs.delta_repeats else ()
            return page, replace(token, position=page[-1].following, repeat=repeat, paused=False)
        page.append(portion)
        links += len(portion.links)
    told = max(0, (token.until or 0) - knobs.delta_repeats)
    return page, replace(token, since=told, until=None, position=(0, 0), repeat=(), paused=False)


def _body(tenant: Tenant, token: DeltaToken, portion: Portion, *, minimal: bool) -> dict[str, Any]:
    thing = tenant.objects.get(portion.id)
    if thing is None or thing.deleted is not None:
        return {"id": portion.id, "@removed": {"reason": "deleted" if thing is None else "changed"}}
    changed = portion.names or frozenset()
    names = thing.entity.default_select if token.select is None else token.select
    if token.select is None:
        names = (*names, *sorted(changed - set(names)))
    body: dict[str, Any] = {}
    for name in names:
        if name in thing.entity.navigation or (minimal and portion.names is not None and name not in changed):
            continue
        value = read_value(tenant, thing, name)
        # What was never set is left out; what was cleared is null.
        if name in changed or (value is not None and value != []):
            body[name] = value
    body["id"] = thing.id
    if portion.links:
        body[f"{RELATIONS[token.collection]}@delta"] = [_link(link) for link in portion.links]
    return body


def _link(link: Link) -> dict[str, Any]:
    body: dict[str, Any] = {"@odata.type": link.type, "id": link.id}
    return body if link.linked else body | {"@removed": {"reason": "deleted"}}
