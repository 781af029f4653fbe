"""Members of groups: twenty additions in one PATCH; what is refused there, and removals, one by one in $batch."""

from collections.abc import Mapping, Sequence

from connectors.contract import MemberFailures, ObjectKind
from connectors.errors import ConnectorError, Misconfigured, NotFound, Unavailable
from connectors.graph.accounts import Accounts, is_id, place, subject
from connectors.graph.batch import MOST, Item, send_all
from connectors.graph.client import VISIBILITY
from connectors.graph.errors import Context, error_of
from connectors.graph.permissions import Operation
from connectors.graph.recent import Recent
from connectors.graph.reply import Reply

GROUP = ObjectKind.GROUP

SETTLING_SECONDS = 60.0
"""For how long a membership that we changed may look to Graph as if we had not: its replicas lag."""

_EXIST = "references already exist"
"""Graph says that a member is in already by a 400 that has neither details nor a code of its own: the one place where a
message is read. Should the words change, the member is reported as refused; nobody is lost."""


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
            items = {m: Item("DELETE", f"{place(GROUP, group)}/members/{m}/$ref") for m in removing}
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
            if reply.status not in {400, 404}:
                await self._client.expect(reply, Operation.CHANGE_MEMBERS, subject(GROUP, group), writes=True)
        # All or nothing was nothing: one is in already, or absent. Each for itself.
        path = f"{place(GROUP, group)}/members/$ref"
        items = {member: Item("POST", path, {"@odata.id": url}) for member, url in urls.items()}
        return await self._each(group, items, adding=True)

    async def _each(self, group: str, items: Mapping[str, Item], *, adding: bool) -> dict[str, ConnectorError]:
        """Send one write for each member and return who failed; those that Graph only seems not to know, again."""
        replies = await self._send(group, items)
        if all(reply.status == 404 for reply in replies.values()):
            fresh = group in self._client.created
            if not await self._accounts.exists(GROUP, group):
                raise NotFound(f"There is no {subject(GROUP, group)} in the tenant.", code="graph.404")
            if fresh:
                replies = await self._send(group, items)
        for delay in VISIBILITY:
            again = {m: items[m] for m, reply in replies.items() if self._unsettled(group, m, reply, adding=adding)}
            if not again:
                break
            await self._client.sleep(delay)
            replies |= await self._send(group, again)
        done = [member for member, reply in replies.items() if _as_wanted(reply, adding=adding)]
        self._remember(group, done, adding=adding)
        failed = {m: await self._error(group, m, reply) for m, reply in replies.items() if m not in set(done)}
        for error in failed.values():
            if isinstance(error, Misconfigured):
                raise error
        if len(failed) == len(items) and all(isinstance(error, Unavailable) for error in failed.values()):
            raise next(iter(failed.values()))
        return failed

    async def _send(self, group: str, items: Mapping[str, Item]) -> dict[str, Reply]:
        replies = await send_all(self._client, list(items.values()), Operation.CHANGE_MEMBERS, subject(GROUP, group))
        return dict(zip(items, replies, strict=True))

    def _unsettled(self, group: str, member: str, reply: Reply, *, adding: bool) -> bool:
        """Whether an answer contradicts what this process did a moment ago, and so may be an old replica's."""
        changed = self._changed.get(f"{group}/{member}")
        if adding:
            return (reply.status == 404 and member in self._client.created) or (_is_in(reply) and changed == "removed")
        return reply.status == 404 and changed == "added"

    def _remember(self, group: str, members: Sequence[str], *, adding: bool) -> None:
        for member in members:
            self._changed.put(f"{group}/{member}", "added" if adding else "removed")

    async def _error(self, group: str, member: str, reply: Reply) -> ConnectorError:
        if reply.status == 404:
            return _no_member(member, "404")
        granted = await self._client.granted() if reply.status == 403 else None
        about = f"member {member} of {subject(GROUP, group)}"
        return error_of(reply, Context(Operation.CHANGE_MEMBERS, about, writes=True, granted=granted))


def _is_in(reply: Reply) -> bool:
    return reply.status == 400 and _EXIST in reply.message


def _as_wanted(reply: Reply, *, adding: bool) -> bool:
    """Who is in already is added; who is not in, or does not exist, is removed."""
    return reply.ok or (_is_in(reply) if adding else reply.status == 404)


def _no_member(member: str, code: str) -> NotFound:
    return NotFound(
        f"The member {member[:64]} has no account in the tenant.",
        code=f"graph.{code}",
        fix="Nothing to do if it is still to be created; else look who has deleted it.",
    )
