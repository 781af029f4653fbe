"""Searches the directory: pages by index and by cursor, of what a filter matches, in the order that is asked for.

Without a sort the order is users before groups, each by id; a page by cursor begins where the last one ended and costs
no more than itself. A page by index, and one that is sorted, has to look at all that may match, which is bounded.
"""

from collections.abc import Sequence
from typing import Any

from scim2_models import ForbiddenException, ScimFilter, SearchRequest, TooManyException
from scim2_server.storage import SearchPage
from scim2_server.utils import parametrize

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.index import INDEXED
from provisioning.directory.indexing import Indexing, IndexState
from provisioning.scim.limits import MOST_SEARCHED
from provisioning.scim.presenting import Presenting
from provisioning.scim.published import Published
from provisioning.scim.search.candidates import Candidates
from provisioning.scim.search.finding import Finding, Found
from provisioning.scim.search.listing import Listing
from provisioning.scim.search.matching import Matching, Part
from provisioning.scim.search.ordering import NAMES, read_place
from provisioning.scim.search.questions import RELATIONS, Scope, plan
from provisioning.scim.search.relations import Relations, relations
from provisioning.scim.search.sorting import Sorting
from provisioning.scim.search.work import TooMuchWork, Work
from provisioning.scim.showing import Showing, Wanted
from provisioning.sources.caller import Caller


class Search:
    """Searches the directory for one source, and shows what was found."""

    def __init__(
        self, directory: Directory, published: Published, caller: Caller, most_work: int = MOST_SEARCHED
    ) -> None:
        self._directory = directory
        self._presenting = Presenting(published.provider, published.shapes)
        self._showing = Showing(directory, self._presenting, caller.kinds)
        self._shapes = published.shapes
        self._source = caller.source
        self._kinds = caller.kinds
        self._most_work = most_work

    async def page(self, kinds: Sequence[ObjectKind], request: SearchRequest[Any], position: Any = None) -> SearchPage:
        """Return a page; ``position`` is what a cursor held. Raises ``TooManyException``, ``InvalidCursorException``.

        An indexed ``eq`` costs two round trips, everything by cursor one for a page (and, beside it, one to count).
        """
        indexing = await self._directory.indexing()
        place = read_place(position, sorts=request.sort_by is not None)
        work = Work(self._most_work)
        finding = Finding(
            [self._part(kind, request, indexing) for kind in kinds],
            Candidates(self._directory, self._source, work),
            Matching(self._directory, self._presenting, self._showing, self._source, work),
        )
        pages: Listing | Sorting = Listing(self._directory, finding, work)
        if request.sort_by is not None:
            pages = Sorting(self._directory, finding, request, work, by_name=self._by_name(kinds, request))
        try:
            if request.cursor is None:
                found = await pages.by_index(request.start_index_0 or 0, request.count)
            else:
                found = await pages.by_cursor(place, request.count)
        except TooMuchWork as over:
            raise TooManyException(detail=_words(kinds, request, indexing)) from over
        return await self._shown(found, Wanted.by(request))

    async def _shown(self, found: Found, wanted: Wanted) -> SearchPage:
        return SearchPage(
            found.total,
            await self._showing.page(found.resources, wanted),
            found.next.written() if found.next else None,
            found.previous.written() if found.previous else None,
        )

    def _part(self, kind: ObjectKind, request: SearchRequest[Any], indexing: Indexing) -> Part:
        scope = Scope(kind, self._shapes[kind.value], indexing)
        node = None if request.filter is None else request.filter.ast
        asked = relations(scope, node)
        name, _, part = str(request.sort_by or "").rpartition(":")[2].lower().partition(".")
        if name == RELATIONS[kind]:
            asked |= Relations(present=True, whole=part == "display")  # the first is what it sorts by
        if kind is ObjectKind.USER and asked and ObjectKind.GROUP not in self._kinds:
            raise ForbiddenException(
                detail=f"The source '{self._source}' has no right to Groups, nor to search by the groups of users."
            )
        bound, model = request.filter, self._presenting.model(kind)
        if bound is not None and bound.model is not model:
            bound = parametrize(ScimFilter, model)(bound.ast)
        return Part(kind, bound, plan(scope, node), asked, modelled=node is not None or request.sort_by is not None)

    def _by_name(self, kinds: Sequence[ObjectKind], request: SearchRequest[Any]) -> bool:
        """Tell whether the order is that of the names of one kind."""
        if len(kinds) != 1 or request.sort_by is None:
            return False
        target = self._shapes[kinds[0].value].resolve(str(request.sort_by))
        return target is not None and str(target) == NAMES[kinds[0]]


def _words(kinds: Sequence[ObjectKind], request: SearchRequest[Any], indexing: Indexing) -> str:
    """Return what to tell a client whose search is too much work, and what would not be."""
    names = {name for kind in kinds for name in INDEXED[kind]}
    names |= {each.path for each in indexing.declared if each.kind in kinds and each.state is IndexState.READY}
    indexed = f"Filter with eq for an indexed attribute ({', '.join(sorted(names))}), alone or joined by and"
    if request.sort_by is not None:
        return f"More resources than can be sorted would have to be looked at. {indexed}, or leave sortBy out."
    return (
        "More resources than one request can look at would have to be. "
        f"{indexed}, or page with cursor (empty for the first page): each page then looks at a part of them."
    )
