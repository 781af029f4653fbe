"""The converge job: brings one resource's account in one connection to what the directory wants.

Two reads tell whether there is anything to do. If so: lease, connector, settle. What the job cannot finish it leaves
on the link with a clock, so that the change is acknowledged: from then on the link itself remembers.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.contract import Connector, ObjectKind
from connectors.errors import ConnectorError, Unavailable
from provisioning.connections.connection import Connection
from provisioning.directory.directory import Directory
from provisioning.directory.resources import Resource, ResourceMissing
from provisioning.engine.apply import Application
from provisioning.engine.circuit import Circuits
from provisioning.engine.desire import desire
from provisioning.engine.jobs import Job, JobSender, JobType
from provisioning.engine.link_store import LeaseLost, LinkBusy, LinkStore, OwnedByAnother, acknowledgement
from provisioning.engine.links import Link, LinkStatus, Problem, member_key
from provisioning.engine.planner import SKIPS, Bring, Delete, Desired, Skip, Step, plan
from provisioning.engine.retries import WAITING_DELAY, Decision, Effect, decide
from provisioning.reports.entries import Action, Entry, Status

log = logging.getLogger(__name__)

_DONE = frozenset({LinkStatus.APPLIED, LinkStatus.DELETED, LinkStatus.SKIPPED})


@dataclass(frozen=True, slots=True)
class Converger:
    """Runs converge jobs."""

    directory: Directory
    links: LinkStore
    circuits: Circuits
    sender: JobSender

    async def run(self, job: Job, connection: Connection, connector: Connector) -> None:
        """Look at one resource and do what is to be done. Raises ``LinkBusy`` when another job is at it."""
        resource, link = await asyncio.gather(
            self._resource(job.kind, job.resource_id), self.links.get(connection.id, job.resource_id)
        )
        desired = desire(job.kind, resource, link, connector.defaults[job.kind].mappings)
        if _nothing_to_do(desired, link, job):
            if job.swept:
                await self.links.write(acknowledgement(job))
            return
        link = link or Link(connection.id, job.resource_id, job.kind)
        link = dataclasses.replace(link, name=desired.name or link.name)
        if left := link.lease_left(datetime.now(UTC)):
            raise LinkBusy(left)
        steps = plan(desired, link, connection.features, connection.deletion)
        if all(isinstance(step, Skip) for step in steps):
            await self._record(job, desired, link, steps)
            return
        await self._apply(job, connection, connector, desired, link, steps)

    async def _resource(self, kind: ObjectKind, resource_id: str) -> Resource | None:
        try:
            return await self.directory.get(kind, resource_id)
        except ResourceMissing:
            return None

    async def _record(self, job: Job, desired: Desired, link: Link, steps: Sequence[Step]) -> None:
        """Note a change that asks for nothing here, with the reason why."""
        reasons = [step.reason for step in steps if isinstance(step, Skip)]
        if link.etag == "" and not reasons:
            await self.links.write(acknowledgement(job))
            return
        if desired.generation == link.generation and link.status in _DONE:
            if job.swept:
                await self.links.write(acknowledgement(job))
            return
        waits = link.status is LinkStatus.WAITING and not reasons
        settled = dataclasses.replace(
            link,
            generation=desired.generation,
            status=LinkStatus.SKIPPED if reasons else LinkStatus.APPLIED,
            problem=Problem(),
            attempts=0,
        )
        entries = [
            Entry(
                datetime.now(UTC),
                link.connection,
                Action.SKIP,
                Status.SKIPPED,
                link.kind.value,
                link.resource_id,
                settled.name,
                link.remote_id,
                link.remote_name,
                code=reason,
                reason=SKIPS[reason],
                correlation=job.correlation,
            )
            for reason in (reasons or ([] if waits else ["nothingMapped"]))
        ]
        before = link if link.etag else await self.links.lease(link)
        try:
            await self.links.settle(before, dataclasses.replace(settled, etag=before.etag), entries, job)
        except LeaseLost as lost:
            raise LinkBusy from lost

    async def _apply(
        self,
        job: Job,
        connection: Connection,
        connector: Connector,
        desired: Desired,
        link: Link,
        steps: Sequence[Step],
    ) -> None:
        creating = any(isinstance(step, Bring) for step in steps)
        held = await self.links.lease(link, intent="create" if creating else "")
        work = Application(connection, connector, self.links, desired, held, job.correlation, bool(link.intent))
        try:
            async with asyncio.timeout(self.links.term.total_seconds() * 0.8):
                await work.run(steps)
        except TimeoutError:
            work.fail(
                steps[-1],
                Unavailable(
                    "The system took too long to answer.",
                    code="timeout",
                    fix="Look at the load of the system; the change is tried again by itself.",
                    may_have_happened=True,
                ),
            )
        settled, due = _outcome(work, held, desired)
        try:
            waiters = await self.links.settle(held, settled, work.entries, job, due=due)
        except OwnedByAnother:
            # Another resource has claimed the account since we looked: look again, and find out who.
            await self.links.release(held)
            raise LinkBusy from None
        except LeaseLost:
            log.warning("lease of %s in %s ran out; the next job sees what was done", link.resource_id, connection.id)
            return
        await self._afterwards(job, connection, held, settled, work, steps, waiters)

    async def _afterwards(
        self,
        job: Job,
        connection: Connection,
        before: Link,
        link: Link,
        work: Application,
        steps: Sequence[Step],
        waiters: Sequence[str],
    ) -> None:
        """Tell the connection's circuit, those who waited for this account, and what it waits for itself."""
        decision = decide(work.error, link.attempts) if work.error else None
        await self._tell_circuit(connection, work, decision)
        follow_ups = await self._woken(connection.id, waiters)
        if link.remote_id and link.remote_id != before.remote_id and before.generation:
            # Not the first account of this resource here: the earlier one had memberships.
            follow_ups += await self._memberships_again(connection.id, link)
        for pending in work.missing:
            other = Link(connection.id, pending.resource_id, pending.kind)
            if not await self.links.add_waiter(other, link.key):
                follow_ups.append(dataclasses.replace(job, generation="", due=True, swept=False))
        await self.sender.send(follow_ups)
        if link.kind is ObjectKind.GROUP and any(isinstance(step, Delete) for step in steps) and not work.error:
            await self.links.forget_members(connection.id, link.resource_id)

    async def _tell_circuit(self, connection: Connection, work: Application, decision: Decision | None) -> None:
        if work.error is not None and decision is not None and decision.effect is Effect.QUARANTINE:
            await self.circuits.quarantine(connection, work.error)
        elif work.error is not None and decision is not None and decision.effect is Effect.COUNT:
            await self.circuits.failed(connection, work.error)
        elif work.answered:
            await self.circuits.succeeded(connection)

    async def _woken(self, connection: str, waiters: Sequence[str]) -> list[Job]:
        """Return the jobs of those who waited for an account that now exists."""
        jobs: list[Job] = []
        for row in waiters:
            kind, _, rest = row.partition(":")
            if kind == "l":
                waiting = ObjectKind.GROUP if rest.startswith("g-") else ObjectKind.USER
                jobs.append(Job(JobType.CONVERGE, connection, waiting, rest, due=True))
                continue
            group, _, member = rest.partition(":")
            members = [member] if member else await self.links.waiting_members(connection, group)
            jobs += member_jobs(connection, group, members)
        return jobs

    async def _memberships_again(self, connection: str, link: Link) -> list[Job]:
        """Return the jobs that put an account that was made anew back into its groups, a group's members back in."""
        if link.kind is ObjectKind.GROUP:
            members = [member async for member in self.directory.memberships.members(link.resource_id)]
            return member_jobs(connection, link.resource_id, members)
        groups = [group async for group in self.directory.memberships.groups_of(link.resource_id)]
        return [job for group in groups for job in member_jobs(connection, group, [link.resource_id])]


