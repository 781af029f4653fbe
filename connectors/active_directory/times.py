"""Points in time as Active Directory counts them: 100 nanoseconds since 1601, UTC (MS-DTYP 2.3.3, FILETIME). Pure.

The day on which an account expires is written as HR means it: a date is the last day on which the account works. The
directory holds the moment after which it does not, which is the midnight that ends that day, UTC.
"""

import re
from datetime import UTC, date, datetime, timedelta

NEVER = 0x7FFFFFFFFFFFFFFF
"""What ``accountExpires`` holds for an account that does not expire. 0 says the same (MS-ADA1, 2.2)."""

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def filetime_of(moment: datetime) -> int:
    """Return a moment as a FILETIME."""
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) * 10


def moment_of(filetime: int) -> datetime | None:
    """Return a FILETIME as a moment; ``None`` for 0, for never, and for what no calendar holds."""
    if not 0 < filetime < NEVER:
        return None
    try:
        return _EPOCH + timedelta(microseconds=filetime // 10)
    except OverflowError:
        return None


def expiry_of(text: str) -> int:
    """Return ``accountExpires`` for a date, a date with time (ISO 8601), a FILETIME, or nothing (never).

    A time without a zone is UTC. Raises ``ValueError``.
    """
    text = text.strip()
    if text.lower() in ("", "never", "0") or text.startswith("9999-12-31"):
        return NEVER  # the last day of calendars is how HR systems write that nobody leaves
    if re.fullmatch(r"\d{12,19}", text):
        return min(int(text), NEVER)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        end = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) + timedelta(days=1)
        return _after_epoch(end)
    moment = datetime.fromisoformat(text)
    return _after_epoch(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _after_epoch(moment: datetime) -> int:
    if moment <= _EPOCH:
        raise ValueError("lies before all accounts")  # and 0 would mean never
    return filetime_of(moment)


def expiry_text(value: str) -> str | None:
    """Return what ``accountExpires`` says as ``expiry_of`` reads it; ``None`` for never."""
    moment = moment_of(int(value)) if re.fullmatch(r"-?\d{1,20}", value) else None
    if moment is None:
        return None
    if (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0):
        return (moment - timedelta(days=1)).date().isoformat()
    return moment.isoformat().replace("+00:00", "Z")
