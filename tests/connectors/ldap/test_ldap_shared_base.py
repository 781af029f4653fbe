"""Users and groups in one tree are told apart by their object classes."""

from collections.abc import AsyncIterator

import pytest

from connectors.contract import Match, ObjectKind
from connectors.errors import NotFound
from connectors.ldap import LdapConnector
from sandbox.slapd import SUFFIX, Slapd
from tests.connectors.ldap.conftest import settings_for, word

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP


@pytest.fixture
async def shared(slapd: Slapd) -> AsyncIterator[LdapConnector]:
    """A connector for which both kinds live below ``ou=people``."""
    base = f"ou=people,{SUFFIX}"
    connector = LdapConnector.open(settings_for(slapd, user_base=base, group_base=base))
    yield connector
    await connector.close()


async def test_a_namesake_of_the_other_kind_is_not_found(shared: LdapConnector) -> None:
    name = word()
    user = await shared.create(USER, {"uid": name, "cn": name}, active=True)
    group = await shared.create(GROUP, {"cn": name}, active=True)
    assert [found.remote_id for found in await shared.find(Match(USER, "cn", name))] == [user.remote_id]
    assert [found.remote_id for found in await shared.find(Match(GROUP, "cn", name))] == [group.remote_id]


async def test_an_id_of_the_other_kind_is_nobodys(shared: LdapConnector) -> None:
    user = await shared.create(USER, {"uid": word()}, active=True)
    with pytest.raises(NotFound):
        await shared.read(GROUP, user.remote_id)
    await shared.delete(GROUP, user.remote_id)
    assert (await shared.read(USER, user.remote_id)).name == user.name


async def test_members_in_the_same_tree_are_found_once(shared: LdapConnector) -> None:
    users = [await shared.create(USER, {"uid": word()}, active=True) for _ in range(4)]
    group = await shared.create(GROUP, {"cn": word()}, active=True)
    await shared.change_members(group.remote_id, [user.remote_id for user in users], [])
    assert sorted(await shared.members(group.remote_id)) == sorted(user.remote_id for user in users)
