"""Where a stream of delta queries stands: the tokens of Graph's links, never whole addresses. Pure.

A cursor comes back from the hub's storage. The address is made anew from the connection's settings each time, so that
no cursor can lead anywhere else.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import batched, islice
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from zlib import crc32

from connectors.contract import ObjectKind
from connectors.graph.faults import unreadable

OLDEST_SECONDS = 6.5 * 86_400
"""Graph's delta tokens of directory objects live for seven days (delta query overview)."""

MOST_TOLD = 500
"""Objects of one page that are remembered as told; Graph's pages are smaller."""

LONGEST_TOKEN = 12_000
"""Characters. Two of them and what else a cursor holds stay within the 32 KiB that the hub stores."""

NEXT, DELTA = "$skiptoken", "$deltatoken"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Place:
    """A token that Graph gave: of the next page (``NEXT``) or the next round (``DELTA``), and when (seconds, Unix)."""

    option: str
    token: str
    made: float


@dataclass(frozen=True, slots=True)
class Cursor:
    """The kind that is being read, and a place for each kind that was begun.

    ``reading`` stands for what is read from where; ``full``: this is a snapshot, and its start was seen. ``told`` are
    the objects (``mark``) of the page before, in a snapshot.
    """

    reading: str
    kind: ObjectKind
    places: Mapping[ObjectKind, Place] = field(default_factory=dict)
    full: bool = True
    told: frozenset[str] = frozenset()

    @property
    def place(self) -> Place | None:
        """Where the kind that is being read stands; ``None`` at its very beginning."""
        return self.places.get(self.kind)

    def at(self, place: Place, told: Iterable[str]) -> Self:
        """Return the cursor behind a page of the kind that is being read. ``told`` are the ids on it."""
        marks = frozenset(mark(each) for each in islice(told, MOST_TOLD)) if self.full else frozenset()
        return replace(self, places={**self.places, self.kind: place}, told=marks)

    def text(self) -> str:
        """Return the form that is stored."""
        places = {kind: [place.option, place.token, round(place.made)] for kind, place in self.places.items()}
        fields = {"v": _VERSION, "reading": self.reading, "kind": self.kind, "full": self.full, "places": places}
        return json.dumps({**fields, "told": "".join(sorted(self.told))}, separators=(",", ":"))


def mark(object_id: str) -> str:
    """Return what a cursor remembers an object by: eight characters, which are enough to tell a page's apart."""
    return f"{crc32(object_id.encode()):08x}"


def read_cursor(text: str, reading: str, kinds: tuple[ObjectKind, ...], now: float) -> Cursor | str:
    """Return the cursor, or in words why it is of no use."""
    try:
        cursor = _parsed(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "The stored position cannot be read; everything is read anew."
    if cursor.reading != reading or cursor.kind not in kinds:
        return "The settings or the attributes to read have changed; everything is read anew."
    if any(now - place.made > OLDEST_SECONDS for place in cursor.places.values()):
        return "The last import was more than six days ago, and Microsoft Graph forgets; everything is read anew."
    return cursor


def _parsed(fields: Any) -> Cursor:
    if fields["v"] != _VERSION or not isinstance(fields["reading"], str) or not isinstance(fields["full"], bool):
        raise ValueError("not a cursor of this version")
    places = {ObjectKind(kind): Place(*given) for kind, given in fields["places"].items()}
    for place in places.values():
        sound = isinstance(place.token, str) and isinstance(place.made, int) and place.option in (NEXT, DELTA)
        if not sound or len(place.token) > LONGEST_TOKEN:
            raise ValueError("not a place")
    told = frozenset(map("".join, batched(fields["told"], 8, strict=True)))
    return Cursor(fields["reading"], ObjectKind(fields["kind"]), places, fields["full"], told)


def place_of(link: str, option: str, now: float) -> Place:
    """Return the place that a link of Graph leads to. Raises ``Unavailable`` for a link without a token."""
    # $skiptoken and $deltatoken: their case is nobody's promise (OData compares options without it in Graph).
    found = {name.lower(): value for name, value in parse_qsl(urlsplit(link).query)}
    token = found.get(option, "")
    if not token or len(token) > LONGEST_TOKEN:
        raise unreadable()
    return Place(option, token, now)
