"""A directory over a storage of its own, and what it announced."""

import pytest

from provisioning.directory.directory import Directory
from provisioning.directory.outbox import Announcement
from provisioning.storage.store import Storage


@pytest.fixture
def announced() -> list[Announcement]:
    """What the directory announced, in order."""
    return []


@pytest.fixture
def directory(storage: Storage, announced: list[Announcement]) -> Directory:
    """An empty directory."""

    async def announce(announcement: Announcement) -> None:
        announced.append(announcement)

    return Directory(storage, announce)
