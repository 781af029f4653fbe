"""The directory: reads and writes resources, each write as one transaction with its index rows and its outbox row.

Table ``directory``, partitions ``users`` and ``groups``: what must be atomic shares a partition. Row keys:

    d:{id}                           the document, its generation and the keys of its index rows
    x:{attribute}:{value}            a unique claim (userName, a group's displayName)
    x:{attribute}:{value}:{id}       a look-up (displayName, externalId with its source, emails, emails:work)
    h:{name}:{id}                    who once had a name, for reports on people who are gone
    o:{generation}                   the outbox
    m:{group}:{member}  r:{member}:{group}      memberships, in ``groups``
"""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.contract import ObjectKind
from provisioning.correlation import correlation
from provisioning.directory.documents import pack, unpack
from provisioning.directory.entities import (
    Changed,
    Entity,
    Exists,
    Missing,
    Operation,
    after,
    delete,
    etag_of,
    insert,
    replace,
    upsert,
)
from provisioning.directory.index import IndexRow, history_key, index_rows, lookup_key, name_of
from provisioning.directory.keys import encode, fold, kind_of, new_generation, new_id
from provisioning.directory.memberships import (
    MEMBERS_PER_TRANSACTION,
    Memberships,
    add_rows,
    group_touch,
    transact_removing,
)
from provisioning.directory.outbox import PARTITIONS, Announcement, Outbox, outbox_row
from provisioning.directory.resources import Resource, ResourceChanged, ResourceMissing, Taken
from provisioning.directory.store import Storage

type Announce = Callable[[Announcement], Awaitable[None]]

TABLE = "directory"

_FIRST_MEMBERS = 25
"""How many members of a new group share the transaction with its document and index rows."""


