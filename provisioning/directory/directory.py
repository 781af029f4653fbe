"""The directory: reads and writes resources, each write as one transaction with its index rows and its outbox row.

Table ``directory``, partitions ``users`` and ``groups``: what must be atomic shares a partition. Row keys:

    d:{id}                           the document, its generation and the keys of its index rows
    x:{attribute}:{value}            a unique claim (userName, a group's displayName)
    x:{attribute}:{value}:{id}       a look-up (displayName, externalId with its source, emails, emails:work, declared)
    h:{name}:{id}                    who once had a name, for reports on people who are gone
    n:{generation}  n:!              changes of the number of resources, and the sum of those that were folded
    o:{generation}                   the outbox
    m:{group}:{member}  r:{member}:{group}      memberships, in ``groups``
    nesting                          replaced by whoever puts a group into a group, so that no circle can close
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from connectors.contract import ObjectKind
from provisioning.correlation import correlation
from provisioning.directory.counts import Counts, count_row
from provisioning.directory.index import IndexRow, history_key, index_rows, name_of
from provisioning.directory.indexing import BUILT_IN, DeclaredNow, Indexing, nothing_declared
from provisioning.directory.keys import encode, fold, kind_of, new_generation, new_id
from provisioning.directory.memberships import Edit, Memberships, Touched, edits, group_touch, room
from provisioning.directory.outbox import PARTITIONS, Announcement, Outbox, outbox_row
from provisioning.directory.records import entity_of, resource_of
from provisioning.directory.resources import Resource, ResourceChanged, ResourceMissing, Taken
from provisioning.directory.streams import Streams
from provisioning.storage.entities import (
    Changed,
    Condition,
    Entity,
    Exists,
    Missing,
    Operation,
    after,
    delete,
    insert,
    replace,
    upsert,
)
from provisioning.storage.store import Storage

type Announce = Callable[[Announcement], Awaitable[None]]

TABLE = "directory"


class Directory:
    """The resources of the hub.

    ``announce`` is awaited after each commit and sends the jobs; ``indexing`` tells the declared attributes, which may
    change while the directory is open.
    """

    def __init__(self, storage: Storage, announce: Announce, indexing: DeclaredNow = nothing_declared) -> None:
        self._table = storage.table(TABLE)
        self._announce = announce
        self.indexing = indexing
        self.counts = Counts(self._table)
        self.streams = Streams(self._table, indexing)
        self.memberships = Memberships(self._table)
        self.outbox = Outbox(self._table)

    async def get(self, kind: ObjectKind, resource_id: str) -> Resource:
        """Return a resource by id; one round trip. Raises ``ResourceMissing``."""
        entity = await self._table.get(PARTITIONS[kind], f"d:{encode(resource_id)}")
        if entity is None:
            raise ResourceMissing(f"{kind} {resource_id} does not exist.")
        return resource_of(kind, entity)

    async def find(self, kind: ObjectKind, attribute: str, value: str, source: str) -> list[Resource]:
        """Return the resources with a value of an indexed attribute; two round trips whatever the size.

        ``emails:work`` finds by an e-mail of that type. ``externalId`` is the one that ``source`` gave.
        """
        ids = [each async for each in self.streams.with_value(kind, attribute, value, source)]
        entities = await asyncio.gather(*(self._table.get(PARTITIONS[kind], f"d:{found}") for found in ids))
        return [resource_of(kind, entity) for entity in entities if entity is not None]

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

    async def scan(
        self,
        kind: ObjectKind,
        behind: str = "",
        page: int | None = None,
        *,
        first: str = "",
        last: str = "",
        where: Sequence[Condition] = (),
    ) -> AsyncIterator[Resource]:
        """Stream resources in the order of ids, behind the id ``behind``, from ``first`` on and before ``last``.

        One round trip for a page. ``where`` asks of the columns ``created``, ``modified`` and ``active``.
        """
        start, end = max(f"d:{behind}\x20" if behind else "d:", f"d:{first}"), f"d:{last}" if last else after("d:")
        async for entity in self._table.scan(PARTITIONS[kind], start, end, page=min(page or 1000, 1000), where=where):
            yield resource_of(kind, entity)

    async def create(
        self,
        kind: ObjectKind,
        document: Mapping[str, Any],
        source: str,
        members: Iterable[str] = (),
        displays: Mapping[str, str] | None = None,
    ) -> Resource:
        """Store a new resource, for a group with its members. Raises ``Taken`` and ``TooLarge``.

        As many members as fit share the transaction; the rest follow as in ``change_members``. No circle can close:
        nobody knows the id of a group before it is stored.
        """
        coming = edits(members, (), displays)
        resource, rows, operations = creation(kind, document, source, await self.indexing())
        announcement = Announcement(kind, resource.id, resource.generation, correlation.get())
        etag, rest = await self._commit_announced(announcement, operations, rows, coming)
        return await self._change_rest(dataclasses.replace(resource, etag=etag), rest)

    async def replace(self, resource: Resource, document: Mapping[str, Any], members: Sequence[Edit] = ()) -> Resource:
        """Store the new document of a resource that was read before, for a group with edits of its members.

        Both are one transaction where they fit into its 100 operations: about 45 members. Otherwise the document goes
        with as many as fit and the rest follow as in ``change_members``: a process that dies between leaves what is
        done, durable and announced, and the same change sent again does the rest.

        Raises ``ResourceChanged`` when it was written since, ``ResourceMissing``, ``Taken``, ``TooLarge``, ``Circle``.
        """
        kind, now = resource.kind, datetime.now(UTC)
        rows = index_rows(kind, resource.id, document, resource.source, await self.indexing())
        changed = dataclasses.replace(
            resource, document=document, generation=new_generation(now), modified=now, index_keys=frozenset(rows)
        )
        fresh = [row for key, row in rows.items() if key not in resource.index_keys]
        announcement = Announcement(kind, resource.id, changed.generation, correlation.get())
        operations = [
            replace(entity_of(changed), resource.etag),
            *(_index_operation(kind, resource.id, row) for row in fresh),
            *(delete(PARTITIONS[kind], key) for key in sorted(resource.index_keys - rows.keys())),
        ]
        if name_of(kind, document) != name_of(kind, resource.document):
            operations.append(upsert(_history(changed)))
        etag, rest = await self._commit_announced(announcement, operations, fresh, members)
        return await self._change_rest(dataclasses.replace(changed, etag=etag), rest)

    async def delete(self, resource: Resource) -> None:
        """Delete a resource that was read before. Its memberships go by the outbox (``forget``), not here.

        Raises ``ResourceChanged`` and ``ResourceMissing``.
        """
        kind = resource.kind
        announcement = Announcement(kind, resource.id, new_generation(), correlation.get(), deleted=True)
        operations = [
            delete(PARTITIONS[kind], f"d:{resource.id}", resource.etag),
            *(delete(PARTITIONS[kind], key) for key in sorted(resource.index_keys)),
            count_row(kind, announcement.generation, -1),
            outbox_row(announcement),
        ]
        await self._commit(operations, [])
        await self._announce(announcement)

    async def change_members(
        self,
        group_id: str,
        *,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        displays: Mapping[str, str] | None = None,
    ) -> str:
        """Put members in and take members out; each 49 are one transaction and one announcement.

        The group is not read: a transaction on one that is gone raises ``ResourceMissing``. ``displays`` has the names
        to show for some of those who come. Returns the group's new generation, "" where there is nothing to do.
        Raises ``Circle``.
        """
        touched = await self.edit_members(group_id, edits(add, remove, displays))
        return touched.generation if touched else ""

    async def edit_members(self, group_id: str, changes: Sequence[Edit], etag: str | None = None) -> Touched | None:
        """Do edits as ``change_members`` does; the first transaction on condition of the group's ``etag``.

        Raises ``ResourceChanged`` where that is outdated.
        """
        touched = None
        while changes:
            generation, now = new_generation(), datetime.now(UTC)
            before = [group_touch(group_id, generation, now, etag)]
            count = room([*before, *before], changes)
            announcement = _membership_announcement(group_id, changes[:count], generation)
            before.append(outbox_row(announcement))
            etags = await self._commit(before, [], group_id, changes[:count])
            await self._announce(announcement)
            touched, changes, etag = Touched(generation, now, etags[0]), changes[count:], None
        return touched

    async def _commit_announced(
        self,
        announcement: Announcement,
        operations: Sequence[Operation],
        claimed: Sequence[IndexRow],
        members: Sequence[Edit],
    ) -> tuple[str, Sequence[Edit]]:
        """Store a document with as many edits of members as fit, and announce both: jobs for the group itself do not
        look at its members. Returns the document's new ETag and the edits that did not fit.
        """
        announcements = [announcement]
        first = members[: max(0, room(operations, members) - 1)]  # two outbox rows take the place of one member
        if first:
            announcements.append(_membership_announcement(announcement.resource_id, first))
        stored = [*operations, *(outbox_row(each) for each in announcements)]
        etags = await self._commit(stored, claimed, announcement.resource_id, first)
        await asyncio.gather(*(self._announce(each) for each in announcements))
        return etags[0], members[len(first) :]

    async def _change_rest(self, group: Resource, changes: Sequence[Edit]) -> Resource:
        """Do the edits that did not fit into the group's own transaction, and return what the group then is."""
        touched = await self.edit_members(group.id, changes)
        return dataclasses.replace(group, **touched._asdict()) if touched else group

    async def forget(self, resource_id: str) -> None:
        """Remove the memberships of a resource that was deleted, by the same door as a PATCH; may be repeated."""
        if kind_of(resource_id) is ObjectKind.GROUP:
            await self.memberships.forget_group(resource_id)
        groups = [group async for group in self.memberships.groups_of(resource_id)]
        for some in batched(groups, 10, strict=False):
            await asyncio.gather(*(self._leave(group_id, resource_id) for group_id in some))

    async def _leave(self, group_id: str, member_id: str) -> None:
        try:
            await self.change_members(group_id, remove=[member_id])
        except ResourceMissing:
            await self.memberships.drop(group_id, [member_id])

    async def _commit(
        self,
        operations: Sequence[Operation],
        claimed: Sequence[IndexRow],
        group_id: str = "",
        members: Sequence[Edit] = (),
    ) -> list[str]:
        """Run a transaction whose first operation is the document, followed by the claimed index rows."""
        try:
            if members:
                return await self.memberships.transact(operations, group_id, members)
            return await self._table.transact(operations)
        except Exists as exists:
            taken = claimed[exists.index - 1].claims if 0 < exists.index <= len(claimed) else ""
            raise Taken(taken or "value") from exists
        except Missing as missing:
            raise ResourceMissing("The resource does not exist any more.") from missing
        except Changed as changed:
            raise ResourceChanged("The resource was changed by somebody else.") from changed


