"""Values on their way to the directory: clearing, equal values, fallbacks, refusals."""

import pytest

from connectors.contract import Match, ObjectKind, Value
from connectors.errors import Misconfigured, Rejected
from connectors.ldap import LdapConnector
from connectors.ldap_client.session import Session
from sandbox.slapd import USERS, Slapd
from tests.connectors.ldap.conftest import settings_for, word

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP


def held(admin: Session, dn: str, attribute: str) -> list[str]:
    entry = admin.read(dn, [attribute])
    assert entry is not None
    return entry.values(attribute)


async def test_a_person_without_cn_and_sn_gets_them_from_the_display_name(
    connector: LdapConnector, admin: Session
) -> None:
    account = await connector.create(USER, {"uid": word(), "displayName": "Mira Ito"}, active=True)
    assert held(admin, account.name, "cn") == ["Mira Ito"]
    assert held(admin, account.name, "sn") == ["Mira Ito"]
    name = word()
    account = await connector.create(USER, {"uid": name}, active=True)
    assert held(admin, account.name, "sn") == [name]


async def test_a_given_name_is_not_overruled_under_another_name_of_its_attribute(
    connector: LdapConnector, admin: Session
) -> None:
    account = await connector.create(USER, {"uid": word(), "commonName": "Mira", "surname": "Ito"}, active=True)
    assert (held(admin, account.name, "cn"), held(admin, account.name, "sn")) == (["Mira"], ["Ito"])


@pytest.mark.parametrize("nothing", ["", "   ", None, (), ("", " ")])
async def test_what_is_blank_clears(connector: LdapConnector, admin: Session, nothing: Value) -> None:
    account = await connector.create(USER, {"uid": word(), "title": "Engineer"}, active=True)
    await connector.update(USER, account.remote_id, {"title": nothing})
    assert held(admin, account.name, "title") == []


async def test_values_that_the_server_takes_for_equal_are_written_once(
    connector: LdapConnector, admin: Session
) -> None:
    numbers = ("+49 30 123", "+4930123", "+49-30-123", "+49 30 124")
    account = await connector.create(
        USER, {"uid": word(), "telephoneNumber": numbers, "title": ("Dr.", "dr.")}, active=True
    )
    assert held(admin, account.name, "telephoneNumber") == ["+49 30 123", "+49 30 124"]
    assert held(admin, account.name, "title") == ["Dr."]


async def test_numbers_and_booleans_have_their_ldap_form(connector: LdapConnector, admin: Session) -> None:
    account = await connector.create(USER, {"uid": word(), "employeeNumber": 42, "employeeType": True}, active=True)
    assert held(admin, account.name, "employeeNumber") == ["42"]
    assert held(admin, account.name, "employeeType") == ["TRUE"]


async def test_a_change_of_case_is_written(connector: LdapConnector, admin: Session) -> None:
    account = await connector.create(USER, {"uid": word(), "title": "engineer"}, active=True)
    await connector.update(USER, account.remote_id, {"title": "Engineer"})
    assert held(admin, account.name, "title") == ["Engineer"]


async def test_a_value_of_the_wrong_syntax_is_rejected_with_its_attribute_and_without_its_value(
    connector: LdapConnector,
) -> None:
    with pytest.raises(Rejected) as caught:
        await connector.create(USER, {"uid": word(), "mobile": "ring mé twice"}, active=True)
    assert caught.value.attribute == "mobile"
    assert caught.value.code == "ldap.invalidAttributeSyntax"
    assert "ring" not in str(caught.value)


async def test_an_attribute_that_the_class_forbids_is_rejected(connector: LdapConnector) -> None:
    account = await connector.create(USER, {"uid": word()}, active=True)
    with pytest.raises(Rejected) as caught:
        await connector.update(USER, account.remote_id, {"dc": "example"})
    assert (caught.value.code, caught.value.attribute) == ("ldap.objectClassViolation", "dc")


async def test_an_attribute_that_nobody_knows_is_rejected(connector: LdapConnector) -> None:
    account = await connector.create(USER, {"uid": word()}, active=True)
    with pytest.raises(Rejected) as caught:
        await connector.update(USER, account.remote_id, {"shoeSize": "42"})
    assert caught.value.attribute == "shoeSize"


@pytest.mark.parametrize("name", ["uid)(cn=*", "a b", "", "1"])
async def test_a_target_that_is_no_attribute_is_refused_before_it_is_sent(connector: LdapConnector, name: str) -> None:
    with pytest.raises(Rejected, match="cannot be an LDAP attribute"):
        await connector.find(Match(USER, name, "x"))
    with pytest.raises(Rejected, match="cannot be an LDAP attribute"):
        await connector.create(USER, {"uid": word(), name: "x"}, active=True)


@pytest.mark.parametrize("value", [None, "", " ", ()])
async def test_a_user_without_a_name_is_rejected(connector: LdapConnector, value: Value) -> None:
    with pytest.raises(Rejected) as caught:
        await connector.create(USER, {"uid": value, "cn": "Mira"}, active=True)
    assert (caught.value.code, caught.value.attribute) == ("ldap.nameMissing", "uid")
    account = await connector.create(USER, {"uid": word()}, active=True)
    with pytest.raises(Rejected):
        await connector.update(USER, account.remote_id, {"uid": value})


async def test_a_name_that_no_dn_can_hold_is_rejected(connector: LdapConnector) -> None:
    with pytest.raises(Rejected) as caught:
        await connector.create(USER, {"uid": f"{word()}\0"}, active=True)
    assert caught.value.code == "ldap.nameInvalid"


async def test_secrets_and_structure_are_no_part_of_an_account(connector: LdapConnector, admin: Session) -> None:
    account = await connector.create(USER, {"uid": word()}, active=True)
    admin.modify(account.name, {"userPassword": [("MODIFY_REPLACE", [b"correct horse battery"])]})
    attributes = (await connector.read(USER, account.remote_id)).attributes
    assert {name.lower() for name in attributes} == {"uid", "cn", "sn"}


async def test_a_missing_base_is_a_setting_not_a_missing_user(
    slapd: Slapd,
) -> None:
    wrong = LdapConnector.open(settings_for(slapd, user_base="ou=staff,dc=example,dc=test"))
    with pytest.raises(Misconfigured):
        await wrong.find(Match(USER, "uid", "x"))
    with pytest.raises(Misconfigured):
        await wrong.create(USER, {"uid": word()}, active=True)
    await wrong.close()


async def test_a_new_entry_whose_id_cannot_be_read_may_have_been_made(slapd: Slapd, admin: Session) -> None:
    connector, uid = LdapConnector.open(settings_for(slapd, id_attribute="employeeNumber")), word()
    with pytest.raises(Misconfigured) as caught:
        await connector.create(USER, {"uid": uid, "displayName": "Mira"}, active=True)
    await connector.close()
    assert (caught.value.code, caught.value.may_have_happened) == ("ldap.idMissing", True)
    assert held(admin, f"uid={uid},{USERS}", "uid") == [uid]