class Directory:
    """The resources of the hub. ``announce`` is awaited after each commit and sends the jobs."""

    def __init__(self, storage: Storage, announce: Announce) -> None:
        self._table = storage.table(TABLE)
        self._announce = announce
        self.memberships = Memberships(self._table)
        self.outbox = Outbox(self._table)

    async def get(self, kind: ObjectKind, resource_id: str) -> Resource:
        """Return a resource by id; one round trip. Raises ``ResourceMissing``."""
        entity = await self._table.get(PARTITIONS[kind], f"d:{encode(resource_id)}")
        if entity is None:
            raise ResourceMissing(f"{kind} {resource_id} does not exist.")
        return _resource(kind, entity)

    async def find(self, kind: ObjectKind, attribute: str, value: str, source: str) -> list[Resource]:
        """Return the resources with a value of an indexed attribute; two round trips whatever the size.

        ``emails:work`` finds by an e-mail of that type. ``externalId`` is the one that ``source`` gave.
        """
        key, unique = lookup_key(kind, attribute, value, source)
        if unique:
            row = await self._table.get(PARTITIONS[kind], key)
            ids = [row["resource"]] if row else []
        else:
            rows = await self._table.query(PARTITIONS[kind], key, after(key), select=["resource"])
            ids = [row["resource"] for row in rows]
        entities = await asyncio.gather(*(self._table.get(PARTITIONS[kind], f"d:{found}") for found in ids))
        return [_resource(kind, entity) for entity in entities if entity is not None]

    async def ids_of_name(self, name: str) -> list[str]:
        """Return the ids of everybody who has or once had a userName or a group's displayName; two round trips."""
        prefix = f"h:{encode(fold(name))}:"
        found = await asyncio.gather(
            *(
                self._table.query(partition, prefix, after(prefix), select=["RowKey"])
                for partition in PARTITIONS.values()
            )
        )
        return [row["RowKey"].removeprefix(prefix) for rows in found for row in rows]

    async def scan(self, kind: ObjectKind, behind: str = "", page: int | None = None) -> AsyncIterator[Resource]:
        """Stream every resource in the order of ids, from behind the id ``behind``; one round trip for a page."""
        first = f"d:{behind}\x20" if behind else "d:"
        async for entity in self._table.scan(PARTITIONS[kind], first, after("d:"), page=min(page or 1000, 1000)):
            yield _resource(kind, entity)

    async def ids(self, kind: ObjectKind) -> AsyncIterator[str]:
        """Stream the ids of all resources in order; one round trip for 1,000, of keys only."""
        async for row in self._table.scan(PARTITIONS[kind], "d:", after("d:"), select=["RowKey"]):
            yield row["RowKey"].removeprefix("d:")

    async def count(self, kind: ObjectKind) -> int:
        """Return how many resources there are; one round trip for 1,000."""
        return sum([1 async for _ in self.ids(kind)])

    async def create(
        self, kind: ObjectKind, document: Mapping[str, Any], source: str, members: Sequence[str] = ()
    ) -> Resource:
        """Store a new resource, for a group with its members. Raises ``Taken`` and ``TooLarge``."""
        first = list(dict.fromkeys(members))[:_FIRST_MEMBERS]
        resource, rows, operations = creation(kind, document, source)
        announcement = Announcement(kind, resource.id, resource.generation, correlation.get())
        operations += [outbox_row(announcement), *add_rows(resource.id, first)]
        etags = await self._commit(operations, rows)
        await self._announce(announcement)
        if len(members) > len(first):
            await self.change_members(resource.id, add=members)
        return dataclasses.replace(resource, etag=etags[0])

    async def replace(self, resource: Resource, document: Mapping[str, Any]) -> Resource:
        """Store the new document of a resource that was read before.

        Raises ``ResourceChanged`` when it was written since, ``ResourceMissing``, ``Taken``, ``TooLarge``.
        """
        kind, now = resource.kind, datetime.now(UTC)
        rows = index_rows(kind, resource.id, document, resource.source)
        changed = dataclasses.replace(
            resource, document=document, generation=new_generation(now), modified=now, index_keys=frozenset(rows)
        )
        fresh = [row for key, row in rows.items() if key not in resource.index_keys]
        announcement = Announcement(kind, resource.id, changed.generation, correlation.get())
        operations = [
            replace(_entity(changed), resource.etag),
            *(_index_operation(kind, resource.id, row) for row in fresh),
            *(delete(PARTITIONS[kind], key) for key in sorted(resource.index_keys - rows.keys())),
            outbox_row(announcement),
        ]
        if name_of(kind, document) != name_of(kind, resource.document):
            operations.append(upsert(_history(changed)))
        etags = await self._commit(operations, fresh)
        await self._announce(announcement)
        return dataclasses.replace(changed, etag=etags[0])

    async def delete(self, resource: Resource) -> None:
        """Delete a resource that was read before. Its memberships go by the outbox (``forget``), not here.

        Raises ``ResourceChanged`` and ``ResourceMissing``.
        """
        kind = resource.kind
        announcement = Announcement(kind, resource.id, new_generation(), correlation.get(), deleted=True)
        operations = [
            delete(PARTITIONS[kind], f"d:{resource.id}", resource.etag),
            *(delete(PARTITIONS[kind], key) for key in sorted(resource.index_keys)),
            outbox_row(announcement),
        ]
        await self._commit(operations, [])
        await self._announce(announcement)

    async def change_members(
        self, group_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = (), etag: str | None = None
    ) -> None:
        """Put members in and take members out; each 49 are one transaction and one announcement.

        The group itself is not read: a transaction on one that is gone raises ``ResourceMissing``. ``etag`` makes the
        first transaction conditional on what was read of the group (``ResourceChanged``).
        """
        added, removed = list(dict.fromkeys(add)), list(dict.fromkeys(remove))
        for start in range(0, len(added), MEMBERS_PER_TRANSACTION):
            chunk = added[start : start + MEMBERS_PER_TRANSACTION]
            await self._commit_members(group_id, chunk, etag, adding=True)
            etag = None
        for start in range(0, len(removed), MEMBERS_PER_TRANSACTION):
            chunk = removed[start : start + MEMBERS_PER_TRANSACTION]
            await self._commit_members(group_id, chunk, etag, adding=False)
            etag = None

    async def forget(self, resource_id: str) -> None:
        """Remove the memberships of a resource that was deleted, by the same door as a PATCH; may be repeated."""
        if kind_of(resource_id) is ObjectKind.GROUP:
            await self.memberships.forget_group(resource_id)
        for group_id in [group async for group in self.memberships.groups_of(resource_id)]:
            try:
                await self.change_members(group_id, remove=[resource_id])
            except ResourceMissing:
                await self.memberships.drop(group_id, [resource_id])

    async def _commit_members(self, group_id: str, members: Sequence[str], etag: str | None, *, adding: bool) -> None:
        generation = new_generation()
        announcement = Announcement(ObjectKind.GROUP, group_id, generation, correlation.get(), members=tuple(members))
        before = [group_touch(group_id, generation, etag), outbox_row(announcement)]
        try:
            if adding:
                await self._table.transact([*before, *add_rows(group_id, members)])
            else:
                await transact_removing(self._table, before, group_id, members)
        except Missing as missing:
            raise ResourceMissing(f"Group {group_id} does not exist.") from missing
        except Changed as changed:
            raise ResourceChanged(f"Group {group_id} was changed by somebody else.") from changed
        await self._announce(announcement)

    async def _commit(self, operations: Sequence[Operation], claimed: Sequence[IndexRow]) -> list[str]:
        """Run a transaction whose first operation is the document, followed by the claimed index rows."""
        try:
            return await self._table.transact(operations)
        except Exists as exists:
            taken = claimed[exists.index - 1].claims if 0 < exists.index <= len(claimed) else ""
            raise Taken(taken or "value") from exists
        except Missing as missing:
            raise ResourceMissing("The resource does not exist any more.") from missing
        except Changed as changed:
            raise ResourceChanged("The resource was changed by somebody else.") from changed


