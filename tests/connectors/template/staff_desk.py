"""A template of a connector: Staff Desk, a service with a REST API for people and teams."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from typing import Any, ClassVar, Self

from pydantic import Field

from connectors.contract import (
    PROVISIONING,
    Account,
    AttributeMapping,
    Attributes,
    Capabilities,
    Change,
    Check,
    Connector,
    ConnectorSettings,
    Defaults,
    Feature,
    Match,
    MemberChange,
    MemberFailures,
    ObjectKind,
    Page,
    Reading,
    Reference,
    Secret,
    Value,
    Verification,
)
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from connectors.trial import Specimen, trial_name, with_trial
from tests.connectors.template.desk import Desk, DeskClient, DeskError

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
COLLECTIONS = {USER: "people", GROUP: "teams"}
REFERENCES = frozenset({"boss"})
PAGE = 20

# Where a real connector opens an HTTP client for the URL: here the desks of this process.
DESKS: dict[str, Desk] = {}


class StaffDeskSettings(ConnectorSettings):
    """What an administrator fills in: titles and descriptions become the form and the documentation."""

    url: str = Field(title="Address", description="Where the Staff Desk is: https://desk.example.", max_length=500)
    token: Secret = Field(title="Token", description="An API token that may write people and teams.")


class StaffDeskConnector(Connector):
    """People and teams of a Staff Desk. It knows no passwords, and what is deleted there is gone."""

    kind: ClassVar[str] = "staff_desk"
    title: ClassVar[str] = "Staff Desk"
    settings_model: ClassVar[type[ConnectorSettings]] = StaffDeskSettings
    capabilities: ClassVar[Capabilities] = Capabilities(imports=True)
    defaults: ClassVar[Mapping[ObjectKind, Defaults]] = {
        USER: Defaults(
            mappings=(
                AttributeMapping("login", ("userName",), required=True),
                AttributeMapping("name", ("displayName", "name.formatted", "userName"), required=True),
                AttributeMapping("title", ("title",)),
                AttributeMapping("phones", ("phoneNumbers.value",), multivalued=True),
                AttributeMapping(
                    "boss",
                    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",),
                    reference=USER,
                ),
            ),
            matching=("login",),
        ),
        GROUP: Defaults(mappings=(AttributeMapping("name", ("displayName",), required=True),), matching=("name",)),
    }

    def __init__(self, client: DeskClient) -> None:
        self._client = client

    @classmethod
    def open(cls, settings: StaffDeskSettings) -> Self:
        """Make a connector; nothing is sent yet."""
        return cls(DeskClient(DESKS[settings.url], settings.token.get_secret_value()))

    async def close(self) -> None:
        """A real client closes its connections here."""

    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        """Ask for one person: the cheapest request that needs address, TLS, token and a right."""
        check = Check("Staff Desk", ok=True, detail="The token is good.")
        try:
            await self.find(Match(USER, "login", "nobody"))
        except ConnectorError as error:
            check = Check("Staff Desk", ok=False, detail=str(error), fix=error.fix or "Try again later.")
        seen = Verification((check,))
        return await with_trial(self, seen, features, _specimens) if trial else seen

    async def find(self, match: Match) -> Sequence[Account]:
        """Compare one field with a value."""
        with _translated(match.kind):
            records = await self._client.search(COLLECTIONS[match.kind], match.attribute, match.value)
        return [_account(match.kind, record) for record in records]

    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Read one record."""
        with _translated(kind):
            return _account(kind, await self._client.get(COLLECTIONS[kind], remote_id))

    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Create a record; the desk gives the id."""
        state = {"active": active} if kind is USER else {}
        with _translated(kind, writes=True):
            return _account(kind, await self._client.post(COLLECTIONS[kind], {**_record(attributes), **state}))

    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        """Write the fields that are named."""
        with _translated(kind, writes=True):
            return _account(kind, await self._client.patch(COLLECTIONS[kind], remote_id, _record(changes)))

    async def activate(self, remote_id: str) -> None:
        """Set the flag."""
        await self._set_active(remote_id, active=True)

    async def deactivate(self, remote_id: str) -> None:
        """Clear the flag."""
        await self._set_active(remote_id, active=False)

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """Delete the record; one that is gone is a success."""
        with suppress(NotFound), _translated(kind, writes=True):
            await self._client.delete(COLLECTIONS[kind], remote_id)

    async def change_members(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """One request for each member, a few at a time; a member that fails does not stop the others."""
        with _translated(GROUP):
            await self._client.get(COLLECTIONS[GROUP], group)
        few, failed = asyncio.Semaphore(5), dict[str, ConnectorError]()

        async def one(member: str, *, wanted: bool) -> None:
            async with few:
                try:
                    with _translated(GROUP, writes=True):
                        await (self._client.put_member if wanted else self._client.delete_member)(group, member)
                except (NotFound, Rejected) as error:
                    failed[member] = error

        await asyncio.gather(
            *(one(member, wanted=False) for member in remove), *(one(member, wanted=True) for member in add)
        )
        return MemberFailures(failed)

    async def members(self, group: str) -> Sequence[str]:
        """Read the list of a team."""
        with _translated(GROUP):
            return list((await self._client.get(COLLECTIONS[GROUP], group))["members"])

    async def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        """Read everything, every time: the desk does not know what changed. A cursor tells the last record."""
        place, note = _resumed(cursor, reading)
        more = True
        while more:
            kind, after = place
            with _translated(kind):
                records = await self._client.page(COLLECTIONS[kind], after, PAGE)
            following = (kind, records[-1]["id"]) if len(records) == PAGE else _next_kind(kind, reading)
            more = following is not None
            yield Page(
                cursor=_cursor(following, reading),
                changes=tuple(Change(_asked_for(_account(kind, record), reading)) for record in records),
                members=tuple(
                    MemberChange(record["id"], tuple(record["members"]), whole=True)
                    for record in records
                    if kind is GROUP and reading.memberships
                ),
                more=more,
                starts=place == _beginning(reading),
                complete=not more,
                note=note,
            )
            place, note = following or place, ""

    async def _set_active(self, remote_id: str, *, active: bool) -> None:
        with _translated(USER, writes=True):
            await self._client.patch(COLLECTIONS[USER], remote_id, {"active": active})


async def _specimens() -> Mapping[ObjectKind, Specimen]:
    """Return the user and the group that a trial makes, changes, renames and deletes again."""
    known, name, other = {USER: "login", GROUP: "name"}, trial_name(), trial_name()
    return {
        kind: Specimen(Match(kind, key, name), {key: name, "name": name}, {"name": name}, {key: other})
        for kind, key in known.items()
    }


def _record(attributes: Attributes) -> dict[str, Any]:
    """Return values as the desk writes them: lists, ids for references, ``None`` for what is cleared."""
    return {name: _written(value) for name, value in attributes.items()}


def _written(value: Value) -> Any:
    if isinstance(value, Reference):
        return value.remote_id
    if isinstance(value, tuple):
        return list(value) or None
    return value


def _account(kind: ObjectKind, record: Mapping[str, Any]) -> Account:
    """Return a record as the contract has it."""
    values: dict[str, Value] = {}
    for name, value in record.items():
        if name in REFERENCES:
            values[name] = Reference(USER, value)
        elif name not in {"id", "active", "members"}:
            values[name] = tuple(value) if isinstance(value, list) else value
    name = record.get("login" if kind is USER else "name", "")
    return Account(kind, record["id"], name, values, active=record["active"] if kind is USER else None)


@contextmanager
def _translated(kind: ObjectKind, *, writes: bool = False) -> Iterator[None]:
    """Turn the desk's refusals into the contract's errors. Messages name no values: they go to reports and logs."""
    try:
        yield
    except DeskError as error:
        match error.status:
            case 401 | 403:
                raise Misconfigured(
                    "The Staff Desk refuses the token.",
                    code="staff_desk.token",
                    fix="Make a new token in the Staff Desk, with the right to write, and enter it here.",
                ) from None
            case 404:
                raise NotFound(f"The {kind} is not there.", code="staff_desk.notFound") from None
            case 409:
                words = f"The {error.field} of the {kind} is taken."
                raise AlreadyExists(words, code="staff_desk.taken", attribute=error.field) from None
            case 422 if error.field in REFERENCES:
                words = f"{error.field} is not there."
                raise Rejected(words, code="staff_desk.referenceMissing", attribute=error.field) from None
            case 422:
                raise Rejected(
                    f"The Staff Desk refuses the {error.field} of the {kind}.",
                    code="staff_desk.refused",
                    fix=f"Correct {error.field} where it comes from.",
                    attribute=error.field,
                ) from None
            case status:
                raise Unavailable(
                    "The Staff Desk does not answer now.",
                    code="staff_desk.unavailable",
                    retry_after=error.retry_after,
                    may_have_happened=writes and status == 0,
                ) from None


type Place = tuple[ObjectKind, str]
"""What is read next: the records of a kind behind an id."""


def _beginning(reading: Reading) -> Place:
    return (USER if USER in reading.kinds else GROUP, "")


def _next_kind(kind: ObjectKind, reading: Reading) -> Place | None:
    return (GROUP, "") if kind is USER and GROUP in reading.kinds else None


def _cursor(place: Place | None, reading: Reading) -> str:
    return json.dumps([1, _identity(reading), *(place or _beginning(reading))])


def _resumed(cursor: str | None, reading: Reading) -> tuple[Place, str]:
    """Return where a cursor goes on; one that cannot be read starts everything again, and says so."""
    if cursor is None:
        return _beginning(reading), ""
    try:
        version, identity, kind, after = json.loads(cursor)
        if (version, identity) == (1, _identity(reading)):
            return (ObjectKind(kind), str(after)), ""
    except (ValueError, TypeError):
        pass
    return _beginning(reading), "The cursor is unknown: everything is read anew."


def _identity(reading: Reading) -> str:
    """Return what tells one reading from another: a cursor belongs to what was asked for."""
    asked = {kind: sorted(names) for kind, names in reading.attributes.items()}
    return sha256(json.dumps([sorted(reading.kinds), asked, reading.memberships]).encode()).hexdigest()[:16]


def _asked_for(account: Account, reading: Reading) -> Account:
    names = reading.attributes.get(account.kind) or account.attributes.keys()
    return replace(account, attributes={name: value for name, value in account.attributes.items() if name in names})
