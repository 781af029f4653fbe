"""What users and groups have in common in Graph: find, read, change, delete; and how ids stand in addresses."""

import re
from collections.abc import Mapping
from typing import Any

from connectors.contract import Account, Match, ObjectKind
from connectors.errors import NotFound, Rejected
from connectors.graph.attributes import COLLECTIONS, NAME, values_of
from connectors.graph.catalogue import LICENCES, SEPARATE, properties_read
from connectors.graph.client import GraphClient
from connectors.graph.faults import unreadable
from connectors.graph.permissions import Operation
from connectors.graph.recent import Recent
from connectors.graph.refusals import synchronised, why_refused
from connectors.graph.reply import Reply
from connectors.graph.settings import GraphSettings

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP

_PLACES = {USER: "/users", GROUP: "/groups"}
_READ = {USER: Operation.READ_USERS, GROUP: Operation.READ_GROUPS}
_CHANGE = {USER: Operation.WRITE_USERS, GROUP: Operation.CHANGE_GROUPS}
_DELETE = {USER: Operation.DELETE_USERS, GROUP: Operation.DELETE_GROUPS}

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,180}(\.[A-Za-z0-9]{1,64})?")
LONGEST_MATCH = 1024
"""No attribute that can be matched is longer in Graph."""

ADVANCED = {"ConsistencyLevel": "eventual"}
NAMES_SECONDS = 3600.0


def is_id(text: str) -> bool:
    """Whether this can be an object id, and so may stand in an address."""
    return _ID.fullmatch(text) is not None


def place(kind: ObjectKind, remote_id: str) -> str:
    """Return the path of an account. What is no object id is nobody's: ``NotFound``, before it gets into an address."""
    if not is_id(remote_id):
        raise NotFound(f"There is no {kind} with such an id in the tenant.", code="graph.malformedId")
    return f"{_PLACES[kind]}/{remote_id}"


def subject(kind: ObjectKind, remote_id: str) -> str:
    """Return what an error calls an account."""
    return f"{kind.lower()} {remote_id}"


def quoted(value: str) -> str:
    """Return an OData string literal (OData URL conventions 5.1.1.14.1: a quote is doubled)."""
    return "'" + value.replace("'", "''") + "'"


def condition(match: Match) -> str:
    """Return the filter for a question. Raises ``Rejected`` for what is no attribute to ask by."""
    attribute = match.attribute
    if not _ATTRIBUTE.fullmatch(attribute) or attribute in SEPARATE:
        raise Rejected(
            f"{attribute[:40]!r} is no attribute to match by.",
            code="graph.attribute",
            fix="Correct the matching attributes.",
        )
    if attribute in COLLECTIONS:
        return f"{attribute}/any(x:x eq {quoted(match.value)})"
    return f"{attribute.replace('.', '/')} eq {quoted(match.value)}"


