"""The members job: brings some memberships of a group in one connection to what the directory wants.

Every membership is a row with its own lease, so that two hundred jobs for one group do not wait for each other; the
group's whole list is never read.
"""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from connectors.contract import Connector, ObjectKind
from connectors.errors import ConnectorError, NotFound, Unavailable
from provisioning.connections.connection import Connection
from provisioning.directory.directory import Directory
from provisioning.directory.keys import kind_of
from provisioning.engine.circuit import Circuits
from provisioning.engine.jobs import Job, JobSender, JobType
from provisioning.engine.link_store import LeaseLost, LinkBusy, LinkStore, acknowledgement
from provisioning.engine.links import Link, LinkStatus, MemberLink, Problem, waiting_row
from provisioning.engine.planner import SKIPS
from provisioning.engine.retries import WAITING_DELAY, Effect, decide
from provisioning.reports.entries import Action, Entry, Status

log = logging.getLogger(__name__)

_PER_SETTLE = 16
"""A membership leaves up to six rows (itself, its clock, its entry for three searches): sixteen fit a transaction."""


class MemberStep(StrEnum):
    """What one membership needs."""

    NOTHING = "nothing"
    ADD = "add"
    REMOVE = "remove"
    WAIT = "wait"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Membership:
    """One membership as it is wanted and as it stands: the links of both ends, the row between them."""

    row: MemberLink
    stored: bool
    wanted: bool
    group: Link | None
    member: Link | None

    @property
    def group_remote(self) -> str:
        """The group's account, or empty."""
        return self.group.remote_id if self.group else ""

    @property
    def member_remote(self) -> str:
        """The member's account, or empty."""
        return self.member.remote_id if self.member else ""

    def step(self) -> MemberStep:
        """Return what is to be done. A row that was never settled may have been applied: it is undone to be sure."""
        ready = bool(self.group_remote and self.member_remote)
        if self.wanted:
            stands = (self.row.applied, self.row.group_remote, self.row.member_remote)
            if stands == (True, self.group_remote, self.member_remote) and ready:
                return MemberStep.NOTHING
            return MemberStep.ADD if ready else MemberStep.WAIT
        if not self.stored:
            return MemberStep.NOTHING
        if ready:
            return MemberStep.REMOVE
        missing = [link for link in (self.group, self.member) if link is None or not link.remote_id]
        return MemberStep.WAIT if all(link is not None and link.may_return for link in missing) else MemberStep.DROP


@dataclass(frozen=True, slots=True)
class MembersConverger:
    """Runs members jobs."""

    directory: Directory
    links: LinkStore
    circuits: Circuits
    sender: JobSender

    async def run(self, job: Job, connection: Connection, connector: Connector) -> bool:
        """Look at the job's memberships and do what is to be done; tell whether it went well. Raises ``LinkBusy``."""
        if not connection.features.manage_memberships or not connector.capabilities.memberships:
            await self._skip(job, connection)
            return True
        memberships = await self._read(job, connection.id)
        todo = [membership for membership in memberships if membership.step() is not MemberStep.NOTHING]
        if not todo:
            if job.swept or len(memberships) == 0:
                await self.links.write(acknowledgement(job))
            return True
        held, busy = await self.links.claim_members([membership.row for membership in todo])
        by_key = {membership.row.key: membership for membership in todo}
        taken = [dataclasses.replace(by_key[row.key], row=row) for row in held]
        well = True
        for start in range(0, len(taken), _PER_SETTLE):
            last = start + _PER_SETTLE >= len(taken) and not busy
            some = taken[start : start + _PER_SETTLE]
            well &= await self._converge(job, connection, connector, some, acknowledge=last)
        if busy:
            raise LinkBusy(min(row.lease_left(datetime.now(UTC)) for row in busy))
        return well

    async def _read(self, job: Job, connection: str) -> list[Membership]:
        group = await self.links.get(connection, job.resource_id)

        async def one(member_id: str) -> Membership:
            wanted, row, member = await asyncio.gather(
                self.directory.memberships.contains(job.resource_id, member_id),
                self.links.member(connection, job.resource_id, member_id),
                self.links.get(connection, member_id),
            )
            fresh = MemberLink(connection, job.resource_id, member_id)
            return Membership(row or fresh, row is not None, wanted, group, member)

        return list(await asyncio.gather(*(one(member) for member in dict.fromkeys(job.members))))

    async def _skip(self, job: Job, connection: Connection) -> None:
        entry = Entry(
            datetime.now(UTC),
            connection.id,
            Action.SKIP,
            Status.SKIPPED,
            ObjectKind.GROUP.value,
            job.resource_id,
            code="membershipsOff",
            reason=SKIPS["membershipsOff"],
            correlation=job.correlation,
        )
        await self.links.write([*entry.rows(), *acknowledgement(job)])

    async def _converge(
        self,
        job: Job,
        connection: Connection,
        connector: Connector,
        memberships: Sequence[Membership],
        *,
        acknowledge: bool,
    ) -> bool:
        started = time.monotonic()
        failures, whole = await self._change(connector, memberships)
        duration = round((time.monotonic() - started) * 1000)
        settled: list[tuple[MemberLink, MemberLink | None, datetime | None]] = []
        entries: list[Entry] = []
        for membership in memberships:
            changed = membership.step() in {MemberStep.ADD, MemberStep.REMOVE}
            error = (whole or failures.get(membership.member_remote)) if changed else None
            now, due, entry = _settled(membership, error)
            settled.append((membership.row, now, due))
            if entry is not None:
                entries.append(dataclasses.replace(entry, duration=duration, correlation=job.correlation))
        try:
            await self.links.settle_members(settled, entries, acknowledgement(job) if acknowledge else ())
        except LeaseLost:
            fields = {"connection": connection.id, "resource": job.resource_id}
            log.warning("a membership's lease ran out; the next job sees it", extra={"fields": fields})
            raise LinkBusy from None
        await self._tell_circuit(connection, memberships, whole)
        await self._wait(job, connection.id, memberships)
        return whole is None and not failures

    async def _change(
        self, connector: Connector, memberships: Sequence[Membership]
    ) -> tuple[Mapping[str, ConnectorError], ConnectorError | None]:
        add = [each.member_remote for each in memberships if each.step() is MemberStep.ADD]
        remove = [each.member_remote for each in memberships if each.step() is MemberStep.REMOVE]
        if not add and not remove:
            return {}, None
        try:
            async with asyncio.timeout(self.links.term.total_seconds() * 0.8):
                failures = await connector.change_members(memberships[0].group_remote, add, remove)
        except TimeoutError:
            return {}, Unavailable("The system took too long to answer.", code="timeout", may_have_happened=True)
        except NotFound as gone:
            await self._group_lost(memberships[0])
            return {}, Unavailable(
                f"The group's account is not there any more. {gone}",
                code="account.gone",
                fix="Nothing to do: the group is found or made again, and its members follow.",
                retry_after=30,
                one_object=True,
            )
        except ConnectorError as error:
            return {}, error
        return failures.failed, None

    async def _group_lost(self, membership: Membership) -> None:
        """Have a group whose account somebody has deleted looked at: it is found or made again."""
        if membership.group is not None:
            await self.links.let_go(membership.group, LinkStatus.NEW)
            row = membership.row
            await self.sender.send([Job(JobType.CONVERGE, row.connection, ObjectKind.GROUP, row.group_id, due=True)])

    async def _tell_circuit(
        self, connection: Connection, memberships: Sequence[Membership], error: ConnectorError | None
    ) -> None:
        if error is None:
            if any(each.step() in {MemberStep.ADD, MemberStep.REMOVE} for each in memberships):
                await self.circuits.succeeded(connection)
            return
        effect = decide(error, 1).effect
        if effect is Effect.QUARANTINE:
            await self.circuits.quarantine(connection, error)
        elif effect is Effect.COUNT:
            await self.circuits.failed(connection, error)

    async def _wait(self, job: Job, connection: str, memberships: Sequence[Membership]) -> None:
        """Leave a mark on the links whose accounts are missing; who has appeared meanwhile is looked at now."""
        again: list[str] = []
        for each in memberships:
            if each.step() is not MemberStep.WAIT:
                continue
            group_missing = not each.group_remote
            missing = job.resource_id if group_missing else each.row.member_id
            kind = kind_of(missing)
            if kind is None:
                continue
            row = waiting_row(job.resource_id, each.row.member_id, for_group=group_missing)
            if not await self.links.add_waiter(Link(connection, missing, kind), row):
                again.append(each.row.member_id)
        if again:
            await self.sender.send([dataclasses.replace(job, members=tuple(again), generation="", due=True)])


