"""What a search brings: entries as the server returned them, and the rest of its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.ldap_client.results import Result


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the server returned it. Names of attributes are the server's."""

    dn: str
    attributes: Mapping[str, Sequence[bytes]]

    def values(self, name: str) -> list[str]:
        """Return an attribute's texts, whatever the case of its name; values that are no UTF-8 are left out."""
        return [text for value in self.octets(name) if (text := text_of(value)) is not None]

    def octets(self, name: str) -> list[bytes]:
        """Return an attribute's values as the server sent them, whatever the case of its name."""
        if (found := self.attributes.get(name)) is not None:
            return list(found)
        for held, values in self.attributes.items():
            if held.lower() == name.lower():
                return list(values or ())
        return []


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said to one search. ``controls``: values of response controls by number, as ldap3 decodes them."""

    result: Result
    entries: list[Entry]
    controls: Mapping[str, Any]


def text_of(value: bytes | str) -> str | None:
    """Return a value's text, or ``None`` where it is no UTF-8."""
    try:
        return value if isinstance(value, str) else value.decode()
    except UnicodeDecodeError:
        return None
