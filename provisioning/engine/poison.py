"""The poison queue's reader: a job that failed five times becomes a report entry and a clock, so that nothing is lost.

Poison means a fault of the hub or its storage, not of the external system: those have their own ways.
"""

import dataclasses
import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisioning.correlation import begin
from provisioning.engine.jobs import HUB, Job, JobType, MalformedJob
from provisioning.engine.link_store import LinkStore, clock
from provisioning.engine.links import Link, LinkStatus, MemberLink, Problem, due_key
from provisioning.reports.entries import Action, Entry, Status
from provisioning.storage.entities import Changed, Exists, Missing, delete, insert, replace

log = logging.getLogger(__name__)

_AGAIN = timedelta(hours=1)
_FIX = "Look into the app's log by the correlation id. The change is tried again in an hour, and stays until it works."
_FIX_BACKUP = (
    "Look into the app's log by the correlation id. This night's backup stays unfinished; the next night begins "
    "another, and `python -m provisioning.backup save` writes one now."
)


@dataclass(frozen=True, slots=True)
class PoisonReader:
    """Reads one poisoned message at a time."""

    links: LinkStore

    async def read(self, body: bytes) -> None:
        """Report a poisoned message and escrow what it was about."""
        now = datetime.now(UTC)
        try:
            job = Job.parse(body)
        except MalformedJob as error:
            digest = hashlib.sha256(body).hexdigest()[:16]
            await self._report(
                Entry(now, HUB, Action.SKIP, Status.FAILURE, code="job.malformed", reason=f"{error} SHA-256 {digest}.")
            )
            return
        fix = _FIX_BACKUP if job.type is JobType.BACKUP else _FIX
        problem = Problem("job.poisoned", "The job failed five times by a fault of the hub, not of the system.", fix)
        begin(job.correlation)
        fields = {"connection": job.connection, "type": job.type.value, "resource": job.resource_id}
        log.error("job poisoned", extra={"fields": fields})
        await self._report(
            Entry(
                now,
                job.connection,
                Action.SKIP,
                Status.FAILURE,
                job.kind.value if job.resource_id else "",
                job.resource_id,
                code=problem.code,
                reason=problem.message,
                recommended_action=problem.fix,
                correlation=job.correlation,
            )
        )
        if job.type is JobType.CONVERGE:
            await self._escrow_link(job, problem, now)
        elif job.type is JobType.MEMBERS:
            for member in job.members:
                await self._escrow_member(job, member, problem, now)

    async def _report(self, entry: Entry) -> None:
        await self.links.write(entry.rows())

    async def _escrow_link(self, job: Job, problem: Problem, now: datetime) -> None:
        link = await self.links.get(job.connection, job.resource_id) or Link(job.connection, job.resource_id, job.kind)
        due = due_key(now + _AGAIN, link.key)
        escrowed = dataclasses.replace(link, status=LinkStatus.ESCROWED, problem=problem, due=due, lease="")
        await self._write(link.etag, escrowed, link.due)

    async def _escrow_member(self, job: Job, member_id: str, problem: Problem, now: datetime) -> None:
        member = await self.links.member(job.connection, job.resource_id, member_id) or MemberLink(
            job.connection, job.resource_id, member_id
        )
        due = due_key(now + _AGAIN, member.key)
        escrowed = dataclasses.replace(member, status=LinkStatus.ESCROWED, problem=problem, due=due, lease="")
        await self._write(member.etag, escrowed, member.due)

    async def _write(self, etag: str, row: Link | MemberLink, old_due: str) -> None:
        write = replace(row.entity(), etag) if etag else insert(row.entity())
        try:
            await self.links.write([write, insert(clock(row)), *([delete(row.connection, old_due)] if old_due else [])])
        except (Changed, Exists, Missing):
            fields = {"connection": row.connection, "row": row.key}
            log.info("the link has moved on since its job was poisoned", extra={"fields": fields})
