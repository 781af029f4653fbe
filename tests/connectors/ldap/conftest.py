"""Directory servers and settings for the LDAP connector's tests."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest

from connectors.ldap import LdapConnector, LdapSettings
from connectors.ldap_client.session import Session
from connectors.ldap_client.tls import client_context
from sandbox.slapd import ADMIN, GROUPS, SERVICE_ACCOUNT, USERS, Slapd


def settings_for(server: Slapd, **changes: Any) -> LdapSettings:
    """Return settings for a server of the sandbox, LDAPS unless changed."""
    values: dict[str, Any] = {
        "host": "localhost",
        "port": server.ldaps_port,
        "ca_file": str(server.certificates.ca),
        "bind_dn": SERVICE_ACCOUNT,
        "bind_password": server.service_password,
        "user_base": USERS,
        "group_base": GROUPS,
    }
    if changes.get("security") in ("starttls", "plain"):
        values["port"] = server.ldap_port
    return LdapSettings(**values | changes)


def open_session(server: Slapd, bind_dn: str = ADMIN, password: str | None = None) -> Session:
    """Bind to a server directly, as its administrator unless said otherwise, to see what no connector shows."""
    settings = settings_for(server, bind_dn=bind_dn, bind_password=password or server.admin_password)
    return Session.open(settings, client_context(settings), "localhost")


def word() -> str:
    """Return a word that nobody else uses."""
    return f"t{uuid4().hex[:10]}"


@pytest.fixture
def admin(slapd: Slapd) -> Iterator[Session]:
    """The administrator's own connection to the server with all overlays."""
    session = open_session(slapd)
    yield session
    session.close()


@pytest.fixture(scope="session")
def bare_slapd(slapd: Slapd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A server without overlays: nothing follows a rename, nothing knows memberOf, no password policy."""
    with Slapd.open(tmp_path_factory.mktemp("bare"), durable=False, overlays=()) as server:
        yield server


@pytest.fixture
async def connector(slapd: Slapd) -> AsyncIterator[LdapConnector]:
    """An open connector to the server with all overlays."""
    opened = LdapConnector.open(settings_for(slapd))
    yield opened
    await opened.close()
