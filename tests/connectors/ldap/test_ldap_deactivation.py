"""Deactivation in its three ways: what it does to the entry, and that nobody signs in."""

import pytest

from connectors.contract import Account, ObjectKind
from connectors.errors import AlreadyExists, Misconfigured, NotFound
from connectors.ldap import LdapConnector
from connectors.ldap_client.session import Session
from sandbox.slapd import DISABLED, USERS, Slapd
from tests.connectors.ldap.conftest import open_session, settings_for, word

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
PASSWORD = "correct horse battery"


async def user_with_password(connector: LdapConnector, admin: Session) -> Account:
    account = await connector.create(USER, {"uid": word()}, active=True)
    admin.modify(account.name, {"userPassword": [("MODIFY_REPLACE", [PASSWORD.encode()])]})
    return account


def signs_in(server: Slapd, dn: str, password: str = PASSWORD) -> bool:
    try:
        open_session(server, dn, password).close()
    except Misconfigured:
        return False
    return True


def held(admin: Session, dn: str, attribute: str) -> list[str]:
    entry = admin.read(dn, [attribute])
    assert entry is not None
    return entry.values(attribute)


class TestPasswordLock:
    async def test_a_locked_user_cannot_sign_in_until_activated(
        self, slapd: Slapd, connector: LdapConnector, admin: Session
    ) -> None:
        account = await user_with_password(connector, admin)
        assert signs_in(slapd, account.name)
        await connector.deactivate(account.remote_id)
        assert not signs_in(slapd, account.name)
        await connector.activate(account.remote_id)
        assert signs_in(slapd, account.name)

    async def test_a_lock_after_wrong_passwords_is_not_a_deactivation(
        self, slapd: Slapd, connector: LdapConnector, admin: Session
    ) -> None:
        account = await user_with_password(connector, admin)
        for _ in range(5):
            signs_in(slapd, account.name, "a wrong password")
        locked = held(admin, account.name, "pwdAccountLockedTime")
        assert locked, "the policy locks after five wrong passwords"
        assert (await connector.read(USER, account.remote_id)).active is True
        await connector.activate(account.remote_id)
        assert held(admin, account.name, "pwdAccountLockedTime") == locked
        await connector.deactivate(account.remote_id)
        assert held(admin, account.name, "pwdAccountLockedTime") == ["000001010000Z"]

    async def test_a_user_who_is_created_inactive_is_locked(self, connector: LdapConnector, admin: Session) -> None:
        account = await connector.create(USER, {"uid": word()}, active=False)
        assert held(admin, account.name, "pwdAccountLockedTime") == ["000001010000Z"]


class TestAttribute:
    @pytest.mark.parametrize("active_value", ["", "active"])
    async def test_the_attribute_holds_the_configured_values(
        self, slapd: Slapd, admin: Session, active_value: str
    ) -> None:
        settings = settings_for(
            slapd,
            deactivation="attribute",
            inactive_attribute="employeeType",
            active_value=active_value,
            inactive_value="inactive",
        )
        connector = LdapConnector.open(settings)
        account = await connector.create(USER, {"uid": word()}, active=True)
        when_active = [active_value] if active_value else []
        assert held(admin, account.name, "employeeType") == when_active
        await connector.deactivate(account.remote_id)
        assert held(admin, account.name, "employeeType") == ["inactive"]
        assert (await connector.read(USER, account.remote_id)).active is False
        await connector.activate(account.remote_id)
        assert held(admin, account.name, "employeeType") == when_active
        assert (await connector.read(USER, account.remote_id)).active is True
        await connector.close()

    async def test_a_value_in_another_case_is_the_same_state(self, slapd: Slapd, admin: Session) -> None:
        settings = settings_for(
            slapd, deactivation="attribute", inactive_attribute="employeeType", inactive_value="TRUE"
        )
        connector = LdapConnector.open(settings)
        account = await connector.create(USER, {"uid": word()}, active=True)
        admin.modify(account.name, {"employeeType": [("MODIFY_REPLACE", [b"true"])]})
        assert (await connector.read(USER, account.remote_id)).active is False
        await connector.close()


class TestMove:
    @pytest.fixture
    def settings(self, slapd: Slapd) -> dict[str, str]:
        return {"deactivation": "move", "inactive_base": DISABLED}

    async def test_a_user_is_moved_and_comes_back(self, slapd: Slapd, settings: dict[str, str]) -> None:
        connector = LdapConnector.open(settings_for(slapd, **settings))
        account = await connector.create(USER, {"uid": f"a+b, {word()}"}, active=True)
        await connector.deactivate(account.remote_id)
        assert (await connector.read(USER, account.remote_id)).name.endswith(DISABLED)
        await connector.activate(account.remote_id)
        assert (await connector.read(USER, account.remote_id)).name.endswith(USERS)
        await connector.close()

    async def test_memberships_move_along(self, slapd: Slapd, settings: dict[str, str], admin: Session) -> None:
        connector = LdapConnector.open(settings_for(slapd, **settings))
        account = await connector.create(USER, {"uid": word()}, active=True)
        team = await connector.create(GROUP, {"cn": word()}, active=True)
        await connector.change_members(team.remote_id, [account.remote_id], [])
        await connector.deactivate(account.remote_id)
        moved = (await connector.read(USER, account.remote_id)).name
        assert moved in held(admin, team.name, "member")
        assert account.name not in held(admin, team.name, "member")
        await connector.close()

    async def test_a_user_from_deeper_in_the_tree_comes_back_to_the_base(
        self, slapd: Slapd, settings: dict[str, str], admin: Session
    ) -> None:
        unit, name = f"ou={word()},{USERS}", word()
        admin.add(unit, ["organizationalUnit"], {}, "entryUUID")
        values = {"uid": [name.encode()], "cn": [b"Deep"], "sn": [b"Deep"]}
        remote_id = admin.add(f"uid={name},{unit}", ["inetOrgPerson"], values, "entryUUID")
        assert remote_id is not None
        connector = LdapConnector.open(settings_for(slapd, **settings))
        await connector.deactivate(remote_id)
        await connector.activate(remote_id)
        assert (await connector.read(USER, remote_id)).name == f"uid={name},{USERS}"
        await connector.close()

    async def test_a_name_is_taken_in_both_places(self, slapd: Slapd, settings: dict[str, str]) -> None:
        connector = LdapConnector.open(settings_for(slapd, **settings))
        gone, name = await connector.create(USER, {"uid": word()}, active=False), word()
        other = await connector.create(USER, {"uid": name}, active=True)
        with pytest.raises(AlreadyExists) as caught:
            await connector.create(USER, {"uid": gone.attributes["uid"]}, active=True)
        assert caught.value.attribute == "uid"
        with pytest.raises(AlreadyExists):
            await connector.update(USER, other.remote_id, {"uid": gone.attributes["uid"]})
        await connector.close()

    async def test_a_place_that_is_not_there_is_a_setting_not_a_missing_user(self, slapd: Slapd) -> None:
        settings = settings_for(slapd, deactivation="move", inactive_base="ou=nowhere,ou=people,dc=example,dc=test")
        connector = LdapConnector.open(settings)
        account = await connector.create(USER, {"uid": word()}, active=True)
        with pytest.raises(Misconfigured, match="no place ou=nowhere"):
            await connector.deactivate(account.remote_id)
        await connector.delete(USER, account.remote_id)
        with pytest.raises(NotFound):
            await connector.deactivate(account.remote_id)
        await connector.close()
