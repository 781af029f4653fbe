"""The meaning of one comparison in a $filter: case does not count, and null is equal to nothing but null."""

from collections.abc import Callable
from datetime import datetime

type Literal = str | bool | int | datetime | None
"""A value as it is written in a filter."""


def comparison(operator: str, literal: Literal) -> Callable[[object], bool]:
    """Return the test of a property's value against a literal. Moments are compared as moments."""
    wanted = _folded(literal)

    def compare(value: object) -> bool:
        given = _folded(
            datetime.fromisoformat(value) if isinstance(literal, datetime) and isinstance(value, str) else value
        )
        match operator:
            case "eq":
                return given == wanted
            case "ne":
                return given != wanted
            case "startswith":
                return isinstance(given, str) and given.startswith(str(wanted))
            case "endswith":
                return isinstance(given, str) and given.endswith(str(wanted))
        if isinstance(given, str) and isinstance(wanted, str):
            return given >= wanted if operator == "ge" else given <= wanted
        if isinstance(given, datetime) and isinstance(wanted, datetime):
            return given >= wanted if operator == "ge" else given <= wanted
        if isinstance(given, int) and isinstance(wanted, int):
            return given >= wanted if operator == "ge" else given <= wanted
        return False

    return compare


def _folded(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value
