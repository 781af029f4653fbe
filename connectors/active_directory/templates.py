"""Texts with places for attributes: ``{givenName:1}{sn}``. Parsed once, filled with a user's values. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

_PLACE = re.compile(r"\{(?P<name>[A-Za-z][A-Za-z0-9-]{0,127})(?::(?P<length>[1-9]\d?))?\}")
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One attribute's place: its name and how many characters of its value are taken (``None``: all)."""

    attribute: str
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """Fixed texts and places in turn."""

    parts: tuple[str | Part, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``{attribute}`` and ``{attribute:3}`` in a text. Raises ``ValueError``."""
        return cls(_parts(text))

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that are asked for, in lower case."""
        return tuple(dict.fromkeys(part.attribute.lower() for part in self.parts if isinstance(part, Part)))

    def fill(self, values: Mapping[str, str], shaped: Callable[[str], str] = str) -> str | None:
        """Return the text with values (by lower-case names) in it, or ``None`` where one is missing or blank.

        ``shaped`` makes a value fit before it is cut.
        """
        filled: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                filled.append(part)
                continue
            value = shaped(values.get(part.attribute.lower(), "").strip())
            if not value:
                return None
            filled.append(value[: part.length])
        return "".join(filled)


@lru_cache(maxsize=256)
def _parts(text: str) -> tuple[str | Part, ...]:
    if len(text) > _MOST:
        raise ValueError(f"is longer than {_MOST} characters")
    parts: list[str | Part] = []
    start = 0
    for place in _PLACE.finditer(text):
        parts += [text[start : place.start()], Part(place["name"], int(place["length"]) if place["length"] else None)]
        start = place.end()
    parts.append(text[start:])
    if any(isinstance(part, str) and re.search(r"[{}]", part) for part in parts):
        raise ValueError("has a brace that belongs to no attribute: write {department} or {givenName:1}")
    return tuple(part for part in parts if part != "")
