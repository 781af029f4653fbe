"""Takes a queue message and sees it through: which connection, may it run, who runs it, what if somebody is at it.

It never raises for what the world does: only for faults of the hub or its storage, and those the queue tries again.
"""

import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from connectors.contract import Connector
from connectors.errors import Misconfigured, Unavailable
from provisioning.backup.runs import Position
from provisioning.backup.saving import Backup
from provisioning.connections.connection import Connection
from provisioning.connections.opening import OpenConnectors
from provisioning.correlation import begin
from provisioning.directory.backfill import Backfill
from provisioning.directory.directory import Directory
from provisioning.engine.circuit import Circuits
from provisioning.engine.converge import Converger
from provisioning.engine.jobs import Job, JobSender, JobType, backup_job
from provisioning.engine.link_store import LinkBusy, LinkStore, acknowledgement
from provisioning.engine.members import MembersConverger
from provisioning.engine.resync import Resync
from provisioning.telemetry.catalogue import JOB_DURATION, JOBS
from provisioning.telemetry.metrics import record
from provisioning.telemetry.spans import span

log = logging.getLogger(__name__)

type Active = Callable[[], Awaitable[Sequence[Connection]]]


class Ended(StrEnum):
    """How a job ended, for those who watch: its message is done with in any case but a fault of the hub."""

    DONE = "done"
    FAILED = "failed"
    BUSY = "busy"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Executor:
    """Runs jobs.

    ``active`` gives the enabled connections, ``connectors`` what they are opened with; ``backfill`` does the work of
    index jobs, ``backup`` that of backups.
    """

    active: Active
    connectors: OpenConnectors
    directory: Directory
    links: LinkStore
    circuits: Circuits
    sender: JobSender
    backfill: Backfill
    backup: Backup

    async def execute(self, job: Job) -> None:
        """Do what a job asks for, or leave it where the sweeper finds it; and tell how it ended."""
        job = dataclasses.replace(job, correlation=begin(job.correlation))
        started, ended = time.perf_counter(), Ended.FAILED
        facts = {"connection": job.connection, "type": job.type.value}
        with span(f"job {job.type}", cause=job.trace, resource=job.resource_id, **facts) as told:
            try:
                ended = await self._do(job)
            finally:
                elapsed = (time.perf_counter() - started) * 1000
                record(JOBS, outcome=ended.value, **facts)
                record(JOB_DURATION, elapsed, **facts)
                told.set_attribute("outcome", ended.value)
                fields = {**facts, "kind": job.kind.value, "resource": job.resource_id, "ms": round(elapsed)}
                log.info("job %s", ended, extra={"fields": fields})

    async def _do(self, job: Job) -> Ended:
        if job.type is JobType.FORGET:
            await self.directory.forget(job.resource_id)
            await self.links.write(acknowledgement(job))
            return Ended.DONE
        if job.type is JobType.INDEX:
            following = await self.backfill.step(job.declaration, job.after)
            if following is not None:
                await self.sender.send([dataclasses.replace(job, after=following.cursor)], delay=following.delay)
            return Ended.DONE
        if job.type is JobType.BACKUP:
            at = await self.backup.step(Position.parse(job.after))
            if at is not None:
                await self.sender.send([backup_job(at)])
            return Ended.DONE
        connection = next((each for each in await self.active() if each.id == job.connection), None)
        if connection is None:
            return Ended.DROPPED
        if job.type is JobType.RESYNC:
            await Resync(self.directory, self.sender).step(job)
            return Ended.DONE
        if (await self.circuits.get(connection.id)).stops(connection, datetime.now(UTC)):
            return Ended.DROPPED
        try:
            async with self.connectors.use(connection) as connector:
                able = dataclasses.replace(connection, features=connection.features.within(connector.capabilities))
                return Ended.DONE if await self._converge(job, able, connector) else Ended.FAILED
        except Misconfigured as error:
            await self.circuits.quarantine(connection, error)
            return Ended.FAILED
        except Unavailable as error:
            # Its secrets cannot be read now. Unacknowledged, the job comes back as those of a stopped connection do.
            await self.circuits.failed(connection, error)
            return Ended.FAILED
        except LinkBusy as busy:
            await self.sender.send([dataclasses.replace(job, due=True)], delay=timedelta(seconds=busy.retry_in))
            return Ended.BUSY

    async def _converge(self, job: Job, connection: Connection, connector: Connector) -> bool:
        run = MembersConverger if job.type is JobType.MEMBERS else Converger
        return await run(self.directory, self.links, self.circuits, self.sender).run(job, connection, connector)
