"""Reading users, groups and members: a stream of pages, each a step of a walk through all ids.

Every import is a complete snapshot: who changed since the last one, by ``modifyTimestamp`` with an overlap, comes
whole; the others are named by their ids, so that a deletion shows by absence. The first import, and one whose cursor
is of no use any more, tells everybody; and so does one import a day, because there are changes that no time shows: one
that reached this server later than the overlap, a part of the tree that was moved here as a whole, a member or manager
whose entry came after the group or user that names it.

A server that only stands in for the first one may not know yet what the first one knew. What is missing there is not
taken for deleted, and the next import begins where this one began.
"""

from dataclasses import dataclass, field, replace

from connectors.contract import ObjectKind, Page, Reading
from connectors.ldap.cursors import Cursor, directory_mark, parsed, settings_mark
from connectors.ldap.directory import GROUP, USER, Directory
from connectors.ldap.pages import Filling, Question
from connectors.ldap.slices import Slice, compares_ids, is_id, read_slice
from connectors.ldap.timestamps import MODIFIED, latest, moved, now

WHOLE_SECONDS = 86_400
"""How long after everybody was told everybody is told again."""
_HOUR = 3600


@dataclass(slots=True)
class Walk:
    """One stream. A step that fails changes nothing here, so that it can be taken again."""

    reading: Reading
    cursor: Cursor
    ordered: bool
    starts: bool
    note: str
    slice: Slice | None = None
    position: int = 0
    """How many of the slice's entries have been told."""
    rest: tuple[str, ...] = ()
    """Members of the group at this position that no page had room for yet."""
    kinds: tuple[ObjectKind, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Users come before the groups that have them as members."""
        self.kinds = tuple(kind for kind in (USER, GROUP) if kind in self.reading.kinds) or (GROUP,)

    def step(self, directory: Directory) -> Page:
        """Read the next page."""
        kind, cursor = ObjectKind(self.cursor.kind), self.cursor
        question = Question(self.reading, kind, cursor, self.ordered)
        here = self.slice or read_slice(
            directory, kind, question.listed(directory), cursor.after, cursor.width, ordered=self.ordered
        )
        filling = Filling(directory, question)
        if self.rest:
            filling.go_on(cursor.group, self.rest)
            count = 0 if filling.rest else 1
        else:
            count = filling.fill(here.entries[self.position :])
        stands_in = directory.session.host != directory.settings.hosts[0]
        return self._told(filling, here, self.position + count, doubtful=cursor.doubtful or stands_in)

    def _told(self, filling: Filling, here: Slice, position: int, *, doubtful: bool) -> Page:
        """Take note of what a page tells, and return it."""
        before = replace(self.cursor, doubtful=doubtful)
        cursor = replace(before, after=filling.last, width=here.width, telling=filling.telling, group="", member="")
        done = position == len(here.entries)
        if filling.rest:
            large = filling.members[-1]
            cursor = replace(cursor, group=large.group, member=large.added[-1])
        elif done:
            cursor = self._behind(here, cursor)
        starts, note = self.starts, self.note
        complete = not cursor.kind
        if complete and doubtful:
            note = f"{note} {_DOUBT}".strip()
        self.slice, self.position = (None, 0) if done else (here, position)
        self.cursor, self.rest, self.starts, self.note = cursor, filling.rest, False, ""
        return Page(
            cursor.text(),
            tuple(filling.changes),
            tuple(filling.members),
            tuple(filling.standing),
            more=bool(cursor.kind),
            starts=starts,
            complete=complete and not doubtful,
            note=note,
        )

    def _behind(self, here: Slice, cursor: Cursor) -> Cursor:
        """Return the cursor behind a whole slice: before the next one, the next kind, or the next import."""
        if not here.end:
            return replace(cursor, after=here.reach)
        following = self.kinds[self.kinds.index(ObjectKind(cursor.kind)) + 1 :]
        if following:
            return replace(cursor, kind=following[0], after="", width=0)
        since, told = (cursor.since, cursor.told) if cursor.doubtful else (cursor.until, cursor.telling)
        return Cursor(cursor.settings, cursor.directory, since=since, told=told, whole=cursor.whole)


def begin(directory: Directory, text: str | None, reading: Reading) -> Walk:
    """Go on where a cursor says, or begin a snapshot."""
    fresh = Cursor(settings_mark(directory, reading), directory_mark(directory))
    cursor, note = parsed(text) if text is not None else None, ""
    ordered = compares_ids(directory)
    if cursor is not None and ordered and cursor.after and not is_id(cursor.after):
        cursor = None
    if text is not None:
        note = _unfit(cursor, fresh)
    if cursor is None or note:
        cursor = fresh
    starts = not cursor.kind
    if starts:
        until = latest(directory, cursor.since)
        if not until:
            note = (
                f"Everybody is read, as always: the service account may not read {MODIFIED}, or the server does not "
                "keep it."
            )
            cursor = fresh
        first = USER if USER in reading.kinds else GROUP
        cursor = replace(cursor, until=until, kind=first, whole=cursor.whole if cursor.since else now())
    return Walk(reading, cursor, ordered, starts, note)


_DOUBT = (
    "Who is missing is not taken for deleted: part of this was read from a server that stands in for the first one, "
    "and that may not know everything yet."
)


def _unfit(cursor: Cursor | None, fresh: Cursor) -> str:
    """Return why a cursor is of no use, if it is not."""
    if cursor is None:
        return "Everybody is read anew: where the last import ended could not be read."
    if cursor.directory != fresh.directory:
        return "Everybody is read anew: this is another directory than the last import's, or its bases were made anew."
    if cursor.settings != fresh.settings:
        return "Everybody is read anew: the settings or what is to be read changed since the last import."
    if cursor.since and not cursor.kind and not _is_fresh(cursor):
        return "Everybody is read anew, as once a day: there are changes that no time shows."
    return ""


def _is_fresh(cursor: Cursor) -> bool:
    """Whether everybody was told lately, and this goes on from a time that has been."""
    soon = moved(now(), _HOUR)  # clocks of several machines differ a little
    return "" < cursor.whole <= soon and now() < moved(cursor.whole, WHOLE_SECONDS) and cursor.since <= soon
