"""The fixtures ``samba`` and ``samba_pair``: domain controllers for all tests of a pytest process."""

from collections.abc import Iterator

import pytest

from sandbox.samba import Samba
from sandbox.samba_pair import open_pair
from sandbox.services import ServiceFailed


@pytest.fixture(scope="session")
def samba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samba]:
    """A running domain controller on a loopback address of its own (0.3 s; the first of a checkout 5 s).

    Tests choose names nobody else uses, and start it again if they stop it. Where Samba is neither installed nor can
    be, or the tests do not run as root, the tests that need it are skipped aloud.
    """
    try:
        server = Samba.open(tmp_path_factory.mktemp("samba"), durable=False)
    except ServiceFailed as problem:
        pytest.skip(str(problem))
    with server:
        yield server


@pytest.fixture(scope="session")
def samba_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Samba, Samba]]:
    """Two running controllers of one domain; ``replicate`` of ``sandbox.samba_pair`` carries changes over."""
    try:
        first, second = open_pair(tmp_path_factory.mktemp("samba-pair"), durable=False)
    except ServiceFailed as problem:
        pytest.skip(str(problem))
    with first, second:
        yield first, second
