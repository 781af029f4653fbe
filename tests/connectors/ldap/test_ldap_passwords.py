"""Passwords: by the server's own operation, over TLS only, and the policy's refusals in words."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from connectors.contract import Account, ObjectKind
from connectors.errors import Misconfigured, NotFound, Rejected, Unavailable
from connectors.ldap import LdapConnector, passwords
from connectors.ldap_client.session import Session
from sandbox.slapd import SUFFIX, Slapd
from tests.connectors.ldap.conftest import open_session, settings_for, word
from tests.connectors.ldap.ldap_proxy import LdapProxy

pytestmark = pytest.mark.slapd

USER = ObjectKind.USER
GOOD, OTHER = SecretStr("Plum-Tree7-Lantern!"), SecretStr("Walnut+Boat8-Candle!")
EXTENDED_REQUEST, MODIFY_REQUEST = 0x77, 0x66


@pytest.fixture
async def mira(connector: LdapConnector) -> Account:
    return await connector.create(USER, {"uid": word()}, active=True)


def policy(admin: Session, account: Account, **rules: str) -> None:
    """Give a user a policy of their own."""
    name, entry = word(), {"cn": b"p", "sn": b"p", "pwdAttribute": b"userPassword"}
    values = {key: [value] for key, value in (entry | {key: rule.encode() for key, rule in rules.items()}).items()}
    dn = f"cn={name},ou=policies,{SUFFIX}"
    admin.add(dn, ["person", "pwdPolicy"], {**values, "cn": [name.encode()]}, "entryUUID")
    admin.modify(account.name, {"pwdPolicySubentry": [("MODIFY_REPLACE", [dn.encode()])]})


def held(admin: Session, account: Account, attribute: str) -> list[str]:
    entry = admin.read(account.name, [attribute])
    assert entry is not None
    return entry.values(attribute)


def lets_in(server: Slapd, account: Account, password: SecretStr) -> bool:
    try:
        open_session(server, account.name, password.get_secret_value()).close()
    except Misconfigured:
        return False
    return True


async def refusal(connector: LdapConnector, account: Account, password: SecretStr) -> Rejected:
    with pytest.raises(Rejected) as caught:
        await connector.set_password(account.remote_id, password)
    assert caught.value.code == "ldap.passwordPolicy"
    assert caught.value.fix
    assert password.get_secret_value() not in str(caught.value)
    return caught.value


async def test_the_server_hashes_what_it_gets(
    slapd: Slapd, connector: LdapConnector, admin: Session, mira: Account
) -> None:
    await connector.set_password(mira.remote_id, GOOD)
    assert lets_in(slapd, mira, GOOD)
    (stored,) = held(admin, mira, "userPassword")
    assert stored.startswith("{SSHA}")


async def test_too_short_and_used_before_are_told(connector: LdapConnector, mira: Account) -> None:
    assert "too short" in str(await refusal(connector, mira, SecretStr("Xq7!")))
    await connector.set_password(mira.remote_id, GOOD)
    assert "was used before" in str(await refusal(connector, mira, GOOD))


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"pwdAllowUserChange": "FALSE", "pwdMinLength": "99", "pwdCheckQuality": "2"}, "too short"),
        ({"pwdMaxLength": "5", "pwdCheckQuality": "2"}, "too long"),
    ],
)
async def test_a_policy_of_their_own_is_told(
    connector: LdapConnector, admin: Session, mira: Account, rules: dict[str, str], words: str
) -> None:
    policy(admin, mira, **rules)
    assert words in str(await refusal(connector, mira, GOOD))


def test_every_refusal_of_a_policy_has_words_and_a_cure() -> None:
    assert set(passwords._WORDS) == set(passwords.PolicyError)
    assert all(why and fix for why, fix in passwords._WORDS.values())


async def test_a_password_that_must_be_changed_is_marked_and_the_next_one_is_not(
    connector: LdapConnector, admin: Session, mira: Account
) -> None:
    await connector.set_password(mira.remote_id, GOOD, must_change=True)
    assert held(admin, mira, "pwdReset") == ["TRUE"]
    await connector.set_password(mira.remote_id, OTHER)
    assert held(admin, mira, "pwdReset") == []


async def test_no_password_is_sent_over_an_unencrypted_connection(slapd: Slapd, mira: Account) -> None:
    plain = LdapConnector.open(settings_for(slapd, security="plain", insecure=True))
    with pytest.raises(Misconfigured) as caught:
        await plain.set_password(mira.remote_id, GOOD)
    assert caught.value.code == "ldap.passwordNeedsTls"
    assert not lets_in(slapd, mira, GOOD)
    await plain.close()


async def test_a_service_account_without_the_right_is_told(
    slapd: Slapd, connector: LdapConnector, mira: Account
) -> None:
    await connector.set_password(mira.remote_id, GOOD)
    limited = LdapConnector.open(settings_for(slapd, bind_dn=mira.name, bind_password=GOOD.get_secret_value()))
    other = await connector.create(USER, {"uid": word()}, active=True)
    with pytest.raises(Rejected, match="has no right") as caught:
        await limited.set_password(other.remote_id, OTHER)
    assert caught.value.code == "ldap.insufficientAccessRights"
    await limited.close()


async def test_somebody_who_is_gone_is_not_found(connector: LdapConnector, mira: Account) -> None:
    await connector.delete(USER, mira.remote_id)
    with pytest.raises(NotFound):
        await connector.set_password(mira.remote_id, GOOD)


@pytest.fixture
async def proxy(slapd: Slapd) -> AsyncIterator[LdapProxy]:
    async with LdapProxy(slapd).serve() as proxy:
        yield proxy


async def test_a_server_without_the_operation_gets_a_modification(
    proxy: LdapProxy, slapd: Slapd, mira: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "MODIFY_PASSWORD", "1.2.3.4")
    connector = LdapConnector.open(settings_for(slapd, port=proxy.port))
    await connector.set_password(mira.remote_id, GOOD)
    assert (proxy.requests.count(EXTENDED_REQUEST), proxy.requests.count(MODIFY_REQUEST)) == (0, 1)
    assert lets_in(slapd, mira, GOOD)
    assert "too short" in str(await refusal(connector, mira, SecretStr("Xq7!")))
    await connector.close()


async def test_a_lost_answer_leaves_a_leaver_locked(proxy: LdapProxy, slapd: Slapd, mira: Account) -> None:
    """slapd ends the lock with the new password; the lock is set again even if nobody knows how that went."""
    connector = LdapConnector.open(settings_for(slapd, port=proxy.port))
    await connector.deactivate(mira.remote_id)
    proxy.lose_extended = True
    with pytest.raises(Unavailable) as caught:
        await connector.set_password(mira.remote_id, GOOD)
    assert caught.value.may_have_happened
    assert not lets_in(slapd, mira, GOOD)
    assert (await connector.read(USER, mira.remote_id)).active is False
    await connector.close()
