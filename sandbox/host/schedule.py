"""When a timer is due: six-field NCRONTAB and time spans, in UTC, and what was missed. Pure; croniter counts.

Reference: https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from croniter import croniter  # type: ignore[import-untyped]  # it ships no types

from sandbox.host.settings import HostError, timespan

NEVER = datetime.min.replace(tzinfo=UTC)

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
# Name, lowest and highest value, names and the number of the first name.
_FIELDS: tuple[tuple[str, int, int, list[str], int], ...] = (
    ("second", 0, 59, [], 0),
    ("minute", 0, 59, [], 0),
    ("hour", 0, 23, [], 0),
    ("day", 1, 31, [], 0),
    ("month", 1, 12, _MONTHS, 1),
    ("day of week", 0, 6, _DAYS, 0),
)


@dataclass(frozen=True)
class Schedule:
    """A parsed schedule expression. Five fields have second 0; ``hh:mm:ss`` is an interval."""

    expression: str

    @cached_property
    def interval(self) -> timedelta | None:
        """The interval, where the expression is a time span. Raises ``HostError`` when it is not positive."""
        if " " in self.expression.strip() or ":" not in self.expression:
            return None
        interval = timespan(self.expression)
        if interval <= timedelta(0):
            raise HostError(f"The schedule {self.expression!r} is no interval: it must be longer than nothing.")
        return interval

    @cached_property
    def _cron(self) -> str:
        fields = self.expression.split()
        if len(fields) == 5:
            fields.insert(0, "0")
        if len(fields) != 6:
            raise HostError(
                f"The schedule {self.expression!r} is neither NCRONTAB (second minute hour day month weekday) "
                "nor a time span (hh:mm:ss)."
            )
        return " ".join(self._field(text, *bounds) for text, bounds in zip(fields, _FIELDS, strict=True))

    def _field(self, text: str, name: str, low: int, high: int, names: list[str], first: int) -> str:
        """Check one field against NCRONTAB's grammar (croniter's is wider) and put numbers for names."""

        def number(word: str) -> int:
            named = [first + at for at, full in enumerate(names) if word.lower() in (full, full[:3])]
            if not named and not word.isdecimal():
                raise HostError(f"The schedule {self.expression!r}: {word!r} is no {name}.")
            value = named[0] if named else int(word)
            if not low <= value <= high:
                raise HostError(f"The schedule {self.expression!r}: the {name} goes from {low} to {high}.")
            return value

        def item(part: str) -> range:
            span, slash, step = part.partition("/")
            if slash and not (step.isdecimal() and int(step)):
                raise HostError(f"The schedule {self.expression!r}: {step!r} is no step of the {name}.")
            if span == "*":
                start, end = low, high
            else:
                # A single start with a step runs to the end of the field.
                start, *rest = (number(word) for word in re.split("-", span, maxsplit=1))
                end = rest[0] if rest else (high if slash else start)
            return range(start, end + 1, int(step or 1))

        values = {value for part in text.split(",") for value in item(part)}
        if not values:
            raise HostError(f"The schedule {self.expression!r}: {text!r} holds no {name}.")
        # Every value is spelled out: croniter reads some ranges (59-59) otherwise than NCRONTAB does.
        return "*" if len(values) == high - low + 1 else ",".join(map(str, sorted(values)))

    def next(self, after: datetime) -> datetime:
        """Return the first occurrence after the moment. Raises ``HostError`` for a schedule that is wrong or empty."""
        if self.interval is not None:
            return after + self.interval
        try:
            # NCRONTAB wants day and weekday both to match where both are given.
            occurrences = croniter(self._cron, after, second_at_beginning=True, day_or=False, ret_type=datetime)
            found: datetime = occurrences.get_next()
        except ValueError as error:
            raise HostError(f"The schedule {self.expression!r} never comes about or is wrong: {error}.") from error
        return found

    @property
    def keeps_status(self) -> bool:
        """Whether past occurrences are remembered over a restart: never for a schedule of less than a minute."""
        if self.interval is not None:
            return self.interval >= timedelta(minutes=1)
        start = datetime.now(UTC)
        return self.next(self.next(start)) - start >= timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """What the host remembers of a timer: the last run, the next one due, and when that was written."""

    last: datetime
    next: datetime
    updated: datetime

    @classmethod
    def after(cls, schedule: Schedule, run: datetime) -> "ScheduleStatus":
        """Return the status after a run that began at the moment ``run``."""
        return cls(last=run, next=schedule.next(run), updated=run)


def on_start(schedule: Schedule, stored: ScheduleStatus | None, now: datetime) -> tuple[ScheduleStatus, bool]:
    """Return the status that a starting timer has, and whether it is past due: an occurrence went by unserved.

    However many were missed, one run makes up for them. A schedule that was changed meanwhile is counted anew from
    when the status was written.
    """
    if stored is None:
        return ScheduleStatus(last=NEVER, next=schedule.next(now), updated=now), False
    status = ScheduleStatus(last=stored.last, next=schedule.next(stored.updated), updated=stored.updated)
    return status, status.next < now
