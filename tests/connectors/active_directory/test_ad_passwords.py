"""Passwords: set over TLS, refused by the domain's policy in words, unlocking as the settings say."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from pydantic import SecretStr

from connectors.active_directory import ActiveDirectoryConnector
from connectors.active_directory.dialect import ACTIVE_DIRECTORY
from connectors.active_directory.directory import Directory
from connectors.active_directory.passwords import give_first_password, random_password
from connectors.contract import Account, Match
from connectors.errors import Misconfigured, NotFound, Rejected
from connectors.ldap_client.session import Entry, Session
from connectors.ldap_client.tls import client_context
from sandbox.samba import Samba
from tests.connectors.active_directory.conftest import USER, Opening, held, person, settings_for, upn, word

pytestmark = pytest.mark.samba

GOOD = SecretStr("Plum-Tree7-Lantern!")


def sign_in(samba: Samba, account: Account, password: SecretStr) -> None:
    """Bind as the user. Raises what a refused bind means."""
    name, secret = str(account.attributes["userPrincipalName"]), password.get_secret_value()
    settings = settings_for(samba, bind_user=name, bind_password=secret)
    Session.open(settings, client_context(settings), samba.address, ACTIVE_DIRECTORY).close()


async def test_the_user_signs_in_with_the_new_password(samba: Samba, connector: ActiveDirectoryConnector) -> None:
    account = await connector.create(USER, person(word()), active=True)
    await connector.set_password(account.remote_id, GOOD)
    sign_in(samba, account, GOOD)
    await connector.set_password(account.remote_id, SecretStr('Üml"aut, 9 € 🙂'))
    sign_in(samba, account, SecretStr('Üml"aut, 9 € 🙂'))


async def test_a_password_that_must_be_changed_does_not_let_in_yet(
    samba: Samba, connector: ActiveDirectoryConnector, admin: Session
) -> None:
    account = await connector.create(USER, person(word()), active=True)
    await connector.set_password(account.remote_id, GOOD, must_change=True)
    assert held(admin, account.name, "pwdLastSet") == ["0"]
    with pytest.raises(Misconfigured) as caught:
        sign_in(samba, account, GOOD)
    assert caught.value.code == "ad.bindMustChange"


@pytest.mark.parametrize("password", ["Xq7", "aaaaaaaaaaaaaaaa"])
async def test_what_the_policy_refuses_is_told_without_the_password(
    connector: ActiveDirectoryConnector, password: str
) -> None:
    account = await connector.create(USER, person(word()), active=True)
    with pytest.raises(Rejected) as caught:
        await connector.set_password(account.remote_id, SecretStr(password))
    assert caught.value.code == "ad.passwordPolicy"
    assert "policy" in str(caught.value)
    assert caught.value.fix
    assert password not in f"{caught.value!r} {caught.value.fix}"


@pytest.mark.parametrize("password", ["", "x" * 257])
async def test_an_impossible_password_is_refused_before_it_is_sent(
    connector: ActiveDirectoryConnector, password: str
) -> None:
    account = await connector.create(USER, person(word()), active=True)
    with pytest.raises(Rejected, match="empty or longer") as caught:
        await connector.set_password(account.remote_id, SecretStr(password))
    assert caught.value.code == "ad.passwordPolicy"


async def test_a_password_for_nobody_is_not_found(connector: ActiveDirectoryConnector) -> None:
    with pytest.raises(NotFound):
        await connector.set_password("3f2504e0-4f89-11d3-9a0c-0305e82c3301", GOOD)


@pytest.mark.parametrize("unlock", [True, False])
async def test_a_new_password_unlocks_where_the_settings_say_so(
    samba: Samba, opened: Opening, admin: Session, unlock: bool
) -> None:
    connector = opened(unlock_with_password=unlock)
    account = await connector.create(USER, person(word()), active=True)
    await connector.set_password(account.remote_id, GOOD)
    base = "DC=corp,DC=example,DC=test"
    before = held(admin, base, "lockoutThreshold")[0].encode()
    admin.modify(base, {"lockoutThreshold": [("MODIFY_REPLACE", [b"2"])]})
    try:
        for _ in range(2):
            with pytest.raises(Misconfigured):
                sign_in(samba, account, SecretStr("wrong"))
        assert int(held(admin, account.name, "lockoutTime")[0]) > 0
        await connector.set_password(account.remote_id, GOOD)
        assert (held(admin, account.name, "lockoutTime") == ["0"]) is unlock
    finally:
        admin.modify(base, {"lockoutThreshold": [("MODIFY_REPLACE", [before])]})


async def test_a_password_for_an_unfinished_account_is_kept_by_its_activation(
    samba: Samba, connector: ActiveDirectoryConnector, admin: Session
) -> None:
    name = word()
    dn = f"CN={name},OU=People,DC=corp,DC=example,DC=test"
    values = {"sAMAccountName": [name.encode()], "userPrincipalName": [upn(name).encode()]}
    admin.add(dn, ["user"], values, "objectGUID")
    (found,) = await connector.find(Match(USER, "sAMAccountName", name))
    await connector.set_password(found.remote_id, GOOD, must_change=True)
    await connector.activate(found.remote_id)
    with pytest.raises(Misconfigured) as caught:
        sign_in(samba, found, GOOD)
    assert caught.value.code == "ad.bindMustChange"  # so the password was right


def test_random_passwords_differ_and_have_all_kinds_of_characters() -> None:
    made = [random_password() for _ in range(20)]
    assert len(set(made)) == len(made)
    for password in made:
        assert len(password) == 40
        assert any(c.islower() for c in password)
        assert any(c.isupper() for c in password)
        assert any(c.isdigit() for c in password)
        assert any(not c.isalnum() for c in password)


def test_passwords_are_not_sent_without_encryption() -> None:
    settings = SimpleNamespace(security="plain", must_change_password=False)
    entry = Entry("CN=x", {"userAccountControl": [b"546"]})
    with pytest.raises(Misconfigured) as caught:
        give_first_password(Directory(Mock(), settings, Mock(), Mock()), entry, on=0, off=2)  # type: ignore[arg-type]
    assert caught.value.code == "ad.passwordChannel"
