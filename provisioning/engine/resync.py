"""The resync job: walks every resource for one connection, when it is new, changed or enabled again.

It goes through the directory a page at a time and sends its own continuation, so that no step is long; what is in step
already costs its job two reads.
"""

from dataclasses import dataclass, replace

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.engine.jobs import Job, JobSender, JobType, member_jobs

PAGE = 100


@dataclass(frozen=True, slots=True)
class Resync:
    """Walks users, then groups with their members."""

    directory: Directory
    sender: JobSender

    async def step(self, job: Job) -> None:
        """Send the jobs of one page, then the continuation."""
        found = 0
        behind = job.after
        async for resource in self.directory.scan(job.kind, behind):
            jobs = [Job(JobType.CONVERGE, job.connection, job.kind, resource.id, correlation=job.correlation, due=True)]
            if job.kind is ObjectKind.GROUP:
                members = [member async for member in self.directory.memberships.members(resource.id)]
                jobs += member_jobs(job.connection, resource.id, members)
            await self.sender.send(jobs)
            found, behind = found + 1, resource.id
            if found == PAGE:
                await self.sender.send([replace(job, after=behind)])
                return
        if job.kind is ObjectKind.USER:
            await self.sender.send([replace(job, kind=ObjectKind.GROUP, after="")])
