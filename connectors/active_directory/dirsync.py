"""The DirSync control (MS-ADTS 3.1.1.3.4.1.3): what changed in a domain since a cookie, and only what changed of it.

It needs the right "Replicating Directory Changes" on the domain, or shows what the caller may read anyway
(LDAP_DIRSYNC_OBJECT_SECURITY). It works on a whole domain only, so places are sorted out afterwards. Members that came
and went arrive as values of their own: ``member;range=1-1`` and ``member;range=0-0``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.active_directory.directory import Directory, plain
from connectors.active_directory.domain import EXTENDED_DN, SHOW_DELETED
from connectors.errors import Misconfigured
from connectors.ldap_client.results import INSUFFICIENT_ACCESS, SUCCESS
from connectors.ldap_client.session import Entry

DIRSYNC = "1.2.840.113556.1.4.841"
ADDED, REMOVED = ";range=1-1", ";range=0-0"
PAGE_OCTETS = 512 * 1024
"""How much a controller should put into one answer; Samba does not heed it."""

_OBJECT_SECURITY, _INCREMENTAL_VALUES = 0x00000001, 0x80000000
_COOKIE_REFUSED = {2, 12, 53}
"""protocolError, unavailableCriticalExtension (Samba), unwillingToPerform."""


class NotPermitted(Exception):
    """The service account has no right to this kind of DirSync."""


class CookieRefused(Exception):
    """The controller does not take the cookie: it is damaged, or too old."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One answer: objects with those attributes that changed, the cookie behind it, and whether more waits."""

    entries: list[Entry]
    cookie: bytes
    more: bool


def request_value(flags: int, octets: int, cookie: bytes) -> bytes:
    """Return the control's value in BER: SEQUENCE { flags INTEGER, maxBytes INTEGER, cookie OCTET STRING }."""
    # Flags are 32 bits with a sign: as a positive number the highest would take a fifth octet, which is refused.
    signed = flags - 2**32 if flags >= 2**31 else flags
    body = _ber(0x02, signed.to_bytes(4, signed=True)) + _ber(0x02, octets.to_bytes(octets.bit_length() // 8 + 1))
    return _ber(0x30, body + _ber(0x04, cookie))


def changed_since(
    directory: Directory, condition: str, attributes: Sequence[str], cookie: bytes, *, own_rights: bool
) -> Changed:
    """Ask once. An empty cookie asks for everything. Raises ``NotPermitted`` and ``CookieRefused``."""
    flags = _INCREMENTAL_VALUES | (_OBJECT_SECURITY if own_rights else 0)
    controls = [(DIRSYNC, True, request_value(flags, PAGE_OCTETS, cookie)), EXTENDED_DN, SHOW_DELETED]
    answer = directory.session.ask(directory.domain.base, condition, attributes, controls)
    if answer.result.code == INSUFFICIENT_ACCESS:
        raise NotPermitted
    if answer.result.code in _COOKIE_REFUSED and cookie:
        raise CookieRefused
    if answer.result.code != SUCCESS:
        raise directory.session.error_of(answer.result)
    held = answer.controls.get(DIRSYNC)
    if not isinstance(held, Mapping) or not held.get("cookie"):
        raise Misconfigured(
            "The domain controller does not know the DirSync control.",
            code="ad.noDirSync",
            fix="Set 'Import by' to usn, or auto.",
        )
    return Changed([as_read(plain(entry)) for entry in answer.entries], held["cookie"], bool(held["more_results"]))


def as_read(entry: Entry) -> Entry:
    """Return an entry as a search shows it: links other than members with their values, or cleared; and with ``cn``.

    The common name is not replicated, because ``name`` says the same (MS-ADTS 3.1.1.1.4).
    """
    attributes = dict(entry.attributes)
    if (given := entry.octets("name")) and not entry.octets("cn"):
        attributes["cn"] = given
    for name in entry.attributes:
        plain_name, suffix = name[: -len(ADDED)], name[-len(ADDED) :].lower()
        if suffix not in (ADDED, REMOVED) or plain_name.lower() == "member":
            continue
        values = attributes.pop(name)
        if suffix == ADDED:
            attributes[plain_name] = values
        else:
            attributes.setdefault(plain_name, [])
    return replace(entry, attributes=attributes)


def came_and_went(entry: Entry) -> tuple[list[str], list[str]]:
    """Return the members that were added and removed, as extended DNs."""
    return entry.values(f"member{ADDED}"), entry.values(f"member{REMOVED}")


def _ber(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + content
