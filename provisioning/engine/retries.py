"""The retry policy: one table over the error tree. Pure.

| error         | the link                         | the connection                          |
| ---           | ---                              | ---                                     |
| Unavailable   | retrying, 5 s doubling to 5 min  | counts; from the third on the circuit opens |
| Misconfigured | retrying, as soon as it is free  | quarantined, with the fix in words      |
| Rejected      | escrowed, 1 min doubling to 24 h | -                                       |
| NotFound      | escrowed, where no repair helped | -                                       |
| AlreadyExists | escrowed, where no repair helped | -                                       |
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from connectors.errors import ConnectorError, Misconfigured, Unavailable
from provisioning.engine.links import LinkStatus


class Effect(StrEnum):
    """What an error means for the whole connection."""

    NONE = "none"
    COUNT = "count"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a link after an error: its status, when it is tried again, and what the connection does."""

    status: LinkStatus
    delay: timedelta
    effect: Effect


_DAY = timedelta(hours=24)

WAITING_DELAY = timedelta(minutes=10)
"""How long a link waits for a reference before it looks by itself; the account that appears wakes it at once."""


def doubling(first: timedelta, most: timedelta, attempts: int) -> timedelta:
    """Return ``first`` for the first attempt, twice that for the second, and so on up to ``most``."""
    factor: int = 2 ** min(max(attempts, 1) - 1, 30)
    return min(most, first * factor)


def decide(error: ConnectorError, attempts: int) -> Decision:
    """Return what follows from an error at the ``attempts``-th attempt (1 is the first)."""
    if isinstance(error, Unavailable):
        delay = doubling(timedelta(seconds=5), timedelta(minutes=5), attempts)
        if error.retry_after is not None:
            delay = max(delay, min(_DAY, timedelta(seconds=error.retry_after)))
        return Decision(LinkStatus.RETRYING, delay, Effect.NONE if error.one_object else Effect.COUNT)
    if isinstance(error, Misconfigured):
        # No clock rings in a quarantine: the link is due at the moment that its connection is free.
        return Decision(LinkStatus.RETRYING, timedelta(), Effect.QUARANTINE)
    return Decision(LinkStatus.ESCROWED, doubling(timedelta(minutes=1), _DAY, attempts), Effect.NONE)
