"""Links: what is known of one resource in one connection. Frozen dataclasses and how they stand in the table.

Table ``links``, one partition for each connection, so that a link, its look-ups and its report entries are written in
one transaction. Row keys:

    l:{resource}              the link
    a:{remote id}             which resource owns an account: a claim, so that one account has one owner
    m:{group}:{member}        a membership as it was last applied, or that waits
    d:{when}:{row key}        due: rows that want to be looked at, by time
    k:{partition}:{generation}      acknowledged: the outbox row's change is durably taken over by this connection
    e:t:... e:p:...           report entries (``provisioning.reports.entries``)
    !state                    the connection's circuit and quarantine (``provisioning.engine.circuit``)
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from connectors.contract import ObjectKind
from provisioning.connections.mapping import Pending
from provisioning.directory.documents import pack, unpack
from provisioning.directory.keys import encode
from provisioning.storage.entities import Entity, ascending, etag_of

TABLE = "links"
GONE = "gone"
"""Stands for the generation of a resource that is deleted."""

_MOST_INTENTS = 10

type Wanted = str | int | bool | tuple[str, ...] | Pending | None
"""A value of a link: as the contract's, but references by the id of the SCIM resource they point at."""


class LinkStatus(StrEnum):
    """Where a link stands. The last five wait for something and say for what."""

    NEW = "new"
    APPLIED = "applied"
    DELETED = "deleted"
    SKIPPED = "skipped"
    RETRYING = "retrying"
    WAITING = "waiting"
    ESCROWED = "escrowed"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a link is not as wanted: a stable code, what happened, and what to do about it."""

    code: str = ""
    message: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """The pair (connection, resource).

    ``values`` and ``active`` are what was last applied, ``generation`` the resource's at that time. ``intent`` is set
    while a create is under way: the attributes and values by which the account can be found if it was made although
    nobody was told, oldest first, whatever has become of the resource since. ``waiters`` are
    rows (``l:`` and ``m:`` keys) that want to be looked at as soon as this account exists. ``former`` is the account
    that somebody deleted there, which may be restored; ``values`` are then what was applied to it. ``since`` is when
    the link got a clock, and it has had one ever since: so long it is behind.
    """

    connection: str
    resource_id: str
    kind: ObjectKind
    name: str = ""
    remote_id: str = ""
    remote_name: str = ""
    former: str = ""
    generation: str = ""
    values: Mapping[str, Wanted] = field(default_factory=dict)
    active: bool | None = None
    status: LinkStatus = LinkStatus.NEW
    problem: Problem = Problem()
    attempts: int = 0
    due: str = ""
    since: datetime | None = None
    intent: tuple[tuple[str, str], ...] = ()
    waiters: tuple[str, ...] = ()
    lease: str = ""
    leased_until: datetime | None = None
    changed: datetime | None = None
    etag: str = field(default="", compare=False, repr=False)

    @property
    def key(self) -> str:
        """The link's row key."""
        return link_key(self.resource_id)

    def lease_left(self, now: datetime) -> float:
        """Return for how many seconds a job still holds the link; 0 when it is free."""
        return _lease_left(self.lease, self.leased_until, now)

    @property
    def may_return(self) -> bool:
        """Whether an account that somebody deleted there may be restored, with the memberships that it had."""
        return bool(self.former) and self.generation != GONE

    def without_account(self, *, remembered: bool) -> Self:
        """Return the link of an account that is not there any more; where it may come back, it is remembered."""
        bare = replace(self, remote_id="", remote_name="", active=None)
        return replace(bare, former=self.remote_id) if remembered else replace(bare, former="", values={})

    def entity(self) -> Entity:
        """Return the link as it is stored."""
        return {
            "PartitionKey": self.connection,
            "RowKey": self.key,
            "kind": self.kind.value,
            "name": self.name,
            "remoteId": self.remote_id,
            "remoteName": self.remote_name,
            "formerId": self.former,
            "generation": self.generation,
            "intent": json.dumps(self.intent, ensure_ascii=False),
            "waiters": json.dumps(self.waiters),
            **_standing(self),
            "changed": self.changed or datetime.now(UTC),
            **({} if self.active is None else {"active": self.active}),
            **pack({name: _plain(value) for name, value in self.values.items()}, "values"),
        }

    @classmethod
    def of(cls, entity: Entity) -> Self:
        """Read a stored link."""
        return cls(
            connection=entity["PartitionKey"],
            resource_id=entity["RowKey"].removeprefix("l:"),
            kind=ObjectKind(entity["kind"]),
            name=entity["name"],
            remote_id=entity["remoteId"],
            remote_name=entity["remoteName"],
            former=entity.get("formerId", ""),
            generation=entity["generation"],
            values={name: _wanted(value) for name, value in unpack(entity, "values").items()},
            active=entity.get("active"),
            intent=tuple((name, value) for name, value in json.loads(entity["intent"])),
            waiters=tuple(json.loads(entity["waiters"])),
            changed=entity["changed"],
            **_stood(entity),
        )


