"""What "Verify Credentials" says about an LDAP connection, in words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from connectors.contract import Check, ObjectKind
from connectors.ldap import LdapConnector
from connectors.ldap_client.session import Session
from sandbox.certificates import ensure_certificates
from sandbox.services import free_ports
from sandbox.slapd import DISABLED, USERS, Slapd
from tests.connectors.ldap.conftest import settings_for, word
from tests.legacy_certificates import legacy_certificates

pytestmark = pytest.mark.slapd


async def failures(server: Slapd, **changes: Any) -> list[Check]:
    connector = LdapConnector.open(settings_for(server, **changes))
    try:
        verification = await connector.verify()
    finally:
        await connector.close()
    found = [check for check in verification.checks if not check.ok]
    assert verification.ok is (not found)
    assert all(check.detail and check.fix for check in found)
    return found


async def the_failure(server: Slapd, **changes: Any) -> Check:
    found = await failures(server, **changes)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"security": "starttls"},
        {"security": "plain", "insecure": True},
        {"host": "127.0.0.1"},
        {"deactivation": "move", "inactive_base": DISABLED},
        {"deactivation": "attribute", "inactive_attribute": "employeeType", "inactive_value": "gone"},
    ],
)
async def test_a_right_connection_passes_every_check(slapd: Slapd, changes: dict[str, Any]) -> None:
    assert await failures(slapd, **changes) == []


async def test_the_checks_name_what_was_looked_at(connector: LdapConnector, slapd: Slapd) -> None:
    names = [check.name for check in (await connector.verify()).checks]
    assert names[:4] == [
        f"Connection to localhost:{slapd.ldaps_port}",
        f"Sign-in at localhost:{slapd.ldaps_port}",
        "User base",
        "Group base",
    ]
    assert {"Object classes of users", "Attributes of groups", "Right to write users"} < set(names)


async def test_a_server_that_does_not_answer_is_unreachable(slapd: Slapd) -> None:
    check = await the_failure(slapd, port=free_ports(1)[0])
    assert "cannot be reached" in check.detail
    assert "firewall" in check.fix


async def test_a_name_that_nobody_knows_is_told_from_a_server_that_is_down(slapd: Slapd) -> None:
    check = await the_failure(slapd, host="ldap.example.invalid")
    assert "The name ldap.example.invalid is not known" in check.detail


async def test_every_host_is_looked_at(slapd: Slapd) -> None:
    check = await the_failure(slapd, host="ldap.example.invalid, localhost")
    assert check.name.startswith("Connection to ldap.example.invalid:")


async def test_the_wrong_ca_is_not_trusted(slapd: Slapd, tmp_path: Path) -> None:
    other = ensure_certificates(tmp_path).ca
    check = await the_failure(slapd, ca_file=str(other))
    assert "an authority that is not trusted" in check.detail
    assert "certificate of the authority" in check.fix


async def test_without_a_ca_the_systems_authorities_are_asked(slapd: Slapd) -> None:
    check = await the_failure(slapd, ca_file=None)
    assert "an authority that is not trusted" in check.detail


async def test_the_ca_may_be_given_as_text(slapd: Slapd) -> None:
    assert await failures(slapd, ca_file=None, ca_pem=slapd.certificates.ca.read_text()) == []


async def test_a_ca_that_is_no_certificate_is_told(slapd: Slapd, tmp_path: Path) -> None:
    assert "cannot be read" in (await the_failure(slapd, ca_file=None, ca_pem="no certificate")).detail
    assert "is not there" in (await the_failure(slapd, ca_file=str(tmp_path / "ca.crt"))).detail


async def test_a_certificate_for_another_name_is_told(slapd: Slapd) -> None:
    # Another address that reaches this machine, and that the certificate does not name.
    check = await the_failure(slapd, host="0.0.0.0")  # noqa: S104 - connected to, not listened on
    assert "is not for the name" in check.detail


async def test_a_port_without_tls_is_told(slapd: Slapd) -> None:
    check = await the_failure(slapd, port=slapd.ldap_port)
    assert "check port and security" in check.fix


async def test_a_wrong_password_is_told_without_showing_it(slapd: Slapd) -> None:
    check = await the_failure(slapd, bind_password="wrong-password-of-mine")
    assert "does not accept the bind DN" in check.detail
    assert "wrong-password-of-mine" not in repr(check)


async def test_a_service_account_that_is_not_there_is_told(slapd: Slapd) -> None:
    check = await the_failure(slapd, bind_dn="cn=nobody,ou=services,dc=example,dc=test")
    assert "does not accept the bind DN cn=nobody" in check.detail


async def test_missing_bases_are_told_each(slapd: Slapd) -> None:
    found = await failures(slapd, user_base="ou=staff,dc=example,dc=test", group_base="ou=teams,dc=example,dc=test")
    assert {"User base", "Group base"} <= {check.name for check in found}
    assert any("no place ou=staff,dc=example,dc=test" in check.detail for check in found)


async def test_classes_that_the_schema_lacks_are_told(slapd: Slapd) -> None:
    check = await the_failure(slapd, user_extra_classes=("posixAccount", "ourPerson"))
    assert check.detail == "The server's schema has no object class ourPerson."


async def test_attributes_that_the_class_does_not_allow_are_told(slapd: Slapd) -> None:
    check = await the_failure(slapd, user_class="person")
    assert "givenName (is mapped by default)" in check.detail
    assert "uid (names new entries)" in check.detail


async def test_a_lock_without_password_policy_is_told(bare_slapd: Slapd) -> None:
    check = await the_failure(bare_slapd)
    assert "has no attribute pwdAccountLockedTime" in check.detail
    assert "ppolicy" in check.fix


async def test_an_account_that_may_only_read_is_told(slapd: Slapd, connector: LdapConnector, admin: Session) -> None:
    name = word()
    user = await connector.create(ObjectKind.USER, {"uid": name}, active=True)
    admin.modify(user.name, {"userPassword": [("MODIFY_REPLACE", [b"a reader's secret"])]})
    found = await failures(slapd, bind_dn=f"uid={name},{USERS}", bind_password="a reader's secret")
    assert {"Right to write users", "Right to deactivate users"} <= {check.name for check in found}
    assert all("the service account has no right to do that" in check.detail for check in found)
    await connector.delete(ObjectKind.USER, user.remote_id)


async def test_asking_for_the_right_to_write_writes_nothing(connector: LdapConnector, admin: Session) -> None:
    user = await connector.create(ObjectKind.USER, {"uid": word()}, active=True)
    before = admin.read(user.name, ["*", "+"])
    assert (await connector.verify()).ok
    assert admin.read(user.name, ["*", "+"]) == before
    await connector.delete(ObjectKind.USER, user.remote_id)


@pytest.fixture
def legacy_slapd(tmp_path: Path) -> Iterator[Slapd]:
    """A server whose CA was made as many are: without key usage."""
    with Slapd.open(
        tmp_path / "slapd", durable=False, certificates=legacy_certificates(tmp_path, x509.DNSName("localhost"))
    ) as server:
        yield server


async def test_a_ca_without_key_usage_is_explained_and_can_be_accepted(legacy_slapd: Slapd) -> None:
    check = await the_failure(legacy_slapd)
    assert "not as RFC 5280 demands" in check.detail
    assert "keyCertSign" in check.fix
    assert await failures(legacy_slapd, legacy_ca=True) == []
