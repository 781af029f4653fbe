"""GUIDs, SIDs (MS-DTYP 2.3.4, 2.4.2) and extended DNs: octets on the wire, texts everywhere else. Pure."""

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

_EXTENDED = re.compile(
    r"<GUID=(?P<guid>[0-9A-Fa-f-]{32,36})>;(?:<SID=(?P<sid>[^>]+)>;)?(?P<dn>.*)", re.DOTALL | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ExtendedDn:
    """A DN with who it is, as the server writes it when asked to (``<GUID=...>;<SID=...>;CN=...``)."""

    guid: str
    sid: str | None
    dn: str


def parse_extended_dn(text: str) -> ExtendedDn | None:
    """Take an extended DN apart; ``None`` for a plain one."""
    found = _EXTENDED.fullmatch(text)
    return ExtendedDn(str(UUID(found["guid"])), found["sid"], found["dn"]) if found else None


def guid_text(octets: bytes) -> str:
    """Return an objectGUID as the usual text in lower case."""
    return str(UUID(bytes_le=octets))


def guid_octets(text: str) -> bytes:
    """Return the octets of a GUID. Raises ``ValueError`` for what is none."""
    return UUID(text).bytes_le


def guid_base(text: str) -> str:
    """Return the search base that names an object by its GUID (MS-ADTS 3.1.1.3.1.2.4). Raises ``ValueError``."""
    return f"<GUID={UUID(text)}>"


def sid_text(octets: bytes) -> str:
    """Return an objectSid as ``S-1-5-21-...``."""
    revision, count = octets[0], octets[1]
    parts = struct.unpack(f"<{count}I", octets[8 : 8 + 4 * count])
    return "-".join(["S", str(revision), str(int.from_bytes(octets[2:8])), *map(str, parts)])


def sid_octets(text: str) -> bytes:
    """Return the octets of a SID. Raises ``ValueError`` for what is none."""
    if not re.fullmatch(r"[Ss]-1-\d{1,15}(-\d{1,10}){1,15}", text):
        raise ValueError("is not a security identifier such as S-1-5-21-1-2-3-1104")
    authority, *parts = (int(part) for part in text.split("-")[2:])
    if authority >= 2**48 or any(part >= 2**32 for part in parts):
        raise ValueError("is not a security identifier: a part is too large")
    return bytes((1, len(parts))) + authority.to_bytes(6) + struct.pack(f"<{len(parts)}I", *parts)


def octets_equal(name: str, octets: bytes) -> str:
    """Return the filter ``(name=...)`` for a value of octets (RFC 4515, 3)."""
    return f"({name}={''.join(f'\\{octet:02x}' for octet in octets)})"


def guids_equal(guids: Iterable[str]) -> list[str]:
    """Return one filter for each GUID."""
    return [octets_equal("objectGUID", guid_octets(guid)) for guid in guids]
