"""The server's own clock: GeneralizedTime (RFC 4517, 3.3.13) of ``modifyTimestamp``, and the last change there is."""

import re
from datetime import UTC, datetime, timedelta

from connectors.ldap.directory import Directory
from connectors.ldap_client.names import at_least

MODIFIED = "modifyTimestamp"
EPOCH = "19700101000000Z"
_STAMP = re.compile(r"[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z")
_FORM = "%Y%m%d%H%M%SZ"


def now() -> str:
    """Return the time by our own clock."""
    return datetime.now(UTC).strftime(_FORM)


def is_stamp(text: str) -> bool:
    """Whether this is a time as this module writes it."""
    return bool(_STAMP.fullmatch(text))


def stamp(text: str) -> str:
    """Return a time without its fraction of a second, or nothing for what is none."""
    plain = re.sub(r"[.,]\d+", "", text)
    return plain if is_stamp(plain) else ""


def moved(text: str, seconds: int) -> str:
    """Return the time so many seconds later, or earlier."""
    try:
        return (datetime.strptime(text, _FORM).replace(tzinfo=UTC) + timedelta(seconds=seconds)).strftime(_FORM)
    except (ValueError, OverflowError):  # no such day, or none that a calendar holds
        return EPOCH if seconds < 0 else "99991231235959Z"


def latest(directory: Directory, since: str) -> str:
    """Return when the last change was that still shows, by the server's clock; nothing where no entry shows any.

    That is a time at which the server surely has been, which our clock cannot tell. It is searched for in steps that
    double and then halve, each a search for one entry. A time that lies ahead of our clock is not believed: one entry
    from a day when the server's clock was wrong would hide every change before that day.
    """
    found = _one(directory, since or EPOCH) or (since and _one(directory, EPOCH))
    if not found:
        return ""
    last, step, growing = max(found, since), 1, True
    while step:
        if later := _one(directory, moved(last, step)):
            last = later
            step = step * 2 if growing else step
        else:
            growing = False
            step //= 2
    return min(last, now())


def _one(directory: Directory, since: str) -> str:
    """Return the time of any entry that was changed at ``since`` or later."""
    for base in directory.all_bases:
        for entry in directory.session.first(base, at_least(MODIFIED, since), [MODIFIED], 1):
            if found := [stamp(value) for value in entry.values(MODIFIED)]:
                return found[0]
    return ""
