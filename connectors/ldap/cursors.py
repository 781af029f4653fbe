"""Where an import stands: what of it has been read, and from when the next one reads. Opaque to everybody else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from connectors.contract import ObjectKind, Reading
from connectors.ldap.defaults import DEFAULTS
from connectors.ldap.directory import USER, Directory
from connectors.ldap.timestamps import is_stamp

VERSION = 1
MOST_TOLD = 800
"""Entries of the overlap that are remembered, 12 characters each; those beyond are told once more."""
_LONGEST = 32 * 1024


@dataclass(frozen=True, slots=True)
class Cursor:
    """``since``: changes from then on are read, everything if empty. ``until``: where the next import begins.

    ``kind`` and ``after``: what of a stream has been read already; no kind between two streams. ``width`` is a hint of
    how many ids are read at once. ``told`` and ``telling`` hold digests of entries of the overlap, told by the last
    import and by this one. ``group`` and ``member``: of this group, members up to this one have been told. ``whole``:
    when everybody was told last, by our own clock. ``doubtful``: part of this stream came from a server that only
    stands in for the first one.
    """

    settings: str
    directory: str
    since: str = ""
    until: str = ""
    kind: str = ""
    after: str = ""
    width: int = 0
    told: str = ""
    telling: str = ""
    group: str = ""
    member: str = ""
    whole: str = ""
    doubtful: bool = False

    def text(self) -> str:
        """Return the cursor as it is stored."""
        held = {name: value for name, value in asdict(self).items() if value}
        return json.dumps({"v": VERSION, **held}, separators=(",", ":"))


def parsed(text: str) -> Cursor | None:
    """Read a cursor; ``None`` for anything else."""
    if len(text) > _LONGEST:
        return None
    try:
        held = json.loads(text)
        if not isinstance(held, dict) or held.pop("v", None) != VERSION:
            return None
        cursor = Cursor(**held)
    except (ValueError, TypeError, RecursionError):
        return None
    return cursor if _sound(cursor) else None


def _sound(cursor: Cursor) -> bool:
    texts = (cursor.settings, cursor.directory, cursor.since, cursor.until, cursor.whole, cursor.kind, cursor.after)
    return (
        all(isinstance(text, str) for text in (*texts, cursor.told, cursor.telling, cursor.group, cursor.member))
        and type(cursor.width) is int
        and cursor.width >= 0
        and all(not stamp or is_stamp(stamp) for stamp in (cursor.since, cursor.until, cursor.whole))
        and type(cursor.doubtful) is bool
        and cursor.kind in ("", *ObjectKind)
    )


def settings_mark(directory: Directory, reading: Reading) -> str:
    """Return what tells one reading by these settings from another."""
    kinds = sorted(reading.kinds)
    return _digest(
        {
            "places": [list(directory.bases(kind)) for kind in kinds],
            "classes": [directory.classes(kind)[0] for kind in kinds],
            "attributes": [sorted(wanted_attributes(reading, kind)) for kind in kinds],
            "switch": [repr(directory.switch) if kind is USER else "" for kind in kinds],
            "members": [reading.memberships, directory.settings.member_attribute, directory.settings.members_by],
            "id": directory.settings.id_attribute,
        }
    )


def directory_mark(directory: Directory) -> str:
    """Return what tells one directory from another, copies of the same one being equal: the ids of the bases."""
    entries = (directory.session.read(base, [directory.settings.id_attribute]) for base in directory.all_bases)
    return _digest([directory.id_of(entry) for entry in entries if entry is not None])


def wanted_attributes(reading: Reading, kind: ObjectKind) -> tuple[str, ...]:
    """Return the attributes to read; those of the built-in mappings where none are named."""
    return reading.attributes.get(kind) or tuple(mapping.target for mapping in DEFAULTS[kind].mappings)


def _digest(value: list[str] | Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:24]
