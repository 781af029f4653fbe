"""The Active Directory connector passes the contract suite on a real domain controller, twice configured."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest

from connectors.active_directory import ActiveDirectoryConnector, ActiveDirectorySettings, reading
from connectors.contract import Connector
from connectors.testing import ConnectorContract, SampleNames
from sandbox.samba import DISABLED, Samba
from tests.connectors.active_directory.conftest import SUFFIX, let_in, settings_for
from tests.connectors.ldap.ldap_proxy import LdapProxy

pytestmark = pytest.mark.samba

AWKWARD_PRINCIPALS = (
    "o'hara.{}",
    "zoë.{}",
    "a+b.{}",
    "#{}",
    "a=b<c>d;e.{}",
    'the "{}"',
    "back\\slash.{}",
    "star*({})",
    "山田.{}",
    "uid={},ou=people",
)
AWKWARD_ACCOUNT_NAMES = ("o'h.{}", "a.b-{}", "#a!{}", "$a({})", "{}~%&")


def names_of(server: Samba) -> SampleNames:
    return SampleNames(
        login="sAMAccountName",
        display_name="displayName",
        title="title",
        group_name="cn",
        group_description="description",
        multivalued="otherTelephone",
        reference="manager",
        lookalike="employeeID",
        awkward_logins=AWKWARD_ACCOUNT_NAMES,
        absent_user=str(uuid4()),
        absent_group=str(uuid4()),
        restored=("sAMAccountName",),
        restores_groups=True,
        secrets=(server.service_password, "not-the-password"),
        bulk=45,
        tells_waits=False,
    )


class InTime(ConnectorContract):
    """Lets so much time pass that a domain controller may have forgotten who was deleted."""

    @pytest.fixture(autouse=True)
    def days(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed, today = 0, reading._today()
        monkeypatch.setattr(reading, "_today", lambda: today + self.passed)

    async def expire_cursors(self) -> None:
        self.passed += 180


class TestActiveDirectoryContract(InTime):
    """LDAPS, behind a proxy that loses answers; users are known by a sAMAccountName that is not numbered."""

    title = "Active Directory (Samba)"

    @staticmethod
    def settings(proxy: LdapProxy[Samba], **changes: str) -> ActiveDirectorySettings:
        here = {"host": "localhost", "port": proxy.port, "account_name_taken": "refuse"}
        return settings_for(proxy.server, **here | changes)

    @pytest.fixture
    async def proxy(self, samba: Samba) -> AsyncIterator[LdapProxy[Samba]]:
        async with LdapProxy(samba).serve() as proxy:
            self.proxy_in_use = proxy
            yield proxy

    @pytest.fixture
    async def connector(self, proxy: LdapProxy[Samba]) -> AsyncIterator[Connector]:  # type: ignore[override]  # needs the proxy
        connector = ActiveDirectoryConnector.open(self.settings(proxy))
        yield connector
        await connector.close()

    @pytest.fixture
    def names(self, samba: Samba) -> SampleNames:  # type: ignore[override]  # needs the server
        return names_of(samba)

    async def stop_server(self) -> None:
        self.proxy_in_use.server.kill()

    async def start_server(self) -> None:
        self.proxy_in_use.server.start()

    async def drop_connections(self) -> None:
        self.proxy_in_use.cut()

    @asynccontextmanager
    async def lose_answers(self) -> AsyncIterator[None]:
        self.proxy_in_use.lose_answers = True
        yield
        self.proxy_in_use.lose_answers = False

    def throttle(self, seconds: float) -> AbstractAsyncContextManager[None]:
        return self.proxy_in_use.busy_for(seconds)

    async def misconfigured(self) -> Connector:
        settings = self.settings(self.proxy_in_use, bind_password="not-the-password")
        return ActiveDirectoryConnector.open(settings)

    async def another(self) -> Connector:
        return ActiveDirectoryConnector.open(self.settings(self.proxy_in_use))

    async def sign_in(self, login: str, password: str) -> bool:
        return await asyncio.to_thread(let_in, self.proxy_in_use.server, f"CORP\\{login}", password)


class WithoutRecycleBin(ActiveDirectoryConnector):
    """Samba has no recycle bin, and a tombstone keeps no userPrincipalName to find it by."""

    capabilities = replace(ActiveDirectoryConnector.capabilities, restore=False)


class TestActiveDirectoryContractWithMoves(InTime):
    """StartTLS; deactivated users are moved, and users are known by their userPrincipalName."""

    title = "Active Directory (Samba), moving"

    @staticmethod
    def settings(server: Samba) -> ActiveDirectorySettings:
        return settings_for(server, security="starttls", inactive_base=DISABLED)

    @pytest.fixture
    async def connector(self, samba: Samba) -> AsyncIterator[Connector]:  # type: ignore[override]  # needs the server
        self.server = samba
        connector = WithoutRecycleBin.open(self.settings(samba))
        yield connector
        await connector.close()

    @pytest.fixture
    def names(self, samba: Samba) -> SampleNames:  # type: ignore[override]  # needs the server
        forms = tuple(f"{form}@{SUFFIX}" for form in AWKWARD_PRINCIPALS)
        login_form = f"{{}}@{SUFFIX}"
        return replace(names_of(samba), login="userPrincipalName", login_form=login_form, awkward_logins=forms)

    async def stop_server(self) -> None:
        self.server.stop()

    async def start_server(self) -> None:
        self.server.start()

    async def misconfigured(self) -> Connector:
        settings = settings_for(self.server, security="starttls", bind_password="not-the-password")
        return ActiveDirectoryConnector.open(settings)

    async def another(self) -> Connector:
        return WithoutRecycleBin.open(self.settings(self.server))

    async def sign_in(self, login: str, password: str) -> bool:
        return await asyncio.to_thread(let_in, self.server, login, password)
