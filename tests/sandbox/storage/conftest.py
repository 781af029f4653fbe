"""The local storage service beside Azurite: each test asks both the same."""

from collections.abc import Iterator

import pytest

from sandbox.storage.process import LocalStorage


@pytest.fixture(scope="session")
def local_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStorage]:
    """One service for all tests of this pytest process."""
    with LocalStorage.start(log=tmp_path_factory.mktemp("storage") / "storage.log") as running:
        yield running


@pytest.fixture
def both(azurite_connection: str, local_storage: LocalStorage) -> tuple[str, str]:
    """The connection strings of Azurite and of the service."""
    return azurite_connection, local_storage.connection_string
