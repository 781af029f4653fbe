"""The pool: few connections, reused; broken ones replaced; a verb repeated only when that is safe."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.contract import Match, ObjectKind
from connectors.errors import Misconfigured, Rejected, Unavailable
from connectors.ldap import LdapConnector
from connectors.ldap_client import pool
from connectors.ldap_client.session import Session
from sandbox.services import free_ports
from sandbox.slapd import USERS, Slapd
from tests.connectors.ldap.conftest import settings_for, word
from tests.connectors.ldap.ldap_proxy import LdapProxy

pytestmark = pytest.mark.slapd

USER = ObjectKind.USER
BIND_REQUEST, SEARCH_REQUEST, MODIFY_REQUEST, ADD_REQUEST = 0x60, 0x63, 0x66, 0x68


@pytest.fixture
async def proxy(slapd: Slapd) -> AsyncIterator[LdapProxy]:
    async with LdapProxy(slapd).serve() as proxy:
        yield proxy


@pytest.fixture
async def through(proxy: LdapProxy) -> AsyncIterator[LdapConnector]:
    """A connector whose connections go through the proxy, and that waits one second for answers."""
    connector = LdapConnector.open(settings_for(proxy.server, port=proxy.port, response_timeout=1, connections=3))
    yield connector
    await connector.close()


async def test_opening_connects_to_nobody(proxy: LdapProxy) -> None:
    connector = LdapConnector.open(settings_for(proxy.server, port=proxy.port))
    await connector.close()
    assert proxy.requests == []


async def test_verbs_one_after_the_other_share_a_connection(proxy: LdapProxy, through: LdapConnector) -> None:
    for _ in range(5):
        await through.find(Match(USER, "uid", word()))
    assert proxy.requests.count(BIND_REQUEST) == 1


async def test_verbs_at_the_same_time_use_no_more_connections_than_set(
    proxy: LdapProxy, through: LdapConnector
) -> None:
    await asyncio.gather(*(through.create(USER, {"uid": word()}, active=True) for _ in range(40)))
    assert 1 < proxy.requests.count(BIND_REQUEST) <= 3


async def test_a_create_is_one_request_after_the_schema_is_known(proxy: LdapProxy, through: LdapConnector) -> None:
    await through.create(USER, {"uid": word()}, active=True)
    before = len(proxy.requests)
    await through.create(USER, {"uid": word(), "cn": "Mira", "sn": "Ito"}, active=True)
    assert proxy.requests[before:] == [ADD_REQUEST]


async def test_an_update_is_a_look_and_a_write_and_no_write_when_nothing_changes(
    proxy: LdapProxy, through: LdapConnector
) -> None:
    account = await through.create(USER, {"uid": word()}, active=True)
    before = len(proxy.requests)
    for _ in range(2):
        await through.update(USER, account.remote_id, {"title": "Engineer", "uid": account.attributes["uid"]})
    assert proxy.requests[before:] == [SEARCH_REQUEST, MODIFY_REQUEST, SEARCH_REQUEST]


async def test_a_cut_connection_is_replaced_before_a_write_is_sent(proxy: LdapProxy, through: LdapConnector) -> None:
    account = await through.create(USER, {"uid": word()}, active=True)
    proxy.cut()
    await asyncio.sleep(0.05)
    await through.update(USER, account.remote_id, {"title": "Engineer"})
    assert proxy.requests.count(MODIFY_REQUEST) == 1


async def test_a_write_whose_answer_is_lost_is_not_repeated(proxy: LdapProxy, through: LdapConnector) -> None:
    await through.find(Match(USER, "uid", word()))
    proxy.lose_answers = True
    with pytest.raises(Unavailable) as caught:
        await through.create(USER, {"uid": word()}, active=True)
    assert caught.value.may_have_happened
    assert caught.value.code == "ldap.connectionLost"
    assert proxy.requests.count(ADD_REQUEST) == 1


async def test_an_answer_that_does_not_come_in_time_may_have_happened(proxy: LdapProxy, through: LdapConnector) -> None:
    name = word()
    await through.find(Match(USER, "uid", name))
    proxy.hold_answers = True
    with pytest.raises(Unavailable) as caught:
        await through.create(USER, {"uid": name}, active=True)
    assert (caught.value.code, caught.value.may_have_happened) == ("ldap.timeout", True)
    proxy.hold_answers = False
    assert len(await through.find(Match(USER, "uid", name))) == 1


async def test_a_busy_server_has_done_nothing(proxy: LdapProxy, through: LdapConnector) -> None:
    account = await through.create(USER, {"uid": word()}, active=True)
    proxy.busy = True
    with pytest.raises(Unavailable) as caught:
        await through.update(USER, account.remote_id, {"title": "Engineer"})
    assert (caught.value.code, caught.value.may_have_happened) == ("ldap.busy", False)
    proxy.busy = False
    await through.update(USER, account.remote_id, {"title": "Engineer"})
    assert proxy.requests.count(BIND_REQUEST) == 1, "the connection is still good"


async def test_an_idle_connection_is_not_trusted_for_ever(
    proxy: LdapProxy, through: LdapConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    await through.find(Match(USER, "uid", word()))
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0)
    await through.find(Match(USER, "uid", word()))
    assert proxy.requests.count(BIND_REQUEST) == 2


async def test_the_next_host_is_tried_when_the_first_is_away(slapd: Slapd) -> None:
    connector = LdapConnector.open(settings_for(slapd, host="ldap.example.invalid, localhost"))
    assert await connector.find(Match(USER, "uid", word())) == []
    await connector.close()


async def test_a_server_that_is_away_is_unavailable_and_a_wrong_password_is_misconfigured(slapd: Slapd) -> None:
    away = LdapConnector.open(settings_for(slapd, port=free_ports(1)[0]))
    with pytest.raises(Unavailable) as unavailable:
        await away.find(Match(USER, "uid", word()))
    assert (unavailable.value.code, unavailable.value.may_have_happened) == ("ldap.unreachable", False)
    await away.close()
    wrong = LdapConnector.open(settings_for(slapd, bind_password="wrong"))
    with pytest.raises(Misconfigured) as misconfigured:
        await wrong.find(Match(USER, "uid", word()))
    assert misconfigured.value.code == "ldap.invalidCredentials"
    await wrong.close()


async def test_an_error_of_one_verb_leaves_the_connection_to_the_next(proxy: LdapProxy, through: LdapConnector) -> None:
    for _ in range(3):
        with pytest.raises(Rejected):
            await through.create(USER, {"uid": word(), "mobile": "é"}, active=True)
    assert proxy.requests.count(BIND_REQUEST) == 1


async def test_closing_unbinds(proxy: LdapProxy) -> None:
    connector = LdapConnector.open(settings_for(proxy.server, port=proxy.port))
    await connector.find(Match(USER, "uid", word()))
    await connector.close()
    for _ in range(100):
        if not proxy.connections:
            break
        await asyncio.sleep(0.01)
    assert not proxy.connections


def test_a_session_notices_that_the_server_has_gone(bare_slapd: Slapd) -> None:
    settings = settings_for(bare_slapd)
    session = Session.open(settings, pool.client_context(settings), "localhost")
    assert session.is_usable()
    assert session.is_usable()
    bare_slapd.kill()
    assert not session.is_usable()
    session.close()
    bare_slapd.start()


async def test_a_substitute_of_the_first_host_quarantines_nobody_and_is_left_when_the_first_is_back(
    slapd: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only copy refuses writes: that says nothing about the connection, only that the first host is missed."""
    opening, away = Session.open, ["127.0.0.1"]

    def opened(settings: Any, context: Any, host: str, dialect: Any) -> Session:
        if host in away:
            raise Unavailable("away", code="ldap.unreachable")
        return opening(settings, context, host, dialect)

    monkeypatch.setattr(Session, "open", opened)
    connector = LdapConnector.open(settings_for(slapd, host="127.0.0.1, localhost", user_base=f"ou={word()},{USERS}"))
    with pytest.raises(Unavailable, match=r"127.0.0.1 does not answer, and localhost cannot stand in") as caught:
        await connector.find(Match(USER, "uid", word()))
    assert caught.value.code == "ldap.noSuchObject"
    away.clear()
    with pytest.raises(Unavailable):
        await connector.find(Match(USER, "uid", word()))
    monkeypatch.setattr(pool, "SUBSTITUTE_SECONDS", 0)
    with pytest.raises(Misconfigured):
        await connector.find(Match(USER, "uid", word()))
    await connector.close()
