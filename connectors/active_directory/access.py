"""What an access control list permits (MS-DTYP 2.4.5, 2.4.4; MS-ADTS 5.1.3): rights that no attribute tells. Pure.

``allowedAttributesEffective`` and its like tell what may be written and created. Deleting, resetting passwords and
reading changes are in the security descriptor alone, which everybody may read unless somebody has taken care of it.
"""

import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

DELETE, DELETE_CHILD, CONTROL_ACCESS = 0x00010000, 0x00000002, 0x00000100
_GENERIC_ALL = 0x10000000

USER_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"
GROUP_CLASS = "bf967a9c-0de6-11d0-a285-00aa003049e2"
RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"  # noqa: S105 - the right's name
GET_CHANGES = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"
REANIMATE = "45ec5156-db7e-47bb-b53f-dbeb2d03c40f"

SECURITY = ("1.2.840.113556.1.4.801", True, b"\x30\x03\x02\x01\x04")
"""Asks for the access control list alone (MS-ADTS 3.1.1.3.4.1.11): owner and audit need rights of their own."""

_ALLOWED, _DENIED, _ALLOWED_OBJECT, _DENIED_OBJECT = 0x00, 0x01, 0x05, 0x06
_INHERIT_ONLY = 0x08
_HAS_TYPE, _HAS_INHERITED_TYPE = 0x1, 0x2


@dataclass(frozen=True, slots=True)
class _Ace:
    allows: bool
    mask: int
    of: str | None
    """The class, property or extended right that it is about; ``None``: every one."""
    sid: bytes


def permits(descriptor: bytes, sids: Collection[bytes], right: int, of: str | None = None) -> bool:
    """Whether somebody with these SIDs has a right. Raises ``ValueError`` for what is no descriptor.

    Entries are in the order in which they count: the first that speaks of the right decides.
    """
    try:
        for ace in _entries(descriptor):
            if ace.sid in sids and ace.mask & (right | _GENERIC_ALL) and ace.of in (None, of):
                return ace.allows
    except (struct.error, IndexError) as damaged:
        raise ValueError("is no security descriptor") from damaged
    return False


def _entries(descriptor: bytes) -> Iterator[_Ace]:
    """Yield the entries of the list that count for the object itself."""
    (start,) = struct.unpack_from("<I", descriptor, 16)
    if not start:
        # No list at all is everything for everybody (MS-DTYP 2.5.3.2); Active Directory never has that.
        raise ValueError("has no access control list")
    (count,) = struct.unpack_from("<H", descriptor, start + 4)
    position = start + 8
    for _ in range(count):
        kind, flags, size = struct.unpack_from("<BBH", descriptor, position)
        if not flags & _INHERIT_ONLY and kind in (_ALLOWED, _DENIED, _ALLOWED_OBJECT, _DENIED_OBJECT):
            yield _entry(kind, descriptor[position + 4 : position + size])
        position += size


def _entry(kind: int, content: bytes) -> _Ace:
    (mask,) = struct.unpack_from("<I", content)
    position, of = 4, None
    if kind in (_ALLOWED_OBJECT, _DENIED_OBJECT):
        (present,) = struct.unpack_from("<I", content, 4)
        position = 8
        if present & _HAS_TYPE:
            of = str(UUID(bytes_le=content[position : position + 16]))
            position += 16
        if present & _HAS_INHERITED_TYPE:
            position += 16
    length = 8 + 4 * content[position + 1]
    return _Ace(kind in (_ALLOWED, _ALLOWED_OBJECT), mask, of, content[position : position + length])
