"""What one search is about: the resources of each kind that match, one after the other, in both directions."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from connectors.contract import ObjectKind
from provisioning.directory.keys import kind_of
from provisioning.directory.resources import Resource as Stored
from provisioning.scim.presenting import Model
from provisioning.scim.search.candidates import Candidates
from provisioning.scim.search.matching import Matching, Part
from provisioning.scim.search.ordering import Place


@dataclass(slots=True)
class Found:
    """A page: its resources, how many there are in all (``None``: not known), and the places before and behind it."""

    resources: list[Stored] = field(default_factory=list)
    total: int | None = None
    previous: Place | None = None
    next: Place | None = None


class Finding:
    """Streams the matches of one search: users before groups, each by id. ``last`` is the id last looked at."""

    def __init__(self, parts: Sequence[Part], candidates: Candidates, matching: Matching) -> None:
        self.parts = parts
        self.candidates = candidates
        self._matching = matching

    @property
    def kinds(self) -> list[ObjectKind]:
        """The kinds that are searched, in their order."""
        return [part.kind for part in self.parts]

    @property
    def whole(self) -> bool:
        """Whether everything matches: there is no filter."""
        return all(part.filter is None for part in self.parts)

    @property
    def last(self) -> str:
        """The id that was looked at last, or "" where there was none yet."""
        return self._matching.last

    async def ascending(self, behind: str = "", page: int = 1000) -> AsyncIterator[tuple[Stored, Model | None]]:
        """Stream what matches behind an id. Raises ``TooMuchWork``."""
        for part, beyond in self._from(self.parts, behind):
            found = self.candidates.ascending(part.kind, part.plan, beyond, page if self.whole else 1000)
            async for match in self._matching.matches(part, found):
                yield match

    async def descending(self, before: str, page: int = 1000) -> AsyncIterator[tuple[Stored, Model | None]]:
        """Stream what matches before an id, the last first. Raises ``TooMuchWork``."""
        for part, beyond in self._from(self.parts[::-1], before):
            found = self.candidates.descending(part.kind, part.plan, beyond, page if self.whole else 1000)
            async for match in self._matching.matches(part, found):
                yield match

    @staticmethod
    def _from(parts: Sequence[Part], place: str) -> list[tuple[Part, str]]:
        """Return the parts from the one on that an id is of, that one with the id."""
        kinds = [part.kind for part in parts]
        start = kinds.index(kind) if place and (kind := kind_of(place)) in kinds else 0
        return [(part, place if number == 0 and place else "") for number, part in enumerate(parts[start:])]
