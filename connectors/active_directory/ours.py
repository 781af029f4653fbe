"""Which DNs lie where a connection has its accounts. Many share a parent, so each parent is looked at once. Pure."""

import re
from collections.abc import Iterable

from connectors.ldap_client.names import parse_dn, parse_known_dn

_FIRST = re.compile(r"(?:[^\\,+]|\\.)*,", re.DOTALL)
_REMEMBERED = 10_000


class Places:
    """Some bases, and what lies below them."""

    def __init__(self, bases: Iterable[str]) -> None:
        self._bases = [parse_dn(base) for base in bases]
        self._known: dict[str, bool] = {}

    def hold(self, dn: str) -> bool:
        """Whether a DN lies below one of the places."""
        first = _FIRST.match(dn)
        parent = dn[first.end() :] if first else None
        if parent is None or len(self._known) > _REMEMBERED:
            return self._below(dn)
        if parent not in self._known:
            self._known[parent] = self._below(parent)
        return self._known[parent]

    def _below(self, dn: str) -> bool:
        parsed = parse_known_dn(dn)
        return any(parsed.is_under(base) for base in self._bases)
