"""Attributes with very many values, which a controller hands out piece by piece (MS-ADTS 3.1.1.3.1.3.3).

The name of the attribute in an answer then says which piece it is: ``member;range=0-1499``, and ``member;range=1500-*``
for the last. Windows gives 1,500 values at a time unless asked for fewer; Samba gives all unless asked for a range.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.ldap_client.session import Controls, Entry, Session

PIECE = 1500
"""Values per request: as many as Windows gives at most."""

_OPTION = re.compile(r"(?P<name>[^;]+);range=(?P<low>\d{1,10})-(?P<high>\d{1,10}|\*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some values of an attribute. ``following`` is the index of the first one behind them, if there are more."""

    values: list[str]
    following: int | None


def piece_of(entry: Entry, name: str) -> Piece:
    """Return the values of an attribute, whether they came whole, as a piece, or not at all."""
    for held in entry.attributes:
        option = _OPTION.fullmatch(held)
        if option is not None and option["name"].lower() == name.lower():
            following = None if option["high"] == "*" else int(option["high"]) + 1
            values = entry.values(held)
            return Piece(values, following if values else None)
    return Piece(entry.values(name), None)


def ranged_values(
    session: Session, dn: str, name: str, controls: Controls = (), start: int | None = 0
) -> Iterator[list[str]]:
    """Yield the values of an attribute from an index on, piece by piece; nothing where there is no such object."""
    while start is not None:
        entry = session.read(dn, [f"{name};range={start}-{start + PIECE - 1}"], controls=controls)
        if entry is None:
            return
        piece = piece_of(entry, name)
        if piece.values:
            yield piece.values
        start = piece.following
