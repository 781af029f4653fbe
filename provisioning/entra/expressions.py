"""Entra's mapping expressions: understood as far as comparing and checking them needs. Pure.

Source: Reference for writing expressions for attribute mappings (Microsoft's documentation). An expression is an
attribute in brackets, a text in quotes with ``\\`` before what is meant literally, or a function of such; an argument
may be left out between commas; IIF takes a comparison. Graph gives an expression back with spaces of its own, so two of
them are compared by what they say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

LONGEST = 10_000
"""Characters: Entra takes no longer expression."""
DEEPEST = 50
"""Functions within functions; no person writes more."""

FUNCTIONS = frozenset(
    """Append AppRoleAssignmentsComplex AssertiveAppRoleAssignmentsComplex BitAnd CBool CDate Coalesce ConvertToBase64
    ConvertToUTF8Hex Count CStr DateAdd DateDiff DateFromNum DefaultDomain FormatDateTime Guid IgnoreFlowIfNullOrEmpty
    IIF InStr IsNull IsNullOrEmpty IsPresent IsString Item Join Left Mid NormalizeDiacritics Not Now NumFromDate PCase
    RandomString Redact RemoveDuplicates Replace SelectUniqueValue SingleAppRoleAssignment Split StripSpaces Switch
    ToLower ToUpper Word""".split()  # noqa: SIM905 - names read better as words
)
"""The names are case-sensitive."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<attribute>\[[^\[\]"]+\])
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<name>[^\s\[\]"(),=<>!]+)
      | (?P<operator><>|!=|>=|<=|=|<|>)
      | (?P<mark>[(),])
    )""",
    re.VERBOSE | re.DOTALL,
)


class NotAnExpression(ValueError):
    """The text is no expression; the words say where it stops to be one."""


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of an expression: ``kind`` is attribute, text, name, operator or mark."""

    kind: str
    text: str
    at: int


def parts(expression: str) -> list[Part]:
    """Return the pieces of an expression. Raises ``NotAnExpression`` where one is not closed or not known."""
    if len(expression) > LONGEST:
        raise NotAnExpression(f"it is longer than {LONGEST} characters")
    found = []
    at, end = 0, len(expression.rstrip())
    while at < end:
        match = _TOKEN.match(expression, at)
        if match is None or match.lastgroup is None:
            at += len(expression[at:]) - len(expression[at:].lstrip())
            wrong = expression[at]
            names = {'"': "the quotation mark", "[": "the bracket"}
            ending = "is not closed" if wrong in names else "does not belong there"
            raise NotAnExpression(f"{names.get(wrong, repr(wrong))} at character {at + 1} {ending}")
        found.append(Part(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return found


def check(expression: str) -> list[Part]:
    """Return the pieces of a well-formed expression, or raise ``NotAnExpression``."""
    found = parts(expression)
    if not found:
        raise NotAnExpression("it is empty")
    end = _value(found, 0, 0)
    if end < len(found):
        extra = found[end]
        raise NotAnExpression(f"{extra.text!r} at character {extra.at + 1} is too much: nothing is open there")
    return found


def _value(found: list[Part], at: int, depth: int) -> int:
    """Return the place behind the value, or the comparison of values, that begins at a place."""
    if depth > DEEPEST:
        raise NotAnExpression(f"more than {DEEPEST} functions are in each other")
    at = _single(found, at, depth)
    while at < len(found) and found[at].kind == "operator":
        at = _single(found, at + 1, depth)
    return at


def _single(found: list[Part], at: int, depth: int) -> int:
    if at == len(found):
        raise NotAnExpression("a value is missing at the end")
    part = found[at]
    if part.kind in ("mark", "operator"):
        raise NotAnExpression(f"a value is missing before {part.text!r} at character {part.at + 1}")
    called = part.kind == "name" and at + 1 < len(found) and found[at + 1].text == "("
    return _arguments(found, at + 2, part, depth + 1) if called else at + 1


def _arguments(found: list[Part], at: int, function: Part, depth: int) -> int:
    while at < len(found):
        if found[at].text not in (",", ")") or found[at].kind != "mark":
            at = _value(found, at, depth)
        if at == len(found):
            break
        closing = found[at]
        if closing.kind != "mark" or closing.text == "(":
            raise NotAnExpression(f"a comma is missing before {closing.text!r} at character {closing.at + 1}")
        at += 1
        if closing.text == ")":
            return at
    raise NotAnExpression(f"the bracket of {function.text} at character {function.at + 1} is not closed")


def canonical(expression: str) -> str:
    """Return an expression with spaces in one way; one that is not understood as it is, without those around it."""
    try:
        found = check(expression)
    except NotAnExpression:
        return expression.strip()
    written = ""
    for part in found:
        if part.kind == "operator":
            written += f" {part.text} "
        elif part.text == "," and part.kind == "mark":
            written += ", "
        else:
            written += part.text
    return written


def attribute(expression: str) -> str | None:
    """Return the attribute that an expression is, where it is nothing but one."""
    found = _only(expression, "attribute")
    return None if found is None else found[1:-1]


def constant(expression: str) -> str | None:
    """Return the text that an expression is, where it is nothing but one."""
    found = _only(expression, "text")
    return None if found is None else re.sub(r"\\(.)", r"\1", found[1:-1], flags=re.DOTALL)


def quoted(text: str) -> str:
    """Return a text as an expression."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _only(expression: str, kind: str) -> str | None:
    try:
        found = check(expression)
    except NotAnExpression:
        return None
    return found[0].text if len(found) == 1 and found[0].kind == kind else None


def functions(expression: str) -> Iterator[str]:
    """Yield the functions that a well-formed expression calls."""
    found = check(expression)
    for part, behind in pairwise(found):
        if part.kind == "name" and behind.text == "(" and behind.kind == "mark":
            yield part.text


def attributes(expression: str) -> Iterator[str]:
    """Yield the source attributes that a well-formed expression reads."""
    for part in check(expression):
        if part.kind == "attribute":
            yield part.text[1:-1]
