"""The LDAP connector passes the contract suite on real directory servers, each in another configuration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from connectors.contract import Connector
from connectors.ldap import LdapConnector
from connectors.testing import ConnectorContract, SampleNames
from sandbox.slapd import DISABLED, Slapd
from tests.connectors.ldap.conftest import settings_for
from tests.connectors.ldap.ldap_proxy import LdapProxy

pytestmark = pytest.mark.slapd

AWKWARD_LOGINS = (
    "o'hara.{}",
    "zoë.{}",
    "smith, {}",
    "a+b.{}",
    "{}@example.test",
    "#{}",
    "a=b<c>d;e.{}",
    'the "{}"',
    "back\\slash.{}",
    "{}\\2c",
    " leading {}",
    "trailing {} ",
    "star*({})",
    "山田.{}",
    "uid={},ou=people",
)


def names_of(server: Slapd) -> SampleNames:
    return SampleNames(
        login="uid",
        display_name="displayName",
        title="title",
        group_name="cn",
        group_description="description",
        multivalued="telephoneNumber",
        reference="manager",
        lookalike="employeeNumber",
        awkward_logins=AWKWARD_LOGINS,
        absent_user=str(uuid4()),
        absent_group=str(uuid4()),
        secrets=(server.service_password, "not-the-password"),
        bulk=620,
    )


class TestLdapContract(ConnectorContract):
    """LDAPS; a server that follows renames itself and locks by password policy."""

    @pytest.fixture
    async def proxy(self, slapd: Slapd) -> AsyncIterator[LdapProxy]:
        async with LdapProxy(slapd).serve() as proxy:
            self.proxy_in_use = proxy
            yield proxy

    @pytest.fixture
    async def connector(self, proxy: LdapProxy) -> AsyncIterator[Connector]:  # type: ignore[override]  # needs the proxy
        connector = LdapConnector.open(settings_for(proxy.slapd, port=proxy.port))
        yield connector
        await connector.close()

    @pytest.fixture
    def names(self, slapd: Slapd) -> SampleNames:  # type: ignore[override]  # needs the server
        return names_of(slapd)

    async def stop_server(self) -> None:
        self.proxy_in_use.slapd.kill()

    async def start_server(self) -> None:
        self.proxy_in_use.slapd.start()

    async def drop_connections(self) -> None:
        self.proxy_in_use.cut()

    @asynccontextmanager
    async def lose_answers(self) -> AsyncIterator[None]:
        self.proxy_in_use.lose_answers = True
        yield
        self.proxy_in_use.lose_answers = False

    async def misconfigured(self) -> Connector:
        proxy = self.proxy_in_use
        return LdapConnector.open(settings_for(proxy.slapd, port=proxy.port, bind_password="not-the-password"))


class TestLdapContractOnABareServer(ConnectorContract):
    """StartTLS; a server that does nothing by itself, and deactivation by a move."""

    @pytest.fixture
    async def connector(self, bare_slapd: Slapd) -> AsyncIterator[Connector]:  # type: ignore[override]  # needs the server
        self.server = bare_slapd
        settings = settings_for(bare_slapd, security="starttls", deactivation="move", inactive_base=DISABLED)
        connector = LdapConnector.open(settings)
        yield connector
        await connector.close()

    @pytest.fixture
    def names(self, bare_slapd: Slapd) -> SampleNames:  # type: ignore[override]  # needs the server
        return names_of(bare_slapd)

    async def stop_server(self) -> None:
        self.server.stop()

    async def start_server(self) -> None:
        self.server.start()

    async def misconfigured(self) -> Connector:
        settings = settings_for(self.server, security="starttls", bind_password="not-the-password")
        return LdapConnector.open(settings)
