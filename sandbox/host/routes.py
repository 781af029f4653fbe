"""ASP.NET Core route templates, as far as HTTP triggers use them: matching and the order of candidates. Pure.

``literal``, ``{p}``, ``{p?}``, ``{p=default}``, ``{p:int}``, ``{*rest}``, several in one segment; without regard to
case. Reference: https://learn.microsoft.com/aspnet/core/fundamentals/routing (templates, constraints, precedence).
"""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from sandbox.host.settings import HostError

type Check = Callable[[str], bool]

_PART = re.compile(r"\{(?P<star>\*{0,2})(?P<name>[A-Za-z_]\w*)(?P<rules>(?::[^:{}?=]+)*)(?P<end>\?|=[^{}]*)?\}")
_ENCODED_SLASH = re.compile("(%2f)", re.IGNORECASE)


def _integer(bits: int) -> Check:
    top = 2 ** (bits - 1)
    return lambda text: re.fullmatch(r"[+-]?\d{1,19}", text) is not None and -top <= int(text) < top


def _guid(text: str) -> bool:
    try:
        return len(text) >= 32 and uuid.UUID(text) is not None
    except ValueError:
        return False


_CHECKS: Mapping[str, Check] = {
    "int": _integer(32),
    "long": _integer(64),
    "guid": _guid,
    "bool": lambda text: text.lower() in ("true", "false"),
    "alpha": lambda text: re.fullmatch(r"[A-Za-z]*", text) is not None,
    "required": bool,
}
_CHECKS_OF_NUMBERS: Mapping[str, Callable[[str, list[int]], bool]] = {
    "length": lambda text, n: n[0] <= len(text) <= n[-1],
    "minlength": lambda text, n: len(text) >= n[0],
    "maxlength": lambda text, n: len(text) <= n[0],
    "min": lambda text, n: _integer(64)(text) and int(text) >= n[0],
    "max": lambda text, n: _integer(64)(text) and int(text) <= n[0],
    "range": lambda text, n: _integer(64)(text) and n[0] <= int(text) <= n[-1],
}


def _check(rule: str, template: str) -> Check:
    if rule.lower() in _CHECKS:
        return _CHECKS[rule.lower()]
    match = re.fullmatch(r"(\w+)\((-?\d+)(?:,\s*(-?\d+))?\)", rule)
    if match is None or match[1].lower() not in _CHECKS_OF_NUMBERS:
        raise HostError(f"Route {template!r}: the local host does not know the constraint {rule!r}.")
    test, numbers = _CHECKS_OF_NUMBERS[match[1].lower()], [int(number) for number in match.groups()[1:] if number]
    return lambda text: test(text, numbers)


@dataclass(frozen=True)
class Template:
    """One compiled route template. ``precedence`` sorts the more specific template first."""

    text: str
    precedence: tuple[int, ...] = field(init=False)
    _pattern: re.Pattern[str] = field(init=False, repr=False)
    _checks: tuple[tuple[str, Check], ...] = field(init=False, repr=False)
    _defaults: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pattern, precedence = "", []
        checks: list[tuple[str, Check]] = []
        defaults: dict[str, str] = {}
        for segment in filter(None, self.text.strip("/").split("/")):
            parts = list(_PART.finditer(segment))
            if "{" in _PART.sub("", segment) or "}" in _PART.sub("", segment):
                raise HostError(f"Route {self.text!r}: the segment {segment!r} cannot be understood.")
            rules = [(part["name"], rule) for part in parts for rule in filter(None, part["rules"].split(":"))]
            checks += [(name, _check(rule, self.text)) for name, rule in rules]
            defaults |= {part["name"]: part["end"][1:] for part in parts if (part["end"] or "").startswith("=")}
            if not parts:
                pattern += "/" + re.escape(segment)
                precedence.append(1)
            elif parts[0].group() != segment:
                pattern += "/" + _mixed(segment, parts)
                precedence.append(2)
            elif parts[0]["star"]:
                pattern += rf"(?:/(?P<{parts[0]['name']}>.*))?"
                precedence.append(4 if rules else 5)
            else:
                optional = "?" if parts[0]["end"] else ""
                pattern += f"(?:/(?P<{parts[0]['name']}>[^/]+)){optional}"
                precedence.append(2 if rules else 3)
        try:
            compiled = re.compile(pattern + "/?", re.IGNORECASE | re.DOTALL)
        except re.error as error:
            raise HostError(f"Route {self.text!r} cannot be understood: {error}.") from error
        object.__setattr__(self, "precedence", tuple(precedence))
        object.__setattr__(self, "_pattern", compiled)
        object.__setattr__(self, "_checks", tuple(checks))
        object.__setattr__(self, "_defaults", defaults)

    def match(self, path: str) -> Mapping[str, str] | None:
        """Return the route parameters when the path matches, else ``None``. An absent optional one is left out."""
        found = self._pattern.fullmatch(path)
        if found is None:
            return None
        values = {name: value for name, value in found.groupdict().items() if value}
        if all(test(values[name]) for name, test in self._checks if name in values):
            return {**self._defaults, **values}
        return None


def _mixed(segment: str, parts: list[re.Match[str]]) -> str:
    pattern, position = "", 0
    for part in parts:
        pattern += re.escape(segment[position : part.start()]) + f"(?P<{part['name']}>[^/]+)"
        position = part.end()
    return pattern + re.escape(segment[position:])


@dataclass(frozen=True)
class Route[T]:
    """A template with its methods (upper case; empty: all) and what it leads to."""

    template: Template
    methods: frozenset[str]
    target: T


class Routes[T]:
    """All routes of an app, the most specific first."""

    def __init__(self, routes: Iterable[Route[T]]) -> None:
        self._routes = sorted(routes, key=lambda route: route.template.precedence)

    def find(self, method: str, path: str) -> tuple[T, Mapping[str, str]] | None:
        """Return the first route that takes this method and path, with the route parameters.

        A path that exists with other methods only is not found (the real host answers 404 and never 405), and HEAD
        does not stand in for GET.
        """
        for route in self._routes:
            if route.methods and method not in route.methods:
                continue
            values = route.template.match(path)
            if values is not None:
                return route.target, values
        return None


def decode_path(raw: str) -> str:
    """Decode the percent-encoding of a path the way ASP.NET Core does: an encoded slash stays ``%2F``."""
    return "".join(
        piece if index % 2 else unquote(piece)
        for index, piece in enumerate(_ENCODED_SLASH.split(raw.partition("?")[0]))
    )
