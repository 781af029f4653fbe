"""What users and groups have in common in Graph: find, read, change, delete; and how ids stand in addresses."""

import re
from collections.abc import Mapping
from typing import Any

from connectors.contract import Account, Match, ObjectKind
from connectors.errors import NotFound, Rejected
from connectors.graph.attributes import COLLECTIONS, NAME, SELECT, values_of
from connectors.graph.client import GraphClient, unreadable
from connectors.graph.permissions import Operation
from connectors.graph.recent import Recent
from connectors.graph.reply import Reply

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP

_PLACES = {USER: "/users", GROUP: "/groups"}
_READ = {USER: Operation.READ_USERS, GROUP: Operation.READ_GROUPS}
_CHANGE = {USER: Operation.WRITE_USERS, GROUP: Operation.CHANGE_GROUPS}
_DELETE = {USER: Operation.DELETE_USERS, GROUP: Operation.DELETE_GROUPS}

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
LONGEST_MATCH = 1024
"""No attribute that can be matched is longer in Graph."""

_ADVANCED = {"ConsistencyLevel": "eventual"}
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


class Accounts:
    """The verbs that are the same for users and groups."""

    def __init__(self, client: GraphClient) -> None:
        self.client = client
        self.names: Recent[str] = Recent(NAMES_SECONDS)
        """Names as last seen: the answer of ``update`` needs one, and Graph's PATCH gives none."""

    async def find(self, match: Match) -> list[Account]:
        """Return at most two accounts whose attribute equals the value, as Graph compares: without case."""
        kind, attribute = match.kind, match.attribute
        if not _ATTRIBUTE.fullmatch(attribute):
            raise Rejected(
                f"{attribute[:40]!r} is no attribute.", code="graph.attribute", fix="Correct the matching attributes."
            )
        if not match.value or len(match.value) > LONGEST_MATCH:
            return []
        equals = f"any(x:x eq {quoted(match.value)})"
        condition = f"{attribute}/{equals}" if attribute in COLLECTIONS else f"{attribute} eq {quoted(match.value)}"
        query = {"$filter": condition, "$select": SELECT[kind], "$top": "2"}
        try:
            return await self._list(kind, query)
        except Rejected as refused:
            if refused.code != "graph.Request_UnsupportedQuery":
                raise
        # Some properties can only be asked for as an advanced query (Graph: advanced query capabilities).
        return await self._list(kind, {**query, "$count": "true"}, _ADVANCED)

    async def _list(
        self, kind: ObjectKind, query: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> list[Account]:
        found: list[Account] = []
        async for page in self.client.pages(_PLACES[kind], query, _READ[kind], f"{kind.lower()}s", headers):
            found += [self.account(kind, thing) for thing in page]
            if len(found) >= 2:
                break
        return found[:2]

    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Return one account, a user with the manager."""
        query = {"$select": SELECT[kind]} | ({"$expand": "manager($select=id)"} if kind is USER else {})
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
        await self.client.expect(reply, operation or _CHANGE[kind], subject(kind, remote_id), writes=True)
        if isinstance(name := body.get(NAME[kind]), str):
            self.names.put(remote_id, name)

    async def name(self, kind: ObjectKind, remote_id: str) -> str:
        """Return the account's name, from memory or from Graph. Raises ``NotFound``."""
        known = self.names.get(remote_id)
        return known if known is not None else (await self.read(kind, remote_id)).name

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """DELETE the account; Graph keeps it among the deleted ones for 30 days. One that is gone is a success."""
        try:
            path = place(kind, remote_id)
        except NotFound:
            return
        reply: Reply = await self.client.visible((remote_id,), lambda: self.client.send("DELETE", path))
        if reply.status != 404:
            await self.client.expect(reply, _DELETE[kind], subject(kind, remote_id), writes=True)
        self.client.created.drop(remote_id)
        self.names.drop(remote_id)

    def account(self, kind: ObjectKind, thing: Any, *, wrote: bool = False) -> Account:
        """Return the contract's form of a user or group. Raises ``Unavailable`` for what is none."""
        if not isinstance(thing, dict) or not isinstance(thing.get("id"), str):
            raise unreadable(wrote=wrote)
        name = str(thing.get(NAME[kind]) or "")
        self.names.put(thing["id"], name)
        enabled = thing.get("accountEnabled")
        active = enabled if kind is USER and isinstance(enabled, bool) else None
        return Account(kind, thing["id"], name, values_of(kind, thing), active)
