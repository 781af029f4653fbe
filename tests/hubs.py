"""A hub of its own for each test, over the process's Azurite: tables and queues are told apart by a prefix."""

import itertools
import os
from collections.abc import AsyncIterator

import pytest

from benchmarks.counting import RoundTrips
from provisioning.storage.store import Storage

TABLES = ("directory", "links", "connections", "sources", "schemas")
QUEUES = ("provisioning-jobs", "provisioning-jobs-poison")

_numbers = itertools.count()


@pytest.fixture
def trips() -> RoundTrips:
    """Counts the round trips of ``storage``."""
    return RoundTrips()


@pytest.fixture
async def storage(azurite_connection: str, trips: RoundTrips) -> AsyncIterator[Storage]:
    """A storage account with empty tables and queues that no other test knows."""
    prefix = f"t{os.getpid()}x{next(_numbers)}"
    opened = Storage.from_connection_string(azurite_connection, prefix=prefix, traces=[trips.trace()])
    await opened.ensure(TABLES, QUEUES)
    yield opened
    await opened.close()
