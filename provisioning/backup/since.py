"""What has happened since a backup, as far as the links tell: they are rarely lost together with the directory.

A directory from a backup has people in it who have left since. Entra knows that it has told us, and does not tell it
again. Others have come since, and their accounts are linked to resources that the directory does not have any more:
nobody else could be linked to those.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from provisioning.backup.claims import GONE, settle_names
from provisioning.directory.outbox import PARTITIONS
from provisioning.directory.records import entity_of, resource_of
from provisioning.storage.entities import MAX_OPERATIONS, Entity, Missing, Stored, after, delete, upsert
from provisioning.storage.store import Storage, Table

_KINDS = {partition: kind for kind, partition in PARTITIONS.items()}


@dataclass(slots=True)
class Since:
    """Who was deleted, and who was deactivated (with the generations that links have of them).

    ``left_out`` and ``deactivated`` note whom that has concerned, ``let_go`` whose links were removed, and
    ``unnamed`` whose name somebody else has taken.
    """

    gone: set[str] = field(default_factory=set)
    inactive: dict[str, set[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    deactivated: list[str] = field(default_factory=list)
    let_go: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)

    async def read(self, links: Table, connections: Iterable[str]) -> None:
        """Read the links as they are now."""
        for connection in connections:
            rows = links.scan(connection, "l:", after("l:"), select=["RowKey", "generation", "active"])
            async for row in rows:
                resource = row["RowKey"].removeprefix("l:")
                if row["generation"] == GONE:
                    self.gone.add(resource)
                elif row.get("active") is False:
                    self.inactive.setdefault(resource, set()).add(row["generation"])

    def told(self, row: Stored) -> Entity | None:
        """Return a row of the directory with what is known by now: nothing of who is deleted; inactive who is."""
        kind, _, rest = row["RowKey"].partition(":")
        if kind == "m" and not self.gone.isdisjoint(rest.split(":")):
            return None
        if kind != "d":
            return row
        if rest in self.gone:
            self.left_out.append(rest)
            return None
        if rest in self.inactive and row["generation"] not in self.inactive[rest]:
            resource = resource_of(_KINDS[row["PartitionKey"]], row)
            if resource.document.get("active") is not False:
                self.deactivated.append(rest)
                return entity_of(replace(resource, document={**resource.document, "active": False}))
        return row

    async def settle(self, storage: Storage, connections: Iterable[str]) -> None:
        """Count the restored directory, and remove the links of those whom it does not have.

        Not of those whose deletion is still to be told to the connection: the outbox has it.
        """
        directory, links = storage.table("directory"), storage.table("links")
        self.unnamed += await settle_names(directory)
        kept: set[str] = set()
        for partition in PARTITIONS.values():
            ids = [row["RowKey"][2:] async for row in directory.scan(partition, "d:", after("d:"), select=["RowKey"])]
            changes = directory.scan(partition, "n:", after("n:"), select=["RowKey"])
            await remove(directory, partition, [row["RowKey"] async for row in changes])
            await directory.transact([upsert({"PartitionKey": partition, "RowKey": "n:!", "change": len(ids)})])
            outbox = directory.scan(partition, "o:", after("o:"), select=["resource", "deleted"])
            kept |= {*ids, *[row["resource"] async for row in outbox if row.get("deleted")]}
        for connection in connections:
            rows = links.scan(
                connection, "l:", after("l:"), select=["RowKey", "PartitionKey", "generation", "remoteId", "due"]
            )
            async for row in rows:
                resource = row["RowKey"].removeprefix("l:")
                if resource not in kept and row["generation"] != GONE:
                    await self._let_go(links, row, resource)

    async def _let_go(self, links: Table, row: Mapping[str, str], resource: str) -> None:
        connection, keys = row["PartitionKey"], [row["due"]]
        prefix = f"m:{resource}:"
        async for member in links.scan(connection, prefix, after(prefix), select=["RowKey", "due"]):
            keys += [member["RowKey"], member["due"]]
        claim = await links.get(connection, f"a:{row['remoteId']}") if row["remoteId"] else None
        if claim is not None and claim["resource"] == resource:
            keys.append(claim["RowKey"])
        # The link itself at last: cut off before, it is found again.
        await remove(links, connection, [key for key in keys if key])
        await remove(links, connection, [row["RowKey"]])
        self.let_go.append(resource)


async def remove(table: Table, partition: str, keys: Sequence[str]) -> None:
    """Delete rows of one partition, whether they are there or not."""
    left = list(dict.fromkeys(keys))
    while left:
        some = left[:MAX_OPERATIONS]
        try:
            await table.transact([delete(partition, key) for key in some])
        except Missing as missing:
            del left[missing.index]
        else:
            del left[:MAX_OPERATIONS]
