"""The fixture ``slapd``: one directory server for all tests of a pytest process (each xdist worker has its own)."""

from collections.abc import Iterator

import pytest

from sandbox.services import ServiceFailed
from sandbox.slapd import Slapd


@pytest.fixture(scope="session")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A running slapd on free ports. Tests choose names nobody else uses, and start it again if they stop it.

    Where slapd is neither installed nor can be, the tests that need it are skipped aloud.
    """
    try:
        server = Slapd.open(tmp_path_factory.mktemp("slapd"), durable=False)
    except ServiceFailed as problem:
        pytest.skip(str(problem))
    with server:
        yield server
