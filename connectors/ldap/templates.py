"""Templates of home directories and login shells: text with attributes in braces, and nothing that can be executed."""

import re
from collections.abc import Callable

_PLACE = re.compile(r"\{([A-Za-z][A-Za-z0-9-]{0,127})(?::([1-9]))?\}")


class UnfitValue(ValueError):
    """A value that a path cannot hold, or none; ``attribute`` says whose."""

    def __init__(self, attribute: str) -> None:
        super().__init__(attribute)
        self.attribute = attribute


def checked_template(text: str) -> str:
    """Return a template if it can be filled. ``{uid}`` stands for a value, ``{uid:1}`` for its first character."""
    if re.search(r"[{}]", _PLACE.sub("", text)):
        raise ValueError("holds braces that name no attribute: write {uid}, or {uid:1} for its first character")
    if re.search(r"[\x00-\x1f\x7f:]", _PLACE.sub("", text)):
        raise ValueError("holds a character that no line of a passwd file can hold")
    return text


def filled(template: str, value_of: Callable[[str], str | None]) -> str:
    """Fill a template. Raises ``UnfitValue`` for a value that would be more, or less, than one part of a path."""

    def value(place: re.Match[str]) -> str:
        text = value_of(place[1]) or ""
        if text in ("", ".", "..") or not text.isascii() or re.search(r"[\x00-\x1f\x7f/:]", text):
            raise UnfitValue(place[1])
        return text[: int(place[2])] if place[2] else text

    return _PLACE.sub(value, template)
