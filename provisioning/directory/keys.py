"""Row keys: how values become parts of keys, how ids and generations are made. Pure but for clock and randomness.

Table keys may not hold ``/ \\ # ?`` nor control characters and end at 1 KiB; ``:`` separates the parts of ours.
"""

import hashlib
import re
import secrets
import unicodedata
from datetime import UTC, datetime

from connectors.contract import ObjectKind
from provisioning.storage.entities import ascending

_PLAIN = re.compile(r"[A-Za-z0-9_.@-]{1,200}")
_UNSAFE = frozenset('/\\#?:=~%"')
_LONGEST = 200
_CUT = 100

_PREFIXES = {ObjectKind.USER: "u-", ObjectKind.GROUP: "g-"}


def encode(value: str) -> str:
    """Return a value as a key part: unsafe characters as ``=XX``, long values cut and told apart by their SHA-256."""
    if _PLAIN.fullmatch(value):
        return value
    safe = _safe(value)
    if len(safe) <= _LONGEST:
        return safe
    return f"{safe[:_CUT]}~{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()}"


def encode_beginning(value: str) -> str:
    """Return what the key part of every value that begins so begins with: all of it, or what a long value keeps."""
    return _safe(value)[:_CUT]


def compose(value: str) -> str:
    """Return what two strings that differ by composition only have in common: the form that case-exact ones keep."""
    return unicodedata.normalize("NFC", value)


def fold(value: str) -> str:
    """Return what two strings that differ by case or composition only have in common (RFC 8265 UsernameCaseMapped)."""
    return compose(compose(value).lower())


def new_id(kind: ObjectKind) -> str:
    """Return a fresh resource id. The first letter tells the kind, so that a member's kind needs no look-up."""
    return _PREFIXES[kind] + secrets.token_hex(16)


def kind_of(resource_id: str) -> ObjectKind | None:
    """Return the kind that an id was made for, or ``None`` for an id that is not the hub's."""
    return next((kind for kind, prefix in _PREFIXES.items() if resource_id.startswith(prefix)), None)


def new_generation(now: datetime | None = None) -> str:
    """Return a generation: ordered by time for people and for the outbox, compared for equality only."""
    return f"{ascending(now or datetime.now(UTC))}{secrets.token_hex(4)}"


def generation_time(generation: str) -> datetime:
    """Return when a generation was made."""
    return datetime.fromtimestamp(int(generation[:16]) / 1_000_000, UTC)


def _safe(value: str) -> str:
    return "".join(
        f"={ord(char):02X}" if char in _UNSAFE or unicodedata.category(char).startswith("C") else char for char in value
    )
