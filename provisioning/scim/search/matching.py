"""Evaluates a filter on candidates. What scim2-models says of it is what holds, however they were found."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from scim2_models import ScimFilter

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.resources import Resource as Stored
from provisioning.scim.presenting import Model, Presenting
from provisioning.scim.search.questions import Plan
from provisioning.scim.search.related import Related
from provisioning.scim.search.relations import Relations
from provisioning.scim.search.work import Work
from provisioning.scim.showing import Showing

_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked of one kind. ``modelled``: whether models are needed, because there is a filter or a sort."""

    kind: ObjectKind
    filter: ScimFilter[Any] | None
    plan: Plan
    relations: Relations
    modelled: bool


class Matching:
    """Lets through what matches, for one source. ``last`` is the id that was looked at last."""

    def __init__(self, directory: Directory, presenting: Presenting, showing: Showing, source: str, work: Work) -> None:
        self._memberships = directory.memberships
        self._presenting = presenting
        self._showing = showing
        self._source = source
        self._work = work
        self.last = ""

    async def matches(
        self, part: Part, candidates: AsyncIterator[Stored]
    ) -> AsyncIterator[tuple[Stored, Model | None]]:
        """Stream the candidates that match, as they were evaluated. Raises ``TooMuchWork`` and ``TooManyException``."""
        related = None
        if part.relations:
            related = Related(self._memberships, self._presenting, self._showing, part.plan, part.relations, self._work)
        async for batch in _batches(candidates, _AT_ONCE if related else 1):
            models: Sequence[Model | None] = [None for _ in batch]
            if related is not None:
                models = await asyncio.gather(*(related.model(self._own(stored)) for stored in batch))
            elif part.modelled:
                models = [self._presenting.present(self._own(stored)) for stored in batch]
            for stored, model in zip(batch, models, strict=True):
                await self._work.step()
                self.last = stored.id
                if part.filter is None or (model is not None and part.filter.match(model)):
                    yield stored, model

    def _own(self, stored: Stored) -> Stored:
        """Return a resource without an ``externalId`` of another source: each has its own (RFC 7643 section 3.1)."""
        if stored.source == self._source or "externalId" not in stored.document:
            return stored
        own = {name: value for name, value in stored.document.items() if name != "externalId"}
        return dataclasses.replace(stored, document=own)


async def _batches(candidates: AsyncIterator[Stored], size: int) -> AsyncIterator[list[Stored]]:
    batch: list[Stored] = []
    async for stored in candidates:
        batch.append(stored)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
