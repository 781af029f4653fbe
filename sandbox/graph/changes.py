"""The log of what changed in a tenant, in order: what delta queries are answered from. Pure."""

import bisect
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.graph.properties import Entity


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one object.

    ``names`` are the properties that were written; ``None`` says that the object came to be, came back, or went.
    A change of a relationship has ``relation`` (``members``, ``manager``), the ``other`` object and its @odata.type,
    and whether it is ``linked`` from now on.
    """

    entity: Entity
    id: str
    at: datetime
    names: frozenset[str] | None = None
    relation: str = ""
    other: str = ""
    other_type: str = ""
    linked: bool = False


class ChangeLog:
    """Changes by number, from 1 on. ``generation`` tells this log from one of an earlier life of the tenant."""

    def __init__(self) -> None:
        self.generation = uuid.uuid4().hex[:12]
        self._changes: list[Change] = []

    def note(self, change: Change) -> None:
        """Append a change."""
        self._changes.append(change)

    def settled(self, moment: datetime) -> int:
        """Return the number of the last change that is not younger than ``moment``; 0 where there is none."""
        if not self._changes or self._changes[-1].at <= moment:
            return len(self._changes)
        return bisect.bisect_right(self._changes, moment, key=lambda change: change.at)

    def between(self, since: int, until: int) -> Sequence[Change]:
        """Return the changes behind number ``since``, up to ``until``."""
        return self._changes[since:until]
