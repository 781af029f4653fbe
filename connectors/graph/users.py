"""Users: what a new one needs, signing in or not, the manager, licences; and why Graph refuses one."""

import dataclasses
import secrets
import uuid
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from connectors.contract import Account, Attributes, ObjectKind, Reference, Value
from connectors.errors import ConnectorError, NotFound, Rejected
from connectors.graph.accounts import Accounts, place, subject
from connectors.graph.attributes import body_of
from connectors.graph.catalogue import IMMUTABLE_ID, LICENCES, MANAGER, MEMBERS, ORGANISATION, UPN, USAGE_LOCATION
from connectors.graph.domains import Domains, domain_of, no_immutable_id, unverified
from connectors.graph.licence_standing import Standing
from connectors.graph.licences import Licences
from connectors.graph.nicknames import user_nickname
from connectors.graph.passwords import new_password, profile
from connectors.graph.permissions import Operation
from connectors.graph.refusals import why_refused
from connectors.graph.settings import GraphSettings

USER = ObjectKind.USER


class Users:
    """The verbs of users."""

    def __init__(self, accounts: Accounts, licences: Licences, settings: GraphSettings) -> None:
        self._accounts = accounts
        self._client = accounts.client
        self._licences = licences
        self._domains = Domains(accounts.client)
        self._settings = settings

    async def create(self, attributes: Attributes, *, active: bool) -> Account:
        """Create a user with a password that nobody knows and that must be changed at the first sign-in.

        The manager and then the licences follow in requests of their own. Should one fail, the user stands; the error
        then says that it may have happened, or what is wrong with the manager or the licence.
        """
        body = {name: value for name, value in body_of(USER, attributes).items() if value not in (None, [])}
        body = {name: _filled(value) if isinstance(value, dict) else value for name, value in body.items()}
        if self._settings.usage_location:
            body.setdefault(USAGE_LOCATION, self._settings.usage_location)
        body.setdefault("mailNickname", user_nickname(str(body.get(UPN, ""))))
        body |= self._immutable_id(body)
        body["accountEnabled"] = active
        body["passwordProfile"] = profile(new_password(), must_change=True)
        try:
            account = await self._accounts.create(
                USER, {n: v for n, v in body.items() if v != {}}, Operation.WRITE_USERS
            )
        except Rejected as refused:
            raise await self._explained(refused, body) from refused
        account = dataclasses.replace(account, active=active)
        following = {name: attributes[name] for name in (MANAGER,) if attributes.get(name) is not None}
        if active or self._settings.licences_on_deactivation == "keep":
            following[LICENCES] = attributes.get(LICENCES)
        standing = Standing(location=str(body.get(USAGE_LOCATION) or ""))
        try:
            await self._write_separately(account.remote_id, following, standing)
        except ConnectorError as error:
            error.may_have_happened, error.created = True, account
            raise
        following.pop(LICENCES, None)
        return dataclasses.replace(account, attributes={**account.attributes, **following})

    async def update(self, remote_id: str, changes: Attributes) -> Account:
        """Write attributes, then the manager, then the licences; what is refused of them does not hold up the rest."""
        body = body_of(USER, changes)
        if len(body.get(ORGANISATION) or MEMBERS[ORGANISATION]) < len(MEMBERS[ORGANISATION]):
            body[ORGANISATION] = await self._organisation(remote_id) | body[ORGANISATION]
        refused: list[Rejected] = []
        if body:
            try:
                await self._accounts.patch(USER, remote_id, body)
            except Rejected as error:
                refused.append(await self._explained(error, body))
        await self._write_separately(remote_id, changes, None, refused)
        if body or MANAGER in changes or (LICENCES in changes and self._licences.managed):
            return Account(USER, remote_id, await self._accounts.name(USER, remote_id))
        return await self._accounts.read(USER, remote_id)

    async def activate(self, remote_id: str) -> None:
        """Let the user sign in."""
        await self._switch(remote_id, active=True)

    async def deactivate(self, remote_id: str) -> None:
        """Keep the user from signing in, end what sessions are open, and take licences away where that is set.

        The account is disabled first. Whatever fails then is raised, so that it is tried again: a leaver whose
        sessions go on is not cut off.
        """
        await self._switch(remote_id, active=False)
        if self._settings.revoke_sessions:
            path = f"{place(USER, remote_id)}/revokeSignInSessions"
            reply = await self._client.visible((remote_id,), lambda: self._client.send("POST", path, repeatable=True))
            await self._client.expect(reply, Operation.REVOKE_SESSIONS, subject(USER, remote_id), writes=True)
        if self._licences.managed and self._settings.licences_on_deactivation == "remove":
            await self._licences.take_away(remote_id)

    async def set_password(self, remote_id: str, password: SecretStr, *, must_change: bool) -> None:
        """Set the password. Raises ``Rejected`` with graph.passwordPolicy when the tenant's policy refuses it."""
        body = {"passwordProfile": profile(password.get_secret_value(), must_change=must_change)}
        path, about = place(USER, remote_id), subject(USER, remote_id)
        reply = await self._client.visible((remote_id,), lambda: self._client.send("PATCH", path, body=body))
        if why := await why_refused(self._client, USER, remote_id, reply):
            raise why
        if reply.status == 400:
            raise Rejected(
                f"Entra ID's password policy refuses the password of {about}.",
                code="graph.passwordPolicy",
                fix="Choose a longer one of more kinds of characters, without the person's name and without words that "
                "are banned in the tenant (Entra admin center, Password protection).",
                attribute="password",
            )
        await self._client.expect(reply, Operation.SET_PASSWORDS, about, writes=True)

    async def _write_separately(
        self, remote_id: str, changes: Attributes, standing: Standing | None, refused: Sequence[Rejected] = ()
    ) -> None:
        """Write the manager, then the licences. Raises the first refusal once everything is tried."""
        refusals = list(refused)
        if MANAGER in changes:
            try:
                await self._set_manager(remote_id, changes[MANAGER])
            except Rejected as error:
                refusals.append(error)
        if LICENCES in changes:
            try:
                await self._licences.apply(remote_id, changes[LICENCES], standing)
            except Rejected as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]

    async def _switch(self, remote_id: str, *, active: bool) -> None:
        await self._accounts.check_own(USER, remote_id)
        await self._accounts.patch(USER, remote_id, {"accountEnabled": active}, Operation.SWITCH_USERS)

    async def _organisation(self, remote_id: str) -> dict[str, Any]:
        """Return employeeOrgData as it stands: it is not documented whether members that are not written stay."""
        path, query = place(USER, remote_id), {"$select": ORGANISATION}
        reply = await self._client.visible((remote_id,), lambda: self._client.send("GET", path, query=query))
        await self._client.expect(reply, Operation.READ_USERS, subject(USER, remote_id))
        stands = reply.body.get(ORGANISATION) if isinstance(reply.body, dict) else None
        return {member: (stands or {}).get(member) for member in MEMBERS[ORGANISATION]}

    def _immutable_id(self, body: Mapping[str, Any]) -> dict[str, str]:
        """Return the id that a new user in a federated domain needs. Raises ``Rejected`` where there is none."""
        domain = domain_of(str(body.get(UPN, "")))
        if domain not in self._settings.federated_domains or body.get(IMMUTABLE_ID):
            return {}
        source = self._settings.immutable_id
        if source == "generated":
            return {IMMUTABLE_ID: b64encode(uuid.UUID(int=secrets.randbits(128)).bytes).decode()}
        container, _, member = source.partition(".")
        value = body.get(container)
        value = value.get(member) if isinstance(value, dict) else value
        if not value or isinstance(value, list):
            raise no_immutable_id(domain)
        return {IMMUTABLE_ID: str(value)}

    async def _explained(self, refused: Rejected, body: Mapping[str, Any]) -> Rejected:
        """Return the refusal, in better words where the userPrincipalName is what Graph does not like."""
        domain = domain_of(str(body.get(UPN, "")))
        if refused.attribute == IMMUTABLE_ID and not body.get(IMMUTABLE_ID):
            return no_immutable_id(domain)
        if refused.attribute != UPN or not await self._domains.lacks(domain):
            return refused
        return unverified(domain)

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
        await self._expect_manager(remote_id, reply)

    async def _clear_manager(self, remote_id: str) -> None:
        path = f"{place(USER, remote_id)}/manager/$ref"
        reply = await self._client.send("DELETE", path)
        if reply.status != 404:
            await self._expect_manager(remote_id, reply)
        elif not await self._accounts.exists(USER, remote_id):
            # Who is there and has no manager is as wanted.
            raise NotFound(f"There is no {subject(USER, remote_id)} in the tenant.", code="graph.404")

    async def _expect_manager(self, remote_id: str, reply: Any) -> None:
        if why := await why_refused(self._client, USER, remote_id, reply):
            raise why
        await self._client.expect(reply, Operation.WRITE_USERS, subject(USER, remote_id), writes=True)


def _filled(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _manager_missing(remote_id: str) -> Rejected:
    return Rejected(
        f"The manager of {subject(USER, remote_id)} has no account in the tenant.",
        code="graph.referenceMissing",
        fix="Nothing to do if the manager is still to be created; else correct the manager in the source.",
        attribute=MANAGER,
    )
