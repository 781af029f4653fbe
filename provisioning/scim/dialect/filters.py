"""Filters as clients write them, made into RFC 7644 section 3.4.2.2 filters. Pure.

Shapes, and where each is documented:

* ``externalId eq jyoung``, ``meta.created gt 2015-01-01T00:00:00Z``: values without quotes ("Develop a SCIM endpoint",
  Microsoft's Postman collection)
* ``active eq "True"``, ``roles[primary eq "True"].value``: booleans in quotes ("Customize attribute-mappings")
* ``emails[type eq "work"] eq "m@x"``: a value path compared as if it were its ``value`` (older samples)
* ``manager eq "u-1"``: a reference compared by its id, without its URN ("Develop a SCIM endpoint", reference checks)
* ``attributes=emails[type eq "work"].value``: a value path where only a name may stand (Postman collection)

A filter that is not understood is handed on as it is: the library then says what is wrong with it.
"""

import json
import re

from scim2_models import InvalidFilterException

from provisioning.scim.limits import MOST_FILTER_CHARS
from provisioning.scim.schema.shape import Attribute, Shape, Target, split_value_path

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([()\[\]])|([^\s()\[\]"]+))')
_OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le"})
_JOINTS = frozenset({"and", "or", "not"})
_LITERALS = frozenset({"true", "false", "null"})
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


class _NotUnderstoodError(Exception):
    """The filter has a form that is none of the dialect's; it is left to the library."""


def normal_filter(shape: Shape, text: str) -> str:
    """Return a filter in RFC form. Raises ``InvalidFilterException`` for one that is too long."""
    if len(text) > MOST_FILTER_CHARS:
        raise InvalidFilterException(detail=f"The filter has more than {MOST_FILTER_CHARS} characters")
    try:
        return _Rewriting(shape, _words(text)).result()
    except _NotUnderstoodError:
        return text


def normal_condition(attribute: Attribute, text: str) -> str:
    """Return the filter inside a value path in RFC form."""
    if len(text) > MOST_FILTER_CHARS:
        raise InvalidFilterException(detail=f"The filter has more than {MOST_FILTER_CHARS} characters")
    try:
        return _Rewriting(attribute, _words(text)).result()
    except _NotUnderstoodError:
        return text


def normal_attributes(shape: Shape, text: str) -> str:
    """Return an ``attributes`` or ``excludedAttributes`` list with names only, extension attributes by their URN."""
    names = []
    for given in re.split(r",(?![^\[]*\])", text):
        pieces = split_value_path(given.strip())
        target = shape.resolve(given)
        if target is not None and target.attribute is not None:
            names.append(str(Target(target.urn, target.attribute, part=target.part)))
        elif pieces is not None and pieces[0].strip():
            names.append(pieces[0].strip())
    return ",".join(names)


def _words(text: str) -> list[str]:
    words, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _NotUnderstoodError
        words.append(match.group().strip())
        position = match.end()
    return words


class _Rewriting:
    """One pass over the words of a filter, in the scope of a resource or, inside brackets, of one attribute."""

    def __init__(self, scope: Shape | Attribute, words: list[str]) -> None:
        self._scope = scope
        self._words = words
        self._position = 0
        self._out: list[str] = []

    def result(self) -> str:
        while self._position < len(self._words):
            word = self._take()
            if word in "()" or word.lower() in _JOINTS:
                self._out.append(word)
            elif word == "[" or word.startswith('"'):
                raise _NotUnderstoodError
            else:
                self._expression(word)
        return " ".join(self._out).replace("( ", "(").replace(" )", ")")

    def _take(self) -> str:
        if self._position >= len(self._words):
            raise _NotUnderstoodError
        word = self._words[self._position]
        self._position += 1
        return word

    def _expression(self, name: str) -> None:
        if isinstance(self._scope, Attribute):
            part = self._scope.part(name)
            self._comparison(part.name if part else name, part)
            return
        target = self._scope.resolve(name)
        attribute = target.attribute if target else None
        written = str(target) if target else name
        if self._position < len(self._words) and self._words[self._position] == "[":
            if attribute is None or target is None or target.part is not None:
                raise _NotUnderstoodError
            self._value_path(written, attribute)
        elif target is not None and target.part is None and attribute is not None and _stands_for_value(attribute):
            self._comparison(f"{written}.value", attribute.value)
        else:
            self._comparison(written, target.last if target else None)

    def _value_path(self, written: str, attribute: Attribute) -> None:
        end = self._position
        while end < len(self._words) and self._words[end] != "]":
            end += 1
        if end == len(self._words):
            raise _NotUnderstoodError
        inner = _Rewriting(attribute, self._words[self._position + 1 : end]).result()
        self._position = end + 1
        path = f"{written}[{inner}]"
        following = self._words[self._position] if self._position < len(self._words) else ""
        if following.startswith("."):
            part = attribute.part(self._take()[1:])
            if part is None:
                raise _NotUnderstoodError
            self._comparison(f"{path}.{part.name}", part)
        elif following.lower() in _OPERATORS:
            self._comparison(f"{path}.value", attribute.value)
        else:
            self._out.append(path)

    def _comparison(self, path: str, attribute: Attribute | None) -> None:
        operator = self._take()
        if operator.lower() == "pr":
            self._out.append(f"{path} pr")
        elif operator.lower() in _OPERATORS:
            self._out.append(f"{path} {operator.lower()} {_literal(attribute, self._take())}")
        else:
            raise _NotUnderstoodError


def _stands_for_value(attribute: Attribute) -> bool:
    """Tell whether a comparison means the ``value`` of a single complex attribute; of several the library knows."""
    return attribute.kind == "complex" and not attribute.multi and attribute.value is not None


def _literal(attribute: Attribute | None, word: str) -> str:
    if word in "()[]":
        raise _NotUnderstoodError
    boolean = attribute is not None and attribute.kind == "boolean"
    if word.startswith('"'):
        inner = word[1:-1].strip().lower()
        return inner if boolean and inner in ("true", "false") else word
    if word.lower() == "null" or (word.lower() in _LITERALS and (boolean or attribute is None)):
        return word.lower()
    if attribute is None and _NUMBER.fullmatch(word):
        return word
    return json.dumps(word, ensure_ascii=False)
