"""The recycle bin of Entra ID: deleted users and groups found, restored within 30 days, or removed for good.

A deleted user's userPrincipalName is free for others: Graph puts the object id in front of it. What the hub sees is the
name as it was. Security groups are there where the tenant keeps them; else their deletion is for good.
"""

from collections.abc import Mapping
from typing import Any

from connectors.contract import Account, Attributes, Match, ObjectKind
from connectors.errors import AlreadyExists, ConnectorError, NotFound, Unavailable
from connectors.graph.accounts import ADVANCED, LONGEST_MATCH, Accounts, condition, place, quoted, subject
from connectors.graph.attributes import NAME
from connectors.graph.catalogue import UPN
from connectors.graph.client import VISIBILITY
from connectors.graph.permissions import Operation

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP

_PLACE = "/directory/deletedItems"
_CASTS = {USER: "graph.user", GROUP: "graph.group"}
_READ = {USER: Operation.READ_USERS, GROUP: Operation.READ_GROUPS}
_RESTORE = {USER: Operation.RESTORE_USERS, GROUP: Operation.RESTORE_GROUPS}

MOST = 1000
"""Deleted accounts that are looked at for one question; the last deleted of them are given."""


class Deleted:
    """What was deleted, and can come back or go for good."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._client = accounts.client

    async def find(self, match: Match) -> list[Account]:
        """Return the deleted accounts that match, the last deleted first, at most two."""
        kind = match.kind
        asked, headers = condition(match), None
        if not match.value or len(match.value) > LONGEST_MATCH:
            return []
        query = {"$select": f"{self._accounts.select(kind)},deletedDateTime", "$top": "100"}
        if match.attribute == UPN:
            # The name has the object id in front of it now.
            asked, headers = f"endswith({UPN},{quoted(match.value)})", ADVANCED
            query["$count"] = "true"
        found: list[dict[str, Any]] = []
        path = f"{_PLACE}/{_CASTS[kind]}"
        async for page in self._client.pages(
            path, {"$filter": asked, **query}, _READ[kind], f"deleted {kind.lower()}s", headers
        ):
            found += [_as_it_was(thing) for thing in page if self._accounts.concerns(thing)]
            if len(found) >= MOST:
                break
        if match.attribute == UPN:
            found = [thing for thing in found if str(thing.get(UPN)).casefold() == match.value.casefold()]
        # Graph tells the second: of two within one, the one that it names last.
        found.sort(key=lambda thing: str(thing.get("deletedDateTime") or ""))
        return [self._accounts.account(kind, thing) for thing in found[:-3:-1]]

    async def restore(self, kind: ObjectKind, remote_id: str) -> Account:
        """Bring an account back, under the name that it had; one that stands is a success.

        Raises ``NotFound`` when it is gone for good, ``AlreadyExists`` when its name is taken meanwhile.
        """
        place(kind, remote_id)
        reply = await self._client.send("POST", f"{_PLACE}/{remote_id}/restore", repeatable=True)
        if reply.status != 404:
            await self._client.expect(reply, _RESTORE[kind], f"deleted {subject(kind, remote_id)}", writes=True)
            # Not every replica has it yet: 404 does not mean that it is gone.
            self._client.created.put(remote_id, True)
        account = await self._accounts.read(kind, remote_id)
        name = _without_id(remote_id, account.name)
        if kind is GROUP or name == account.name:
            return account
        await self._accounts.patch(USER, remote_id, {UPN: name})
        return await self._accounts.read(kind, remote_id)

    async def purge(self, kind: ObjectKind, remote_id: str, *, just_deleted: bool) -> None:
        """Remove a deleted account for good; one that is not there is a success.

        ``just_deleted``: it must come to be there, if only after a moment. Raises ``Unavailable`` when a user does not;
        a group may have gone for good at once.
        """
        try:
            place(kind, remote_id)
        except NotFound:
            return
        path = f"{_PLACE}/{remote_id}"
        reply = await self._client.send("DELETE", path)
        for delay in VISIBILITY if just_deleted and kind is USER else ():
            if reply.status != 404:
                break
            await self._client.sleep(delay)
            reply = await self._client.send("DELETE", path)
        if reply.status == 404:
            if just_deleted and kind is USER:
                raise _not_there_yet()
            return
        await self._client.expect(reply, _RESTORE[kind], f"deleted {subject(kind, remote_id)}", writes=True)

    async def explained(self, taken: AlreadyExists, kind: ObjectKind, attributes: Attributes) -> AlreadyExists:
        """Return the conflict, or one that says so where it is a deleted account that holds the value."""
        attribute = taken.attribute or NAME[kind]
        value = attributes.get(attribute)
        if not isinstance(value, str):
            return taken
        match = Match(kind, attribute, value)
        try:
            if await self._accounts.find(match):
                return taken
            holders = await self.find(match)
        except ConnectorError:
            # The conflict itself is what matters; why is a courtesy.
            return taken
        if not holders:
            return taken
        return AlreadyExists(
            f"The deleted {subject(kind, holders[0].remote_id)} still holds the same {attribute}.",
            code="graph.heldByDeleted",
            fix="Restore it if it is the same person or group, or delete it for good (Entra admin center, Deleted "
            "users or Deleted groups). Entra ID does that by itself 30 days after the deletion.",
            attribute=attribute,
        )


def _as_it_was(thing: Mapping[str, Any]) -> dict[str, Any]:
    name, remote_id = thing.get(UPN), thing.get("id")
    if isinstance(name, str) and isinstance(remote_id, str):
        return {**thing, UPN: _without_id(remote_id, name)}
    return dict(thing)


def _without_id(remote_id: str, name: str) -> str:
    """Return a userPrincipalName without the object id that deletion put in front of it."""
    prefix = remote_id.replace("-", "").lower()
    return name[len(prefix) :] if name.lower().startswith(prefix) else name


def _not_there_yet() -> Unavailable:
    return Unavailable(
        "The account is deleted; the recycle bin does not show it yet, and so it is not removed for good.",
        code="graph.notDeletedForGoodYet",
        fix="Nothing to do: it is tried again.",
        retry_after=30,
        one_object=True,
    )
