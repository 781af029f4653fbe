"""Reading users, groups and members: a stream of pages, each a step of a walk through all ids.

Every import is a complete snapshot: who changed since the last one, by ``modifyTimestamp`` with an overlap, comes
whole; the others are named by their ids, so that a deletion shows by absence. The first import, and one whose cursor
is of no use any more, tells everybody.
"""

from dataclasses import dataclass, field, replace

from connectors.contract import ObjectKind, Page, Reading
from connectors.ldap.cursors import Cursor, directory_mark, parsed, settings_mark
from connectors.ldap.directory import GROUP, USER, Directory
from connectors.ldap.pages import Filling, Question
from connectors.ldap.slices import Slice, compares_ids, read_slice
from connectors.ldap.timestamps import MODIFIED, latest


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
        return self._told(filling, here, self.position + count)

    def _told(self, filling: Filling, here: Slice, position: int) -> Page:
        """Take note of what a page tells, and return it."""
        before = self.cursor
        cursor = replace(before, after=filling.last, width=here.width, telling=filling.telling, group="", member="")
        done = position == len(here.entries)
        if filling.rest:
            large = filling.members[-1]
            cursor = replace(cursor, group=large.group, member=large.added[-1])
        elif done:
            cursor = self._behind(here, cursor)
        starts, note = self.starts, self.note
        self.slice, self.position = (None, 0) if done else (here, position)
        self.cursor, self.rest, self.starts, self.note = cursor, filling.rest, False, ""
        return Page(
            cursor.text(),
            tuple(filling.changes),
            tuple(filling.members),
            tuple(filling.standing),
            more=bool(cursor.kind),
            starts=starts,
            complete=not cursor.kind,
            note=note,
        )

    def _behind(self, here: Slice, cursor: Cursor) -> Cursor:
        """Return the cursor behind a whole slice: before the next one, the next kind, or the next import."""
        if not here.end:
            return replace(cursor, after=here.reach)
        following = self.kinds[self.kinds.index(ObjectKind(cursor.kind)) + 1 :]
        if following:
            return replace(cursor, kind=following[0], after="", width=0)
        return Cursor(cursor.settings, cursor.directory, since=cursor.until, told=cursor.telling)


def begin(directory: Directory, text: str | None, reading: Reading) -> Walk:
    """Go on where a cursor says, or begin a snapshot."""
    fresh = Cursor(settings_mark(directory, reading), directory_mark(directory))
    cursor, note = parsed(text) if text is not None else None, ""
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
            cursor = replace(fresh, since="")
        first = USER if USER in reading.kinds else GROUP
        cursor = replace(cursor, until=until, kind=first)
    return Walk(reading, cursor, compares_ids(directory), starts, note)


def _unfit(cursor: Cursor | None, fresh: Cursor) -> str:
    """Return why a cursor is of no use, if it is not."""
    if cursor is None:
        return "Everybody is read anew: where the last import ended could not be read."
    if cursor.directory != fresh.directory:
        return "Everybody is read anew: this is another directory than the last import's, or its bases were made anew."
    if cursor.settings != fresh.settings:
        return "Everybody is read anew: the settings or what is to be read changed since the last import."
    return ""
