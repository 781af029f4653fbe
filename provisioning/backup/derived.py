"""Rows that follow from others: indexes, reverses, claims, clocks, counts. A restore makes them anew. Pure.

A run reads a table for minutes while the hub writes. What one transaction has written may be half in it: a document
from before a rename, the index row from after it. Restored like that, the person could never be changed again, because
the hub deletes the rows that a document names, and finds one of them missing. So only the rows that others follow from
are taken out of a backup.
"""

import json
from collections.abc import Iterator

from provisioning.storage.entities import Entity

_DERIVED = {"directory": ("x:", "r:", "n:"), "links": ("a:", "d:")}
"""Beginnings of row keys, by table; what they mean is told where the table is."""


def is_derived(table: str, key: str) -> bool:
    """Tell whether a row follows from others."""
    return key.startswith(_DERIVED.get(table, ()))


def derived(table: str, row: Entity) -> Iterator[Entity]:
    """Yield the rows that follow from one, in the same partition. Counts follow from all of them, see ``since``."""
    key, partition = str(row["RowKey"]), row["PartitionKey"]
    kind, _, rest = key.partition(":")
    match table, kind:
        case "directory", "d":
            for index in json.loads(row.get("index", "[]")):
                yield {"PartitionKey": partition, "RowKey": index, "resource": rest}
        case "directory", "m":
            group, _, member = rest.partition(":")
            yield {"PartitionKey": partition, "RowKey": f"r:{member}:{group}"}
        case "links", "l" | "m":
            if remote := row.get("remoteId"):
                yield {"PartitionKey": partition, "RowKey": f"a:{remote}", "resource": rest}
            if due := row.get("due"):
                known: Entity = {name: row[name] for name in ("status", "since") if name in row}
                yield {"PartitionKey": partition, "RowKey": due, **known}
