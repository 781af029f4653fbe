"""The simulator's time: the machine's, plus what a test has moved it on by."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time of the simulated tenant. Token lifetimes, delays and quotas all go by it."""

    def __init__(self) -> None:
        self._moved = timedelta()

    def now(self) -> datetime:
        """Return the tenant's time, in UTC."""
        return datetime.now(UTC) + self._moved

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once, for whoever does not want to wait for them."""
        self._moved += timedelta(seconds=seconds)


def timestamp(moment: datetime) -> str:
    """Return an Edm.DateTimeOffset as Graph writes it, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
