"""Jobs: queue messages that name what to look at. A job is a hint, never the data; losing one costs time only.

``converge`` looks at one resource in one connection, ``members`` at some memberships of a group, ``forget`` removes
the memberships of a deleted resource from the hub itself, ``resync`` walks every resource of a connection, ``index``
brings the look-up rows of the hub's own directory to what is declared, ``backup`` writes one part of a backup.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from connectors.contract import ObjectKind
from provisioning.backup.runs import Position
from provisioning.directory.declared import Declaration
from provisioning.directory.outbox import Announcement
from provisioning.storage.entities import StoreError
from provisioning.storage.store import Queue
from provisioning.telemetry.spans import current

QUEUE = "provisioning-jobs"
HUB = "hub"
"""Stands where a connection id stands, for work on the hub's own directory."""

log = logging.getLogger(__name__)


class JobType(StrEnum):
    """What a job asks for."""

    CONVERGE = "converge"
    MEMBERS = "members"
    FORGET = "forget"
    RESYNC = "resync"
    INDEX = "index"
    BACKUP = "backup"


class MalformedJob(ValueError):
    """A message is not a job of this version; it can only be reported."""


@dataclass(frozen=True, slots=True)
class Job:
    """One message. ``generation`` names the outbox row it came from, empty where it came from a clock.

    ``swept``: the sweeper sent it again and waits for an acknowledgement. ``due``: a link's own clock asked for it, so
    that escrow and waiting are tried although nothing has changed. ``after`` is how far a resync, an index job or a
    backup has come; ``declaration`` names the declared attribute that an index job is about. ``trace`` is the
    traceparent of what led to the job, where that is told of.
    """

    type: JobType
    connection: str
    kind: ObjectKind = ObjectKind.USER
    resource_id: str = ""
    generation: str = ""
    members: tuple[str, ...] = ()
    correlation: str = ""
    swept: bool = False
    due: bool = False
    after: str = ""
    declaration: str = ""
    trace: str = ""

    def message(self) -> dict[str, Any]:
        """Return the body of the queue message, without what is empty."""
        return {"v": 1, **{name: value for name, value in asdict(self).items() if value}}

    @classmethod
    def parse(cls, body: bytes | str) -> Self:
        """Read a queue message; what a later version has added to it is left out. Raises ``MalformedJob``."""
        try:
            fields = json.loads(body)
            version = fields.pop("v")
            members = tuple(str(member) for member in fields.pop("members", ()))
            job = cls(
                type=JobType(fields.pop("type")),
                kind=ObjectKind(fields.pop("kind", ObjectKind.USER)),
                members=members,
                **{name: value for name, value in fields.items() if name in cls.__dataclass_fields__},
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise MalformedJob(f"The message is not a job: {type(error).__name__}.") from error
        if version != 1:
            raise MalformedJob(f"The job is of version {version}, not 1.")
        return job


class JobSender:
    """Sends jobs. ``active`` names the connections that are enabled now."""

    def __init__(self, queue: Queue, active: Callable[[], Awaitable[Sequence[str]]]) -> None:
        self._queue = queue
        self._active = active

    async def announce(self, announcement: Announcement) -> None:
        """Send the jobs of a committed change, one for each enabled connection, at once.

        A queue that fails here fails nobody: the outbox row stands and the sweeper sends the jobs.
        """
        try:
            connections = list(await self._active())
            await self.send(jobs_of(announcement, connections))
        except StoreError:
            fields = {"resource": announcement.resource_id}
            log.warning("jobs not sent; the sweeper will", extra={"fields": fields}, exc_info=True)

    async def send(self, jobs: Iterable[Job], *, delay: timedelta = timedelta()) -> None:
        """Send jobs at the same time, to appear after ``delay``."""
        trace = current()
        led = [job if job.trace else replace(job, trace=trace) for job in jobs] if trace else jobs
        await asyncio.gather(*(self._queue.send(job.message(), delay=delay) for job in led))


def jobs_of(announcement: Announcement, connections: Sequence[str], *, swept: bool = False) -> list[Job]:
    """Return the jobs that a change needs: one for each connection, and the hub's own where a resource is gone."""
    job = Job(
        JobType.MEMBERS if announcement.members else JobType.CONVERGE,
        "",
        announcement.kind,
        announcement.resource_id,
        announcement.generation,
        announcement.members,
        announcement.correlation,
        swept=swept,
    )
    return [
        replace(job, connection=connection, type=JobType.FORGET if connection == HUB else job.type)
        for connection in (*connections, *([HUB] if announcement.deleted and HUB not in connections else []))
    ]


def index_job(declaration: Declaration) -> Job:
    """Return the job that goes on with the work of a declared attribute."""
    kind = declaration.declared.kind
    return Job(JobType.INDEX, HUB, kind, after=declaration.cursor, declaration=declaration.id)


def backup_job(at: Position) -> Job:
    """Return the job that writes one part of a backup, and sends the next; the run's name joins their log lines."""
    return Job(JobType.BACKUP, HUB, correlation=at.run, after=str(at))


def member_jobs(connection: str, group: str, members: Sequence[str], size: int = 49) -> list[Job]:
    """Return the jobs that look at memberships of a group, ``size`` to a job."""
    return [
        Job(
            JobType.MEMBERS, connection, ObjectKind.GROUP, group, members=tuple(members[start : start + size]), due=True
        )
        for start in range(0, len(members), size)
    ]
