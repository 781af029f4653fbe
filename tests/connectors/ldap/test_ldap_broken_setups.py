"""What "Verify Credentials" says about broken LDAP set-ups, word for word; a verb that meets the same says the same."""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from connectors.contract import PROVISIONING, Check, Feature, Match, ObjectKind
from connectors.errors import ConnectorError
from connectors.ldap import LdapConnector
from connectors.ldap_client.session import Session
from connectors.ldap_client.tls import client_context
from sandbox.certificates import ensure_certificates
from sandbox.services import free_ports
from sandbox.slapd import ADMIN, GROUPS, SERVICE_ACCOUNT, SUFFIX, USERS, Slapd
from tests.connectors.ldap.conftest import open_session, settings_for, word
from tests.legacy_certificates import legacy_certificates

pytestmark = pytest.mark.slapd

PASSWORD = "a service account's secret"
ALL = PROVISIONING | {Feature.SYNC_PASSWORDS, Feature.IMPORT_USERS, Feature.IMPORT_GROUPS}


class Place:
    """What a set-up is broken with: a folder, the shared server, and servers of its own."""

    def __init__(self, folder: Path, slapd: Slapd, stack: ExitStack) -> None:
        self.folder, self.slapd, self._stack = folder, slapd, stack

    def server(self, *lines: str, without: str = "", **options: Any) -> Slapd:
        """Start a server that is configured otherwise: with these lines, and without those of a pattern."""
        server = Slapd.open(self.folder / "slapd", durable=False, **options)
        file = server.directory / "slapd.conf"
        kept = re.sub(without, "", file.read_text(), flags=re.MULTILINE) if without else file.read_text()
        file.write_text("\n".join([kept, *lines, ""]))
        return self._stack.enter_context(server)

    def account(self, policy: Mapping[str, str] | None = None, **state: str) -> dict[str, str]:
        """Make a service account in some state, and perhaps a password policy of its own; return how to bind."""
        admin = open_session(self.slapd)
        try:
            dn = f"cn={word()},ou=services,{SUFFIX}"
            if policy is not None:
                state["pwdPolicySubentry"] = f"cn={word()},ou=policies,{SUFFIX}"
                values = {"sn": "policy", "pwdAttribute": "userPassword", **policy}
                octets = {name: [value.encode()] for name, value in values.items()}
                admin.add(state["pwdPolicySubentry"], ["person", "pwdPolicy"], octets, "entryUUID")
            octets = {name: [value.encode()] for name, value in {"userPassword": PASSWORD, **state}.items()}
            admin.add(dn, ["organizationalRole", "simpleSecurityObject"], octets, "entryUUID")
        finally:
            admin.close()
        return {"bind_dn": dn, "bind_password": PASSWORD}


type Setup = Callable[[Place], tuple[Slapd, dict[str, Any]]]


@dataclass(frozen=True)
class Broken:
    """One broken set-up and what is said. In the texts stand {port}, {ldap_port}, {bind_dn} and {other} (a port)."""

    name: str
    setup: Setup
    check: str
    detail: str
    fix: str
    verb: bool = True
    """Whether a verb meets the same."""
    trial: bool = False
    features: frozenset[Feature] = field(default=PROVISIONING)


def changed(**changes: Any) -> Setup:
    """The shared server, and wrong settings."""
    return lambda place: (place.slapd, changes)


def account(policy: Mapping[str, str] | None = None, **state: str) -> Setup:
    """The shared server, and a service account in a bad state."""
    return lambda place: (place.slapd, place.account(policy, **state))


def server(*lines: str, without: str = "", changes: Mapping[str, Any] = {}, **options: Any) -> Setup:
    """A server that is configured otherwise."""
    return lambda place: (place.server(*lines, without=without, **options), dict(changes))


def legacy(place: Place) -> tuple[Slapd, dict[str, Any]]:
    return place.server(certificates=legacy_certificates(place.folder, x509.DNSName("localhost"))), {}


def other_ca(place: Place) -> tuple[Slapd, dict[str, Any]]:
    return place.slapd, {"ca_file": str(ensure_certificates(place.folder / "other").ca)}


def no_port(place: Place) -> tuple[Slapd, dict[str, Any]]:
    return place.slapd, {"port": free_ports(1)[0]}


def somebody(place: Place) -> None:
    admin = open_session(place.slapd)
    admin.add(f"uid=somebody,{USERS}", ["inetOrgPerson"], {"cn": [b"x"], "sn": [b"x"]}, "entryUUID")
    admin.add(f"cn=some,{GROUPS}", ["groupOfNames"], {"member": [ADMIN.encode()]}, "entryUUID")
    admin.close()


