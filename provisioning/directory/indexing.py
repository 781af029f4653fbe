"""Declared matching attributes: which of them there are, what they find in a document, and how far each is. Pure.

An administrator declares an attribute by which somebody looks people up. From then on every write keeps its look-up
rows, a job writes those of what is stored already, and only then filters ask the index.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connectors.contract import ObjectKind
from provisioning.directory.keys import compose, encode, encode_beginning, fold

MOST_DECLARED = 10
"""Of each kind: every write of a resource carries the rows of all of them."""


class IndexState(StrEnum):
    """How far a declared attribute is. Writes keep its rows in all but the last, filters ask only what is ready.

    Taken back, it is first asked no more while every instance still keeps its rows, and only then are they removed:
    an instance that has not yet heard of it never asks an index that others no longer keep.
    """

    BUILDING = "building"
    READY = "ready"
    RETIRING = "retiring"
    CLEARING = "clearing"


@dataclass(frozen=True, slots=True)
class Declared:
    """A declared attribute.

    ``urn`` is the extension's or "", ``part`` a sub-attribute, ``type`` selects among the values of a multi-valued
    attribute. ``multi``: a resource may have several values. ``number``: they are integers.
    """

    kind: ObjectKind
    attribute: str
    urn: str = ""
    type: str = ""
    part: str = ""
    case_exact: bool = False
    multi: bool = False
    number: bool = False
    state: IndexState = IndexState.BUILDING

    @property
    def path(self) -> str:
        """What people call it, in the form of RFC 7644 section 3.10: ``phoneNumbers[type eq "work"].value``."""
        selected = f'{self._head}[type eq "{self.type}"]' if self.type else self._head
        return f"{selected}.{self.part}" if self.part else selected

    @property
    def name(self) -> str:
        """What the index is called, as the built-in ones are: ``phoneNumbers:work``; ``value`` goes without saying."""
        named = f"{self._head}.{self.part}" if self.part not in {"", "value"} else self._head
        return f"{named}:{encode(fold(self.type))}" if self.type else named

    @property
    def _head(self) -> str:
        return f"{self.urn}:{self.attribute}" if self.urn else self.attribute

    @property
    def kept(self) -> bool:
        """Whether writes keep rows for it."""
        return self.state is not IndexState.CLEARING

    def key(self, value: str) -> str:
        """Return what the keys of the rows of a value begin with; the resource's id follows."""
        return f"{self.prefix}{encode(self._compared(value))}:"

    def beginning(self, value: str) -> str:
        """Return what the keys of the rows of all values begin with that begin so; of long ones more may be found."""
        return self.prefix + encode_beginning(self._compared(value))

    @property
    def prefix(self) -> str:
        """What the keys of all rows begin with; no declared attribute has the name of an index that is built in."""
        return f"x:{encode(self.name)}:"

    def _compared(self, value: str) -> str:
        if self.number:
            return _number(value)
        return compose(value) if self.case_exact else fold(value)

    def values(self, document: Mapping[str, Any]) -> Iterator[str]:
        """Yield the values in a document: at least those that a filter on the path can match."""
        container = _member(document, self.urn) if self.urn else document
        found = _member(container, self.attribute)
        for element in found if isinstance(found, list) else [found]:
            if self.type and fold(str(_member(element, "type") or "")) != fold(self.type):
                continue
            value = _member(element, self.part) if self.part else element
            # True is an int in Python, and no value to look anybody up by.
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                yield str(value)


def _number(text: str) -> str:
    """Return a number in the one form that rows have; ``05`` and ``5.0`` are 5."""
    try:
        number = float(text)
        return str(int(text) if text.strip().lstrip("+-").isdecimal() else int(number))
    except (ValueError, OverflowError):
        return text


def _member(container: Any, name: str) -> Any:
    """Return a member of an object, whatever the case of its name (RFC 7643 section 2.1)."""
    if not isinstance(container, Mapping):
        return None
    if name in container:
        return container[name]
    folded = name.lower()
    return next((value for key, value in container.items() if key.lower() == folded), None)


@dataclass(frozen=True, slots=True)
class Indexing:
    """The declared attributes in force."""

    declared: tuple[Declared, ...] = ()

    def kept(self, kind: ObjectKind) -> Iterator[Declared]:
        """Yield the declared attributes that a write of a kind keeps rows for."""
        return (each for each in self.declared if each.kind is kind and each.kept)

    def named(self, kind: ObjectKind, name: str) -> Declared | None:
        """Return a declared attribute by the name of its index, whatever its state."""
        return next((each for each in self.declared if each.kind is kind and each.name == name), None)

    def ready(self, kind: ObjectKind, name: str) -> bool:
        """Tell whether the index of that name may be asked: every resource that has a value has its rows."""
        found = self.named(kind, name)
        return found is not None and found.state is IndexState.READY


BUILT_IN = Indexing()
"""Nothing is declared: the hub's own indexes alone."""

type DeclaredNow = Callable[[], Awaitable[Indexing]]
"""Tells what is declared, as it was some seconds ago at most."""


async def nothing_declared() -> Indexing:
    """Tell that nothing is."""
    return BUILT_IN
