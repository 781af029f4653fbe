"""A domain controller and settings for the Active Directory connector's tests."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from connectors.active_directory import ActiveDirectoryConnector, ActiveDirectorySettings
from connectors.active_directory.dialect import ACTIVE_DIRECTORY
from connectors.contract import ObjectKind
from connectors.errors import Misconfigured
from connectors.ldap_client.session import Session
from connectors.ldap_client.tls import client_context
from sandbox.samba import ADMINISTRATOR, GROUPS, SERVICE_ACCOUNT, USERS, Samba

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
SUFFIX = "corp.example.test"


def settings_for(server: Samba, **changes: Any) -> ActiveDirectorySettings:
    """Return settings for a domain controller of the sandbox, LDAPS and the delegated account unless changed."""
    values: dict[str, Any] = {
        "host": server.address,
        "ca_file": str(server.certificates.ca),
        "bind_user": SERVICE_ACCOUNT,
        "bind_password": server.service_password,
        "user_base": USERS,
        "group_base": GROUPS,
    }
    return ActiveDirectorySettings(**values | changes)


def as_admin(server: Samba) -> dict[str, Any]:
    """Return the settings that make a connector bind as the domain's administrator."""
    return {"bind_user": ADMINISTRATOR, "bind_password": server.admin_password}


def word() -> str:
    """Return a word that nobody else uses."""
    return f"t{uuid4().hex[:10]}"


def upn(name: str) -> str:
    """Return a user principal name of the domain."""
    return f"{name}@{SUFFIX}"


def person(name: str, **more: Any) -> dict[str, Any]:
    """Return what is enough to create a user."""
    return {"userPrincipalName": upn(name), "cn": f"Person {name}", **more}


def held(session: Session, dn: str, attribute: str) -> list[str]:
    """Return an attribute's values as they stand in the domain."""
    entry = session.read(dn, [attribute])
    assert entry is not None, f"{dn} is not there"
    return entry.values(attribute)


def let_in(server: Samba, name: str, password: str) -> bool:
    """Whether the domain controller lets a person bind. ``name``: a userPrincipalName, or CORP\\name."""
    settings = settings_for(server, bind_user=name, bind_password=password)
    try:
        Session.open(settings, client_context(settings), server.address, ACTIVE_DIRECTORY).close()
    except Misconfigured:
        return False
    return True


@pytest.fixture
def admin(samba: Samba) -> Iterator[Session]:
    """The administrator's own connection to the domain controller, to see what no connector shows."""
    settings = settings_for(samba, **as_admin(samba))
    session = Session.open(settings, client_context(settings), samba.address, ACTIVE_DIRECTORY)
    yield session
    session.close()


type Opening = Callable[..., ActiveDirectoryConnector]


@pytest.fixture
async def opened(samba: Samba) -> AsyncIterator[Opening]:
    """Open connectors with changed settings; they are closed when the test ends."""
    connectors: list[ActiveDirectoryConnector] = []

    def open_with(**changes: Any) -> ActiveDirectoryConnector:
        connectors.append(ActiveDirectoryConnector.open(settings_for(samba, **changes)))
        return connectors[-1]

    yield open_with
    for connector in connectors:
        await connector.close()


@pytest.fixture
def connector(opened: Opening) -> ActiveDirectoryConnector:
    """An open connector with the usual settings."""
    return opened()
