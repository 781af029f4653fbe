"""The converge job: brings one resource's account in one connection to what the directory wants.

Two reads tell whether there is anything to do. If so: lease, connector, settle. What the job cannot finish it leaves
on the link with a clock, so that the change is acknowledged: from then on the link itself remembers.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.contract import Connector, ObjectKind
from connectors.errors import Unavailable
from provisioning.connections.connection import Connection
from provisioning.directory.directory import Directory
from provisioning.directory.resources import Resource, ResourceMissing
from provisioning.engine.apply import Application
from provisioning.engine.circuit import Circuits
from provisioning.engine.desire import desire
from provisioning.engine.doubt import doubt
from provisioning.engine.jobs import Job, JobSender, JobType, member_jobs
from provisioning.engine.link_store import LeaseLost, LinkBusy, LinkStore, OwnedByAnother, acknowledgement
from provisioning.engine.links import Link, LinkStatus, Problem
from provisioning.engine.outcome import intent_of, outcome
from provisioning.engine.planner import SKIPS, Delete, Desired, Skip, Step, plan
from provisioning.engine.retries import Decision, Effect, decide
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

    async def run(self, job: Job, connection: Connection, connector: Connector) -> bool:
        """Look at one resource and do what is to be done; tell whether it went well.

        Raises ``LinkBusy`` when another job is at it.
        """
        resource, link = await asyncio.gather(
            self._resource(job.kind, job.resource_id), self.links.get(connection.id, job.resource_id)
        )
        desired = desire(job.kind, resource, link, connector.defaults[job.kind].mappings)
        if _nothing_to_do(desired, link, job):
            if job.swept:
                await self.links.write(acknowledgement(job))
            return True
        link = link or Link(connection.id, job.resource_id, job.kind)
        link = dataclasses.replace(link, name=desired.name or link.name)
        if left := link.lease_left(datetime.now(UTC)):
            raise LinkBusy(left)
        steps = plan(desired, link, connection.features, connection.deletion)
        if all(isinstance(step, Skip) for step in steps):
            await self._record(job, desired, link, steps)
            return True
        return await self._apply(job, connection, connector, desired, link, steps)

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
    ) -> bool:
        held = await self.links.lease(link, intent=intent_of(connection, connector, desired, steps))
        work = Application(connection, connector, self.links, desired, held, job.correlation, link.intent)
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
        settled, due = outcome(work, held, desired)
        # Not the first account of this resource here: the earlier one had memberships.
        anew = bool(held.generation and settled.remote_id and settled.remote_id != held.remote_id)
        groups = await self._doubted(connection.id, settled) if work.left_groups or anew else []
        try:
            waiters = await self.links.settle(held, settled, work.entries, job, due=due)
        except OwnedByAnother:
            # Another resource has claimed the account since we looked: look again, and find out who.
            await self.links.release(held)
            raise LinkBusy from None
        except LeaseLost:
            fields = {"connection": connection.id, "resource": link.resource_id}
            log.warning("the lease ran out; the next job sees what was done", extra={"fields": fields})
            return False
        await self.sender.send(groups)
        await self._afterwards(job, connection, settled, work, steps, waiters)
        return work.error is None

    async def _afterwards(
        self,
        job: Job,
        connection: Connection,
        link: Link,
        work: Application,
        steps: Sequence[Step],
        waiters: Sequence[str],
    ) -> None:
        """Tell the connection's circuit, those who waited for this account, and what it waits for itself."""
        decision = decide(work.error, link.attempts) if work.error else None
        await self._tell_circuit(connection, work, decision)
        follow_ups = await self._woken(connection.id, waiters)
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

    async def _doubted(self, connection: str, link: Link) -> list[Job]:
        """Return the jobs that look at the memberships of an account which may have lost them.

        Before the link is settled, each gets a clock of its own: whatever becomes of this process, none is forgotten.
        """
        jobs = await self._memberships_again(connection, link)
        for job in jobs:
            await doubt(self.links, connection, job.resource_id, job.members)
        return jobs

    async def _memberships_again(self, connection: str, link: Link) -> list[Job]:
        """Return the jobs that put an account that was made anew back into its groups, a group's members back in."""
        if link.kind is ObjectKind.GROUP:
            members = [member async for member in self.directory.memberships.members(link.resource_id)]
            return member_jobs(connection, link.resource_id, members)
        groups = [group async for group in self.directory.memberships.groups_of(link.resource_id)]
        return [job for group in groups for job in member_jobs(connection, group, [link.resource_id])]


def _nothing_to_do(desired: Desired, link: Link | None, job: Job) -> bool:
    if link is None:
        return not desired.exists
    return link.generation == desired.generation and link.status is not LinkStatus.NEW and not job.due
