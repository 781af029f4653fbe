"""Claims that two restored rows have: one keeps it, so that both can be changed again.

Of two people, one has taken the name that the other gave up, while the backup ran or since; of two links, the account.
Both rows would delete the same claim one day, and whoever came second would fail for good.
"""

import json
from collections.abc import Iterable, Iterator

from provisioning.directory.outbox import PARTITIONS
from provisioning.storage.entities import after, merge, upsert
from provisioning.storage.store import Table

GONE = "gone"
"""Stands for the generation in the link of a resource that is deleted."""


async def settle_names(directory: Table) -> list[str]:
    """Leave each name to whom was changed last, who has taken it; return the others.

    Their documents keep the name, without a claim: they can be renamed and deleted, and anything else is a 409.
    """
    without: list[str] = []
    for partition in PARTITIONS.values():
        owners: dict[str, tuple[str, str]] = {}
        lost: dict[str, set[str]] = {}
        async for row in directory.scan(partition, "d:", after("d:"), select=["RowKey", "index", "modified"]):
            resource = row["RowKey"].removeprefix("d:")
            for key in _claims(resource, row.get("index", "[]")):
                standing = (row["modified"].isoformat(), resource)
                if key in owners:
                    lost.setdefault(min(owners[key], standing)[1], set()).add(key)
                owners[key] = max(owners.get(key, standing), standing)
        for resource, keys in lost.items():
            row_key = f"d:{resource}"
            stored = await directory.get(partition, row_key)
            kept = sorted(set(json.loads(stored["index"])) - keys) if stored else []
            changed = {"PartitionKey": partition, "RowKey": row_key, "index": json.dumps(kept, ensure_ascii=False)}
            moved = [{"PartitionKey": partition, "RowKey": key, "resource": owners[key][1]} for key in sorted(keys)]
            await directory.transact([merge(changed), *(upsert(row) for row in moved)])
        without += lost
    return without


async def settle_accounts(links: Table, connections: Iterable[str]) -> None:
    """Leave each account to the link that was changed last, and rather to somebody who is there than to a leaver."""
    for connection in connections:
        owners: dict[str, tuple[bool, str, str]] = {}
        losers: list[tuple[str, bool, str]] = []
        rows = links.scan(connection, "l:", after("l:"), select=["RowKey", "generation", "remoteId", "changed"])
        async for row in rows:
            if not (remote := row["remoteId"]):
                continue
            standing = (row["generation"] != GONE, row["changed"].isoformat(), row["RowKey"])
            if remote in owners:
                there, _, key = min(owners[remote], standing)
                losers.append((key, there, remote))
            owners[remote] = max(owners.get(remote, standing), standing)
        for key, there, remote in losers:
            # As the engine leaves the link of an account that another resource has, or that is to be found anew.
            left = {"status": "new"} if there else {"status": "deleted", "due": ""}
            free = {"PartitionKey": connection, "RowKey": key, "remoteId": "", "remoteName": "", **left}
            owner = owners[remote][2].removeprefix("l:")
            claim = {"PartitionKey": connection, "RowKey": f"a:{remote}", "resource": owner}
            await links.transact([merge(free), upsert(claim)])


def _claims(resource: str, index: str) -> Iterator[str]:
    """Yield the index rows of a resource that nobody else can have: a look-up's key ends with the id."""
    return (key for key in json.loads(index) if not key.endswith(f":{resource}"))
