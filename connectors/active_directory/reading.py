"""An import as a stream of pages: which way is taken, kind after kind, and what starts everything anew.

DirSync is taken where the service account may use it, ``uSNChanged`` otherwise. One stream stays on one session, and so
with one controller. Each page's cursor is enough to go on in another process.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from time import time

from connectors.active_directory import dirsync, units, usn
from connectors.active_directory.cursors import Cursor, fingerprint, parse_cursor
from connectors.active_directory.defaults import DEFAULTS
from connectors.active_directory.delegation import grant_dirsync, no_dirsync
from connectors.active_directory.directory import CONDITIONS, GROUP, USER, Directory
from connectors.active_directory.dirsync import CookieRefused, NotPermitted
from connectors.active_directory.identifiers import guid_text, sid_text
from connectors.active_directory.paging import pages
from connectors.active_directory.recycling import CLASSES
from connectors.active_directory.told import Teller, Told
from connectors.active_directory.units import UNIT
from connectors.contract import ObjectKind, Page, Reading
from connectors.errors import Misconfigured, Unavailable
from connectors.ldap_client.names import both
from connectors.ldap_client.pool import Alone, Pool
from connectors.ldap_client.session import Session

OLDEST_DAYS = 50
"""After so many days deleted objects may be forgotten (tombstoneLifetime is 60 days at least, and mostly 180)."""

_RESTARTS = 3
_WHOLE = 2**62
_DAY = 24 * 60 * 60


async def changes(
    pool: Pool, directory_of: Callable[[Session], Directory], cursor: str | None, reading: Reading
) -> AsyncIterator[Page]:
    """Stream what changed since ``cursor``, or everything for ``None``."""
    stream = _Stream(cursor, reading)
    held = Alone(stream.host)
    try:
        while not stream.done:
            for page in await pool.run_alone(held, lambda session: stream.step(directory_of(session))):
                yield page
    finally:
        await pool.end_alone(held)


class _Anew(Exception):
    """Everything must be read anew; says why."""


class _Stream:
    """One reading. ``step`` reads the next answer of the controller and may be repeated if the connection breaks."""

    def __init__(self, cursor: str | None, reading: Reading) -> None:
        self._text = cursor
        self._reading = reading
        self._kinds = [UNIT, *(kind for kind in (USER, GROUP) if kind in reading.kinds)]
        self._cursor: Cursor | None = None
        self._span = _WHOLE
        self._note = ""
        self._starts = False
        self._restarts = 0
        self.host = known.host if cursor and (known := parse_cursor(cursor)) else None
        self.done = False

    def step(self, directory: Directory) -> list[Page]:
        """Return the next pages; none where an answer held nothing to tell."""
        try:
            if self._cursor is None:
                self._cursor = self._begin(directory)
            told, after = self._read(directory, self._cursor)
        except (_Anew, CookieRefused, NotPermitted) as reason:
            self._restarts += 1
            if self._restarts > _RESTARTS:
                raise Unavailable(
                    "The domain controller changes its mind about what may be read.",
                    code="ad.readingUnsteady",
                    fix="It is tried again. If it persists, set 'Import by' to usn.",
                ) from reason
            self._cursor = self._anew(directory, _reason(reason))
            return []
        done = not after.at
        found = pages(told, self._cursor, after, last=done, full=self._cursor.full)
        if found and (self._starts or self._note):
            found[0] = replace(found[0], starts=self._starts, note=self._note)
            self._starts, self._note = False, ""
        self._cursor, self.done = after, done
        return found

    def _begin(self, directory: Directory) -> Cursor:
        """Take up the stream where the cursor says, or begin a new one."""
        domain_sid = self._meet(directory)
        given = {kind: self._reading.attributes.get(kind) or _mapped(kind) for kind in (USER, GROUP)}
        self._teller = Teller(given, self._reading.memberships, domain_sid)
        if self._text is None:
            return self._anew(directory, "")
        held = parse_cursor(self._text)
        if held is None:
            return self._anew(directory, "The stored position cannot be read.")
        if held.question != self._question or (held.at and held.at not in self._kinds):
            return self._anew(directory, "The domain, its OUs, or what is read of them is not what it was.")
        if _today() - held.day > OLDEST_DAYS:
            return self._anew(directory, f"The last import is more than {OLDEST_DAYS} days ago.")
        if held.controller != self._controller:
            self._note = _met_another(held)
        held = self._at(held, directory)
        if held.at:
            return held
        held = replace(held, at=self._kinds[0])
        if held.blind:
            self._starts, self._note = True, _BLIND
            numbers = {kind: number for kind, number in held.numbers.items() if kind == UNIT}
            return replace(held, full=True, known=held.numbers, numbers=numbers)
        return held

    def _meet(self, directory: Directory) -> str:
        """See who answers, and return the domain's SID."""
        self._question, self._controller, domain_sid = _question(directory, self._reading)
        return domain_sid

    def _anew(self, directory: Directory, why: str) -> Cursor:
        """Begin a complete snapshot, by the best way that is permitted."""
        self._meet(directory)
        begun = Cursor("usn", self._question, self._controller, directory.session.host, self._kinds[0], full=True)
        begun = replace(begun, day=_today())
        settings = directory.settings
        highest = directory.controller.highest_usn
        by_dirsync = None if settings.import_by == "usn" else self._try_dirsync(directory, begun)
        if by_dirsync is None and settings.import_by == "dirsync":
            raise Misconfigured(
                no_dirsync(directory.domain.base),
                code="ad.dirSyncRefused",
                fix=grant_dirsync(directory.domain.base),
            )
        if by_dirsync is not None:
            begun, how = replace(by_dirsync, until=highest), "DirSync"
        else:
            blind = not usn.can_see_deleted(directory)
            begun = replace(begun, until=highest, blind=blind, numbers={UNIT: highest})
            how = f"uSNChanged of {directory.controller.host or directory.session.host}"
        words = (why, f"Everything is read, and from then on what changes, by {how}.", _BLIND if begun.blind else "")
        self._note, self._starts, self._span = " ".join(word for word in words if word), True, _WHOLE
        return replace(begun, at=self._next(UNIT))

    def _try_dirsync(self, directory: Directory, begun: Cursor) -> Cursor | None:
        """Return a cursor behind all organizational units; ``None`` where DirSync is not permitted.

        Without the right to it, DirSync shows deleted objects only to whom they can be seen by anyway.
        """
        if dirsync.DIRSYNC not in directory.domain.controls:
            return None
        for own_rights in (False, True):
            if own_rights and not usn.can_see_deleted(directory):
                return None
            tried = replace(begun, way="dirsync", own_rights=own_rights)
            try:
                return units.moved(directory, tried)[1]
            except NotPermitted:
                continue
        return None

    def _read(self, directory: Directory, cursor: Cursor) -> tuple[Told, Cursor]:
        """Read the next answer for the kind that is at hand."""
        if directory.controller.service != cursor.controller.partition("|")[0]:
            self._meet(directory)
            self._note, cursor = self._note or _met_another(cursor), self._at(cursor, directory)
        if cursor.at == UNIT:
            moved, after = units.moved(directory, cursor)
            if moved:
                raise _Anew("An organizational unit was moved or renamed.")
            return Told(), replace(after, at=self._next(UNIT))
        kind = ObjectKind(cursor.at)
        told, after, more = (self._by_dirsync if cursor.way == "dirsync" else self._by_usn)(directory, cursor, kind)
        if more:
            return told, after
        self._span = _WHOLE
        after = replace(after, at=self._next(kind))
        return told, after if after.at else replace(after, full=False, known={}, until=0, day=_today())

    def _by_dirsync(self, directory: Directory, cursor: Cursor, kind: ObjectKind) -> tuple[Told, Cursor, bool]:
        wanted = self._teller.requested(kind)
        cookie = cursor.cookies.get(kind, b"")
        answer = dirsync.changed_since(directory, both(CLASSES[kind]), wanted, cookie, own_rights=cursor.own_rights)
        told = self._teller.differences(directory, kind, answer.entries, full=cursor.full, begun=cursor.until)
        return told, replace(cursor, cookies={**cursor.cookies, kind: answer.cookie}), answer.more

    def _by_usn(self, directory: Directory, cursor: Cursor, kind: ObjectKind) -> tuple[Told, Cursor, bool]:
        start, known = cursor.numbers.get(kind, 0), cursor.known.get(kind, 0)
        unchanged, snapshot = start < known, cursor.full and not cursor.blind and start < cursor.until
        until = known if unchanged else cursor.until if snapshot else None
        if self._span == _WHOLE and until is not None:
            self._span = max((until - start) // 8, 1000)
        window, self._span = usn.changed_window(
            directory,
            directory.bases(kind),
            CONDITIONS[kind],
            ["objectGUID"] if unchanged else self._teller.requested(kind),
            start,
            until=until,
            span=self._span,
            limit=usn.IDS if unchanged else usn.ACCOUNTS,
            away=None if unchanged or snapshot or cursor.blind else both(CLASSES[kind]),
        )
        if unchanged:
            told = self._teller.unchanged(kind, window.entries)
        else:
            told = self._teller.objects(directory, kind, window.entries, window.away)
        after = replace(cursor, numbers={**cursor.numbers, kind: window.end})
        return told, after, window.more or until is not None

    def _at(self, cursor: Cursor, directory: Directory) -> Cursor:
        return replace(cursor, controller=self._controller, host=directory.session.host)

    def _next(self, kind: str) -> str:
        following = self._kinds[self._kinds.index(kind) + 1 :]
        return str(following[0]) if following else ""


_BLIND = (
    "The service account may not list 'Deleted Objects', so every import compares all accounts; grant it that right to "
    "have deletions told."
)


def _met_another(cursor: Cursor) -> str:
    """Return what to say of another controller than the cursor's; raises where the cursor is no good there."""
    who = f"Another domain controller answers than {cursor.host}"
    if cursor.way == "usn":
        raise _Anew(f"{who}, and it counts changes differently.")
    if cursor.full:
        # It tells everything as if for the first time, and so hides who was deleted after having been told.
        raise _Anew(f"{who}, in the middle of a snapshot.")
    return f"{who}; it may repeat what was told."


def _question(directory: Directory, reading: Reading) -> tuple[str, str, str]:
    """Return the fingerprint of what is asked, who answers, and the domain's SID."""
    root = directory.session.read(directory.domain.base, ["objectGUID", "objectSid"])
    guid, sid = ((root.octets(name) if root else [])[:1] for name in ("objectGUID", "objectSid"))
    places = {kind: sorted(directory.bases(kind)) for kind in (USER, GROUP)}
    attributes = {kind: sorted(names) for kind, names in reading.attributes.items()}
    settings = directory.settings
    asked = fingerprint(
        guid_text(guid[0]) if guid else directory.domain.base,
        places,
        sorted(reading.kinds),
        attributes,
        reading.memberships,
        settings.import_by,
    )
    service = directory.controller.service
    entry = directory.session.read(service, ["invocationId"]) if service else None
    invocation = entry.octets("invocationId") if entry else []
    return asked, f"{service}|{guid_text(invocation[0]) if invocation else ''}", sid_text(sid[0]) if sid else ""


def _mapped(kind: ObjectKind) -> tuple[str, ...]:
    return tuple(mapping.target for mapping in DEFAULTS[kind].mappings)


def _reason(reason: Exception) -> str:
    if isinstance(reason, CookieRefused):
        return "The domain controller does not accept the stored position any more."
    if isinstance(reason, NotPermitted):
        return "The service account may not use DirSync any more."
    return str(reason)


def _today() -> int:
    return int(time() // _DAY)
