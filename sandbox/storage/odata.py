"""``$filter`` as tables know it: comparisons joined by ``and``, ``or``, ``not``. Gives the key range it names. Pure.

Reference: "Querying tables and entities". A comparison with a property that an entity does not have is false.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.storage.errors import bad

type Test = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<typed>datetime|guid|binary|X)?'(?P<text>(?:[^']|'')*)'|(?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?P<long>L)?"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<mark>[()]))",
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")
}
KEYS = ("PartitionKey", "RowKey")


@dataclass(slots=True)
class Filter:
    """A filter: ``keys`` are comparisons of keys that must all hold, ``test`` is the rest, ``None`` without one."""

    keys: list[tuple[str, str, str]] = field(default_factory=list)
    test: Test | None = None


def parse(text: str) -> Filter:
    """Return a filter. Raises ``Refused`` for what tables do not understand."""
    if not text.strip():
        return Filter()
    reader = _Reader(text)
    terms = reader.conjunction()
    if reader.left:
        raise bad("A filter ends too late.")
    rest = [term for term in terms if not isinstance(term, tuple)]
    keys = [term for term in terms if isinstance(term, tuple)]
    return Filter(keys, _all(rest) if rest else None)


type _Term = tuple[str, str, str] | Test


class _Reader:
    def __init__(self, text: str) -> None:
        self.left: list[re.Match[str]] = []
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise bad(f"The filter cannot be understood from {text[position:][:20]!r}.")
            self.left.append(found)
            position = found.end()
        self.left.reverse()

    def _next(self) -> re.Match[str]:
        if not self.left:
            raise bad("The filter ends too early.")
        return self.left.pop()

    def _word(self, *words: str) -> bool:
        if self.left and (self.left[-1]["word"] or self.left[-1]["mark"]) in words:
            self.left.pop()
            return True
        return False

    def conjunction(self) -> list[_Term]:
        """Read terms joined by ``and``; ``or`` binds less and makes one term of all."""
        terms = self._term()
        while self._word("and"):
            terms = [*terms, *self._term()]
        if not self._word("or"):
            return terms
        either, other = _all(terms), _all(self.conjunction())
        return [lambda row: either(row) or other(row)]

    def _term(self) -> list[_Term]:
        if self._word("not"):
            inner = _all(self._term())
            return [lambda row: not inner(row)]
        if self._word("("):
            terms = self.conjunction()
            if not self._word(")"):
                raise bad("A parenthesis is not closed.")
            return terms
        column, name = self._next()["word"], self._next()["word"]
        if not column or name not in _COMPARE:
            raise bad("A comparison needs a property, an operator and a value.")
        value = _value(self._next())
        if column in KEYS and isinstance(value, str) and name != "ne":
            return [(column, name, value)]
        return [_comparison(column, name, value)]


def _value(token: re.Match[str]) -> Any:
    if token["text"] is not None:
        return token["text"].replace("''", "'")
    if token["number"] is not None:
        return float(token["number"]) if re.search("[.eE]", token["number"]) else int(token["number"])
    if token["word"] in ("true", "false"):
        return token["word"] == "true"
    raise bad("A comparison needs a value.")


def _comparison(column: str, name: str, value: Any) -> Test:
    compare = _COMPARE[name]

    def test(row: Mapping[str, Any]) -> bool:
        found = row.get(column)
        if row.get(f"{column}@odata.type") == "Edm.Int64":
            found = int(str(found))
        if isinstance(found, bool) is not isinstance(value, bool) or isinstance(found, str) is not isinstance(
            value, str
        ):
            return False
        return found is not None and compare(found, value)

    return test


def _all(terms: Sequence[_Term]) -> Test:
    tests = [_comparison(*term) if isinstance(term, tuple) else term for term in terms]
    return lambda row: all(test(row) for test in tests)
