"""Owners of groups: those of the settings at creation, those of the attribute owners whenever it changes."""

from collections.abc import Sequence
from urllib.parse import quote

from connectors.contract import ObjectKind, Reference, Value
from connectors.errors import Rejected
from connectors.graph.accounts import Accounts, is_id, place, subject
from connectors.graph.catalogue import OWNERS
from connectors.graph.permissions import Operation
from connectors.graph.recent import Recent
from connectors.graph.refusals import why_refused

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP

MOST = 20
"""Owners that the request which creates a group can name."""

TERM = 3600.0
"""Seconds for which the id of an owner who is named by userPrincipalName is taken as known."""

_EXIST = "references already exist"
"""As with members: Graph says that somebody is an owner already by a message alone."""


class Ownership:
    """Who owns groups."""

    def __init__(self, accounts: Accounts, everywhere: Sequence[str]) -> None:
        self._accounts = accounts
        self._client = accounts.client
        self._everywhere = tuple(everywhere)
        self._ids: Recent[str] = Recent(TERM)

    async def of_new(self, owners: Value) -> list[str]:
        """Return the ids of a new group's owners. Raises ``Rejected`` for one who has no account."""
        return (await self._resolved((*self._everywhere, *_named(owners))))[:MOST]

    def bound(self, owners: Sequence[str]) -> list[str]:
        """Return the references by which a create names them."""
        return [f"{self._client.base_url}{place(USER, owner)}" for owner in owners]

    async def write(self, group: str, owners: Value) -> None:
        """Make these the owners of a group, those of the settings among them; nobody leaves it without any."""
        wanted = await self._resolved((*self._everywhere, *_named(owners)))
        if not wanted:
            return
        path, about = f"{place(GROUP, group)}/owners", subject(GROUP, group)
        standing: list[str] = []
        async for page in self._client.pages(path, {"$select": "id", "$top": "100"}, Operation.READ_GROUPS, about):
            standing += [owner["id"] for owner in page if isinstance(owner.get("id"), str)]
        for owner in wanted:
            if owner not in standing:
                body = {"@odata.id": f"{self._client.base_url}{place(USER, owner)}"}
                await self._change(group, "POST", f"{path}/$ref", owner, body)
        for owner in standing:
            if owner not in wanted:
                await self._change(group, "DELETE", f"{path}/{quote(owner, safe='')}/$ref", owner)

    async def _change(self, group: str, method: str, path: str, owner: str, body: object = None) -> None:
        reply = await self._client.visible(
            (group, owner), lambda: self._client.send(method, path, body=body, repeatable=True)
        )
        done = reply.status == 404 if method == "DELETE" else reply.status == 400 and _EXIST in reply.message
        if reply.ok or done:
            return
        if why := await why_refused(self._client, GROUP, group, reply):
            raise why
        await self._client.expect(reply, Operation.CHANGE_GROUPS, subject(GROUP, group), writes=True)

    async def _resolved(self, names: Sequence[str]) -> list[str]:
        return list(dict.fromkeys([await self._id_of(name) for name in names]))

    async def _id_of(self, name: str) -> str:
        if is_id(name):
            return name.lower()  # as Graph writes it: another spelling would be somebody else to take away
        known = self._ids.get(name.casefold())
        if known is not None:
            return known
        reply = await self._client.send("GET", f"/users/{quote(name, safe='@')}", query={"$select": "id"})
        if reply.status == 404:
            raise owner_missing()
        await self._client.expect(reply, Operation.READ_USERS, "owner")
        found = reply.body.get("id") if isinstance(reply.body, dict) else None
        if not isinstance(found, str):
            raise owner_missing()
        self._ids.put(name.casefold(), found)
        return found


def _named(owners: Value) -> tuple[str, ...]:
    if isinstance(owners, Reference):
        return (owners.remote_id,)
    if isinstance(owners, tuple):
        return tuple(each for each in owners if each)
    return (str(owners),) if owners else ()


def owner_missing() -> Rejected:
    """Return the refusal of an owner who is nobody."""
    return Rejected(
        "An owner of the group has no account in the tenant.",
        code="graph.ownerMissing",
        fix="Correct the owners of new groups in the connection's settings, or the mapping of owners: object ids or "
        "userPrincipalNames of users.",
        attribute=OWNERS,
    )