class Accounts:
    """The verbs that are the same for users and groups."""

    def __init__(self, client: GraphClient, settings: GraphSettings) -> None:
        self.client = client
        self.guests = settings.include_guests
        more = (*settings.additional_attributes, *((LICENCES,) if settings.manages_licences else ()))
        self.properties = {USER: properties_read(USER, more), GROUP: properties_read(GROUP)}
        """What is read of a user or group."""
        self.names: Recent[str] = Recent(NAMES_SECONDS)
        """Names as last seen: the answer of ``update`` needs one, and Graph's PATCH gives none."""

    async def find(self, match: Match) -> list[Account]:
        """Return at most two accounts whose attribute equals the value, as Graph compares: without case."""
        kind, asked = match.kind, condition(match)
        if not match.value or len(match.value) > LONGEST_MATCH:
            return []
        query = {"$filter": asked, "$select": self.select(kind), "$top": "2"}
        try:
            return await self._list(kind, query)
        except Rejected as refused:
            if refused.code != "graph.Request_UnsupportedQuery":
                raise
        # Some properties can only be asked for as an advanced query (Graph: advanced query capabilities).
        return await self._list(kind, {**query, "$count": "true"}, ADVANCED)

    def select(self, kind: ObjectKind) -> str:
        """Return the value of $select."""
        return ",".join(self.properties[kind])

    def concerns(self, thing: Mapping[str, Any]) -> bool:
        """Whether this is an account to look at: guests are not, unless the settings say so."""
        return self.guests or thing.get("userType") != "Guest"

    async def _list(
        self, kind: ObjectKind, query: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> list[Account]:
        found: list[Account] = []
        async for page in self.client.pages(_PLACES[kind], query, _READ[kind], f"{kind.lower()}s", headers):
            found += [self.account(kind, thing) for thing in page if self.concerns(thing)]
            if len(found) >= 2:
                break
        return found[:2]

    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Return one account, a user with the manager."""
        query = {"$select": self.select(kind)} | ({"$expand": "manager($select=id)"} if kind is USER else {})
        path = place(kind, remote_id)
        reply = await self.client.visible((remote_id,), lambda: self.client.send("GET", path, query=query))
        await self.client.expect(reply, _READ[kind], subject(kind, remote_id))
        return self.account(kind, reply.body)

    async def exists(self, kind: ObjectKind, remote_id: str) -> bool:
        """Whether the account is there. Tells apart what a 404 about two objects is about."""
        path = place(kind, remote_id)
        reply = await self.client.visible((remote_id,), lambda: self.client.send("GET", path, query={"$select": "id"}))
        if reply.status == 404:
            return False
        await self.client.expect(reply, _READ[kind], subject(kind, remote_id))
        return True

    async def create(self, kind: ObjectKind, body: Mapping[str, Any], operation: Operation) -> Account:
        """POST the account. It is not repeated: whether it happened is for the engine to look up."""
        reply = await self.client.send("POST", _PLACES[kind], body=body)
        await self.client.expect(reply, operation, f"{kind.lower()} to be created", writes=True)
        account = self.account(kind, reply.body, wrote=True)
        self.client.created.put(account.remote_id, True)
        return account

    async def patch(
        self, kind: ObjectKind, remote_id: str, body: Mapping[str, Any], operation: Operation | None = None
    ) -> None:
        """PATCH the account. Running it twice does no harm."""
        path = place(kind, remote_id)
        reply = await self.client.visible((remote_id,), lambda: self.client.send("PATCH", path, body=body))
        if why := await why_refused(self.client, kind, remote_id, reply, names=body.keys()):
            raise why
        await self.client.expect(reply, operation or _CHANGE[kind], subject(kind, remote_id), writes=True)
        if isinstance(name := body.get(NAME[kind]), str):
            self.names.put(remote_id, name)

    async def check_own(self, kind: ObjectKind, remote_id: str) -> None:
        """Raise ``Rejected`` for an account that comes from Active Directory, ``NotFound`` for one that is not there.

        For what Graph might carry out on such an account, and synchronisation would undo.
        """
        path, query = place(kind, remote_id), {"$select": "id,onPremisesSyncEnabled"}
        reply = await self.client.visible((remote_id,), lambda: self.client.send("GET", path, query=query))
        await self.client.expect(reply, _READ[kind], subject(kind, remote_id))
        if isinstance(reply.body, dict) and reply.body.get("onPremisesSyncEnabled") is True:
            raise synchronised(kind, remote_id)

    async def name(self, kind: ObjectKind, remote_id: str) -> str:
        """Return the account's name, from memory or from Graph. Raises ``NotFound``."""
        known = self.names.get(remote_id)
        return known if known is not None else (await self.read(kind, remote_id)).name

    async def delete(self, kind: ObjectKind, remote_id: str) -> bool:
        """DELETE the account; Graph keeps it among the deleted ones for 30 days. Returns whether it was there."""
        try:
            path = place(kind, remote_id)
            await self.check_own(kind, remote_id)
        except NotFound:
            return False
        reply: Reply = await self.client.visible((remote_id,), lambda: self.client.send("DELETE", path))
        if why := await why_refused(self.client, kind, remote_id, reply):
            raise why
        if reply.status != 404:
            await self.client.expect(reply, _DELETE[kind], subject(kind, remote_id), writes=True)
        self.client.created.drop(remote_id)
        self.names.drop(remote_id)
        return reply.ok

    def account(self, kind: ObjectKind, thing: Any, *, wrote: bool = False) -> Account:
        """Return the contract's form of a user or group. Raises ``Unavailable`` for what is none."""
        if not isinstance(thing, dict) or not isinstance(thing.get("id"), str):
            raise unreadable(wrote=wrote)
        name = str(thing.get(NAME[kind]) or "")
        self.names.put(thing["id"], name)
        enabled = thing.get("accountEnabled")
        active = enabled if kind is USER and isinstance(enabled, bool) else None
        # The answer to a create holds a few properties only: what it does not tell is not known to be empty.
        names = [each for each in self.properties[kind] if not wrote or each in thing]
        return Account(kind, thing["id"], name, values_of(kind, thing, names), active)
