"""Users: what a new one needs, signing in or not, and the manager."""

import dataclasses

from connectors.contract import Account, Attributes, ObjectKind, Reference, Value
from connectors.errors import NotFound, Rejected, Unavailable
from connectors.graph.accounts import Accounts, place, subject
from connectors.graph.attributes import MANAGER, UPN, USAGE_LOCATION, body_of
from connectors.graph.nicknames import user_nickname
from connectors.graph.passwords import new_password
from connectors.graph.permissions import Operation

USER = ObjectKind.USER


class Users:
    """The verbs of users."""

    def __init__(self, accounts: Accounts, usage_location: str) -> None:
        self._accounts = accounts
        self._client = accounts.client
        self._usage_location = usage_location

    async def create(self, attributes: Attributes, *, active: bool) -> Account:
        """Create a user with a password that nobody knows and that must be changed at the first sign-in.

        The manager follows in a second request. Should that fail, the user stands; the error then says that it may
        have happened, or what is wrong with the manager.
        """
        body = {name: value for name, value in body_of(attributes).items() if value not in (None, [])}
        if self._usage_location:
            body.setdefault(USAGE_LOCATION, self._usage_location)
        body.setdefault("mailNickname", user_nickname(str(body.get(UPN, ""))))
        body["accountEnabled"] = active
        body["passwordProfile"] = {"password": new_password(), "forceChangePasswordNextSignIn": True}
        account = await self._accounts.create(USER, body, Operation.WRITE_USERS)
        account = dataclasses.replace(account, active=active)
        if attributes.get(MANAGER) is None:
            return account
        try:
            await self._set_manager(account.remote_id, attributes[MANAGER])
        except Unavailable as error:
            error.may_have_happened = True
            raise
        return dataclasses.replace(account, attributes={**account.attributes, MANAGER: attributes[MANAGER]})

    async def update(self, remote_id: str, changes: Attributes) -> Account:
        """Write attributes, the manager last."""
        body = body_of(changes)
        if body:
            await self._accounts.patch(USER, remote_id, body)
        if MANAGER in changes:
            await self._set_manager(remote_id, changes[MANAGER])
        if body or MANAGER in changes:
            return Account(USER, remote_id, await self._accounts.name(USER, remote_id))
        return await self._accounts.read(USER, remote_id)

    async def switch(self, remote_id: str, *, active: bool) -> None:
        """Let the user sign in, or not."""
        await self._accounts.patch(USER, remote_id, {"accountEnabled": active}, Operation.SWITCH_USERS)

    async def _set_manager(self, remote_id: str, manager: Value) -> None:
        if manager is None or manager in ("", ()):
            await self._clear_manager(remote_id)
        elif isinstance(manager, Reference):
            await self._put_manager(remote_id, manager.remote_id)
        else:
            raise Rejected(
                "The manager is not given as a reference.",
                code="graph.notAReference",
                fix="Map manager from the SCIM enterprise extension.",
                attribute=MANAGER,
            )

    async def _put_manager(self, remote_id: str, manager: str) -> None:
        path = f"{place(USER, remote_id)}/manager/$ref"
        try:
            body = {"@odata.id": f"{self._client.base_url}{place(USER, manager)}"}
        except NotFound:
            raise _manager_missing(remote_id) from None
        fresh = remote_id in self._client.created or manager in self._client.created
        reply = await self._client.send("PUT", path, body=body)
        if reply.status == 404:
            # One of the two is missing, or not visible yet.
            if not await self._accounts.exists(USER, remote_id):
                raise NotFound(f"There is no {subject(USER, remote_id)} in the tenant.", code="graph.404")
            if fresh:
                reply = await self._client.visible((manager,), lambda: self._client.send("PUT", path, body=body))
            if reply.status == 404:
                raise _manager_missing(remote_id)
        await self._client.expect(reply, Operation.WRITE_USERS, subject(USER, remote_id), writes=True)

    async def _clear_manager(self, remote_id: str) -> None:
        path = f"{place(USER, remote_id)}/manager/$ref"
        reply = await self._client.send("DELETE", path)
        if reply.status != 404:
            await self._client.expect(reply, Operation.WRITE_USERS, subject(USER, remote_id), writes=True)
        elif not await self._accounts.exists(USER, remote_id):
            # Who is there and has no manager is as wanted.
            raise NotFound(f"There is no {subject(USER, remote_id)} in the tenant.", code="graph.404")


def _manager_missing(remote_id: str) -> Rejected:
    return Rejected(
        f"The manager of {subject(USER, remote_id)} has no account in the tenant.",
        code="graph.referenceMissing",
        fix="Nothing to do if the manager is still to be created; else correct the manager in the source.",
        attribute=MANAGER,
    )
