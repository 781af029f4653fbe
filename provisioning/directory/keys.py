"""Row keys: how values become parts of keys, how ids and generations are made. Pure but for clock and randomness.

Table keys may not hold ``/ \\ # ?`` nor control characters and end at 1 KiB; ``:`` separates the parts of ours.
"""

import hashlib
import secrets
import unicodedata
from datetime import UTC, datetime

from connectors.contract import ObjectKind
from provisioning.directory.entities import ascending

_UNSAFE = frozenset('/\\#?:=~%"')
_LONGEST = 200

_PREFIXES = {ObjectKind.USER: "u-", ObjectKind.GROUP: "g-"}


def encode(value: str) -> str:
    """Return a value as a key part: unsafe characters as ``=XX``, long values cut and told apart by their SHA-256."""
    safe = "".join(
        f"={ord(char):02X}" if char in _UNSAFE or unicodedata.category(char).startswith("C") else char for char in value
    )
    if len(safe) <= _LONGEST:
        return safe
    return f"{safe[:100]}~{hashlib.sha256(value.encode()).hexdigest()}"


def fold(value: str) -> str:
    """Return what two strings that differ by case or composition only have in common (RFC 8265 UsernameCaseMapped)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).lower())


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