def with_access(access: str) -> Setup:
    """A server that gives the service account other rights, with a user and a group in it."""

    def setup(place: Place) -> tuple[Slapd, dict[str, Any]]:
        own = place.server(access=access)
        somebody(Place(place.folder, own, ExitStack()))
        return own, {}

    return setup


def read_only(place: Place) -> tuple[Slapd, dict[str, Any]]:
    own = place.server()
    somebody(Place(place.folder, own, ExitStack()))
    own.stop()
    file = own.directory / "slapd.conf"
    file.write_text(file.read_text() + "\nreadonly on\n")
    own.start()
    return own, {}


_AUTH = "access to attrs=userPassword by anonymous auth by * none\n"
_READER = f"{_AUTH}access to * by users read by * none\n"
_NO_GROUPS = (
    f'{_AUTH}access to dn.subtree="{USERS}" by dn.exact="{SERVICE_ACCOUNT}" write by users read by * none\n'
    "access to * by users read by * none\n"
)
_NO_CHILDREN = (
    f'{_AUTH}access to dn.exact="{USERS}" attrs=children by users read by * none\n'
    f'access to * by dn.exact="{SERVICE_ACCOUNT}" write by * none\n'
)
_NO_TIMES = f'{_AUTH}access to attrs=modifyTimestamp by * none\naccess to * by dn.exact="{SERVICE_ACCOUNT}" write\n'

GIVE_MODIFY = (
    "Give the service account the right to modify entries there, with all their attributes. OpenLDAP: an olcAccess "
    "rule "
    'for that part of the tree with: by dn.exact="<bind DN>" write. 389 Directory Server: an aci.'
)
AGAIN = (
    "Enter bind DN and password again. Most directories do not tell whether the name is wrong, the password is, or the "
    "account is locked; to try it by hand: ldapwhoami -x -H ldaps://<host> -D <bind DN> -W."
)
REACH = "Check host and port, that the server is running, and that no firewall stands between the hub and it."
DNS = (
    "Check the spelling of the host, and that the DNS servers of the hub's network know it: a private name needs the "
    "company's own DNS."
)
PLACE = "Correct the base DN in the connection, create the entry, or give the service account the right to read it."
CA = (
    "Enter the certificate of the authority that issued the server's under 'CA certificate (PEM)' of the connection: "
    "the root's, not the server's own."
)
TLS = "Check port and security: LDAPS is usually on 636, StartTLS on 389. TLS 1.2 is the least."

