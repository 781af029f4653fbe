"""The directory is a storage as scim2-server defines one: its own contract suite, on Azurite."""

import asyncio
import itertools
import os
from collections.abc import Iterator

import pytest
from scim2_models import ScimProvider
from scim2_server.storage import ScimStorage
from scim2_server.testing import AsyncScimStorageContract, BlockingStorage

from provisioning.directory.directory import TABLE, Directory
from provisioning.directory.outbox import Announcement
from provisioning.scim.published import published
from provisioning.scim.storage import DirectoryStorage
from provisioning.sources.caller import Caller
from provisioning.storage.store import Storage

_numbers = itertools.count()


async def unheard(_: Announcement) -> None:
    """Announce to nobody."""


class TestDirectoryStorage(AsyncScimStorageContract):
    """Every rule of the contract, cursors too."""

    @pytest.fixture
    def provider(self) -> ScimProvider:
        """The hub's own schemas."""
        return published().provider

    @pytest.fixture
    def storage(self, azurite_connection: str) -> Iterator[ScimStorage]:
        """An empty directory, on the event loop of the suite's runner: a client belongs to the loop that opened it."""
        with asyncio.Runner() as runner:
            prefix = f"c{os.getpid()}x{next(_numbers)}"
            account = Storage.from_connection_string(azurite_connection, prefix=prefix)
            runner.run(account.ensure([TABLE], []))
            yield BlockingStorage(DirectoryStorage(Directory(account, unheard), published(), Caller("suite")), runner)
            runner.run(account.close())
