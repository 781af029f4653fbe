"""The simulator's time: the machine's, or one that stands still, plus what a test has moved it on by."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Tells the time of the simulated tenant. Token lifetimes, delays and quotas all go by it.

    One that is not ``running`` stands still but for ``advance``: for measurements in which waiting takes no time.
    """

    def __init__(self, *, running: bool = True) -> None:
        self._stopped = None if running else datetime.now(UTC)
        self._moved = timedelta()

    def now(self) -> datetime:
        """Return the tenant's time, in UTC."""
        return (self._stopped or datetime.now(UTC)) + self._moved

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once, for whoever does not want to wait for them."""
        self._moved += timedelta(seconds=seconds)


def timestamp(moment: datetime) -> str:
    """Return an Edm.DateTimeOffset as Graph writes it, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
