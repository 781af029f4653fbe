"""Pages of bounded size, out of one answer of a controller that may be larger. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from connectors.active_directory.cursors import Cursor
from connectors.active_directory.told import Told
from connectors.contract import MemberChange, Page

ACCOUNTS, MEMBERS, STANDING = 500, 5000, 2000
"""What one page holds at most. Only a group that is told whole may have more members."""


def pages(told: Told, before: Cursor, after: Cursor, *, last: bool, full: bool) -> list[Page]:
    """Return what was told as pages; none where that is nothing, unless it is the end of the stream.

    The controller's position is known behind its whole answer only: every page but the last one of it resumes before
    the answer, and then repeats it.
    """
    found = [
        *(Page("", changes=tuple(part)) for part in _parts(told.changes, ACCOUNTS)),
        *(Page("", standing=tuple(part)) for part in _parts(told.standing, STANDING)),
        *(Page("", members=tuple(part)) for part in _by_members(told.members, full=full)),
    ]
    if len(found) > 1 and len(told.changes) <= ACCOUNTS and _weight(told.members) <= MEMBERS:
        merged = Page("", tuple(told.changes), tuple(told.members), tuple(told.standing))
        found = [merged] if len(told.standing) <= STANDING else found
    if not found and last:
        found = [Page("")]
    resumed = before.text()
    found = [replace(page, cursor=resumed, more=True) for page in found]
    if found:
        found[-1] = replace(found[-1], cursor=after.text(), more=not last, complete=last and full)
    return found


def _weight(members: list[MemberChange]) -> int:
    return sum(len(change.added) + len(change.removed) for change in members)


def _parts[T](items: list[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _by_members(members: list[MemberChange], *, full: bool) -> Iterator[list[MemberChange]]:
    """Yield changes of members, so many at a time that a page holds them."""
    page, weight = list[MemberChange](), 0
    for change in (part for whole in members for part in _divided(whole, full=full)):
        size = len(change.added) + len(change.removed)
        if page and weight + size > MEMBERS:
            yield page
            page, weight = [], 0
        page.append(change)
        weight += size
    if page:
        yield page


def _divided(change: MemberChange, *, full: bool) -> Iterator[MemberChange]:
    """Yield a change of members in parts.

    Not if it names all of them: a part would mean that the rest left. In a snapshot who is not named has left anyway.
    """
    if _weight([change]) <= MEMBERS or (change.whole and not full):
        yield change
        return
    for added in _parts(list(change.added), MEMBERS):
        yield MemberChange(change.group, tuple(added))
    for removed in _parts(list(change.removed), MEMBERS):
        yield MemberChange(change.group, removed=tuple(removed))
