"""Members of groups: twenty additions in one PATCH; what is refused there, and removals, one by one at once.

What is sent at once is packed by the client, with that of other groups.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contract import MemberFailures, ObjectKind
from connectors.errors import ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from connectors.graph.accounts import Accounts, is_id, place, subject
from connectors.graph.batch import MOST
from connectors.graph.client import VISIBILITY
from connectors.graph.errors import Context, error_of
from connectors.graph.permissions import Operation
from connectors.graph.recent import Recent
from connectors.graph.refusals import why_refused
from connectors.graph.reply import Reply

GROUP = ObjectKind.GROUP

SETTLING_SECONDS = 60.0
"""For how long a membership that we changed may look to Graph as if we had not: its replicas lag."""

_EXIST = "references already exist"
"""Graph says that a member is in already by a 400 that has neither details nor a code of its own: the one place where a
message is read. Should the words change, the member is reported as refused; nobody is lost."""


@dataclass(frozen=True, slots=True)
class _Write:
    """The write that adds or removes one member. Running it twice does no harm."""

    method: str
    path: str
    body: Any = None


class Members:
    """Changes and lists the members of groups."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._client = accounts.client
        self._changed: Recent[str] = Recent(SETTLING_SECONDS)

    async def list(self, group: str) -> list[str]:
        """Return the ids of the direct members, whatever they are."""
        ids: list[str] = []
        path = f"{place(GROUP, group)}/members"
        if group in self._client.created:
            await self._accounts.exists(GROUP, group)
        query = {"$select": "id", "$top": "999"}
        async for page in self._client.pages(path, query, Operation.READ_GROUPS, subject(GROUP, group)):
            ids += [member["id"] for member in page if isinstance(member.get("id"), str)]
        return ids

    async def change(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Remove, then add. A member that is named in both is in afterwards."""
        place(GROUP, group)
        adding = list(dict.fromkeys(add))
        removing = [member for member in dict.fromkeys(remove) if member not in set(adding) and is_id(member)]
        failed: dict[str, ConnectorError] = {m: _no_member(m, "malformedId") for m in adding if not is_id(m)}
        if removing:
            items = {m: _Write("DELETE", f"{place(GROUP, group)}/members/{m}/$ref") for m in removing}
            failed |= await self._each(group, items, adding=False)
        sound = [member for member in adding if is_id(member)]
        for start in range(0, len(sound), MOST):
            failed |= await self._add(group, sound[start : start + MOST])
        return MemberFailures(failed)

    async def _add(self, group: str, members: Sequence[str]) -> dict[str, ConnectorError]:
        urls = {member: f"{self._client.base_url}/directoryObjects/{member}" for member in members}
        if len(members) > 1:
            body = {"members@odata.bind": list(urls.values())}
            reply = await self._client.send("PATCH", place(GROUP, group), body=body)
            if reply.ok:
                self._remember(group, members, adding=True)
                return {}
            if not _is_in(reply):
                reason = await why_refused(self._client, GROUP, group, reply, members=True)
                if reason is not None:
                    return dict.fromkeys(members, reason)
            if reply.status not in {400, 404}:
                await self._client.expect(reply, Operation.CHANGE_MEMBERS, subject(GROUP, group), writes=True)
        # All or nothing was nothing: one is in already, or absent. Each for itself.
        path = f"{place(GROUP, group)}/members/$ref"
        items = {member: _Write("POST", path, {"@odata.id": url}) for member, url in urls.items()}
        return await self._each(group, items, adding=True)

    async def _each(self, group: str, items: Mapping[str, _Write], *, adding: bool) -> dict[str, ConnectorError]:
        """Send one write for each member and return who failed; those that Graph only seems not to know, again."""
        answers = await self._send(items)
        if all(isinstance(answer, Reply) and answer.status == 404 for answer in answers.values()):
            fresh = group in self._client.created
            if not await self._accounts.exists(GROUP, group):
                raise NotFound(f"There is no {subject(GROUP, group)} in the tenant.", code="graph.404")
            if fresh:
                answers = await self._send(items)
        for delay in VISIBILITY:
            again = {m: items[m] for m, answer in answers.items() if self._unsettled(group, m, answer, adding=adding)}
            if not again:
                break
            await self._client.sleep(delay)
            answers |= await self._send(again)
        done = [member for member, answer in answers.items() if _as_wanted(answer, adding=adding)]
        self._remember(group, done, adding=adding)
        failed = {m: await self._error(group, m, answer) for m, answer in answers.items() if m not in set(done)}
        for error in failed.values():
            if isinstance(error, Misconfigured):
                raise error
        if len(failed) == len(items) and all(isinstance(error, Unavailable) for error in failed.values()):
            raise next(iter(failed.values()))
        return failed | await self._reasons(group, answers, failed)

    async def _reasons(
        self, group: str, answers: Mapping[str, Reply | ConnectorError], failed: Mapping[str, ConnectorError]
    ) -> dict[str, ConnectorError]:
        """Return what the group itself says to refusals of its members: that a rule fills it, that it is Exchange's."""
        refused = [member for member, error in failed.items() if isinstance(error, Rejected)]
        answer = answers[refused[0]] if refused else None
        if not isinstance(answer, Reply):
            return {}
        reason = await why_refused(self._client, GROUP, group, answer, members=True)
        return dict.fromkeys(refused, reason) if reason is not None else {}

    async def _send(self, items: Mapping[str, _Write]) -> dict[str, Reply | ConnectorError]:
        """Send the writes at once, for the client to pack, and return what became of each."""
        answers = await asyncio.gather(*(self._send_one(item) for item in items.values()))
        return dict(zip(items, answers, strict=True))

    async def _send_one(self, item: _Write) -> Reply | ConnectorError:
        try:
            return await self._client.send(item.method, item.path, body=item.body, repeatable=True)
        except Misconfigured:
            raise
        except ConnectorError as error:
            return error

    def _unsettled(self, group: str, member: str, reply: Reply | ConnectorError, *, adding: bool) -> bool:
        """Whether an answer contradicts what this process did a moment ago, and so may be an old replica's."""
        if isinstance(reply, ConnectorError):
            return False
        changed = self._changed.get(f"{group}/{member}")
        if adding:
            return (reply.status == 404 and member in self._client.created) or (_is_in(reply) and changed == "removed")
        return reply.status == 404 and changed == "added"

    def _remember(self, group: str, members: Sequence[str], *, adding: bool) -> None:
        for member in members:
            self._changed.put(f"{group}/{member}", "added" if adding else "removed")

    async def _error(self, group: str, member: str, reply: Reply | ConnectorError) -> ConnectorError:
        if isinstance(reply, ConnectorError):
            return reply
        if reply.status == 404:
            return _no_member(member, "404")
        granted = await self._client.granted() if reply.status == 403 else None
        about = f"member {member} of {subject(GROUP, group)}"
        return error_of(reply, Context(Operation.CHANGE_MEMBERS, about, writes=True, granted=granted))


def _is_in(reply: Reply) -> bool:
    return reply.status == 400 and _EXIST in reply.message


def _as_wanted(reply: Reply | ConnectorError, *, adding: bool) -> bool:
    """Who is in already is added; who is not in, or does not exist, is removed."""
    if isinstance(reply, ConnectorError):
        return False
    return reply.ok or (_is_in(reply) if adding else reply.status == 404)


def _no_member(member: str, code: str) -> NotFound:
    return NotFound(
        f"The member {member[:64]} has no account in the tenant.",
        code=f"graph.{code}",
        fix="Nothing to do if it is still to be created; else look who has deleted it.",
    )