BROKEN = [
    Broken(
        "wrong-password",
        changed(bind_password="not-its-password"),
        "Sign-in at localhost:{port}",
        "The directory does not accept the bind DN {bind_dn} with this password.",
        AGAIN,
    ),
    Broken(
        "unknown-service-account",
        changed(bind_dn=f"cn=nobody,ou=services,{SUFFIX}"),
        "Sign-in at localhost:{port}",
        "The directory does not accept the bind DN cn=nobody,ou=services,dc=example,dc=test with this password.",
        AGAIN,
    ),
    Broken(
        "expired-password",
        account({"pwdMaxAge": "1"}),
        "Sign-in at localhost:{port}",
        "The password of {bind_dn} has expired.",
        "Set a new password for the service account and enter it in the connection. Best give the account a password "
        "policy of its own without expiry (pwdPolicySubentry, pwdMaxAge: 0).",
    ),
    Broken(
        "expired-password-with-graces",
        account({"pwdMaxAge": "1", "pwdGraceAuthNLimit": "3"}),
        "Sign-in at localhost:{port}",
        "The password of {bind_dn} has expired. It may sign in 2 more times.",
        "Set a new password for the service account and enter it in the connection. Best give the account a password "
        "policy of its own without expiry (pwdPolicySubentry, pwdMaxAge: 0).",
        verb=False,
    ),
    Broken(
        "locked-account",
        account(pwdAccountLockedTime="000001010000Z"),
        "Sign-in at localhost:{port}",
        "The account {bind_dn} is locked by the directory's password policy.",
        "Unlock the service account (OpenLDAP: delete its pwdAccountLockedTime), and find out who else signs in with "
        "it and a wrong password: an old connection or script locks it again.",
    ),
    Broken(
        "password-must-change",
        account({"pwdMustChange": "TRUE"}, pwdReset="TRUE"),
        "Sign-in at localhost:{port}",
        "{bind_dn} must change its password before it may do anything else.",
        "Change the password as the account itself (ldappasswd -x -D <bind DN> -W -S), or delete its pwdReset, and "
        "enter the password in the connection.",
    ),
    Broken(
        "unreachable-port",
        no_port,
        "Connection to localhost:{other}",
        "localhost:{other} cannot be reached: nothing listens on this port.",
        REACH,
    ),
    Broken(
        "unknown-name",
        changed(host="ldap.example.invalid"),
        "Connection to ldap.example.invalid:{port}",
        "The name ldap.example.invalid is not known (DNS).",
        DNS,
    ),
    Broken(
        "one-of-two-hosts-down",
        changed(host="ldap2.example.invalid, localhost"),
        "Connection to ldap2.example.invalid:{port}",
        "The name ldap2.example.invalid is not known (DNS).",
        DNS,
        verb=False,
    ),
    Broken(
        "untrusted-authority",
        other_ca,
        "Connection to localhost:{port}",
        "The certificate of localhost:{port} was issued by an authority that is not trusted.",
        CA,
    ),
    Broken(
        "weak-authority",
        legacy,
        "Connection to localhost:{port}",
        "The certificates of localhost:{port} are not as RFC 5280 demands: Missing Authority Key Identifier.",
        "Turn on 'Accept a CA without key usage' in the connection: everything else is still verified. Better, have "
        "the authority's certificate issued anew with the key usages keyCertSign and cRLSign, and the server's with an "
        "authority key identifier.",
    ),
    Broken(
        "wrong-host-name",
        changed(host="0.0.0.0"),  # noqa: S104 - connected to: this machine, by an address that no certificate has
        "Connection to 0.0.0.0:{port}",
        "The certificate of 0.0.0.0:{port} is not for the name 0.0.0.0.",
        "Enter the host as the certificate names it (its subject alternative names), or have a certificate issued for "
        "this name.",
    ),
    Broken(
        "ca-file-missing",
        changed(ca_file="/nowhere/ca.crt"),
        "CA certificate",
        "The CA certificate file /nowhere/ca.crt is not there.",
        "Enter a path that the hub can read, or the certificate itself under 'CA certificate (PEM)'.",
    ),
    Broken(
        "ca-unreadable",
        changed(ca_file=None, ca_pem="no certificate"),
        "CA certificate",
        "The CA certificate cannot be read.",
        "Give the authority's certificate in PEM form: -----BEGIN CERTIFICATE----- and so on.",
    ),
    Broken(
        "tls-on-the-plain-port",
        lambda place: (place.slapd, {"port": place.slapd.ldap_port}),
        "Connection to localhost:{ldap_port}",
        "localhost:{ldap_port} broke off the TLS handshake.",
        "If it persists: check port and security; LDAPS is usually on 636, StartTLS on 389.",
    ),
    Broken(
        "no-starttls",
        server(without="^TLS.*$", changes={"security": "starttls"}),
        "Connection to localhost:{ldap_port}",
        "localhost:{ldap_port} does not offer StartTLS (protocolError).",
        "Turn on TLS on the server (OpenLDAP: olcTLSCertificateFile and olcTLSCertificateKeyFile), or set 'Security' "
        "of the connection to LDAPS.",
    ),
    Broken(
        "plain-refused",
        server("security simple_bind=128", changes={"security": "plain", "insecure": True}),
        "Sign-in at localhost:{ldap_port}",
        "The directory takes the password of {bind_dn} over an encrypted connection only.",
        "Set 'Security' of the connection to LDAPS (port 636) or StartTLS (port 389).",
    ),
    Broken(
        "wrong-user-base",
        changed(user_base=f"ou=staff,{SUFFIX}"),
        "User base",
        "There is no place ou=staff,dc=example,dc=test in the directory, or it may not be read.",
        PLACE,
    ),
    Broken(
        "wrong-group-base",
        changed(group_base=f"ou=teams,{SUFFIX}"),
        "Group base",
        "There is no place ou=teams,dc=example,dc=test in the directory, or it may not be read.",
        PLACE,
        verb=False,
    ),
    Broken(
        "no-right-to-write",
        with_access(_READER),
        "Right to write users",
        f"The directory refused to modify uid=somebody,{USERS}: the service account has no right to do that.",
        GIVE_MODIFY,
        verb=False,
    ),
    Broken(
        "no-right-to-groups",
        with_access(_NO_GROUPS),
        "Right to change members",
        f"The directory refused to modify cn=some,{GROUPS}: the service account has no right to do that.",
        GIVE_MODIFY,
        verb=False,
    ),
    Broken(
        "no-right-to-passwords",
        with_access(_NO_GROUPS),
        "Right to set passwords",
        f"The directory refused to modify uid=somebody,{USERS}: the service account has no right to do that.",
        GIVE_MODIFY,
        verb=False,
        features=frozenset({Feature.SYNC_PASSWORDS}),
    ),
    Broken(
        "no-right-to-create",
        with_access(_NO_CHILDREN),
        "Trial: create a user",
        f"The directory refused to add uid=lockstep-trial-00000,{USERS}: the service account has no right to do that. "
        "The "
        "server said: no write access to parent.",
        GIVE_MODIFY.replace("modify", "add"),
        verb=False,
        trial=True,
    ),
    Broken(
        "passwords-in-clear-text",
        lambda place: (place.slapd, {"security": "plain", "insecure": True}),
        "Password change",
        "Passwords are not sent over an unencrypted connection.",
        "Set 'Security' of the connection to LDAPS (port 636) or StartTLS (port 389).",
        verb=False,
        features=frozenset({Feature.SYNC_PASSWORDS}),
    ),
    Broken(
        "times-hidden",
        with_access(_NO_TIMES),
        "Right to read users",
        f"uid=somebody,{USERS} shows no modifyTimestamp, by which an import knows what changed.",
        "Give the service account the right to read operational attributes (modifyTimestamp) below the base; OpenLDAP "
        "keeps them unless 'lastmod off' is set.",
        verb=False,
        features=frozenset({Feature.IMPORT_USERS}),
    ),
    Broken(
        "read-only-copy",
        read_only,
        "Right to write users",
        f"The directory refused to modify uid=somebody,{USERS}: this server is a read-only copy. The server said: "
        "operation restricted.",
        "Enter the host name of the server that accepts writes (the provider) first in the connection.",
        verb=False,
    ),
    Broken(
        "unknown-class",
        changed(user_extra_classes=("ourPerson",)),
        "Object classes of users",
        "The server's schema has no object class ourPerson.",
        "Load the schema on the server (OpenLDAP: ldapadd into cn=schema,cn=config), or correct the object classes in "
        "the connection.",
        verb=False,
    ),
    Broken(
        "two-structural-classes",
        changed(user_extra_classes=("organizationalRole",)),
        "Object classes of users",
        "organizationalRole and inetOrgPerson are both structural, and an entry has one structural class only.",
        "Leave organizationalRole or inetOrgPerson out; further classes must be auxiliary.",
        verb=False,
    ),
    Broken(
        "attributes-not-allowed",
        changed(group_rdn="uid"),
        "Attributes of groups",
        "The object classes do not allow uid (names new entries).",
        "Add an object class that allows them to the connection, or map to other attributes.",
        verb=False,
    ),
    Broken(
        "no-password-policy",
        server(overlays=()),
        "Deactivation and identity",
        "The server's schema has no attribute pwdAccountLockedTime.",
        "Turn on the password policy on the server (OpenLDAP: overlay ppolicy), or choose another way of deactivation "
        "in the connection.",
        verb=False,
    ),
    Broken(
        "unknown-id-attribute",
        changed(id_attribute="nsUniqueId"),
        "User base",
        f"{USERS} shows no nsUniqueId.",
        "Give the service account the right to read this attribute, or choose another id attribute.",
        verb=False,
    ),
]


