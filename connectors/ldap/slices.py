"""All entries of a kind in the order of their ids, some thousand at a time, so that reading can go on after any id.

Cookies of paged results (RFC 2696) are good on one connection only. UUIDs can be compared by servers (RFC 4530, 2.3:
``uuidOrderingMatch``), so a slice is asked for as a range of them. Where the server does not compare ids, all ids are
listed and put in order here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from connectors.contract import ObjectKind
from connectors.ldap.directory import Directory
from connectors.ldap_client.names import at_least, at_most, both
from connectors.ldap_client.session import Entry

SPACE = 1 << 128
WISHED, MOST = 2000, 5000
"""Entries in a slice: how many it should hold, and from how many on it is made narrower."""
_ANY = "(objectClass=*)"


@dataclass(frozen=True, slots=True)
class Slice:
    """Entries in the order of their ids. ``end``: nobody comes after them. ``reach``: up to which id all are here."""

    entries: tuple[Entry, ...]
    reach: str
    width: int
    end: bool


def key_of(remote_id: str) -> str:
    """Return by what ids are put in order."""
    return remote_id.lower()


def is_id(text: str) -> bool:
    """Whether ids can go on after this one where the server puts them in order."""
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def read_slice(
    directory: Directory, kind: ObjectKind, attributes: Sequence[str], after: str, width: int, *, ordered: bool
) -> Slice:
    """Return the entries of a kind whose ids come after ``after``, with the next slice's width."""
    if not ordered:
        found = _found(directory, kind, attributes, _ANY, None)
        return Slice(_sorted({key: found[key] for key in found if key > key_of(after)}), "", 0, end=True)
    name = directory.settings.id_attribute
    start, width = UUID(after).int + 1 if after else 0, min(width, SPACE) or SPACE
    while start < SPACE:
        last = min(start + width, SPACE) - 1
        condition = both(at_least(name, str(UUID(int=start))), at_most(name, str(UUID(int=last))))
        found = _found(directory, kind, attributes, condition, MOST if width > 1 else None)
        if len(found) > MOST and width > 1:
            # Ids come in clusters, as times do: those that were read tell where there are many.
            width = max(UUID(sorted(found)[WISHED]).int - start, 1)
            continue
        width = max(min(width * WISHED // max(len(found), 1), width << 8, SPACE), 1)
        if found:
            return Slice(_sorted(found), str(UUID(int=last)), width, end=last == SPACE - 1)
        start = last + 1
    return Slice((), "", width, end=True)


def compares_ids(directory: Directory) -> bool:
    """Whether the server finds entries by ranges of ids, tried on the user base: a wrong answer would lose people."""
    name, base = directory.settings.id_attribute, directory.settings.user_base
    entry = directory.session.read(base, [name])
    known = UUID(remote_id).int if entry and is_id(remote_id := directory.id_of(entry)) else 0
    if not 0 < known < SPACE - 1:
        return False
    lower, same, higher = (str(UUID(int=number)) for number in (known - 1, known, known + 1))
    expected = {
        at_least(name, same): True,
        at_least(name, higher): False,
        at_most(name, same): True,
        at_most(name, lower): False,
    }
    return all(
        (directory.session.read(base, ["1.1"], search_filter=condition) is not None) is answer
        for condition, answer in expected.items()
    )


def _found(
    directory: Directory, kind: ObjectKind, attributes: Sequence[str], condition: str, most: int | None
) -> dict[str, Entry]:
    """Return the entries of a kind that fulfil a condition, by their ids; a few more than ``most`` at the most."""
    found: dict[str, Entry] = {}
    for base in directory.places(kind):
        for entry in directory.session.search(base, directory.of_kind(kind, condition), attributes):
            found[key_of(directory.id_of(entry))] = entry
            if most is not None and len(found) > most:
                return found
    return found


def _sorted(found: Mapping[str, Entry]) -> tuple[Entry, ...]:
    return tuple(found[key] for key in sorted(found))