def _settled(
    membership: Membership, error: ConnectorError | None
) -> tuple[MemberLink | None, datetime | None, Entry | None]:
    """Return the row as it stands afterwards (``None``: out), when it is due, and its report entry."""
    row, step, now = membership.row, membership.step(), datetime.now(UTC)
    action = Action.ADD_MEMBER if membership.wanted else Action.REMOVE_MEMBER
    if error is not None:
        decision = decide(error, row.attempts + 1)
        problem = Problem(error.code, str(error), error.fix)
        put_off = decision.status is LinkStatus.RETRYING
        failed = dataclasses.replace(row, status=decision.status, problem=problem, attempts=row.attempts + 1)
        entry = _entry(membership, action, Status.WAITING if put_off else Status.FAILURE, problem)
        return failed, now + decision.delay, entry
    if step is MemberStep.WAIT:
        what = "the group" if not membership.group_remote else "the member"
        done = "added as soon as both accounts exist" if membership.wanted else "removed if the account is restored"
        problem = Problem(
            "reference.waiting",
            f"Waits for the account of {what}.",
            f"Nothing to do: the member is {done}.",
        )
        told = row.problem.code == problem.code
        waiting = dataclasses.replace(
            row, status=LinkStatus.WAITING, problem=problem, applied=False, attempts=row.attempts + 1
        )
        delay = WAITING_DELAY * min(2 ** min(row.attempts, 8), 144)
        return waiting, now + delay, None if told else _entry(membership, action, Status.WAITING, problem)
    if step is MemberStep.DROP:
        gone = Problem("wentWithAccount", SKIPS["wentWithAccount"])
        return None, None, _entry(membership, action, Status.SUCCESS, gone) if row.applied else None
    if step is MemberStep.REMOVE:
        return None, None, _entry(membership, action, Status.SUCCESS, Problem())
    applied = dataclasses.replace(
        row,
        applied=True,
        group_remote=membership.group_remote,
        member_remote=membership.member_remote,
        status=LinkStatus.APPLIED,
        problem=Problem(),
        attempts=0,
    )
    return applied, None, _entry(membership, action, Status.SUCCESS, Problem())


def _entry(membership: Membership, action: Action, status: Status, problem: Problem) -> Entry:
    group, member = membership.group, membership.member
    return Entry(
        datetime.now(UTC),
        membership.row.connection,
        action,
        status,
        ObjectKind.GROUP.value,
        membership.row.group_id,
        group.name if group else "",
        membership.group_remote,
        group.remote_name if group else "",
        membership.row.member_id,
        member.name if member else "",
        membership.member_remote or membership.row.member_remote,
        code=problem.code,
        reason=problem.message,
        recommended_action=problem.fix,
        attempt=membership.row.attempts + 1,
    )
