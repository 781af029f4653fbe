"""Brings the look-up rows of what is stored to what is declared, a page at a time; each step may be repeated.

A page is one range read and a transaction for every 40 or so resources that lack a row or have one too many. The
document and its generation stay as they are, so nothing converges because of it. A resource that is written meanwhile
is read again: its own write has kept the rows already.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from provisioning.directory.declared import (
    SETTLE,
    Declaration,
    DeclarationChanged,
    DeclaredAttributes,
)
from provisioning.directory.directory import TABLE, Directory
from provisioning.directory.index import declared_rows, is_built_in
from provisioning.directory.indexing import Indexing, IndexState
from provisioning.directory.outbox import PARTITIONS
from provisioning.directory.resources import Resource, ResourceChanged, ResourceMissing
from provisioning.storage.entities import MAX_OPERATIONS, Changed, Missing, Operation, delete, merge, upsert
from provisioning.storage.store import Storage

PAGE = 500
_TRIES = 8
_MOMENT = timedelta(minutes=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Next:
    """The step that follows: where it goes on, and when."""

    cursor: str = ""
    delay: timedelta = timedelta()


class Backfill:
    """Does the work of declared attributes."""

    def __init__(
        self, storage: Storage, directory: Directory, attributes: DeclaredAttributes, settle: timedelta = SETTLE
    ) -> None:
        self._table = storage.table(TABLE)
        self._directory = directory
        self._attributes = attributes
        self._settle = settle

    async def step(self, declaration_id: str, cursor: str) -> Next | None:
        """Do one step of a declaration's work; ``None`` when nothing is left, or somebody else is at it.

        A message whose ``cursor`` the row has left behind is a duplicate, unless nothing has moved for a minute: then
        the process died between the row and the next message. A state begins when every instance knows of it.
        """
        rows = await self._attributes.list()
        found = next((each for each in rows if each.id == declaration_id), None)
        if found is None or found.declared.state is IndexState.READY:
            return None
        try:
            still = datetime.now(UTC) - found.moved
            if found.cursor != cursor and still < _MOMENT:
                return None
            if not found.cursor and still < self._settle:
                return Next(delay=self._settle - still)
            if found.declared.state is IndexState.RETIRING:
                await self._attributes.advance(found.entering(IndexState.CLEARING))
                return Next(delay=self._settle)
            return await self._page(found, Indexing(tuple(each.declared for each in rows)))
        except DeclarationChanged:
            return None

    async def _page(self, found: Declaration, indexing: Indexing) -> Next | None:
        kind = found.declared.kind
        if not found.total:
            found = replace(found, total=await self._directory.counts.of(kind))
        resources: list[Resource] = []
        async for resource in self._directory.scan(kind, found.cursor, page=PAGE):
            resources.append(resource)
            if len(resources) == PAGE:
                break
        await self._write(resources, indexing)
        if len(resources) == PAGE:
            moved = replace(found, cursor=resources[-1].id, done=found.done + PAGE)
            return Next((await self._attributes.advance(moved)).cursor)
        fields = {"state": found.declared.state.value, "attribute": found.declared.path}
        log.info("a declared attribute's index is done", extra={"fields": fields})
        if found.declared.state is IndexState.CLEARING:
            await self._attributes.remove(found)
        else:
            done = found.done + len(resources)
            await self._attributes.advance(replace(found.entering(IndexState.READY), done=done, total=done))
        return None

    async def _write(self, resources: Sequence[Resource], indexing: Indexing) -> None:
        waiting: list[tuple[Resource, list[Operation]]] = []
        count = 0
        for resource in resources:
            operations = _operations(resource, indexing)
            if count + len(operations) > MAX_OPERATIONS:
                await self._transact(waiting, indexing)
                waiting, count = [], 0
            if operations:
                waiting.append((resource, operations))
                count += len(operations)
        await self._transact(waiting, indexing)

    async def _transact(self, waiting: Sequence[tuple[Resource, list[Operation]]], indexing: Indexing) -> None:
        if not waiting:
            return
        try:
            await self._table.transact([operation for _, operations in waiting for operation in operations])
        except (Changed, Missing):
            for resource, _ in waiting:
                await self._again(resource, indexing)

    async def _again(self, resource: Resource, indexing: Indexing) -> None:
        """Bring the rows of one resource in order that is being written by others, or was deleted."""
        for _ in range(_TRIES):
            try:
                current = await self._directory.get(resource.kind, resource.id)
            except ResourceMissing:
                return
            operations = _operations(current, indexing)
            if not operations:
                return
            try:
                await self._table.transact(operations)
            except (Changed, Missing):
                continue
            return
        raise ResourceChanged(f"{resource.kind} {resource.id} is being changed all the time.")


def _operations(resource: Resource, indexing: Indexing) -> list[Operation]:
    """Return what brings the look-up rows of a resource in order; nothing where they are."""
    own = {key for key in resource.index_keys if is_built_in(resource.kind, key)}
    wanted = own | declared_rows(resource.kind, resource.id, resource.document, indexing, len(own))
    partition, changed = PARTITIONS[resource.kind], wanted ^ resource.index_keys
    if not changed:
        return []
    index = json.dumps(sorted(wanted), ensure_ascii=False)
    return [
        merge({"PartitionKey": partition, "RowKey": f"d:{resource.id}", "index": index}, resource.etag),
        *(
            upsert({"PartitionKey": partition, "RowKey": key, "resource": resource.id})
            if key in wanted
            else delete(partition, key)
            for key in sorted(changed)
        ),
    ]
