"""What was counted of one operation: storage requests by kind, processor time, log lines. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Footprint:
    """The mean of several runs of one operation. ``cpu`` in milliseconds, ``line_bytes`` of messages alone."""

    table_reads: float = 0
    table_writes: float = 0
    queue_reads: float = 0
    queue_writes: float = 0
    cpu: float = 0
    lines: float = 0
    line_bytes: float = 0

    @property
    def tables(self) -> float:
        """Requests to tables."""
        return self.table_reads + self.table_writes

    @property
    def queues(self) -> float:
        """Requests to queues by the app itself; those of the Functions host come on top."""
        return self.queue_reads + self.queue_writes


READS = ("find a person", "read a person")
WRITES: Mapping[str, str] = {
    "create a person": "job: create an account",
    "change a person": "job: change an account",
    "change a membership": "job: change a membership",
}
"""Each write with the job that follows from it, in every connection."""
SWEPT = "sweep, for each write"
"""The sweeper removes what every connection has taken over."""
IDLE = ("sweep, nothing to do", "measure, nothing behind")
"""What timers do every minute."""


@dataclass(slots=True)
class Counted:
    """Everything that was counted, by the names above."""

    operations: dict[str, Footprint] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Footprint:
        return self.operations[name]

    @property
    def missing(self) -> list[str]:
        """Names that were not counted."""
        due = [*READS, *WRITES, *WRITES.values(), "job: nothing to do", SWEPT, *IDLE]
        return [name for name in due if name not in self.operations]
