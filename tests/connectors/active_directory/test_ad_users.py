"""New users: disabled until they have a password, named so that nobody is in the way, placed by their attributes."""

from typing import Any

import pytest

from connectors.active_directory import ActiveDirectoryConnector
from connectors.active_directory.directory import id_of
from connectors.contract import Match, Reference
from connectors.errors import AlreadyExists, Misconfigured, Rejected, Unavailable
from connectors.ldap_client.library import MODIFY_REPLACE
from connectors.ldap_client.session import Session
from sandbox.samba import ADMINISTRATOR, USERS, Samba
from sandbox.samba import DISABLED as ELSEWHERE
from tests.connectors.active_directory.conftest import GROUP, USER, Opening, as_admin, held, person, upn, word
from tests.connectors.ldap.ldap_proxy import LdapProxy

pytestmark = pytest.mark.samba

NORMAL, DISABLED, NO_PASSWORD_NEEDED = 512, 514, 546


@pytest.mark.parametrize(("active", "flags"), [(True, NORMAL), (False, DISABLED)])
async def test_a_new_user_has_a_password_that_nobody_knows(
    connector: ActiveDirectoryConnector, admin: Session, active: bool, flags: int
) -> None:
    account = await connector.create(USER, person(word()), active=active)
    assert held(admin, account.name, "userAccountControl") == [str(flags)]
    assert int(held(admin, account.name, "pwdLastSet")[0]) > 0


async def test_a_new_user_may_have_to_change_the_password_first(opened: Opening, admin: Session) -> None:
    account = await opened(must_change_password=True).create(USER, person(word()), active=True)
    assert held(admin, account.name, "pwdLastSet") == ["0"]
    assert held(admin, account.name, "userAccountControl") == [str(NORMAL)]


async def test_a_create_that_was_cut_off_is_found_and_finished_by_update_and_activate(
    samba: Samba, opened: Opening, admin: Session
) -> None:
    values = person(word(), title="Engineer")
    async with LdapProxy(samba).serve() as proxy:
        cut = opened(host="localhost", port=proxy.port)
        await cut.find(Match(USER, "cn", "nobody"))
        proxy.lose_answers = True
        with pytest.raises(Unavailable) as caught:
            await cut.create(USER, values, active=True)
    assert caught.value.may_have_happened
    connector = opened()
    (found,) = await connector.find(Match(USER, "userPrincipalName", values["userPrincipalName"]))
    assert held(admin, found.name, "userAccountControl") == [str(NO_PASSWORD_NEEDED)]
    assert found.active is False
    await connector.update(USER, found.remote_id, values)
    await connector.activate(found.remote_id)
    assert held(admin, found.name, "userAccountControl") == [str(NORMAL)]
    assert int(held(admin, found.name, "pwdLastSet")[0]) > 0