def creation(
    kind: ObjectKind, document: Mapping[str, Any], source: str, indexing: Indexing = BUILT_IN
) -> tuple[Resource, list[IndexRow], list[Operation]]:
    """Return a new resource, its index rows, and the operations that store both; the document is the first. Pure
    but for the clock and the id. What announces it is the caller's. Raises ``TooLarge``.
    """
    resource_id, now = new_id(kind), datetime.now(UTC)
    rows = index_rows(kind, resource_id, document, source, indexing)
    resource = Resource(kind, resource_id, document, new_generation(now), now, now, source, "", frozenset(rows))
    operations = [
        insert(entity_of(resource), own=True),
        *(_index_operation(kind, resource_id, row) for row in rows.values()),
        upsert(_history(resource)),
        count_row(kind, resource.generation, 1),
    ]
    return resource, list(rows.values()), operations


def _membership_announcement(group_id: str, changes: Sequence[Edit], generation: str = "") -> Announcement:
    members = tuple(edit.member for edit in changes)
    return Announcement(ObjectKind.GROUP, group_id, generation or new_generation(), correlation.get(), members=members)


def _index_operation(kind: ObjectKind, resource_id: str, row: IndexRow) -> Operation:
    entity: Entity = {"PartitionKey": PARTITIONS[kind], "RowKey": row.key, "resource": resource_id}
    return insert(entity) if row.claims else upsert(entity)


def _history(resource: Resource) -> Entity:
    name = name_of(resource.kind, resource.document)
    return {"PartitionKey": PARTITIONS[resource.kind], "RowKey": history_key(name, resource.id)}
