"""Routes under ``/api/connections``: create, read, change, delete, enable, disable, verify, retry."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response

from provisioning.admin.problems import Refused
from provisioning.admin.requests import ConnectionChange, ConnectionContent, NewConnection, UnsavedConnection, Verify
from provisioning.admin.verification import verify
from provisioning.admin.views import ConnectionList, ConnectionView, TheHub, VerificationView
from provisioning.connections.connection import Connection, Features
from provisioning.connections.registry import KINDS, load
from provisioning.connections.store import ACTIVE_SECONDS
from provisioning.connections.validation import FieldError, InvalidConnection, configured
from provisioning.correlation import correlation
from provisioning.engine.jobs import Job, JobType
from provisioning.hub import Hub
from provisioning.storage.entities import TooLarge

router = APIRouter(prefix="/api/connections", tags=["connections"])

CONFIGURATION_DELAY = timedelta(seconds=ACTIVE_SECONDS + 1)
"""How long a resync waits after a change: until no instance works with the old configuration any more."""
RETRY_DELAY = timedelta(seconds=3)
"""How long a resync waits after a retry: until every instance has seen that the connection is free."""

Id = Annotated[str, Path(max_length=100, description="The connection's id.")]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=100, description='The revision that was read: `"<revision>"`, or `*`.'),
]


@router.get("", summary="List connections")
async def list_connections(hub: TheHub) -> ConnectionList:
    """Every connection by id, with its state."""
    connections = await hub.connections.list()
    return ConnectionList(connections=list(await asyncio.gather(*(_view(hub, each) for each in connections))))


@router.post("", status_code=201, summary="Create a connection")
async def create_connection(hub: TheHub, body: NewConnection, response: Response) -> ConnectionView:
    """The settings are checked in form, not tried: verify the connection, then enable it."""
    await _known(body.kind)
    connection = configured(
        body.id,
        body.name,
        body.kind,
        body.settings,
        enabled=body.enabled,
        features=body.features.over(Features()),
        matching=body.matching,
        deletion=body.deletion,
    )
    try:
        stored = await hub.connections.create(connection)
    except TooLarge as error:
        raise _too_large() from error
    await _resync(hub, stored, CONFIGURATION_DELAY)
    response.headers["Location"] = f"/api/connections/{stored.id}"
    return await _answer(hub, stored, response)


@router.post("/verify", summary="Verify settings that are not stored")
async def verify_unsaved(hub: TheHub, body: UnsavedConnection) -> VerificationView:
    """Tries the settings for real, and the rights that the features need; writes there only where `trial` says so.

    The answer is 200 whatever was found: look at `ok`.
    """
    await _known(body.kind)
    features = body.features.over(Features())
    connection = configured("unsaved", "Unsaved", body.kind, body.settings, features=features)
    return VerificationView.of(await verify(hub.connectors, connection, trial=body.trial))


@router.get("/{id}", summary="Read a connection")
async def read_connection(hub: TheHub, id: Id, response: Response) -> ConnectionView:  # noqa: A002 - the route's own word
    """With its state and, as ETag, its revision."""
    return await _answer(hub, await hub.connections.get(id), response)


@router.put("/{id}", summary="Write a connection again")
async def replace_connection(
    hub: TheHub,
    id: Id,  # noqa: A002 - the route's own word
    body: ConnectionContent,
    response: Response,
    if_match: IfMatch = None,
) -> ConnectionView:
    """Replaces name, settings, features, matching and deletion; what is not given takes its default."""
    stored = await _read_for_change(hub, id, if_match)
    await load(stored.kind)
    changed = configured(
        id,
        body.name,
        stored.kind,
        body.settings,
        enabled=stored.enabled,
        features=body.features.over(Features()),
        matching=body.matching,
        deletion=body.deletion,
    )
    return await _store(hub, stored, changed, response)


@router.patch("/{id}", summary="Change a connection")
async def change_connection(
    hub: TheHub,
    id: Id,  # noqa: A002 - the route's own word
    body: ConnectionChange,
    response: Response,
    if_match: IfMatch = None,
) -> ConnectionView:
    """Changes what is given. Settings merge by name, and `null` takes one back to its default."""
    stored = await _read_for_change(hub, id, if_match)
    await load(stored.kind)
    changed = configured(
        id,
        stored.name if body.name is None else body.name,
        stored.kind,
        _merged(stored.settings, body.settings),
        enabled=stored.enabled,
        features=stored.features if body.features is None else body.features.over(stored.features),
        matching={**stored.matching, **(body.matching or {})},
        deletion=body.deletion or stored.deletion,
    )
    return await _store(hub, stored, changed, response)


@router.delete("/{id}", status_code=204, summary="Delete a connection")
async def delete_connection(
    hub: TheHub,
    id: Id,  # noqa: A002 - the route's own word
    confirm: Annotated[str, Query(max_length=100, description="The id once more.")] = "",
    if_match: IfMatch = None,
) -> None:
    """The accounts in the external system stay as they are; the hub forgets which of them are whose.

    Report entries are kept, and the id with them: it cannot be used again.
    """
    stored = await hub.connections.get(id) if if_match is None else await _read_for_change(hub, id, if_match)
    if confirm != stored.id:
        raise Refused(
            400,
            "connection.notConfirmed",
            f"Deleting '{stored.name}' makes the hub forget which accounts there belong to whom; the accounts stay as "
            f"they are. To disable it instead, POST /api/connections/{stored.id}/disable. To delete it, repeat the "
            f"request with ?confirm={stored.id}",
        )
    await hub.connections.delete(stored)


@router.post("/{id}/enable", summary="Enable a connection")
async def enable_connection(hub: TheHub, id: Id, response: Response) -> ConnectionView:  # noqa: A002 - the route's own word
    """Every user and group is looked at for it, about ten seconds later."""
    before = await hub.connections.get(id)
    stored = await hub.connections.enable(id)
    if not before.enabled:
        await _resync(hub, stored, CONFIGURATION_DELAY)
    return await _answer(hub, stored, response)


@router.post("/{id}/disable", summary="Disable a connection")
async def disable_connection(hub: TheHub, id: Id, response: Response) -> ConnectionView:  # noqa: A002 - the route's own word
    """Nothing is sent to it any more, within ten seconds; what was linked stays linked."""
    return await _answer(hub, await hub.connections.enable(id, enabled=False), response)


@router.post("/{id}/verify", summary="Verify a connection")
async def verify_connection(
    hub: TheHub,
    id: Id,  # noqa: A002 - the route's own word
    body: Verify | None = None,
) -> VerificationView:
    """Tries the stored settings for real, and the rights that its features need. With `{"trial": true}` an object is
    created, changed and deleted there, to try what cannot be seen otherwise; else nothing is written.

    The answer is 200 whatever was found: look at `ok`.
    """
    return VerificationView.of(
        await verify(hub.connectors, await hub.connections.get(id), trial=body is not None and body.trial)
    )


@router.post("/{id}/retry", status_code=202, summary="Try a connection again")
async def retry_connection(hub: TheHub, id: Id, response: Response) -> ConnectionView:  # noqa: A002 - the route's own word
    """Lifts quarantine and open circuit, and looks at every user and group again, escrowed and parked ones too."""
    stored = await hub.connections.get(id)
    if not stored.enabled:
        raise Refused(409, "connection.disabled", f"'{stored.name}' is disabled. Enable it: that tries everything.")
    await hub.circuits.free(stored)
    await _resync(hub, stored, RETRY_DELAY)
    return await _answer(hub, stored, response)


async def _known(kind: str) -> None:
    """Refuse a kind that administrators cannot choose; else import its connector beside the event loop."""
    if kind not in KINDS:
        raise InvalidConnection([FieldError("kind", f"Choose one of: {', '.join(sorted(KINDS))}.")])
    await load(kind)


async def _read_for_change(hub: Hub, connection_id: str, if_match: str | None) -> Connection:
    stored = await hub.connections.get(connection_id)
    if if_match is None:
        raise Refused(
            428, "ifMatch.missing", 'Send the revision that you have read as If-Match: "<revision>"; see its ETag.'
        )
    revision = if_match.strip().removeprefix("W/").strip('"')
    if revision not in {stored.revision, "*"}:
        raise Refused(
            412, "connection.changed", f"Connection '{connection_id}' was changed by somebody else. Read it again."
        )
    return stored


async def _store(hub: Hub, stored: Connection, changed: Connection, response: Response) -> ConnectionView:
    unchanged = replace(changed, revision=stored.revision)
    if unchanged == stored:
        return await _answer(hub, stored, response)
    try:
        written = await hub.connections.update(unchanged)
    except TooLarge as error:
        raise _too_large() from error
    if replace(written, name=stored.name, revision=stored.revision) != stored:
        await _resync(hub, written, CONFIGURATION_DELAY)
    return await _answer(hub, written, response)


def _merged(settings: Any, change: dict[str, Any] | None) -> dict[str, Any]:
    merged = {**settings, **(change or {})}
    return {name: value for name, value in merged.items() if value is not None}


def _too_large() -> InvalidConnection:
    return InvalidConnection([FieldError("settings", "The settings are larger than what one record can hold (1 MiB).")])


async def _resync(hub: Hub, connection: Connection, delay: timedelta) -> None:
    if connection.enabled:
        await hub.jobs.send([Job(JobType.RESYNC, connection.id, correlation=correlation.get())], delay=delay)


async def _view(hub: Hub, connection: Connection) -> ConnectionView:
    return ConnectionView.of(connection, await hub.circuits.get(connection.id))


async def _answer(hub: Hub, connection: Connection, response: Response) -> ConnectionView:
    response.headers["ETag"] = f'"{connection.revision}"'
    return await _view(hub, connection)
