"""A service account whose password expires, is locked or must be changed: told when it binds, in the policy's words."""

import pytest

from connectors.contract import Match, ObjectKind
from connectors.errors import Misconfigured
from connectors.ldap import LdapConnector
from connectors.ldap_client.ber import element
from connectors.ldap_client.password_policy import (
    NO_POLICY,
    PASSWORD_POLICY,
    PolicyError,
    PolicyResponse,
    decoded,
    policy_response,
    runs_out,
)
from connectors.ldap_client.session import Session
from sandbox.slapd import SUFFIX, Slapd
from tests.connectors.ldap.conftest import open_session, settings_for, word

pytestmark = pytest.mark.slapd

PASSWORD = "Plum-Tree7-Lantern!"


@pytest.fixture
def service(admin: Session) -> str:
    """A service account of this test's own."""
    dn = f"uid={word()},ou=services,{SUFFIX}"
    values = {"cn": [b"S"], "sn": [b"S"], "userPassword": [PASSWORD.encode()]}
    admin.add(dn, ["inetOrgPerson"], {**values, "uid": [dn[4:15].encode()]}, "entryUUID")
    return dn


def policy(admin: Session, account: str, **rules: str) -> None:
    name = word()
    values = {"cn": [name.encode()], "sn": [b"p"], "pwdAttribute": [b"userPassword"]}
    values |= {key: [rule.encode()] for key, rule in rules.items()}
    admin.add(f"cn={name},ou=policies,{SUFFIX}", ["person", "pwdPolicy"], values, "entryUUID")
    dn = f"cn={name},ou=policies,{SUFFIX}"
    admin.modify(account, {"pwdPolicySubentry": [("MODIFY_REPLACE", [dn.encode()])]})


async def told(slapd: Slapd, service: str) -> Misconfigured:
    connector = LdapConnector.open(settings_for(slapd, bind_dn=service, bind_password=PASSWORD))
    with pytest.raises(Misconfigured) as caught:
        await connector.find(Match(ObjectKind.USER, "uid", "x"))
    failed = [check for check in (await connector.verify()).checks if not check.ok]
    assert [check.detail for check in failed] == [str(caught.value)]
    assert service in str(caught.value)
    assert caught.value.fix
    await connector.close()
    return caught.value


async def test_a_locked_account_is_told_from_a_wrong_password(slapd: Slapd, admin: Session, service: str) -> None:
    admin.modify(service, {"pwdAccountLockedTime": [("MODIFY_REPLACE", [b"000001010000Z"])]})
    error = await told(slapd, service)
    assert (error.code, "Unlock" in error.fix) == ("ldap.accountLocked", True)


async def test_a_password_that_must_be_changed_is_told_although_the_bind_succeeds(
    slapd: Slapd, admin: Session, service: str
) -> None:
    policy(admin, service, pwdMustChange="TRUE")
    admin.modify(service, {"pwdReset": [("MODIFY_REPLACE", [b"TRUE"])]})
    assert (await told(slapd, service)).code == "ldap.passwordMustChange"


async def test_an_expired_password_is_told(slapd: Slapd, admin: Session, service: str) -> None:
    policy(admin, service, pwdMaxAge="1")
    relax = ("1.3.6.1.4.1.4203.666.5.12", True, None)  # lets an administrator write what servers keep themselves
    admin.modify(service, {"pwdChangedTime": [("MODIFY_REPLACE", [b"20200101000000Z"])]}, [relax])
    assert (await told(slapd, service)).code == "ldap.passwordExpired"


async def test_a_password_that_will_expire_lets_in_and_says_when(slapd: Slapd, admin: Session, service: str) -> None:
    policy(admin, service, pwdMaxAge="260000", pwdExpireWarning="300000")
    admin.modify(service, {"userPassword": [("MODIFY_REPLACE", [PASSWORD.encode()])]})
    session = open_session(slapd, service, PASSWORD)
    session.close()
    assert "expires in 3 days and 0 hours" in runs_out(session.policy)
    connector = LdapConnector.open(settings_for(slapd, bind_dn=service, bind_password=PASSWORD))
    assert any("expires in" in check.detail for check in (await connector.verify(frozenset())).checks)
    await connector.close()


@pytest.mark.parametrize(
    ("value", "response", "words"),
    [
        ("3000", PolicyResponse(), ""),
        ("3003810105", PolicyResponse(PolicyError.INSUFFICIENT_PASSWORD_QUALITY), ""),
        ("3005a003800164", PolicyResponse(seconds_left=100), "Its password expires in 0 days and 0 hours."),
        ("3005a003810102", PolicyResponse(graces_left=2), "may sign in 2 more times"),
        ("3008a003810100810100", PolicyResponse(PolicyError.PASSWORD_EXPIRED, graces_left=0), "0 more times"),
    ],
)
def test_the_control_is_read_as_the_draft_writes_it(value: str, response: PolicyResponse, words: str) -> None:
    assert decoded(bytes.fromhex(value)) == response
    assert words in runs_out(response)


@pytest.mark.parametrize("value", [b"\x30", b"\x30\x05\x81\x01", element(0x30, b"\x81\x01\x63"), None, b""])
def test_a_control_that_cannot_be_read_says_nothing(value: bytes | None) -> None:
    assert policy_response({"controls": {PASSWORD_POLICY: {"value": value}}}) == NO_POLICY
    assert policy_response({}) == NO_POLICY
