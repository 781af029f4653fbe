"""The cursor of an import: where each kind has been read to, by which way, on which controller, and for which question.

It is compact JSON. DirSync's cookies are opaque octets that grow with the number of controllers a domain ever had, and
are nearly the same for each kind: they are packed together.
"""

import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.errors import Misconfigured

VERSION = 1
LONGEST = 32 * 1024
"""Characters: what one property of a table holds."""

_UNPACKED = 1024 * 1024

type Way = Literal["dirsync", "usn"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a stream. ``at`` is the kind that is being read; empty between two imports."""

    way: Way
    question: str
    """Fingerprint of the domain, the places, kinds and attributes that are read."""
    controller: str
    """Who counts the USNs: dsServiceName and invocationId (MS-ADTS 3.1.1.1.3)."""
    host: str
    at: str = ""
    full: bool = False
    """Whether a complete snapshot is being read."""
    until: int = 0
    """The snapshot's own USN: what changed later is read as changes (usn), or shows once more (dirsync)."""
    blind: bool = False
    """Whether deletions cannot be seen, so that every import compares everything (usn)."""
    own_rights: bool = False
    """Whether DirSync shows only what the service account may read anyway (LDAP_DIRSYNC_OBJECT_SECURITY)."""
    day: int = 0
    """The day on which it was made, since 1970: deletions are kept for some months only."""
    cookies: Mapping[str, bytes] = field(default_factory=dict)
    """DirSync's cookie of each kind."""
    known: Mapping[str, int] = field(default_factory=dict)
    """What did not change since this USN of its kind stands as it was told before (usn, blind)."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """The USN of each kind, up to which all is told."""

    def text(self) -> str:
        """Return the text to store. Raises ``Misconfigured`` where it is too long for a table."""
        packed = b64encode(zlib.compress(b"".join(self.cookies.values()), 9)).decode() if self.cookies else ""
        held = {
            "v": VERSION,
            "way": self.way,
            "of": self.question,
            "dc": self.controller,
            "host": self.host,
            "at": self.at,
            "full": int(self.full),
            "until": self.until,
            "blind": int(self.blind),
            "own": int(self.own_rights),
            "day": self.day,
            "lengths": {kind: len(cookie) for kind, cookie in self.cookies.items()},
            "cookies": packed,
            "known": dict(self.known),
            "usn": dict(self.numbers),
        }
        text = json.dumps({name: value for name, value in held.items() if value}, separators=(",", ":"))
        if len(text) > LONGEST:
            raise Misconfigured(
                "The domain's DirSync cookies are too long to be kept: it has had very many domain controllers.",
                code="ad.cursorTooLong",
                fix="Set 'Import by' to usn.",
            )
        return text


def parse_cursor(text: str) -> Cursor | None:
    """Return a stored cursor; ``None`` for what this version of the connector did not write."""
    try:
        held = json.loads(text) if len(text) <= LONGEST else None
        return _cursor(held) if isinstance(held, dict) and held.get("v") == VERSION else None
    except (ValueError, TypeError, KeyError, AttributeError, zlib.error, RecursionError):
        return None


def fingerprint(*parts: object) -> str:
    """Return a short text that is another one where any of the parts is."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _cursor(held: Mapping[str, Any]) -> Cursor:
    octets = b""
    if held.get("cookies"):
        octets = zlib.decompressobj().decompress(b64decode(held["cookies"], validate=True), _UNPACKED)
    cookies, start = dict[str, bytes](), 0
    for kind, length in held.get("lengths", {}).items():
        cookies[str(kind)] = octets[start : start + int(length)]
        start += int(length)
    if start != len(octets) or held["way"] not in ("dirsync", "usn"):
        raise ValueError("is damaged")
    return Cursor(
        held["way"],
        str(held["of"]),
        str(held.get("dc", "")),
        str(held.get("host", "")),
        str(held.get("at", "")),
        bool(held.get("full")),
        int(held.get("until", 0)),
        bool(held.get("blind")),
        bool(held.get("own")),
        int(held.get("day", 0)),
        cookies,
        {str(kind): int(usn) for kind, usn in held.get("known", {}).items()},
        {str(kind): int(usn) for kind, usn in held.get("usn", {}).items()},
    )