def member_jobs(connection: str, group: str, members: Sequence[str], size: int = 49) -> list[Job]:
    """Return the jobs that look at memberships of a group, ``size`` to a job."""
    return [
        Job(
            JobType.MEMBERS, connection, ObjectKind.GROUP, group, members=tuple(members[start : start + size]), due=True
        )
        for start in range(0, len(members), size)
    ]


def waiting_row(group: str, member: str, *, for_group: bool) -> str:
    """Return what a membership leaves as a waiter: its own row on the member, one mark for all of them on the group."""
    return f"m:{group}:" if for_group else member_key(group, member)


def _nothing_to_do(desired: Desired, link: Link | None, job: Job) -> bool:
    if link is None:
        return not desired.exists
    return link.generation == desired.generation and link.status is not LinkStatus.NEW and not job.due


def _outcome(work: Application, held: Link, desired: Desired) -> tuple[Link, datetime | None]:
    """Return the link as it stands after the steps, and when it wants to be looked at again."""
    now = datetime.now(UTC)
    link = dataclasses.replace(work.link, generation=desired.generation, intent="", waiters=held.waiters)
    if work.error is not None:
        return _failed(link, work.error, now)
    if work.missing:
        problem = Problem(
            "reference.waiting",
            f"Waits for the account of {work.missing[0].resource_id} ({len(work.missing)} reference missing).",
            "Nothing to do: it is written as soon as that account exists.",
        )
        _report_waiting(work, problem)
        return dataclasses.replace(link, status=LinkStatus.WAITING, problem=problem, attempts=0), now + WAITING_DELAY
    status = LinkStatus.APPLIED if link.remote_id else LinkStatus.DELETED
    if any(entry.action is Action.SKIP for entry in work.entries):
        status = LinkStatus.SKIPPED
    return dataclasses.replace(link, status=status, problem=Problem(), attempts=0), None


def _failed(link: Link, error: ConnectorError, now: datetime) -> tuple[Link, datetime | None]:
    attempts = link.attempts + 1
    decision = decide(error, attempts)
    unsure = isinstance(error, Unavailable) and error.may_have_happened and not link.remote_id
    failed = dataclasses.replace(
        link,
        status=LinkStatus.PARKED if error.code == "match.ambiguous" else decision.status,
        problem=Problem(error.code, str(error), error.fix),
        attempts=attempts,
        intent="create" if unsure else "",
    )
    # What waits for an administrator is looked at once a day all the same: it may have been put right there.
    return failed, now + (timedelta(days=1) if failed.status is LinkStatus.PARKED else decision.delay)


def _report_waiting(work: Application, problem: Problem) -> None:
    if work.link.problem.code == problem.code:
        return
    work.entries.append(
        Entry(
            datetime.now(UTC),
            work.connection.id,
            Action.UPDATE,
            Status.WAITING,
            work.link.kind.value,
            work.link.resource_id,
            work.desired.name,
            work.link.remote_id,
            work.link.remote_name,
            code=problem.code,
            reason=problem.message,
            recommended_action=problem.fix,
            correlation=work.correlation,
        )
    )
