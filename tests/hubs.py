"""A hub of its own for each test, over the process's Azurite: tables and queues are told apart by a prefix."""

import itertools
import os
from collections.abc import AsyncIterator

import pytest

from provisioning.directory.store import Policy, Storage

TABLES = ("directory", "links", "connections", "sources")
QUEUES = ("provisioning-jobs", "provisioning-jobs-poison")

_numbers = itertools.count()


@pytest.fixture
def storage_policies() -> list[Policy]:
    """What sees each storage request; a test folder overrides it to count or to break them."""
    return []


@pytest.fixture
async def storage(azurite_connection: str, storage_policies: list[Policy]) -> AsyncIterator[Storage]:
    """A storage account with empty tables and queues that no other test knows."""
    prefix = f"t{os.getpid()}x{next(_numbers)}"
    opened = Storage.from_connection_string(azurite_connection, prefix=prefix, policies=storage_policies)
    await opened.ensure(TABLES, QUEUES)
    yield opened
    await opened.close()
