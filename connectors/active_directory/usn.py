"""Changes by ``uSNChanged``: each controller counts its own writes, and each object has the number of its last one.

It needs no right but to read. The numbers of one controller mean nothing on another (MS-ADTS 3.1.1.1.9). Objects come
whole, in windows of numbers that hold few enough: so a reading can be taken up at any number. An object that changes
meanwhile gets a higher number and is met again. Where deleted objects may not be read, deletions show only by comparing
everything.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.active_directory.directory import Directory, plain
from connectors.active_directory.domain import EXTENDED_DN, SHOW_DELETED
from connectors.active_directory.ours import Places
from connectors.ldap_client.names import both
from connectors.ldap_client.session import Controls, Entry

ACCOUNTS = 500
"""Accounts in one window at most."""

IDS = 900
"""Objects in one window of which only the identity is read; a controller gives 1,000 in one answer (MaxPageSize)."""

_NAME = 0x00090001
"""The attribute ``name`` in replication metadata: its number changes with a rename, a move, and a deletion."""

_METADATA = struct.Struct("<IIQ16sQQ")


@dataclass(frozen=True, slots=True)
class Window:
    """The objects whose last change lies behind ``start`` and not behind ``end``. ``more``: higher ones may wait."""

    entries: list[Entry]
    end: int
    more: bool
    away: list[Entry]
    """Deleted ones, and those that were moved away from the places that are read."""


def can_see_deleted(directory: Directory) -> bool:
    """Whether the service account may read the container of deleted objects."""
    container = directory.session.read(directory.domain.deleted_objects, ["objectGUID"], controls=[SHOW_DELETED])
    return container is not None and bool(container.octets("objectGUID"))


def changed_window(
    directory: Directory,
    bases: Sequence[str],
    condition: str,
    attributes: Sequence[str],
    start: int,
    *,
    until: int | None,
    span: int,
    limit: int = ACCOUNTS,
    away: str | None = None,
) -> tuple[Window, int]:
    """Read the next window, and return it with the span that fitted.

    ``until`` is the last number that counts, if there is one. ``span`` is how many numbers to try, ``limit`` how many
    objects to take. ``away`` is the condition of objects that are looked for in the whole domain as well, deleted or
    elsewhere now.
    """
    highest = directory.controller.highest_usn
    top = highest if until is None else until
    while True:
        end = min(start + span, top)
        # The last window is open: what changes between the question for the number and the search is not missed.
        bounded = end < top or until is not None
        numbers = f"(uSNChanged>={start + 1})" + (f"(uSNChanged<={end})" if bounded else "")
        found = _first(directory, bases, both(condition, numbers), attributes, limit, [EXTENDED_DN])
        gone: list[Entry] | None = []
        if found is not None and away is not None:
            gone = _away(directory, bases, both(away, numbers), start)
        if found is not None and gone is not None:
            end = max(end, start)
            return Window(found, end, end < top, gone), max(span * 2, span) if len(found) * 2 < limit else span
        if end - start <= 1:
            # More than the limit share one number: only a restored database could; read them all.
            entries = [e for base in bases for e in _all(directory, base, both(condition, numbers), attributes)]
            return Window(entries, end, end < top, gone or []), span
        span = max((end - start) // 4, 1)


def renamed_since(entry: Entry, usn: int) -> bool:
    """Whether the object got its name or place after a number of this controller; true where that cannot be read.

    replPropertyMetaData is a vector of attributes with version, time, origin and local number (MS-DRSR 4.1.10.2.22).
    """
    held = entry.octets("replPropertyMetaData")
    if not held or len(held[0]) < 16:
        return True
    vector = held[0]
    (count,) = struct.unpack_from("<I", vector, 8)
    for index in range(count):
        position = 16 + index * _METADATA.size
        if position + _METADATA.size > len(vector):
            return True
        attribute, _, _, _, _, local = _METADATA.unpack_from(vector, position)
        if attribute == _NAME:
            return bool(local > usn)
    return True


def _away(directory: Directory, bases: Sequence[str], condition: str, start: int) -> list[Entry] | None:
    wanted = ["objectGUID", "isDeleted", "isRecycled", "replPropertyMetaData"]
    found = _first(directory, [directory.domain.base], condition, wanted, IDS, [EXTENDED_DN, SHOW_DELETED])
    if found is None:
        return None
    places = Places(bases)
    return [
        entry
        for entry in found
        if entry.values("isDeleted") or (not places.hold(entry.dn) and renamed_since(entry, start))
    ]


def _first(
    directory: Directory,
    bases: Sequence[str],
    condition: str,
    attributes: Sequence[str],
    limit: int,
    controls: Controls,
) -> list[Entry] | None:
    """Return what fulfils the condition; ``None`` where it is more than ``limit``."""
    found: list[Entry] = []
    for base in bases:
        room = limit - len(found) + 1
        found += [plain(e) for e in directory.session.first(base, condition, attributes, room, controls)]
        if len(found) > limit:
            return None
    return found


def _all(directory: Directory, base: str, condition: str, attributes: Sequence[str]) -> list[Entry]:
    return [plain(e) for e in directory.session.search(base, condition, attributes, controls=[EXTENDED_DN])]
