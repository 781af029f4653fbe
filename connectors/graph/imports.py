"""Reading from the tenant: delta queries of users, then of groups with their members, as one resumable stream."""

import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from connectors.contract import ObjectKind, Page, Reading
from connectors.errors import Unavailable
from connectors.graph.batch import PRIORITY
from connectors.graph.client import GraphClient
from connectors.graph.cursor import DELTA, NEXT, Cursor, Place, place_of, read_cursor
from connectors.graph.delta import portions, selection, sound
from connectors.graph.faults import unreadable
from connectors.graph.permissions import Operation
from connectors.graph.reply import Reply

_PATHS = {ObjectKind.USER: "/users/delta", ObjectKind.GROUP: "/groups/delta"}
_OPERATIONS = {ObjectKind.USER: Operation.READ_USERS, ObjectKind.GROUP: Operation.READ_GROUPS}

_HEADERS = {PRIORITY: "Low", "Prefer": "return=minimal"}
"""Only what has changed is told on later rounds (user: delta), and nobody's sign-in waits for an import."""

_FORGOTTEN = "Microsoft Graph does not know the stored position any more; everything is read anew."

type UnixClock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is read: the kinds in their order, the properties of each, and a name for all of it."""

    kinds: tuple[ObjectKind, ...]
    names: Mapping[ObjectKind, tuple[str, ...]]
    reading: str

    @classmethod
    def of(cls, reading: Reading, base_url: str, tenant: str) -> Self:
        kinds = tuple(kind for kind in ObjectKind if kind in reading.kinds)
        names = {kind: selection(kind, reading) for kind in kinds}
        told = json.dumps([base_url, tenant.lower(), [[kind, *names[kind]] for kind in kinds]])
        return cls(kinds, names, hashlib.sha256(told.encode()).hexdigest()[:16])

    def beginning(self) -> Cursor:
        return Cursor(self.reading, self.kinds[0])


class Imports:
    """Streams what changed in the tenant."""

    def __init__(self, client: GraphClient, tenant: str, now: UnixClock = time.time) -> None:
        self._client = client
        self._tenant = tenant
        self._now = now

    async def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        """Stream the changes since a cursor; a snapshot for ``None``, and where the cursor is of no use any more."""
        plan = _Plan.of(reading, self._client.base_url, self._tenant)
        if not plan.kinds:
            yield Page(cursor or "")
            return
        position, note = plan.beginning(), ""
        if cursor is not None:
            read = read_cursor(cursor, plan.reading, plan.kinds, self._now())
            position, note = (plan.beginning(), read) if isinstance(read, str) else (read, "")
        restarted = False
        while True:
            reply = await self._ask(plan, position)
            if position.place is not None and _forgotten(reply):
                self._check_restart(reply, again=restarted)
                position, note, restarted = plan.beginning(), _FORGOTTEN, True
                continue
            await self._client.expect(reply, _OPERATIONS[position.kind], f"{position.kind.lower()}s")
            following, more = self._following(plan, position, reply)
            for page in _pages(plan, position, following, reply, more=more):
                yield replace(page, note=note)
                note = ""
            if not more:
                return
            position = following

    async def _ask(self, plan: _Plan, position: Cursor) -> Reply:
        place = position.place
        query = {"$select": ",".join(plan.names[position.kind])} if place is None else {place.option: place.token}
        return await self._client.send("GET", _PATHS[position.kind], query=query, headers=_HEADERS, alone=True)

    def _following(self, plan: _Plan, position: Cursor, reply: Reply) -> tuple[Cursor, bool]:
        """Return the cursor behind a page, and whether more follows now."""
        body = reply.body if isinstance(reply.body, dict) else {}
        if not isinstance(body.get("value"), list):
            raise unreadable()
        place = self._place(body)
        behind = position.at(place, (item["id"] for item in sound(body["value"])))
        if place.option == NEXT:
            if position.place is not None and position.place.token == place.token:
                raise unreadable()  # a page that names itself as the next
            return behind, True
        rest = plan.kinds[plan.kinds.index(position.kind) + 1 :]
        if rest:
            return replace(behind, kind=rest[0]), True
        return replace(behind, kind=plan.kinds[0], full=False, told=frozenset()), False

    def _place(self, body: Mapping[str, object]) -> Place:
        for name, option in (("@odata.nextLink", NEXT), ("@odata.deltaLink", DELTA)):
            link = body.get(name)
            if isinstance(link, str):
                self._client.check_own(link)
                return place_of(link, option, self._now())
        raise unreadable()

    def _check_restart(self, reply: Reply, *, again: bool) -> None:
        """Raise where a new start would lead to another host, or where one was made already."""
        location = reply.headers.get("location")
        if location is not None:
            self._client.check_own(location)
        if again:
            raise Unavailable(
                "Microsoft Graph wants the import to start again, and again.",
                code="graph.resync",
                fix="Nothing to do: it is tried again later.",
                retry_after=60,
            )


def _forgotten(reply: Reply) -> bool:
    """Whether Graph does not take a token: 410, 40X syncStateNotFound, and 400, as nothing else is in the request."""
    return reply.status in {400, 410} or (400 < reply.status < 500 and reply.code.lower() == "syncstatenotfound")


def _pages(plan: _Plan, position: Cursor, following: Cursor, reply: Reply, *, more: bool) -> list[Page]:
    """Return a page of Graph as pages of the contract; all but the last lead to the same page of Graph again."""
    kind = position.kind
    begun = position.place is not None
    # A first round, of a snapshot: later rounds start from a place of their own.
    parts = portions(kind, reply.body["value"], plan.names[kind], first=position.full, told=position.told)
    starts = position.full and not begun and kind is plan.kinds[0]
    last = len(parts) - 1
    return [
        Page(
            cursor=(following if number == last else position).text(),
            changes=portion.changes,
            members=portion.members,
            more=more or number < last,
            starts=starts and number == 0,
            complete=position.full and not more and number == last,
        )
        for number, portion in enumerate(parts)
    ]
