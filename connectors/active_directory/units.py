"""Organizational units, watched by an import: what is below a moved one has another place without a change of its own.

So a unit that was moved or renamed is a reason to read everything anew. A new one is none, nor any other change.
"""

from dataclasses import replace

from connectors.active_directory import dirsync, usn
from connectors.active_directory.cursors import Cursor
from connectors.active_directory.directory import Directory

UNIT = "unit"
"""Their place in a cursor, beside those of users and groups."""

_CONDITION = "(|(objectClass=organizationalUnit)(objectClass=container))"
_ANY_SPAN = 2**62


def moved(directory: Directory, cursor: Cursor) -> tuple[bool, Cursor]:
    """Whether one was moved or renamed since the cursor, and the cursor behind that. Raises as DirSync does."""
    return (_by_dirsync if cursor.way == "dirsync" else _by_usn)(directory, cursor)


def _by_dirsync(directory: Directory, cursor: Cursor) -> tuple[bool, Cursor]:
    cookie, found, more = cursor.cookies.get(UNIT, b""), False, True
    while more:
        answer = dirsync.changed_since(
            directory, _CONDITION, ["name", "whenCreated", "isDeleted"], cookie, own_rights=cursor.own_rights
        )
        cookie, more = answer.cookie, answer.more
        found |= any(
            entry.values("name") and not entry.values("whenCreated") and not entry.values("isDeleted")
            for entry in answer.entries
        )
    return found, replace(cursor, cookies={**cursor.cookies, UNIT: cookie})


def _by_usn(directory: Directory, cursor: Cursor) -> tuple[bool, Cursor]:
    number, found, span, more = cursor.numbers.get(UNIT, 0), False, _ANY_SPAN, True
    while more:
        window, span = usn.changed_window(
            directory,
            [directory.domain.base],
            _CONDITION,
            ["objectGUID", "uSNCreated", "replPropertyMetaData"],
            number,
            until=None,
            span=span,
            limit=usn.IDS,
        )
        for entry in window.entries:
            created = entry.values("uSNCreated")
            old = not created or int(created[0]) <= number
            found |= old and usn.renamed_since(entry, number)
        number, more = window.end, window.more
    return found, replace(cursor, numbers={**cursor.numbers, UNIT: number})
