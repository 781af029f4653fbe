"""The rights in docs/ldap.md are what each feature needs, exactly: slapd is started with those lines and no others."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.contract import ObjectKind, Reading
from connectors.errors import ConnectorError, Misconfigured, Rejected
from connectors.ldap import LdapConnector
from connectors.ldap_client.session import Session
from sandbox.slapd import DISABLED, USERS, Slapd
from tests.connectors.ldap.conftest import open_session, settings_for, word

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
DOCUMENT = (Path(__file__).resolve().parents[3] / "docs/ldap.md").read_text()
GOOD = "Plum-Tree7-Lantern!"


def lines(*features: str) -> str:
    """Return the lines of the document for features, for the sandbox's directory."""
    found = []
    for feature in features:
        block = re.search(rf"```slapd {feature}\n(.*?)```", DOCUMENT, re.DOTALL)
        assert block, feature
        found.append(block[1])
    return "".join(found).replace("dc=example,dc=com", "dc=example,dc=test")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Slapd]]:
    """Start servers with the rights for some features, each once."""
    servers: dict[tuple[str, ...], Slapd] = {}

    def serve(*features: str) -> Slapd:
        if features not in servers:
            folder = tmp_path_factory.mktemp("rights")
            access = lines(*features) + "access to * by * none"
            servers[features] = Slapd.open(folder, durable=False, access=access).start()
        return servers[features]

    yield serve
    for server in servers.values():
        server.stop()


def person(admin: Session) -> str:
    name = word()
    values = {"uid": [name.encode()], "cn": [b"P"], "sn": [b"P"]}
    remote_id = admin.add(f"uid={name},{USERS}", ["inetOrgPerson"], values, "entryUUID")
    assert remote_id is not None
    return remote_id


async def test_indexes_and_limits_are_lines_that_slapd_takes(opened: Callable[..., Slapd]) -> None:
    assert "index entryUUID" in lines("indexes")
    assert opened("indexes", "no-passwords", "import").service.alive


async def test_the_lines_for_imports_let_read_and_not_write(opened: Callable[..., Slapd]) -> None:
    server = opened("indexes", "no-passwords", "import")
    admin, connector = open_session(server), LdapConnector.open(settings_for(server))
    mira = person(admin)
    stream = [page async for page in connector.changes(None, Reading())]
    assert [change.account.remote_id for page in stream for change in page.changes] == [mira]
    assert stream[0].note == ""
    again = [page async for page in connector.changes(stream[-1].cursor, Reading())]
    assert again[0].note == ""
    with pytest.raises(Rejected, match="has no right"):
        await connector.update(USER, mira, {"title": "Engineer"})
    with pytest.raises(Misconfigured, match="has no right"):
        await connector.create(USER, {"uid": word()}, active=True)
    with pytest.raises(ConnectorError):
        await connector.set_password(mira, SecretStr(GOOD))
    await connector.close()
    admin.close()


async def test_the_lines_for_provisioning_are_enough_for_every_verb(opened: Callable[..., Slapd]) -> None:
    server = opened("no-passwords", "provisioning")
    connector = LdapConnector.open(settings_for(server, profile="posix"))
    assert [check for check in (await connector.verify()).checks if not check.ok] == []
    mira = await connector.create(USER, {"uid": word()}, active=True)
    team = await connector.create(GROUP, {"cn": word()}, active=True)
    await connector.change_members(team.remote_id, [mira.remote_id], [])
    await connector.update(USER, mira.remote_id, {"uid": word(), "title": "Engineer"})
    await connector.deactivate(mira.remote_id)
    assert (await connector.read(USER, mira.remote_id)).active is False
    await connector.activate(mira.remote_id)
    assert await connector.members(team.remote_id) == [mira.remote_id]
    with pytest.raises(Rejected, match="has no right"):
        await connector.set_password(mira.remote_id, SecretStr(GOOD))
    await connector.delete(USER, mira.remote_id)
    await connector.delete(GROUP, team.remote_id)
    await connector.close()


async def test_the_lines_for_moves_and_passwords_are_enough_for_those(opened: Callable[..., Slapd]) -> None:
    server = opened("passwords", "provisioning", "move")
    connector = LdapConnector.open(settings_for(server, deactivation="move", inactive_base=DISABLED))
    mira = await connector.create(USER, {"uid": word()}, active=True)
    await connector.set_password(mira.remote_id, SecretStr(GOOD))
    open_session(server, mira.name, GOOD).close()
    await connector.deactivate(mira.remote_id)
    await connector.activate(mira.remote_id)
    assert (await connector.read(USER, mira.remote_id)).name == mira.name
    await connector.close()
    without = LdapConnector.open(
        settings_for(opened("no-passwords", "provisioning"), deactivation="move", inactive_base=DISABLED)
    )
    with pytest.raises(ConnectorError):
        await without.create(USER, {"uid": word()}, active=False)
    await without.close()


async def test_nobody_reads_what_was_not_given(opened: Callable[..., Slapd]) -> None:
    server = opened("passwords", "provisioning", "move")
    session = open_session(server, settings_for(server).bind_dn, server.service_password)
    for dn in (settings_for(server).bind_dn, "ou=policies,dc=example,dc=test"):
        assert session.read(dn, ["*"]) is None
    session.close()
