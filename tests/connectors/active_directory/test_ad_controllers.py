"""Several domain controllers: the next one is asked when one is away, and asked further on; none is mixed with it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from connectors.active_directory import ActiveDirectoryConnector, ActiveDirectorySettings
from connectors.contract import Match
from connectors.errors import Misconfigured, Unavailable
from sandbox.samba import Samba
from sandbox.slapd import ADMIN, GROUPS, USERS, Slapd
from tests.connectors.active_directory.conftest import USER, Opening, person, settings_for, word
from tests.connectors.ldap.ldap_proxy import LdapProxy

pytestmark = pytest.mark.samba


@pytest.fixture
async def proxy(samba: Samba) -> AsyncIterator[LdapProxy[Samba]]:
    async with LdapProxy(samba).serve() as proxy:
        yield proxy


async def test_a_controller_that_is_away_is_passed_over(opened: Opening, samba: Samba) -> None:
    connector = opened(host=f"127.0.0.2, {samba.address}", connect_timeout=2)
    account = await connector.create(USER, person(word()), active=True)
    assert (await connector.read(USER, account.remote_id)).active


async def test_with_all_controllers_away_it_is_tried_later(opened: Opening) -> None:
    with pytest.raises(Unavailable):
        await opened(host="127.0.0.2, 127.0.0.3").find(Match(USER, "cn", "x"))


async def test_after_a_failover_the_connector_stays_with_the_controller_that_answered(
    samba: Samba, proxy: LdapProxy[Samba]
) -> None:
    """Both names lead to one controller here; which of them is used shows in the pool."""
    both = settings_for(samba, host="localhost, LOCALHOST", port=proxy.port)
    connector = ActiveDirectoryConnector.open(both)
    pool = connector._pool
    await connector.find(Match(USER, "cn", "x"))
    assert pool._last_host == "localhost"
    pool._last_host = "LOCALHOST"  # as after a failover in another thread
    await connector.find(Match(USER, "cn", "x"))
    assert [session.host for session in pool._idle] == ["LOCALHOST"]
    await connector.close()


async def test_once_the_first_controller_must_know_all_the_connector_returns_to_it(
    samba: Samba, proxy: LdapProxy[Samba], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that all processes of a hub come to work at the same controller again. One that is still away is no harm."""
    connector = ActiveDirectoryConnector.open(settings_for(samba, host="localhost, LOCALHOST", port=proxy.port))
    pool = connector._pool
    pool._last_host = "LOCALHOST"  # as after a failover
    await connector.find(Match(USER, "cn", "x"))
    assert (pool._last_host, pool.moved_lately) == ("LOCALHOST", False)
    monkeypatch.setattr("connectors.ldap_client.pool.ARRIVED_SECONDS", 0.2)
    await asyncio.sleep(0.3)
    await connector.find(Match(USER, "cn", "x"))
    assert (pool._last_host, pool.moved_lately) == ("localhost", True)
    assert [session.host for session in pool._idle] == ["localhost"]
    await connector.close()


async def test_a_first_controller_that_is_still_away_is_not_tried_each_time(
    samba: Samba, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = ActiveDirectoryConnector.open(
        settings_for(samba, host=f"127.0.0.2, {samba.address}", connect_timeout=2)
    )
    pool = connector._pool
    await connector.find(Match(USER, "cn", "x"))
    monkeypatch.setattr("connectors.ldap_client.pool.ARRIVED_SECONDS", 0.2)
    await asyncio.sleep(0.3)
    assert pool._returns
    await connector.find(Match(USER, "cn", "x"))
    assert not pool._returns
    assert (pool._last_host, pool.moved_lately) == (samba.address, False)
    await connector.close()


@pytest.mark.slapd
async def test_a_server_that_is_no_domain_controller_is_told(slapd: Slapd) -> None:
    settings = ActiveDirectorySettings(
        host="localhost",
        port=slapd.ldaps_port,
        ca_file=str(slapd.certificates.ca),
        bind_user=ADMIN,
        bind_password=SecretStr(slapd.admin_password),
        user_base=USERS,
        group_base=GROUPS,
    )
    connector = ActiveDirectoryConnector.open(settings)
    with pytest.raises(Misconfigured) as caught:
        await connector.find(Match(USER, "cn", "x"))
    assert caught.value.code == "ad.noDomainController"
    await connector.close()
