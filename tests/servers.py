"""Fixtures for the servers that tests run against; a folder registers them with ``pytest_plugins`` or an import."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.azurite import Azurite


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """One Azurite in memory on free ports, for all tests of this pytest process (each xdist worker has its own)."""
    log: Path = tmp_path_factory.mktemp("azurite") / "azurite.log"
    with Azurite.start(log=log) as running:
        yield running


@pytest.fixture(scope="session")
def azurite_connection(azurite: Azurite) -> str:
    """The storage connection string of this process's Azurite. Tests choose names nobody else uses."""
    return azurite.connection_string
