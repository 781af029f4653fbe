"""How many resources there are: a row for each change of the number, folded into one, so that counting is one read.

Each create and delete writes ``n:{generation}`` with +1 or -1 in its own transaction: an insert that no other write
waits for, and that a transaction whose answer was lost cannot do twice. ``n:!`` holds the sum of what was folded. The
number is the sum of the range. Folding moves up to 99 rows into ``n:!`` in one transaction, on the condition that
nobody else folded meanwhile, so the sum is the same before and after.
"""

from connectors.contract import ObjectKind
from provisioning.directory.outbox import PARTITIONS
from provisioning.storage.entities import (
    MAX_OPERATIONS,
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
)
from provisioning.storage.store import Table

_FOLDED = "n:!"
"""Sorts before every generation."""

_PAGE = 1000
_WORTH_FOLDING = 50
_TRIES = 5


def count_row(kind: ObjectKind, generation: str, change: int) -> Operation:
    """Return the operation that belongs into the transaction of a create (+1) or a delete (-1)."""
    return insert({"PartitionKey": PARTITIONS[kind], "RowKey": f"n:{generation}", "change": change}, own=True)


class Counts:
    """Reads the number of resources, and folds the rows that it is the sum of."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def of(self, kind: ObjectKind) -> int:
        """Return how many resources of a kind there are; one round trip, as the sweeper keeps the rows few.

        Storage answers one page from one state. Where there are more pages a fold may come between them: then the sum
        is taken again.
        """
        total = 0
        for _ in range(_TRIES):
            before = None
            number = total = 0
            async for row in self._table.scan(PARTITIONS[kind], "n:", after("n:"), page=_PAGE):
                if row["RowKey"] == _FOLDED:
                    before = etag_of(row)
                number += 1
                total += row["change"]
            if number < _PAGE or before == await self._folded(kind):
                break
        return total

    async def fold(self, kind: ObjectKind) -> int:
        """Fold up to 99 rows and return how many; 0 where it is not worth it or somebody else does it."""
        found = await self._table.query(PARTITIONS[kind], "n:", after("n:"), limit=MAX_OPERATIONS)
        folded = found[0] if found and found[0]["RowKey"] == _FOLDED else None
        rows = [row for row in found if row is not folded][: MAX_OPERATIONS - 1]
        if len(rows) < _WORTH_FOLDING:
            return 0
        total = sum(row["change"] for row in rows) + (folded["change"] if folded else 0)
        entity: Entity = {"PartitionKey": PARTITIONS[kind], "RowKey": _FOLDED, "change": total}
        try:
            await self._table.transact(
                [
                    replace(entity, etag_of(folded)) if folded else insert(entity),
                    *(delete(PARTITIONS[kind], row["RowKey"]) for row in rows),
                ]
            )
        except (Changed, Exists, Missing):
            return 0
        return len(rows)

    async def _folded(self, kind: ObjectKind) -> str | None:
        row = await self._table.get(PARTITIONS[kind], _FOLDED)
        return etag_of(row) if row else None
