"""How the hub's things look in JSON, and how a route gets the hub.

Field names are in snake_case, as the connectors' settings are; SCIM documents keep their own.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, Field

from connectors.contract import ObjectKind, Verification
from provisioning.connections.connection import Connection, Deletion
from provisioning.directory.resources import Resource
from provisioning.engine.circuit import ConnectionState, Health
from provisioning.engine.health import Counts
from provisioning.engine.links import Link, LinkStatus
from provisioning.hub import Hub
from provisioning.reports.entries import Action, Entry, Status
from provisioning.sources.errors import Reason
from provisioning.sources.source import CredentialKind

type Provider = Callable[[], Awaitable[Hub]]


async def _given(request: Request) -> Hub:
    provider: Provider = request.app.state.hub
    return await provider()


TheHub = Annotated[Hub, Depends(_given)]
"""A route's parameter of this type is the hub."""


class View(BaseModel):
    """Base of what the API answers with."""


class StateView(View):
    """Whether a connection works, and if not: since when, until when it is left alone, why, and what to do."""

    status: Health
    since: datetime | None = None
    until: datetime | None = None
    code: str = ""
    message: str = ""
    fix: str = ""

    @classmethod
    def of(cls, state: ConnectionState) -> "StateView":
        """Show a state."""
        return cls(
            status=state.status,
            since=state.since,
            until=state.until,
            code=state.code,
            message=state.message,
            fix=state.fix,
        )


class ConnectionView(View):
    """One connection. Secrets are references. ``revision`` is also the answer's ETag."""

    id: str
    name: str
    kind: str
    enabled: bool
    settings: dict[str, Any] = Field(description="The connector's settings, as in `GET /api/kinds`.")
    features: dict[str, bool]
    matching: dict[ObjectKind, list[str]]
    deletion: Deletion
    revision: str
    state: StateView

    @classmethod
    def of(cls, connection: Connection, state: ConnectionState) -> "ConnectionView":
        """Show a connection."""
        return cls(
            id=connection.id,
            name=connection.name,
            kind=connection.kind,
            enabled=connection.enabled,
            settings=dict(connection.settings),
            features=asdict(connection.features),
            matching={kind: list(names) for kind, names in connection.matching.items()},
            deletion=connection.deletion,
            revision=connection.revision,
            state=StateView.of(state),
        )


class ConnectionList(View):
    """Every connection, by id."""

    connections: list[ConnectionView]


class CheckView(View):
    """One thing that was looked at: whether it is right, and if not, what to do about it."""

    name: str
    ok: bool
    detail: str
    fix: str


class VerificationView(View):
    """What "Verify Credentials" found. ``ok``: every check passed."""

    ok: bool
    checks: list[CheckView]

    @classmethod
    def of(cls, verification: Verification) -> "VerificationView":
        """Show a verification."""
        return cls(ok=verification.ok, checks=[CheckView(**asdict(check)) for check in verification.checks])


class LinkView(View):
    """How a resource stands in one connection."""

    connection: str
    connection_name: str
    status: LinkStatus
    remote_id: str = Field(description="The account's id in the external system; empty while it has none.")
    remote_name: str = Field(description="What an administrator of that system calls the account.")
    active: bool | None
    code: str = Field(description="Why it is not as wanted, stably; empty when it is.")
    message: str
    fix: str
    attempts: int
    in_step: bool = Field(description="Whether the newest version of the resource has been applied.")
    changed: datetime | None

    @classmethod
    def of(cls, link: Link, name: str, generation: str) -> "LinkView":
        """Show a link; ``generation`` is the resource's newest."""
        return cls(
            connection=link.connection,
            connection_name=name,
            status=link.status,
            remote_id=link.remote_id,
            remote_name=link.remote_name,
            active=link.active,
            code=link.problem.code,
            message=link.problem.message,
            fix=link.problem.fix,
            attempts=link.attempts,
            in_step=link.generation == generation and not link.problem.code,
            changed=link.changed,
        )


class ResourceView(View):
    """A user or group with its links. ``document`` is empty when the resource was deleted from the hub."""

    kind: ObjectKind
    id: str
    exists: bool
    document: dict[str, Any] = Field(description="The SCIM resource as stored, without id, meta and memberships.")
    source: str = Field(description="The id of the source that created it.")
    created: datetime | None
    modified: datetime | None
    links: list[LinkView]

    @classmethod
    def of(
        cls, kind: ObjectKind, resource_id: str, resource: Resource | None, links: Sequence[LinkView]
    ) -> "ResourceView":
        """Show a resource; ``None`` for one that was deleted."""
        return cls(
            kind=kind,
            id=resource_id,
            exists=resource is not None,
            document=dict(resource.document) if resource else {},
            source=resource.source if resource else "",
            created=resource.created if resource else None,
            modified=resource.modified if resource else None,
            links=list(links),
        )


class ChangeView(View):
    """One attribute's value before and after."""

    old: str | None
    new: str | None


class EntryView(View):
    """One outcome: what was done for whom in which connection, and how it went."""

    id: str
    when: datetime
    connection: str
    connection_name: str
    action: Action
    status: Status
    kind: str
    resource_id: str
    name: str
    remote_id: str
    remote_name: str
    member_id: str
    member_name: str
    member_remote_id: str
    changes: dict[str, ChangeView]
    code: str
    reason: str
    recommended_action: str
    duration: int = Field(description="In milliseconds.")
    attempt: int
    correlation: str

    @classmethod
    def of(cls, entry: Entry, names: Mapping[str, str]) -> "EntryView":
        """Show an entry; ``names`` are the connections' by id."""
        fields = asdict(entry)
        fields["changes"] = {name: ChangeView(old=old, new=new) for name, (old, new) in entry.changes.items()}
        return cls(**fields, connection_name=names.get(entry.connection, ""))


class ReportPage(View):
    """Entries, newest first. ``cursor`` gives the next page and is empty on the last one."""

    entries: list[EntryView]
    cursor: str


class WarnedView(View):
    """A token or client secret of a source that somebody must look at."""

    source: str
    kind: CredentialKind
    id: str
    expires: datetime


class RefusedView(View):
    """How many calls were refused for a reason; `source` is empty where the call named none that there is."""

    reason: Reason
    source: str
    count: int


class HealthView(View):
    """How the hub is doing; every number is counted up to 1,000 for a connection."""

    ok: bool = Field(description="Nothing is stopped, poisoned, expired or waits for an administrator.")
    jobs_waiting: int = Field(description="Jobs in the queue, in work included.")
    poison: int = Field(description="Jobs that failed five times and are not yet reported.")
    outbox: int = Field(description="Changes that not every enabled connection has taken over yet.")
    links_behind: int = Field(description="Links and memberships that will be tried again.")
    escrowed: int = Field(description="Those among them that the external system refused.")
    waiting: int = Field(description="Those that wait for another account.")
    parked: int = Field(description="Those that wait for an administrator.")
    unavailable: list[str] = Field(description="Connections that do not answer.")
    quarantined: list[str] = Field(description="Connections that are stopped until somebody corrects them.")
    expiring: list[WarnedView] = Field(description="Credentials of sources that expire within 30 days.")
    expired: list[WarnedView] = Field(description="Credentials of sources that have expired: revoke or replace them.")
    refused: list[RefusedView] = Field(description="Calls of the last hour that were not let in, most frequent first.")

    @classmethod
    def of(cls, counts: Counts) -> "HealthView":
        """Show the counts."""
        bad = counts.poison or counts.parked or counts.unavailable or counts.quarantined or counts.expired
        return cls(ok=not bad, **asdict(counts))
