"""Distinguished names and filters as pure text (RFC 4514, RFC 4515): build, take apart, compare, escape."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.ldap_client.library import escape_filter_chars, escape_rdn

type Rdn = tuple[tuple[str, str], ...]
"""One component of a DN: its attributes with their values, unescaped. More than one for ``uid=a+cn=b``."""

type Normal = tuple[Rdn, ...]
"""A whole DN for comparison."""

_HEX = re.compile(rb"\\([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Dn:
    """A distinguished name taken apart. ``rdn`` is its first component, ``parent`` the rest as it was written."""

    text: str
    rdn: Rdn
    parent: str
    normal: Normal
    """For comparison: names in lower case, values as ``caseIgnoreMatch`` compares them."""

    def is_under(self, base: "Dn") -> bool:
        """Whether this is ``base`` or below it."""
        depth = len(base.normal)
        return depth == 0 or self.normal[-depth:] == base.normal


def parse_dn(text: str) -> Dn:
    """Take a DN apart. The empty DN has no components. Raises ``ValueError`` for what is no DN."""
    parts = _split(text, ",;") if text.strip() else []
    rdns = [tuple(_assertion(part) for part in _split(rdn, "+")) for rdn in parts]
    normal = tuple(tuple(sorted((name.lower(), folded(value)) for name, value in rdn)) for rdn in rdns)
    parent = text[len(parts[0]) + 1 :].strip() if parts else ""
    return Dn(text, rdns[0] if rdns else (), parent, normal)


def parse_known_dn(text: str) -> Dn:
    """Take a DN apart that a server returned. One that this module cannot read is a name that equals only itself."""
    try:
        return parse_dn(text)
    except ValueError:
        return Dn(text, (), "", ((("", folded(text)),),))


def build_rdn(rdn: Rdn) -> str:
    """Write one component with its values escaped (RFC 4514, 2.4)."""
    return "+".join(f"{name}={escape_rdn(value)}" for name, value in rdn)


def child_dn(name: str, value: str, parent: str) -> str:
    """Return the DN of the entry that ``name=value`` names below ``parent``."""
    return f"{build_rdn(((name, value),))},{parent}"


def renamed(rdn: Rdn, values: Mapping[str, str]) -> Rdn:
    """Return the component with new values for those of its attributes that ``values`` names in lower case."""
    return tuple((name, values.get(name.lower(), value)) for name, value in rdn)


def outermost(bases: Sequence[str]) -> tuple[str, ...]:
    """Return the bases without those that lie below another one, which a search of that one covers."""
    kept: list[str] = []
    for base in sorted(bases, key=lambda dn: len(parse_dn(dn).normal)):
        if not any(parse_dn(base).is_under(parse_dn(other)) for other in kept):
            kept.append(base)
    return tuple(kept)


def folded(value: str) -> str:
    """Return a value as ``caseIgnoreMatch`` compares it: no case, spaces at the ends ignored and runs as one."""
    return re.sub(" +", " ", value).strip().casefold()


def equals(name: str, value: str) -> str:
    """Return the filter ``(name=value)`` in which nothing of the value is a wildcard or an operator (RFC 4515, 3)."""
    # ldap3 trims spaces around values and reads characters before '=' as operators; as octets they are safe.
    escaped = re.sub(r"[ =<>~:]", lambda found: f"\\{ord(found[0]):02x}", escape_filter_chars(value))
    return f"({name}={escaped})"


def at_least(name: str, value: str) -> str:
    """Return the filter ``(name>=value)`` (RFC 4515, 3: greaterorequal)."""
    return f"({name}>={escape_filter_chars(value)})"


def at_most(name: str, value: str) -> str:
    """Return the filter ``(name<=value)``."""
    return f"({name}<={escape_filter_chars(value)})"


def both(*filters: str) -> str:
    """Return the filter that holds where all of them hold."""
    return f"(&{''.join(filters)})"


def either(filters: Iterable[str]) -> str:
    """Return the filter that holds where one of them holds."""
    return f"(|{''.join(filters)})"


def _split(text: str, separators: str) -> list[str]:
    """Split at separators that are not escaped."""
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] in separators:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def _assertion(part: str) -> tuple[str, str]:
    name, separator, value = part.partition("=")
    if not separator or not re.fullmatch(r"\s*[A-Za-z0-9.-]+\s*", name):
        raise ValueError("is not a distinguished name such as ou=people,dc=example,dc=com")
    return name.strip(), _unescaped(value)


def _unescaped(value: str) -> str:
    """Return the value that an escaped text stands for: ``\\C3\\AB`` are octets of UTF-8, ``\\,`` is a comma."""
    value = value.lstrip(" ")
    stripped = value.rstrip(" ")
    if len(stripped) < len(value) and (len(stripped) - len(stripped.rstrip("\\"))) % 2:
        stripped += " "  # the last space is escaped and belongs to the value
    raw, position, octets = stripped.encode(), 0, bytearray()
    while position < len(raw):
        if raw[position : position + 1] != b"\\":
            octets += raw[position : position + 1]
            position += 1
        elif pair := _HEX.match(raw, position):
            octets.append(int(pair[1], 16))
            position += 3
        else:
            octets += raw[position + 1 : position + 2]
            position += 2
    return octets.decode("utf-8", "replace")