def creation(
    kind: ObjectKind, document: Mapping[str, Any], source: str
) -> tuple[Resource, list[IndexRow], list[Operation]]:
    """Return a new resource, its index rows, and the operations that store both; the document is the first. Pure
    but for the clock and the id. What announces it is the caller's. Raises ``TooLarge``.
    """
    resource_id, now = new_id(kind), datetime.now(UTC)
    rows = index_rows(kind, resource_id, document, source)
    resource = Resource(kind, resource_id, document, new_generation(now), now, now, source, "", frozenset(rows))
    operations = [
        insert(_entity(resource)),
        *(_index_operation(kind, resource_id, row) for row in rows.values()),
        upsert(_history(resource)),
    ]
    return resource, list(rows.values()), operations


def _entity(resource: Resource) -> Entity:
    return {
        "PartitionKey": PARTITIONS[resource.kind],
        "RowKey": f"d:{resource.id}",
        "generation": resource.generation,
        "created": resource.created,
        "modified": resource.modified,
        "source": resource.source,
        "index": json.dumps(sorted(resource.index_keys), ensure_ascii=False),
        **pack(resource.document),
    }


def _resource(kind: ObjectKind, entity: Entity) -> Resource:
    return Resource(
        kind,
        entity["RowKey"].removeprefix("d:"),
        unpack(entity),
        entity["generation"],
        entity["created"],
        entity["modified"],
        entity["source"],
        etag_of(entity),
        frozenset(json.loads(entity["index"])),
    )


def _index_operation(kind: ObjectKind, resource_id: str, row: IndexRow) -> Operation:
    entity: Entity = {"PartitionKey": PARTITIONS[kind], "RowKey": row.key, "resource": resource_id}
    return insert(entity) if row.claims else upsert(entity)


def _history(resource: Resource) -> Entity:
    name = name_of(resource.kind, resource.document)
    return {"PartitionKey": PARTITIONS[resource.kind], "RowKey": history_key(name, resource.id)}