@pytest.fixture
def stack() -> Any:
    with ExitStack() as opened:
        yield opened


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
async def test_a_broken_setup_is_told_with_what_to_do(
    broken: Broken, slapd: Slapd, tmp_path: Path, stack: ExitStack
) -> None:
    own, changes = broken.setup(Place(tmp_path, slapd, stack))
    if "expired" in broken.name:
        await asyncio.sleep(2.1)
    settings = settings_for(own, **changes)
    names = {
        "port": str(own.ldaps_port),
        "ldap_port": str(own.ldap_port),
        "other": str(changes.get("port", "")),
        "bind_dn": settings.bind_dn,
    }
    connector = LdapConnector.open(settings)
    try:
        verification = await connector.verify(broken.features, trial=broken.trial)
        found = {check.name: check for check in verification.checks if not check.ok}
        assert all(check.detail and check.fix for check in found.values())
        name = broken.check.format(**names)
        told = found[name]
        expected = Check(name, ok=False, detail=broken.detail.format(**names), fix=broken.fix)
        assert Check(name, ok=False, detail=plain(told.detail), fix=plain(told.fix)) == expected
        assert settings.bind_password.get_secret_value() not in repr(verification)
        if broken.verb:
            with pytest.raises(ConnectorError) as caught:
                await connector.find(Match(ObjectKind.USER, "uid", "anybody"))
            assert (str(caught.value), caught.value.fix) == (told.detail, told.fix)
    finally:
        await connector.close()


