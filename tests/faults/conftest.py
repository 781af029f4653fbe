"""A hub over Azurite with one system that a test breaks; the queue is worked off as the host does it, many at once."""

import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.graph import GraphConnector, GraphSettings
from provisioning.storage.store import Storage
from sandbox.graph.simulator import Simulator
from sandbox.graph.state import Tenant
from sandbox.graph.tokens import Application
from sandbox.samba import Samba
from sandbox.services import ServiceFailed, free_ports
from sandbox.slapd import Slapd
from tests.connectors.graph.graph_tenant import Waits
from tests.faults.authority import Authority
from tests.faults.office import Office, connected
from tests.faults.targets import ActiveDirectoryTarget, GraphTarget, LdapTarget, Target

LDAP = pytest.param("ldap", marks=pytest.mark.slapd)
ACTIVE_DIRECTORY = pytest.param("active_directory", marks=pytest.mark.samba)
GRAPH = pytest.param("graph")
EVERY_KIND = [LDAP, ACTIVE_DIRECTORY, GRAPH]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who issues the certificates of the test's server."""
    return Authority(tmp_path / "authority")


@pytest.fixture
async def target(request: pytest.FixtureRequest, tmp_path: Path, authority: Authority) -> AsyncIterator[Target]:
    """A system of the test's own, of the kind that the test names, empty and running."""
    with ExitStack() as stack:
        opened = _open(request.param, tmp_path / "server", authority)
        await opened.start()
        if isinstance(opened, LdapTarget):
            stack.callback(lambda: opened.server.stop())
        if isinstance(opened, ActiveDirectoryTarget):
            stack.callback(opened.server.stop)
        yield opened
        if isinstance(opened, GraphTarget):
            await opened.kill()


def _open(kind: str, folder: Path, authority: Authority) -> Target:
    try:
        if kind == "ldap":
            return LdapTarget(Slapd.open(folder, durable=False, certificates=authority.issue()))
        if kind == "active_directory":
            samba = Samba.open(folder, durable=False)
            samba.show(authority.issue(samba.name, samba.address))
            return ActiveDirectoryTarget(samba)
    except ServiceFailed as problem:
        pytest.skip(str(problem))
    simulator = Simulator(Tenant(str(uuid.uuid4())), Application(str(uuid.uuid4()), "a-secret-of-the-test"))
    return GraphTarget(simulator, authority.issue(), free_ports(1)[0])


@pytest.fixture
async def office(storage: Storage, target: Target, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """A hub whose one connection leads to the target."""
    async with connected(storage, target, monkeypatch) as opened:
        yield opened


@pytest.fixture
async def strict_office(storage: Storage, target: Target, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """A hub whose connection takes over no accounts: only what is known of a create that may have happened helps."""
    async with connected(storage, target, monkeypatch, takes_over=False) as opened:
        yield opened


@pytest.fixture
def timeless(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the connector's waits for Graph take no time: they move the tenant's clock on."""
    assert isinstance(target, GraphTarget)
    waits = Waits(target.served)

    def opened(settings: GraphSettings, _: object) -> GraphConnector:
        return GraphConnector(settings, waits, waits.clock)

    monkeypatch.setattr(GraphConnector, "open_trusting", opened)
