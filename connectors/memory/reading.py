"""Reading the example's changes page by page: a snapshot first, then what the log says. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Self

from connectors.contract import Account, Change, MemberChange, ObjectKind, Page, Reading
from connectors.memory.directory import Directory, Touched

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stream stands, as its cursor says it.

    ``at`` is how much of the log is read or need not be. ``after`` is the last row of a snapshot that was told, empty
    at its beginning and ``None`` when it is done. ``of`` names the directory and what is read: a cursor of another
    reading knows nothing of the attributes that are wanted now.
    """

    of: str
    at: int
    after: str | None = ""

    def cursor(self) -> str:
        """Return the place as text."""
        return json.dumps([_VERSION, self.of, self.at, self.after])

    @classmethod
    def begin(cls, directory: Directory, reading: Reading) -> Self:
        """Return the beginning of a snapshot. What changes while it is read is in the log behind ``at``."""
        return cls(_identity(directory, reading), len(directory.log))

    @classmethod
    def resume(cls, cursor: str, directory: Directory, reading: Reading) -> Self | None:
        """Return the place that a cursor tells, or nothing where it cannot be taken up."""
        try:
            version, of, at, after = json.loads(cursor)
        except (ValueError, TypeError):
            return None
        if (version, of) != (_VERSION, _identity(directory, reading)) or at < directory.forgotten:
            return None
        return cls(of, at, after)


def page_of(directory: Directory, place: Place, reading: Reading) -> tuple[Page, Place]:
    """Return the page behind a place, and the place behind the page."""
    return _snapshot(directory, place, reading) if place.after is not None else _log(directory, place, reading)


def _snapshot(directory: Directory, place: Place, reading: Reading) -> tuple[Page, Place]:
    """Rows by key, accounts before memberships: whoever comes or goes meanwhile moves nobody to a page already told."""
    begun = place.after or ""
    rows = sorted((key, row) for key, row in _rows(directory, reading) if key > begun)
    told, more = rows[: directory.page_size], len(rows) > directory.page_size
    behind = replace(place, after=told[-1][0] if more else None)
    page = _told(directory, [row for _, row in told], reading)
    return replace(page, cursor=behind.cursor(), more=more, starts=not begun, complete=not more), behind


def _log(directory: Directory, place: Place, reading: Reading) -> tuple[Page, Place]:
    behind = replace(place, at=min(place.at + directory.page_size, len(directory.log)))
    lines = dict.fromkeys(directory.log[place.at : behind.at])
    page = _told(directory, [line for line in lines if line.kind in reading.kinds], reading)
    return replace(page, cursor=behind.cursor(), more=behind.at < len(directory.log)), behind


def _rows(directory: Directory, reading: Reading) -> Iterator[tuple[str, Touched]]:
    for account in directory.accounts.values():
        if account.kind in reading.kinds:
            yield f"a:{account.remote_id}", Touched(account.kind, account.remote_id)
    if ObjectKind.GROUP in reading.kinds:
        for group, members in directory.members.items():
            for member in members:
                yield f"m:{group}:{member}", Touched(ObjectKind.GROUP, group, member)


def _told(directory: Directory, lines: list[Touched], reading: Reading) -> Page:
    """Return a page about these accounts and memberships as they stand now."""
    changes: list[Change] = []
    members: list[MemberChange] = []
    for kind, remote_id, member in lines:
        account = directory.accounts.get(remote_id)
        if member:
            if reading.memberships and account is not None:
                stands = member in directory.members[remote_id]
                members.append(
                    MemberChange(remote_id, (member,) if stands else (), () if stands else (member,)),
                )
        elif account is None:
            gone = Account(kind, remote_id, "")
            changes.append(Change(gone, gone=True, restorable=remote_id in directory.deleted))
        else:
            changes.append(Change(_asked_for(account, reading)))
    return Page("", tuple(changes), tuple(members))


def _asked_for(account: Account, reading: Reading) -> Account:
    wanted = reading.attributes.get(account.kind)
    if not wanted:
        return account
    return replace(account, attributes={name: value for name, value in account.attributes.items() if name in wanted})


def _identity(directory: Directory, reading: Reading) -> str:
    asked = {kind: sorted(names) for kind, names in reading.attributes.items()}
    told = json.dumps([directory.id, sorted(reading.kinds), asked, reading.memberships], sort_keys=True)
    return sha256(told.encode()).hexdigest()[:16]
