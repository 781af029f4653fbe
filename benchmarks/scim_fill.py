"""Fills the hub's tables before its storage starts: by the hub's own code, but without a request for each person."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.scim_people import person
from connectors.contract import ObjectKind
from provisioning.directory.counts import count_row
from provisioning.directory.directory import TABLE, creation
from provisioning.hub import TABLES
from provisioning.storage import edm
from provisioning.storage.entities import Operation
from sandbox.storage.tables import Change, Tables


def fill(file: Path, sizes: dict[str, int], tick: Callable[[], None]) -> dict[str, list[str]]:
    """Write a directory of each size into a file; return the ids of its people by the prefix of its tables.

    ``tick`` is called for each person.
    """
    tables, ids = Tables(file), {prefix: list[str]() for prefix in sizes}
    for prefix, size in sizes.items():
        for name in TABLES:
            tables.create(prefix + name)
        tables.load(prefix + TABLE, _changes(size, ids[prefix], tick))
    tables.close()
    return ids


def _changes(size: int, ids: list[str], tick: Callable[[], None]) -> Iterator[Change]:
    yield _change(count_row(ObjectKind.USER, "!", size))
    for number in range(size):
        resource, _, operations = creation(ObjectKind.USER, person(number), "entra")
        ids.append(resource.id)
        tick()
        yield from map(_change, operations)


def _change(operation: Operation) -> Change:
    properties = json.loads(edm.write(operation.entity))
    return Change("insert", properties["PartitionKey"], properties["RowKey"], properties)
