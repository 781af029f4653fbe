"""Request bodies as JSON: read once, with what JSON leaves open decided. Pure.

* A name that stands twice in one object is refused, in whatever case (RFC 7643 section 2.1 folds names; RFC 8259
  section 4 leaves the rest to chance): of two values nobody could say which one the client meant.
* ``NaN``, ``Infinity`` and numbers beyond 64 bits are refused: the systems behind the hub cannot hold them.
* NUL and lone surrogates are refused: no storage and no directory takes them.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from scim2_models import InvalidSyntaxException, InvalidValueException

from provisioning.scim.limits import MOST_DEPTH, echo

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LARGEST = 2**63 - 1


def read_json(body: bytes) -> Any:
    """Return the JSON value of a body. Raises ``InvalidSyntaxException``, and ``InvalidValueException`` for a value."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidSyntaxException(detail=f"The body is not UTF-8: byte {error.start} does not fit") from error
    if not text.strip():
        raise InvalidSyntaxException(detail="The body is empty; a JSON object is needed")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidSyntaxException(detail=f"The body is not valid JSON at {where}") from error
    except RecursionError as error:
        raise _too_deep() from error
    if text.count("{") + text.count("[") > MOST_DEPTH:
        _check_depth(value)
    if "\\u" in text and any(_UNSTORABLE.search(each) for each in _strings(value)):
        raise InvalidValueException(detail="A text in the body holds a NUL character or half of a surrogate pair")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs) or len({name.lower() for name in value}) < len(value):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name.lower() in seen or seen.add(name.lower()))  # type: ignore[func-returns-value]
        raise InvalidSyntaxException(detail=f"{echo(twice)} stands twice in one object; names differ by more than case")
    return value


def _no_number(text: str) -> NoReturn:
    raise InvalidSyntaxException(detail=f"{text} is no JSON number")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise InvalidValueException(detail=f"The number {echo(text)} is too large")
    return value


def _integer(text: str) -> int:
    if len(text) > 20 or abs(value := int(text)) > _LARGEST:
        raise InvalidValueException(detail=f"The number {echo(text)} has more than 64 bits")
    return value


def _too_deep() -> InvalidSyntaxException:
    return InvalidSyntaxException(detail=f"The body is nested more than {MOST_DEPTH} levels deep")


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        if depth > MOST_DEPTH:
            raise _too_deep()
        level = [child for each in level for child in (each.values() if isinstance(each, dict) else each)]


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            yield from each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