@dataclass(frozen=True, slots=True)
class MemberLink:
    """The triple (connection, group, member): one membership as it stands in the external system.

    ``applied`` says that the member is in, under the remote ids that are kept with it.
    """

    connection: str
    group_id: str
    member_id: str
    applied: bool = False
    group_remote: str = ""
    member_remote: str = ""
    status: LinkStatus = LinkStatus.NEW
    problem: Problem = Problem()
    attempts: int = 0
    due: str = ""
    since: datetime | None = None
    lease: str = ""
    leased_until: datetime | None = None
    etag: str = field(default="", compare=False, repr=False)

    @property
    def key(self) -> str:
        """The membership's row key."""
        return member_key(self.group_id, self.member_id)

    def lease_left(self, now: datetime) -> float:
        """Return for how many seconds a job still holds the membership; 0 when it is free."""
        return _lease_left(self.lease, self.leased_until, now)

    def entity(self) -> Entity:
        """Return the membership as it is stored."""
        return {
            "PartitionKey": self.connection,
            "RowKey": self.key,
            "group": self.group_id,
            "member": self.member_id,
            "applied": self.applied,
            "groupRemote": self.group_remote,
            "memberRemote": self.member_remote,
            **_standing(self),
        }

    @classmethod
    def of(cls, entity: Entity) -> Self:
        """Read a stored membership."""
        return cls(
            connection=entity["PartitionKey"],
            group_id=entity["group"],
            member_id=entity["member"],
            applied=entity["applied"],
            group_remote=entity["groupRemote"],
            member_remote=entity["memberRemote"],
            **_stood(entity),
        )


def _standing(row: Link | MemberLink) -> Entity:
    """Return what a link and a membership have in common as it is stored: status, problem, clock and lease."""
    return {
        "status": row.status.value,
        "code": row.problem.code,
        "message": row.problem.message[:2000],
        "fix": row.problem.fix[:2000],
        "attempts": row.attempts,
        "due": row.due,
        **({"since": row.since or datetime.now(UTC)} if row.due else {}),
        "lease": row.lease,
        "leasedUntil": row.leased_until or _LONG_AGO,
    }


def _stood(entity: Entity) -> dict[str, Any]:
    """Return the fields that ``_standing`` has stored."""
    return {
        "status": LinkStatus(entity["status"]),
        "problem": Problem(entity["code"], entity["message"], entity["fix"]),
        "attempts": entity["attempts"],
        "due": entity["due"],
        "since": entity.get("since"),
        "lease": entity["lease"],
        "leased_until": entity["leasedUntil"],
        "etag": etag_of(entity),
    }


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _lease_left(lease: str, until: datetime | None, now: datetime) -> float:
    return max(0.0, (until - now).total_seconds()) if lease and until else 0.0


def link_key(resource_id: str) -> str:
    """Return the row key of a link."""
    return f"l:{encode(resource_id)}"


def member_key(group_id: str, member_id: str) -> str:
    """Return the row key of a membership."""
    return f"m:{group_id}:{encode(member_id)}"


def waiting_row(group: str, member: str, *, for_group: bool) -> str:
    """Return what a membership leaves as a waiter: its own row on the member, one mark for all of them on the group."""
    return f"m:{group}:" if for_group else member_key(group, member)


def noted(before: tuple[tuple[str, str], ...], now: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return an intent with another one behind it; of too many the oldest go."""
    return tuple(dict.fromkeys((*before, *now)))[-_MOST_INTENTS:]


def due_key(when: datetime, row_key: str) -> str:
    """Return the row key that makes a row due at a time."""
    return f"d:{ascending(when)}:{row_key}"


def acknowledgement_key(partition: str, generation: str) -> str:
    """Return the row key that acknowledges an outbox row of a directory partition."""
    return f"k:{partition}:{generation}"


def _plain(value: Wanted) -> Any:
    if isinstance(value, Pending):
        return {"kind": value.kind.value, "ref": value.resource_id}
    return list(value) if isinstance(value, tuple) else value


def _wanted(value: Any) -> Wanted:
    if isinstance(value, dict):
        return Pending(ObjectKind(value["kind"]), value["ref"])
    if isinstance(value, list):
        return tuple(value)
    return value  # type: ignore[no-any-return]  # JSON gives back the scalars that _plain was given