async def test_a_user_whose_first_password_is_refused_is_told_and_finished_later(
    connector: ActiveDirectoryConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Rejected("The policy refuses it.", code="ad.passwordPolicy")

    values = person(word())
    with monkeypatch.context() as patched:
        patched.setattr("connectors.active_directory.users.give_first_password", refuse)
        with pytest.raises(Rejected) as caught:
            await connector.create(USER, values, active=True)
    made = caught.value.created
    assert made is not None
    assert (await connector.read(USER, made.remote_id)).active is made.active is False
    await connector.activate(made.remote_id)
    assert (await connector.read(USER, made.remote_id)).active is True


async def test_a_group_whose_id_cannot_be_read_may_have_been_made(
    connector: ActiveDirectoryConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hidden(_: object) -> str:
        raise Misconfigured("It shows no objectGUID.", code="ad.idMissing")

    monkeypatch.setattr("connectors.active_directory.groups.id_of", hidden)
    with pytest.raises(Misconfigured) as caught:
        await connector.create(GROUP, {"cn": word()}, active=True)
    assert caught.value.may_have_happened


async def test_the_answer_to_a_create_tells_the_names_that_were_given(connector: ActiveDirectoryConnector) -> None:
    name = word()
    account = await connector.create(USER, {"userPrincipalName": upn(name), "displayName": f"Zoë {name}"}, active=True)
    assert account.name == f"CN=Zoë {name},{USERS}"
    assert (account.attributes["cn"], account.attributes["sAMAccountName"]) == (f"Zoë {name}", name)


async def test_namesakes_are_numbered(connector: ActiveDirectoryConnector, admin: Session) -> None:
    name = word()
    made = [
        await connector.create(USER, {"userPrincipalName": upn(word()), "cn": f"Jane {name}"}, active=True)
        for _ in range(3)
    ]
    assert [account.name.partition(",")[0] for account in made] == [
        f"CN=Jane {name}",
        f"CN=Jane {name} 2",
        f"CN=Jane {name} 3",
    ]


async def test_a_numbered_name_stays_when_the_same_name_comes_again(connector: ActiveDirectoryConnector) -> None:
    name = f"Jane {word()}"
    first = await connector.create(USER, {"userPrincipalName": upn(word()), "cn": name}, active=True)
    second = await connector.create(USER, {"userPrincipalName": upn(word()), "cn": name}, active=True)
    for _ in range(2):
        assert (await connector.update(USER, second.remote_id, {"cn": name})).name == second.name
    await connector.delete(USER, first.remote_id)
    assert (await connector.update(USER, second.remote_id, {"cn": name})).name == second.name
    assert (await connector.update(USER, second.remote_id, {"cn": f"{name}-Smith"})).name.startswith(
        f"CN={name}-Smith,"
    )


async def test_a_taken_common_name_is_refused_where_the_settings_say_so(opened: Opening) -> None:
    connector, name = opened(cn_taken="refuse"), word()
    await connector.create(USER, person(name), active=True)
    with pytest.raises(AlreadyExists) as caught:
        await connector.create(USER, {"userPrincipalName": upn(word()), "cn": f"Person {name}"}, active=True)
    assert caught.value.code == "ad.nameTaken"


async def test_logon_names_are_numbered_within_twenty_characters(connector: ActiveDirectoryConnector) -> None:
    name = f"{word()}.of.great.length"
    made = []
    for number in range(3):
        values = {"userPrincipalName": upn(word()), "cn": f"{name} {number}", "sAMAccountName": name}
        made.append(await connector.create(USER, values, active=True))
    logons = [(await connector.read(USER, account.remote_id)).attributes["sAMAccountName"] for account in made]
    assert logons == [name[:20], f"{name[:19]}2", f"{name[:19]}3"]


async def test_a_mapped_logon_name_that_is_taken_is_refused_where_the_settings_say_so(opened: Opening) -> None:
    connector, name = opened(account_name_taken="refuse"), word()
    await connector.create(USER, person(word(), sAMAccountName=name), active=True)
    with pytest.raises(AlreadyExists) as caught:
        await connector.create(USER, person(word(), sAMAccountName=name), active=True)
    assert (caught.value.code, caught.value.attribute) == ("ad.accountNameTaken", "sAMAccountName")


async def test_a_made_logon_name_is_numbered_in_any_case(opened: Opening) -> None:
    connector, name = opened(account_name_taken="refuse", account_name=("{employeeID}",)), word()
    made = [await connector.create(USER, person(word(), employeeID=name), active=True) for _ in range(2)]
    assert [account.attributes["sAMAccountName"] for account in made] == [name, f"{name}2"]


async def test_a_logon_name_that_implies_the_principal_name_of_another_is_taken(
    connector: ActiveDirectoryConnector,
) -> None:
    name = word()
    await connector.create(USER, person(name, sAMAccountName=word()), active=True)
    second = await connector.create(USER, person(word(), sAMAccountName=name), active=True)
    assert second.attributes["sAMAccountName"] == f"{name}2"
    third = await connector.create(USER, person(word(), sAMAccountName=word()), active=True)
    with pytest.raises(AlreadyExists) as caught:
        await connector.update(USER, third.remote_id, {"userPrincipalName": upn(f"{name}2")})
    assert caught.value.code == "ad.principalNameTaken"


async def test_a_logon_name_that_is_numbered_stays_when_the_same_comes_again(
    connector: ActiveDirectoryConnector, admin: Session
) -> None:
    name = word()
    await connector.create(USER, person(word(), sAMAccountName=name), active=True)
    second = await connector.create(USER, person(word(), sAMAccountName=name), active=True)
    await connector.update(USER, second.remote_id, {"sAMAccountName": name, "title": "Engineer"})
    assert held(admin, second.name, "sAMAccountName") == [f"{name}2"]
    third = await connector.create(USER, person(word()), active=True)
    await connector.update(USER, third.remote_id, {"sAMAccountName": name})
    assert held(admin, third.name, "sAMAccountName") == [f"{name}3"]


async def test_a_taken_principal_name_is_told_apart(connector: ActiveDirectoryConnector) -> None:
    name = word()
    await connector.create(USER, person(name), active=True)
    with pytest.raises(AlreadyExists) as caught:
        await connector.create(USER, person(name), active=True)
    assert (caught.value.code, caught.value.attribute) == ("ad.principalNameTaken", "userPrincipalName")


async def test_a_principal_name_with_a_foreign_suffix_is_rejected_and_finds_nobody(opened: Opening) -> None:
    connector = opened(upn_suffixes=("corp.example.test",))
    name = f"{word()}@elsewhere.test"
    with pytest.raises(Rejected) as caught:
        await connector.create(USER, {"userPrincipalName": name, "cn": word()}, active=True)
    assert (caught.value.code, caught.value.attribute) == ("ad.principalNameSuffix", "userPrincipalName")
    assert await connector.find(Match(USER, "userPrincipalName", name)) == []


async def test_a_foreign_suffix_is_replaced_where_the_settings_say_so_and_still_matches(opened: Opening) -> None:
    connector, name = opened(upn_suffixes=("corp.example.test",), upn_other_suffix="replace"), word()
    values = {"userPrincipalName": f"{name}@elsewhere.test", "cn": name}
    account = await connector.create(USER, values, active=True)
    (found,) = await connector.find(Match(USER, "userPrincipalName", f"{name}@elsewhere.test"))
    assert (found.remote_id, found.attributes["userPrincipalName"]) == (account.remote_id, upn(name))


async def test_every_built_in_mapping_can_be_written_read_and_cleared(connector: ActiveDirectoryConnector) -> None:
    boss, name = await connector.create(USER, person(word()), active=True), word()
    wanted: dict[str, Any] = {"manager": Reference(USER, boss.remote_id), "mail": upn(name), "employeeID": "E-7"}
    for mapping in connector.defaults[USER].mappings:
        if mapping.target not in {*wanted, "userPrincipalName", "sAMAccountName", "cn", "proxyAddresses"}:
            wanted[mapping.target] = f"X {mapping.target}"
    account = await connector.create(USER, person(name, **wanted), active=True)
    standing = await connector.read(USER, account.remote_id)
    assert {attribute: standing.attributes.get(attribute) for attribute in wanted} == wanted
    await connector.update(USER, account.remote_id, dict.fromkeys(wanted))
    standing = await connector.read(USER, account.remote_id)
    assert set(standing.attributes) & set(wanted) == set()


async def test_an_attribute_of_one_value_is_not_given_several(connector: ActiveDirectoryConnector) -> None:
    with pytest.raises(Rejected) as caught:
        await connector.create(USER, person(word(), title=("a", "b")), active=True)
    assert (caught.value.code, caught.value.attribute) == ("ad.singleValued", "title")


@pytest.mark.parametrize("attribute", ["unicodePwd", "userAccountControl", "objectSid", "member", "pwdLastSet"])
async def test_what_verbs_of_their_own_set_cannot_be_mapped(
    connector: ActiveDirectoryConnector, attribute: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await connector.create(USER, person(word(), **{attribute: "1"}), active=True)
    assert (caught.value.code, caught.value.attribute) == ("ad.reservedAttribute", attribute)


async def test_a_user_ou_that_is_not_there_concerns_everybody(opened: Opening) -> None:
    with pytest.raises(Misconfigured) as caught:
        await opened(user_base=f"OU=Nowhere,{USERS}").create(USER, person(word()), active=True)
    assert caught.value.code == "ad.placeMissing"


async def test_an_ou_without_rights_concerns_everybody(opened: Opening) -> None:
    connector = opened(user_base="CN=Users,DC=corp,DC=example,DC=test")
    with pytest.raises(Misconfigured) as caught:
        await connector.create(USER, person(word()), active=True)
    assert caught.value.code == "ad.insufficientRights"
    assert "Delegate" in caught.value.fix


class TestPlacement:
    async def test_a_unit_that_is_missing_is_told_with_its_name(self, opened: Opening) -> None:
        unit = word()
        with pytest.raises(Rejected) as caught:
            await opened(user_placement="OU={department}").create(USER, person(word(), department=unit), active=True)
        assert caught.value.code == "ad.unitMissing"
        assert f"OU={unit},{USERS}" in str(caught.value)

    async def test_missing_units_are_made_where_the_settings_say_so(self, samba: Samba, opened: Opening) -> None:
        connector = opened(user_placement="OU={department},OU={l}", create_units=True, **as_admin(samba))
        country, team = word(), f"R+D, {word()}"
        for _ in range(2):
            account = await connector.create(USER, person(word(), department=team, l=country), active=True)
            parent = account.name.partition(",")[2]
            assert parent == f"OU=R\\+D\\, {team[5:]},OU={country},{USERS}"

    async def test_a_unit_that_may_not_be_made_rejects_the_one_user(self, opened: Opening) -> None:
        connector = opened(user_placement="OU={department}", create_units=True)
        with pytest.raises(Rejected) as caught:
            await connector.create(USER, person(word(), department=word()), active=True)
        assert caught.value.code == "ad.unitRefused"

    async def test_a_user_without_the_value_goes_to_the_fallback(self, opened: Opening) -> None:
        account = await opened(user_placement="OU={department}").create(USER, person(word()), active=True)
        assert account.name.partition(",")[2] == USERS

    async def test_a_changed_placement_moves_the_user_only_where_the_settings_say_so(
        self, samba: Samba, opened: Opening
    ) -> None:
        placed = {"user_placement": "OU={department}", "create_units": True, **as_admin(samba)}
        staying, following = opened(**placed), opened(follow_placement=True, **placed)
        old, new = word(), word()
        account = await staying.create(USER, person(word(), department=old), active=True)
        assert (await staying.update(USER, account.remote_id, {"department": new})).name == account.name
        moved = await following.update(USER, account.remote_id, {"department": new})
        assert moved.name.partition(",")[2] == f"OU={new},{USERS}"
        assert moved.remote_id == account.remote_id
        same = await following.update(USER, account.remote_id, {"title": "Engineer"})
        assert same.name == moved.name
        renamed = await following.update(USER, account.remote_id, {"department": old, "cn": f"Other {old}"})
        assert renamed.name == f"CN=Other {old},OU={old},{USERS}"


class TestFind:
    @pytest.mark.parametrize("attribute", ["objectGUID", "objectSid", "sAMAccountName", "employeeID", "proxyAddresses"])
    async def test_by_any_attribute(self, connector: ActiveDirectoryConnector, admin: Session, attribute: str) -> None:
        name = word()
        wanted = person(name, employeeID=name, proxyAddresses=(upn(name),))
        account = await connector.create(USER, wanted, active=True)
        standing = await connector.read(USER, account.remote_id)
        values = {"objectGUID": account.remote_id, "proxyAddresses": upn(name), **standing.attributes}
        value = upn(name) if attribute == "proxyAddresses" else values[attribute]
        assert isinstance(value, str)
        found = await connector.find(Match(USER, attribute, value))
        assert [each.remote_id for each in found] == [account.remote_id]

    @pytest.mark.parametrize("attribute", ["objectGUID", "objectSid"])
    async def test_what_is_no_identifier_is_nobodys(self, connector: ActiveDirectoryConnector, attribute: str) -> None:
        assert await connector.find(Match(USER, attribute, "jdoe")) == []

    async def test_only_below_the_units_unless_told(self, opened: Opening) -> None:
        name = word()
        await opened(user_base=ELSEWHERE).create(USER, person(name), active=True)
        asked = Match(USER, "userPrincipalName", upn(name))
        assert await opened().find(asked) == []
        assert len(await opened(search="domain").find(asked)) == 1

    async def test_computers_and_contacts_are_no_users(self, opened: Opening, admin: Session) -> None:
        name = word()
        computer = {"sAMAccountName": [f"{name}$".encode()], "userAccountControl": [b"4096"], "info": [name.encode()]}
        admin.add(f"CN={name},{USERS}", ["computer"], computer, "objectGUID")
        admin.add(f"CN={name} c,{USERS}", ["contact"], {"info": [name.encode()]}, "objectGUID")
        connector = opened(search="domain")
        assert await connector.find(Match(USER, "info", name)) == []
        account = await connector.create(USER, person(word(), info=name), active=True)
        assert [found.remote_id for found in await connector.find(Match(USER, "info", name))] == [account.remote_id]


async def test_an_account_that_was_moved_by_hand_is_still_the_same(
    connector: ActiveDirectoryConnector, admin: Session
) -> None:
    account = await connector.create(USER, person(word()), active=True)
    unit = f"OU={word()},{USERS}"
    admin.add(unit, ["organizationalUnit"], {}, "objectGUID")
    rdn = account.name.partition(",")[0]
    admin.rename(account.name, rdn, parent=unit)
    await connector.update(USER, account.remote_id, {"title": "Engineer"})
    assert held(admin, f"{rdn},{unit}", "title") == ["Engineer"]


async def test_nothing_is_written_where_nothing_changes(samba: Samba, opened: Opening) -> None:
    boss = await opened().create(USER, person(word()), active=True)
    wanted = person(
        word(), manager=Reference(USER, boss.remote_id), accountExpires="2030-01-01", otherTelephone=("1", "2")
    )
    async with LdapProxy(samba).serve() as proxy:
        connector = opened(host="localhost", port=proxy.port)
        account = await connector.create(USER, {**wanted, "proxyAddresses": ("a@x.test",)}, active=True)
        proxy.requests.clear()
        await connector.update(USER, account.remote_id, {**wanted, "proxyAddresses": ("a@x.test",)})
        assert {0x66, 0x6C} & set(proxy.requests) == set()


async def test_a_protected_account_is_rejected_alone_with_words(opened: Opening, admin: Session) -> None:
    administrator = admin.read(ADMINISTRATOR, ["objectGUID"])
    assert administrator is not None
    with pytest.raises(Rejected) as caught:
        await opened().update(USER, id_of(administrator), {"title": "Engineer"})
    assert caught.value.code == "ad.insufficientRights"
    assert "adminCount" in caught.value.fix


async def test_flags_of_others_are_left_alone(connector: ActiveDirectoryConnector, admin: Session) -> None:
    account = await connector.create(USER, person(word()), active=True)
    never_expires, smartcard = 0x10000, 0x40000
    flags = str(NORMAL | never_expires | smartcard).encode()
    admin.modify(account.name, {"userAccountControl": [(MODIFY_REPLACE, [flags])]})
    await connector.deactivate(account.remote_id)
    assert held(admin, account.name, "userAccountControl") == [str(DISABLED | never_expires | smartcard)]
    await connector.activate(account.remote_id)
    assert held(admin, account.name, "userAccountControl") == [flags.decode()]
