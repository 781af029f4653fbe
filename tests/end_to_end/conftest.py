"""A hub with a real LDAP directory and the Graph simulator, its SCIM endpoint called as the platform calls it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import pytest

from connectors.contract import ObjectKind
from provisioning.connections.connection import Connection
from provisioning.hub import Hub
from provisioning.scim.endpoint import ScimEndpoint
from provisioning.settings import Settings
from provisioning.sources.rates import HIGHEST
from provisioning.storage.store import Storage
from sandbox.graph.server import Served
from sandbox.services import ServiceFailed
from sandbox.slapd import GROUPS, SERVICE_ACCOUNT, USERS, Slapd
from tests.graph_server import graph_certificates, graph_contract, graph_simulator
from tests.scim.conftest import Client

__all__ = ["graph_certificates", "graph_contract", "graph_simulator"]

USER = ObjectKind.USER
DOMAIN = "contoso.example"


@pytest.fixture
def own_slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A directory server of this test's own, which it may stop."""
    try:
        server = Slapd.open(tmp_path_factory.mktemp("slapd"), durable=False)
    except ServiceFailed as problem:
        pytest.skip(str(problem))
    with server:
        yield server


@dataclass
class Both:
    """The hub, its SCIM client, and its two targets."""

    hub: Hub
    client: Client
    slapd: Slapd
    graph: Served

    async def ldap_members(self, group: str) -> set[str]:
        """The uids of a group's members in LDAP."""
        return await self._members("ldap", group, "uid")

    async def graph_members(self, group: str) -> set[str]:
        """The userPrincipalNames of a group's members in Graph."""
        return await self._members("graph", group, "userPrincipalName")

    async def _members(self, connection_id: str, group_id: str, name: str) -> set[str]:
        connection = await self.hub.connections.get(connection_id)
        link = await self.hub.links.get(connection_id, group_id)
        assert link is not None
        async with self.hub.connectors.use(connection) as connector:
            ids = await connector.members(link.remote_id)
            accounts = [await connector.read(USER, each) for each in ids]
        return {str(account.attributes[name]) for account in accounts}

    async def accounts(self, connection_id: str, names: list[str]) -> set[str]:
        """Which of these people have an account."""
        connection = await self.hub.connections.get(connection_id)
        found = set()
        for name in names:
            (user,) = await self.hub.directory.find(USER, "userName", name, "entra")
            link = await self.hub.links.get(connection_id, user.id)
            if link is None or not link.remote_id:
                continue
            async with self.hub.connectors.use(connection) as connector:
                found.add((await connector.read(USER, link.remote_id)).remote_id and name)
        return found


@pytest.fixture
async def both(
    storage: Storage, own_slapd: Slapd, graph_simulator: Served, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Both]:
    """A hub with connections ``ldap`` and ``graph``, both enabled."""
    host = graph_simulator.base_url.removeprefix("https://").partition("/")[0]
    monkeypatch.setenv("LOCKSTEP_TRUSTED_HOSTS", host)
    monkeypatch.setenv("LOCKSTEP_SECRET_LDAP", own_slapd.service_password)
    monkeypatch.setenv("LOCKSTEP_SECRET_GRAPH", graph_simulator.client_secret)
    hub = Hub.over(storage, Settings(sweep_grace_seconds=1, lease_seconds=20))
    hub.connections._active_seconds = 0.0
    ldap = {
        "host": "localhost",
        "port": own_slapd.ldaps_port,
        "ca_file": str(own_slapd.certificates.ca),
        "bind_dn": SERVICE_ACCOUNT,
        "bind_password": "env:LOCKSTEP_SECRET_LDAP",
        "user_base": USERS,
        "group_base": GROUPS,
    }
    graph = {
        "tenant_id": graph_simulator.tenant_id,
        "client_id": graph_simulator.client_id,
        "client_secret": "env:LOCKSTEP_SECRET_GRAPH",
        "credential": "client_secret",
        "authority": graph_simulator.authority,
        "base_url": graph_simulator.base_url,
        "ca_file": str(graph_simulator.ca),
    }
    for kind, settings in (("ldap", ldap), ("graph", graph)):
        await hub.connections.create(Connection(kind, kind, kind, enabled=True, settings=settings))
    await hub.sources.create("entra", "Entra")
    await hub.sources.change("entra", lambda source: replace(source, rate=HIGHEST))
    _, token = await hub.sources.issue("entra")
    client = Client(ScimEndpoint(hub.directory, hub.sources, 4_194_304), token)
    yield Both(hub, client, own_slapd, graph_simulator)
    await hub.connectors.close()
