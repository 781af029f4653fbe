"""A groupOfNames may not be empty: the placeholder keeps groups alive and is nobody."""

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Rejected
from connectors.ldap import LdapConnector
from connectors.ldap_client.session import Session
from sandbox.slapd import GROUPS, USERS, Slapd
from tests.connectors.ldap.conftest import settings_for, word

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
PLACEHOLDER = f"cn=lockstep-placeholder,{GROUPS}"


def held(admin: Session, dn: str, attribute: str = "member") -> set[str]:
    entry = admin.read(dn, [attribute])
    assert entry is not None
    return set(entry.values(attribute))


async def test_a_new_group_holds_the_placeholder_and_nobody(connector: LdapConnector, admin: Session) -> None:
    team = await connector.create(GROUP, {"cn": word()}, active=True)
    assert held(admin, team.name) == {PLACEHOLDER}
    assert await connector.members(team.remote_id) == []
    assert "member" not in (await connector.read(GROUP, team.remote_id)).attributes


async def test_the_placeholder_stays_while_members_come_and_go(connector: LdapConnector, admin: Session) -> None:
    account = await connector.create(USER, {"uid": word()}, active=True)
    team = await connector.create(GROUP, {"cn": word()}, active=True)
    await connector.change_members(team.remote_id, [account.remote_id], [])
    assert held(admin, team.name) == {PLACEHOLDER, account.name}
    await connector.change_members(team.remote_id, [], [account.remote_id])
    assert held(admin, team.name) == {PLACEHOLDER}


async def test_the_placeholder_can_be_chosen(slapd: Slapd, admin: Session) -> None:
    chosen = "cn=nobody,dc=example,dc=test"
    connector = LdapConnector.open(settings_for(slapd, group_placeholder=chosen))
    team = await connector.create(GROUP, {"cn": word()}, active=True)
    assert held(admin, team.name) == {chosen}
    assert await connector.members(team.remote_id) == []
    await connector.close()


async def test_a_group_that_somebody_else_made_gets_it_when_its_last_member_leaves(
    connector: LdapConnector, admin: Session
) -> None:
    accounts = [await connector.create(USER, {"uid": word()}, active=True) for _ in range(2)]
    name = word()
    dn, members = f"cn={name},{GROUPS}", [account.name.encode() for account in accounts]
    remote_id = admin.add(dn, ["groupOfNames"], {"cn": [name.encode()], "member": members}, "entryUUID")
    assert remote_id is not None
    await connector.change_members(remote_id, [], [accounts[0].remote_id])
    assert held(admin, dn) == {accounts[1].name}
    failures = await connector.change_members(remote_id, [], [accounts[1].remote_id])
    assert failures.failed == {}
    assert held(admin, dn) == {PLACEHOLDER}


async def test_a_deleted_user_who_was_the_last_member_leaves_a_group_behind(bare_slapd: Slapd) -> None:
    connector = LdapConnector.open(settings_for(bare_slapd, group_placeholder="cn=nobody,dc=example,dc=test"))
    foreign = LdapConnector.open(settings_for(bare_slapd, group_placeholder=f"uid=first,{USERS}"))
    team = await foreign.create(GROUP, {"cn": word()}, active=True)
    first = await connector.create(USER, {"uid": "first"}, active=True)
    await connector.delete(USER, first.remote_id)
    assert await connector.members(team.remote_id) == []
    await connector.close()
    await foreign.close()


async def test_other_classes_have_members_of_their_own_name(slapd: Slapd, admin: Session) -> None:
    settings = settings_for(slapd, group_class="groupOfUniqueNames", member_attribute="uniqueMember")
    connector = LdapConnector.open(settings)
    assert (await connector.verify()).ok
    account = await connector.create(USER, {"uid": word()}, active=True)
    team = await connector.create(GROUP, {"cn": word()}, active=True)
    await connector.change_members(team.remote_id, [account.remote_id], [])
    assert held(admin, team.name, "uniqueMember") == {PLACEHOLDER, account.name}
    assert await connector.members(team.remote_id) == [account.remote_id]
    await connector.close()


async def test_a_class_that_may_be_empty_gets_no_placeholder(slapd: Slapd, admin: Session) -> None:
    """organizationalRole holds people in roleOccupant and demands none."""
    settings = settings_for(slapd, group_class="organizationalRole", member_attribute="roleOccupant")
    connector = LdapConnector.open(settings)
    account = await connector.create(USER, {"uid": word()}, active=True)
    team = await connector.create(GROUP, {"cn": word()}, active=True)
    assert held(admin, team.name, "roleOccupant") == set()
    await connector.change_members(team.remote_id, [account.remote_id], [])
    await connector.change_members(team.remote_id, [], [account.remote_id])
    assert held(admin, team.name, "roleOccupant") == set()
    await connector.close()


async def test_members_who_are_in_and_who_are_not_can_be_mixed_in_one_big_change(
    connector: LdapConnector,
) -> None:
    accounts = [await connector.create(USER, {"uid": word()}, active=True) for _ in range(12)]
    ids = [account.remote_id for account in accounts]
    team = await connector.create(GROUP, {"cn": word()}, active=True)
    await connector.change_members(team.remote_id, ids[::3], [])
    assert (await connector.change_members(team.remote_id, ids, [])).failed == {}
    assert set(await connector.members(team.remote_id)) == set(ids)
    await connector.change_members(team.remote_id, [], ids[::5])
    assert (await connector.change_members(team.remote_id, [], ids)).failed == {}
    assert await connector.members(team.remote_id) == []


async def test_a_group_that_may_not_be_changed_is_rejected_as_a_whole(
    slapd: Slapd, connector: LdapConnector, admin: Session
) -> None:
    reader = await connector.create(USER, {"uid": word()}, active=True)
    admin.modify(reader.name, {"userPassword": [("MODIFY_REPLACE", [b"a reader's secret"])]})
    team = await connector.create(GROUP, {"cn": word()}, active=True)
    limited = LdapConnector.open(settings_for(slapd, bind_dn=reader.name, bind_password="a reader's secret"))
    with pytest.raises(Rejected, match="has no right") as caught:
        await limited.change_members(team.remote_id, [reader.remote_id], [])
    assert caught.value.code == "ldap.insufficientAccessRights"
    await limited.close()
