"""What deactivation does: one bit, and as the settings say a move and an end of memberships; all of it comes back."""

from types import SimpleNamespace
from uuid import uuid4

import pytest

from connectors.active_directory import ActiveDirectoryConnector, users
from connectors.active_directory.dialect import error_of
from connectors.contract import Account
from connectors.errors import Misconfigured, NotFound, Rejected
from connectors.ldap_client.library import MODIFY_ADD
from connectors.ldap_client.results import REFERRAL, Operation, Result
from connectors.ldap_client.session import Session
from sandbox.samba import DISABLED, GROUPS, USERS, Samba
from tests.connectors.active_directory.conftest import GROUP, USER, Opening, as_admin, held, person, upn, word

pytestmark = pytest.mark.samba


async def team_of(connector: ActiveDirectoryConnector, *members: Account) -> Account:
    team = await connector.create(GROUP, {"cn": f"Team {word()}"}, active=True)
    await connector.change_members(team.remote_id, [member.remote_id for member in members], [])
    return team


class TestMove:
    async def test_a_user_is_moved_and_comes_back(self, opened: Opening) -> None:
        connector = opened(inactive_base=DISABLED)
        account = await connector.create(USER, person(f"a.b-{word()}", cn=f"Doe, {word()}"), active=True)
        await connector.deactivate(account.remote_id)
        away = await connector.read(USER, account.remote_id)
        assert (away.name.endswith(f",{DISABLED}"), away.active) == (True, False)
        await connector.activate(account.remote_id)
        back = await connector.read(USER, account.remote_id)
        assert (back.name, back.active) == (account.name, True)

    async def test_one_who_comes_back_goes_where_a_new_one_would_go(self, samba: Samba, opened: Opening) -> None:
        placed = {"user_placement": "OU={department}", "create_units": True, **as_admin(samba)}
        connector = opened(inactive_base=DISABLED, **placed)
        old, new = word(), word()
        account = await connector.create(USER, person(word(), department=old), active=True)
        await connector.deactivate(account.remote_id)
        await connector.update(USER, account.remote_id, {"department": new})
        assert (await connector.read(USER, account.remote_id)).name.endswith(f",{DISABLED}")
        await connector.activate(account.remote_id)
        name = (await connector.read(USER, account.remote_id)).name
        assert name.partition(",")[2] == f"OU={new},{USERS}"

    async def test_a_new_user_who_is_inactive_begins_in_the_other_place(self, opened: Opening) -> None:
        account = await opened(inactive_base=DISABLED).create(USER, person(word()), active=False)
        assert account.name.endswith(f",{DISABLED}")

    async def test_a_namesake_in_the_other_place_is_numbered(self, opened: Opening) -> None:
        connector, name = opened(inactive_base=DISABLED), f"Jane {word()}"
        first = await connector.create(USER, {"userPrincipalName": upn(word()), "cn": name}, active=False)
        second = await connector.create(USER, {"userPrincipalName": upn(word()), "cn": name}, active=True)
        await connector.deactivate(second.remote_id)
        assert (await connector.read(USER, first.remote_id)).name == f"CN={name},{DISABLED}"
        assert (await connector.read(USER, second.remote_id)).name == f"CN={name} 2,{DISABLED}"

    async def test_a_deactivation_that_was_cut_off_is_finished_by_the_next(
        self, opened: Opening, connector: ActiveDirectoryConnector
    ) -> None:
        account = await connector.create(USER, person(word()), active=True)
        await connector.deactivate(account.remote_id)  # as far as the flag
        moving = opened(inactive_base=DISABLED)
        await moving.deactivate(account.remote_id)
        assert (await moving.read(USER, account.remote_id)).name.endswith(f",{DISABLED}")

    async def test_a_place_that_is_not_there_is_a_setting_and_the_user_is_disabled_all_the_same(
        self, opened: Opening
    ) -> None:
        connector = opened(inactive_base=f"OU=Nowhere,{USERS}")
        account = await connector.create(USER, person(word()), active=True)
        with pytest.raises(Misconfigured) as caught:
            await connector.deactivate(account.remote_id)
        assert caught.value.code == "ad.placeMissing"
        assert (await connector.read(USER, account.remote_id)).active is False
        await connector.delete(USER, account.remote_id)
        with pytest.raises(NotFound):
            await connector.deactivate(account.remote_id)


class TestGroups:
    def test_the_connector_tells_whether_memberships_stay(self, opened: Opening) -> None:
        assert opened().keeps_memberships
        assert not opened(strip_groups=True).keeps_memberships

    async def test_a_deactivated_user_leaves_all_groups_but_the_primary_one(
        self, opened: Opening, admin: Session
    ) -> None:
        connector = opened(strip_groups=True)
        user, other = [await connector.create(USER, person(word()), active=True) for _ in range(2)]
        teams = [await team_of(connector, user, other) for _ in range(3)]
        await connector.deactivate(user.remote_id)
        assert held(admin, user.name, "memberOf") == []
        assert held(admin, user.name, "primaryGroupID") == ["513"]
        assert all([await connector.members(team.remote_id) == [other.remote_id] for team in teams])

    async def test_without_the_setting_memberships_stay(self, connector: ActiveDirectoryConnector) -> None:
        user = await connector.create(USER, person(word()), active=True)
        team = await team_of(connector, user)
        await connector.deactivate(user.remote_id)
        assert await connector.members(team.remote_id) == [user.remote_id]

    def test_a_group_of_another_domain_is_left_to_that_domain(self) -> None:
        """memberOf names universal groups of the whole forest where the controller is a global catalogue."""
        asked: list[str] = []

        def refer(dn: str, _: object) -> Result:
            asked.append(dn)
            return Result(Operation.MODIFY, dn, REFERRAL, "referral", "0000202B: RefErr: DSID-0310082F, data 0")

        directory = SimpleNamespace(session=SimpleNamespace(try_modify=refer, error_of=error_of))
        group, member = str(uuid4()), str(uuid4())
        users._leave(directory, group, member)  # type: ignore[arg-type]  # what is used of it
        assert asked == [f"<GUID={group}>"]

    async def test_a_group_that_may_not_be_changed_is_told_when_the_others_are_left(
        self, opened: Opening, admin: Session
    ) -> None:
        connector = opened(strip_groups=True)
        user = await connector.create(USER, person(word()), active=True)
        own = await team_of(connector, user)
        foreign = f"CN=F{word()},CN=Users,DC=corp,DC=example,DC=test"
        admin.add(foreign, ["group"], {"sAMAccountName": [word().encode()]}, "objectGUID")
        admin.modify(foreign, {"member": [(MODIFY_ADD, [user.name.encode()])]})
        with pytest.raises(Rejected) as caught:
            await connector.deactivate(user.remote_id)
        assert caught.value.code == "ad.insufficientRights"
        assert await connector.members(own.remote_id) == []
        assert (await connector.read(USER, user.remote_id)).active is False
        assert own.name.endswith(GROUPS)