def plain(text: str) -> str:
    """A text without what is random in it."""
    return re.sub("lockstep-trial-[0-9a-f]{5}", "lockstep-trial-00000", text)


async def test_servers_of_different_directories_are_told(slapd: Slapd, tmp_path: Path) -> None:
    address = "127.0.0.2"
    other = Slapd.open(
        tmp_path / "slapd",
        durable=False,
        ldap_port=slapd.ldap_port,
        ldaps_port=slapd.ldaps_port,
        certificates=ensure_certificates(tmp_path / "tls", names=("localhost", address)),
    )
    other.service.host = address
    other.service.command = [part.replace("127.0.0.1", address) for part in other.service.command]
    authorities = slapd.certificates.ca.read_text() + other.certificates.ca.read_text()
    with other:
        admin = Session.open(
            settings_for(other, host=address, bind_dn=ADMIN, bind_password=other.admin_password),
            client_context(settings_for(other)),
            address,
        )
        admin.modify(SERVICE_ACCOUNT, {"userPassword": [("MODIFY_REPLACE", [slapd.service_password.encode()])]})
        admin.close()
        settings = settings_for(slapd, host=f"127.0.0.1, {address}", ca_file=None, ca_pem=authorities)
        connector = LdapConnector.open(settings)
        try:
            verification = await connector.verify()
        finally:
            await connector.close()
    (check,) = [check for check in verification.checks if not check.ok]
    assert check.detail == f"{address}:{slapd.ldaps_port} does not have the same {USERS} as 127.0.0.1."
    assert check.fix.startswith("Name only servers that replicate one directory")


async def test_a_trial_makes_and_removes_everything(slapd: Slapd, admin: Session) -> None:
    connector = LdapConnector.open(settings_for(slapd))
    try:
        verification = await connector.verify(ALL, trial=True)
    finally:
        await connector.close()
    assert [check for check in verification.checks if not check.ok] == []
    tried = [check.name.removeprefix("Trial: ") for check in verification.checks if check.name.startswith("Trial: ")]
    assert tried == [
        "create a user",
        "change a user",
        "rename a user",
        "create a group",
        "change a group",
        "rename a group",
        "add a member",
        "remove a member",
        "set a password",
        "deactivate a user",
        "delete a user",
        "delete a group",
    ]
    assert list(admin.search(SUFFIX, "(|(uid=lockstep-trial-*)(cn=lockstep-trial-*))", ["1.1"])) == []


async def test_what_a_trial_cannot_remove_is_named(slapd: Slapd, tmp_path: Path) -> None:
    # The account may add below the base and change, but not delete: entries themselves are not its to remove.
    access = (
        f'{_AUTH}access to attrs=entry by dn.exact="{SERVICE_ACCOUNT}" =asdrx by * read\n'
        f'access to attrs=children by dn.exact="{SERVICE_ACCOUNT}" =asdrx by * read\n'
        f'access to * by dn.exact="{SERVICE_ACCOUNT}" write by users read by * none\n'
    )
    with Slapd.open(tmp_path / "slapd", durable=False, access=access) as own:
        connector = LdapConnector.open(settings_for(own))
        try:
            verification = await connector.verify(trial=True)
        finally:
            await connector.close()
    found = [check for check in verification.checks if not check.ok]
    left = [check for check in found if check.name == "Trial: clean up"]
    assert "Trial: delete a user" in {check.name for check in found}
    assert any(re.search("^uid=lockstep-trial-.* was made for the trial and could", check.detail) for check in left)
    assert {check.fix for check in left} == {"Delete it by hand: nobody uses it."}


async def test_three_hosts_that_do_not_answer_end_within_the_time_of_one(slapd: Slapd) -> None:
    # 192.0.2.0/24 is nobody's (RFC 5737). Where the network refuses at once, it is over sooner.
    hosts = "192.0.2.1, 192.0.2.2, 192.0.2.3"
    connector = LdapConnector.open(settings_for(slapd, host=hosts, connect_timeout=2))
    try:
        async with asyncio.timeout(4):
            verification = await connector.verify()
    finally:
        await connector.close()
    assert [check.ok for check in verification.checks] == [False] * 3
