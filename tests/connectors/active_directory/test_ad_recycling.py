"""Deleted users: found by what they still hold, and brought back with their identity. This domain keeps tombstones."""

import pytest

from connectors.active_directory import ActiveDirectoryConnector
from connectors.contract import Match
from connectors.errors import NotFound, Rejected
from connectors.ldap_client.session import Session
from sandbox.samba import READER, USERS, Samba
from tests.connectors.active_directory.conftest import USER, Opening, as_admin, held, person, word

pytestmark = pytest.mark.samba


async def test_one_who_comes_back_has_the_same_identifiers_and_signs_in_after_activation(
    connector: ActiveDirectoryConnector, admin: Session
) -> None:
    values = person(word(), title="Engineer")
    account = await connector.create(USER, values, active=True)
    before = (await connector.read(USER, account.remote_id)).attributes["objectSid"]
    await connector.delete(USER, account.remote_id)
    back = await connector.restore(USER, account.remote_id)
    assert (back.name, back.remote_id) == (account.name, account.remote_id)
    assert back.attributes["objectSid"] == before
    await connector.update(USER, account.remote_id, values)
    await connector.activate(account.remote_id)
    standing = await connector.read(USER, account.remote_id)
    assert (standing.active, standing.attributes["title"]) == (True, "Engineer")
    assert int(held(admin, account.name, "pwdLastSet")[0]) > 0


async def test_a_deleted_user_is_told_with_the_name_from_before(connector: ActiveDirectoryConnector) -> None:
    name = word()
    account = await connector.create(USER, person(name, cn=f"Doe, {name}"), active=True)
    await connector.delete(USER, account.remote_id)
    (found,) = await connector.find_deleted(Match(USER, "sAMAccountName", name))
    assert (found.remote_id, found.name, found.active) == (account.remote_id, account.name, False)


async def test_one_whose_place_is_gone_comes_back_to_the_user_ou(
    connector: ActiveDirectoryConnector, opened: Opening, admin: Session
) -> None:
    unit, name = f"OU={word()},{USERS}", word()
    admin.add(unit, ["organizationalUnit"], {}, "objectGUID")
    account = await opened(user_base=unit).create(USER, person(name), active=True)
    await connector.delete(USER, account.remote_id)
    admin.delete(unit)
    assert (await connector.restore(USER, account.remote_id)).name == f"CN=Person {name},{USERS}"


async def test_a_namesake_who_came_meanwhile_keeps_the_common_name(connector: ActiveDirectoryConnector) -> None:
    name = f"Jane {word()}"
    account = await connector.create(USER, person(word(), cn=name), active=True)
    await connector.delete(USER, account.remote_id)
    await connector.create(USER, person(word(), cn=name), active=True)
    assert (await connector.restore(USER, account.remote_id)).name == f"CN={name} 2,{USERS}"


async def test_deleted_users_from_elsewhere_in_the_domain_are_not_found(
    connector: ActiveDirectoryConnector, opened: Opening, admin: Session
) -> None:
    name = word()
    dn = f"CN={name},CN=Users,DC=corp,DC=example,DC=test"
    admin.add(dn, ["user"], {"sAMAccountName": [name.encode()]}, "objectGUID")
    admin.delete(dn)
    asked = Match(USER, "sAMAccountName", name)
    assert await connector.find_deleted(asked) == []
    assert len(await opened(search="domain").find_deleted(asked)) == 1


async def test_who_may_not_see_the_deleted_finds_none(samba: Samba, opened: Opening) -> None:
    connector, name = opened(), word()
    account = await connector.create(USER, person(name), active=True)
    await connector.delete(USER, account.remote_id)
    reader = opened(bind_user=READER, bind_password=samba.reader_password)
    assert await reader.find_deleted(Match(USER, "sAMAccountName", name)) == []
    with pytest.raises(NotFound):
        await reader.restore(USER, account.remote_id)


async def test_a_user_with_objects_below_is_deleted_only_where_told(
    samba: Samba, opened: Opening, admin: Session
) -> None:
    careful, thorough = opened(), opened(delete_subtree=True, **as_admin(samba))
    account = await careful.create(USER, person(word()), active=True)
    admin.add(f"CN=Device,{account.name}", ["classStore"], {}, "objectGUID")
    with pytest.raises(Rejected) as caught:
        await careful.delete(USER, account.remote_id)
    assert caught.value.code == "ad.notEmpty"
    assert "Delete what is below" in caught.value.fix
    await careful.read(USER, account.remote_id)
    await thorough.delete(USER, account.remote_id)
    with pytest.raises(NotFound):
        await careful.read(USER, account.remote_id)
