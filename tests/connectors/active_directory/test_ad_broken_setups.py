"""What "Verify Credentials" says about broken domain set-ups, word for word; a verb that meets the same says the "
"same."""

import ipaddress
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from connectors.active_directory import ActiveDirectoryConnector
from connectors.active_directory.dialect import ACTIVE_DIRECTORY, bind_refusal
from connectors.active_directory.domain import Domain
from connectors.active_directory.verify import READ_ONLY, clock_check, controller_check
from connectors.contract import PROVISIONING, Check, Feature, Match
from connectors.errors import ConnectorError, Misconfigured, Rejected
from connectors.ldap_client.library import MODIFY_REPLACE
from connectors.ldap_client.session import Entry, Session
from connectors.ldap_client.tls import client_context
from sandbox.certificates import ensure_certificates
from sandbox.samba import READER, USERS, Samba
from sandbox.samba_template import BASE
from sandbox.services import free_ports
from sandbox.slapd import SERVICE_ACCOUNT as SLAPD_ACCOUNT
from sandbox.slapd import Slapd
from tests.connectors.active_directory.conftest import GROUP, USER, as_admin, settings_for, word
from tests.legacy_certificates import legacy_certificates

pytestmark = pytest.mark.samba

PASSWORD = "A service account's secret 1"
SERVICES = f"OU=Services,{BASE}"
IMPORTS = frozenset({Feature.IMPORT_USERS, Feature.IMPORT_GROUPS})
ALL = PROVISIONING | IMPORTS | {Feature.SYNC_PASSWORDS}


class Place:
    """What a set-up is broken with: a folder, the domain controller, its administrator."""

    def __init__(self, folder: Path, samba: Samba, admin: Session, stack: ExitStack) -> None:
        self.folder, self.samba, self.admin, self.stack = folder, samba, admin, stack

    def account(self, **state: str) -> dict[str, str]:
        """Make a service account in some state; return how to bind."""
        name = word()
        dn = f"CN={name},{SERVICES}"
        self.admin.add(dn, ["user"], {"sAMAccountName": [name.encode()]}, "objectGUID")
        values = {"unicodePwd": f'"{PASSWORD}"'.encode("utf-16-le"), "userAccountControl": b"512"}
        values |= {name: value.encode() for name, value in state.items()}
        self.admin.modify(dn, {name: [(MODIFY_REPLACE, [value])] for name, value in values.items()})
        self.stack.callback(self.admin.delete, dn)
        return {"bind_user": dn, "bind_password": PASSWORD}

    def policy(self, **values: str) -> None:
        """Change the domain's password policy until the test ends."""
        held = self.admin.read(BASE, list(values))
        assert held is not None
        before = {name: held.octets(name) for name in values}
        self._write(values={name: [value.encode()] for name, value in values.items()})
        self.stack.callback(self._write, before)

    def _write(self, values: dict[str, list[bytes]]) -> None:
        self.admin.modify(BASE, {name: [(MODIFY_REPLACE, octets)] for name, octets in values.items()})


type Setup = Callable[[Place], dict[str, Any]]


@dataclass(frozen=True)
class Broken:
    """One broken set-up and what is said. In the texts stand {address}, {other} (a port) and {account}."""

    name: str
    setup: Setup
    check: str
    detail: str
    fix: str
    verb: bool = True
    """Whether a verb meets the same."""
    features: frozenset[Feature] = PROVISIONING


def changed(**changes: Any) -> Setup:
    return lambda place: changes


def account(**state: str) -> Setup:
    return lambda place: place.account(**state)


def as_reader(place: Place) -> dict[str, Any]:
    return {"bind_user": READER, "bind_password": place.samba.reader_password}


def locked(place: Place) -> dict[str, Any]:
    """Too many wrong passwords."""
    place.policy(lockoutThreshold="2", lockoutDuration="-18000000000", lockOutObservationWindow="-18000000000")
    found = place.account()
    for _ in range(4):
        with pytest.raises(Misconfigured):
            try_to_bind(place.samba, found["bind_user"], "Not the password 1")
    return found


def try_to_bind(samba: Samba, account: str, password: str) -> None:
    settings = settings_for(samba, bind_user=account, bind_password=password)
    Session.open(settings, client_context(settings), samba.address, ACTIVE_DIRECTORY).close()


@contextmanager
def showing(samba: Samba, certificates: Any) -> Iterator[None]:
    before = samba.certificates
    samba.show(certificates)
    try:
        yield
    finally:
        samba.show(before)


def legacy(place: Place) -> dict[str, Any]:
    address = x509.IPAddress(ipaddress.ip_address(place.samba.address))
    place.stack.enter_context(showing(place.samba, legacy_certificates(place.folder, address)))
    return {"ca_file": str(place.samba.certificates.ca)}


def other_name(place: Place) -> dict[str, Any]:
    place.stack.enter_context(showing(place.samba, ensure_certificates(place.folder, names=("dc9.example.test",))))
    return {"ca_file": str(place.samba.certificates.ca)}


def other_ca(place: Place) -> dict[str, Any]:
    return {"ca_file": str(ensure_certificates(place.folder / "other").ca)}


PROPERTIES = "Active Directory Users and Computers, Properties of the service account, Account: "
AGAIN = (
    "Enter the service account and its password again. The name may be user@domain, DOMAIN\\user or the distinguished "
    "name; to try it: runas /user:<service account> cmd."
)
REACH = "Check host and port, that the server is running, and that no firewall stands between the hub and it."
DNS = (
    "Check the spelling of the host, and that the DNS servers of the hub's network know it: a private name needs the "
    "company's own DNS."
)


def delegate(place: str, task: str) -> str:
    return (
        f"Delegate it to the service account: Active Directory Users and Computers, right-click {place}, Delegate "
        f"Control, '{task}'."
    )


USER_TASK, GROUP_TASK = "Create, delete, and manage user accounts", "Create, delete and manage groups"

BROKEN = [
    Broken(
        "wrong-password",
        changed(bind_password="Not its password 1"),
        "Sign-in at {address}:636",
        "The domain controller does not let {account} sign in: the name or the password is wrong.",
        AGAIN,
    ),
    Broken(
        "unknown-account",
        changed(bind_user=f"CN=nobody,{SERVICES}"),
        "Sign-in at {address}:636",
        "The domain controller does not let {account} sign in: the name or the password is wrong.",
        AGAIN,
    ),
    Broken(
        "expired-account",
        account(accountExpires="132000000000000000"),
        "Sign-in at {address}:636",
        "The domain controller does not let {account} sign in: the account has expired.",
        f"{PROPERTIES}set 'Account expires' to Never.",
    ),
    Broken(
        "disabled-account",
        account(userAccountControl="514"),
        "Sign-in at {address}:636",
        "The domain controller does not let {account} sign in: the account is disabled.",
        "Enable it: Active Directory Users and Computers, right-click the service account, Enable Account.",
    ),
    Broken(
        "locked-account",
        locked,
        "Sign-in at {address}:636",
        "The domain controller does not let {account} sign in: the account is locked after too many wrong passwords.",
        f"{PROPERTIES}tick 'Unlock account'. Then find out who signs in with a wrong password (event 4740 on the PDC "
        "emulator): an old connection or service locks it again.",
    ),
    Broken(
        "password-must-change",
        account(pwdLastSet="0"),
        "Sign-in at {address}:636",
        "The domain controller does not let {account} sign in: its password must be changed first.",
        f"{PROPERTIES}untick 'User must change password at next logon'; or set a new password without it, and enter "
        "that "
        "in the connection.",
    ),
    Broken(
        "unreachable-port",
        lambda place: {"port": free_ports(1)[0]},
        "Connection to {address}:{other}",
        "{address}:{other} cannot be reached: nothing listens on this port.",
        REACH,
    ),
    Broken(
        "unknown-name",
        changed(host="dc1.corp.invalid"),
        "Connection to dc1.corp.invalid:636",
        "The name dc1.corp.invalid is not known (DNS).",
        DNS,
    ),
    Broken(
        "one-of-two-controllers-down",
        lambda place: {"host": f"dc2.corp.invalid, {place.samba.address}"},
        "Connection to dc2.corp.invalid:636",
        "The name dc2.corp.invalid is not known (DNS).",
        DNS,
        verb=False,
    ),
    Broken(
        "untrusted-authority",
        other_ca,
        "Connection to {address}:636",
        "The certificate of {address}:636 was issued by an authority that is not trusted.",
        "Enter the certificate of the authority that issued the server's under 'CA certificate (PEM)' of the "
        "connection: the root's, not the server's own.",
    ),
    Broken(
        "weak-authority",
        legacy,
        "Connection to {address}:636",
        "The certificates of {address}:636 are not as RFC 5280 demands: Missing Authority Key Identifier.",
        "Turn on 'Accept a CA without key usage' in the connection: everything else is still verified. Better, have "
        "the authority's certificate issued anew with the key usages keyCertSign and cRLSign, and the server's with an "
        "authority key identifier.",
    ),
    Broken(
        "wrong-host-name",
        other_name,
        "Connection to {address}:636",
        "The certificate of {address}:636 is not for the name {address}.",
        "Enter the host as the certificate names it (its subject alternative names), or have a certificate issued for "
        "this name.",
    ),
    Broken(
        "plain-refused",
        changed(security="plain", insecure=True),
        "Sign-in at {address}:389",
        "The directory takes the password of {account} over an encrypted connection only.",
        "Set 'Security' of the connection to LDAPS (port 636) or StartTLS (port 389).",
    ),
    Broken(
        "global-catalogue",
        changed(port=3269),
        "Domain controller {address}:3269",
        "{address}:3269 is the global catalogue, which nobody can write and which knows part of each object only.",
        "Leave the port of the connection empty: 636 for LDAPS, 389 for StartTLS.",
        verb=False,
    ),
    Broken(
        "wrong-user-ou",
        changed(user_base=f"OU=Staff,{BASE}"),
        "User OU",
        f"There is no place OU=Staff,{BASE} in the directory, or it may not be read.",
        "Correct the base DN in the connection, create the entry, or give the service account the right to read it.",
    ),
    Broken(
        "ou-of-another-domain",
        changed(user_base="OU=People,DC=elsewhere,DC=example,DC=test"),
        "User OU",
        "The domain controller does not hold OU=People,DC=elsewhere,DC=example,DC=test: it lies in another domain.",
        "Enter OUs of the domain whose controllers the connection names; another domain needs a connection of its own.",
        verb=False,  # Samba says that it is not there; Windows refers to the other domain, which is told in these words
    ),
    Broken(
        "no-right-to-create",
        as_reader,
        "Right to create users",
        f"The service account may not create users in {USERS}.",
        delegate(USERS, USER_TASK),
        verb=False,
    ),
    Broken(
        "no-right-to-change",
        as_reader,
        "Right to change users",
        "The service account may not write userPrincipalName, cn, givenName, sn, displayName and {n} more attributes "
        "of {user}.",
        delegate(USERS, USER_TASK),
        verb=False,
    ),
    Broken(
        "no-right-to-disable",
        as_reader,
        "Right to enable and disable users",
        "The service account may not write userAccountControl of {user}.",
        delegate(USERS, USER_TASK),
        verb=False,
    ),
    Broken(
        "no-right-to-delete",
        as_reader,
        "Right to delete users",
        "The service account may not delete {user}.",
        delegate(USERS, USER_TASK),
        verb=False,
    ),
    Broken(
        "no-right-to-passwords",
        as_reader,
        "Right to set passwords",
        "The service account may not reset the password of {user}; new users need one, too.",
        delegate(USERS, "Reset user passwords and force password change at next logon"),
        verb=False,
        features=frozenset({Feature.SYNC_PASSWORDS}),
    ),
    Broken(
        "no-right-to-groups",
        changed(group_base=SERVICES),
        "Right to create groups",
        f"The service account may not create groups in {SERVICES}.",
        delegate(SERVICES, GROUP_TASK),
        verb=False,
    ),
    Broken(
        "no-right-to-members",
        as_reader,
        "Right to change members",
        "The service account may not write member of {group}.",
        delegate(f"OU=Groups,{BASE}", "Modify the membership of a group"),
        verb=False,
    ),
    Broken(
        "no-right-to-create-ous",
        changed(create_units=True),
        "Right to create OUs",
        f"The service account may not create OUs in {USERS}, and 'Create missing OUs' is on.",
        f"Delegate it to the service account: Active Directory Users and Computers, right-click {USERS}, Delegate "
        "Control, "
        "'Create a custom task to delegate', Organizational Unit objects, 'Create selected objects in this folder'; or "
        "turn off 'Create missing OUs' in the connection.",
        verb=False,
    ),
    Broken(
        "no-right-to-move-deactivated-users",
        changed(inactive_base=SERVICES),
        "Right to move deactivated users",
        f"The service account may not create users in {SERVICES}.",
        delegate(SERVICES, USER_TASK),
        verb=False,
    ),
    Broken(
        "no-dirsync",
        lambda place: {**as_reader(place), "import_by": "dirsync"},
        "Right to read changes",
        f"The service account has no right 'Replicating Directory Changes' on {BASE}.",
        f"Allow the service account 'Replicating Directory Changes' on {BASE}: Active Directory Users and Computers "
        "with "
        "View, Advanced Features; Properties, Security, Add. Or set 'Import by' of the connection to auto.",
        verb=False,
        features=IMPORTS,
    ),
    Broken(
        "deletions-hidden",
        as_reader,
        "Right to read changes",
        f"The service account may neither use DirSync nor read CN=Deleted Objects,{BASE}: deletions show only by "
        "comparing "
        "everything, with every import.",
        f"Allow the service account 'Replicating Directory Changes' on {BASE}: Active Directory Users and Computers "
        "with "
        "View, Advanced Features; Properties, Security, Add. Or let it read deleted objects. As a domain "
        "administrator: "
        f'dsacls "CN=Deleted Objects,{BASE}" /takeownership, then dsacls "CN=Deleted Objects,{BASE}" /G '
        "<service account>:LCRP.",
        verb=False,
        features=IMPORTS,
    ),
]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture(scope="module")
def somebody(samba: Samba) -> None:
    """A user and a group on which rights show."""
    settings = settings_for(samba, **as_admin(samba))
    session = Session.open(settings, client_context(settings), samba.address, ACTIVE_DIRECTORY)
    for kind, place in (("user", USERS), ("group", f"OU=Groups,{BASE}")):
        name = word()
        session.add(f"CN={name},{place}", [kind], {"sAMAccountName": [name.encode()]}, "objectGUID")
    session.close()


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
async def test_a_broken_setup_is_told_with_what_to_do(
    broken: Broken, samba: Samba, somebody: None, admin: Session, tmp_path: Path, stack: ExitStack
) -> None:
    changes = broken.setup(Place(tmp_path, samba, admin, stack))
    settings = settings_for(samba, **changes)
    names = {
        "address": samba.address,
        "other": str(changes.get("port", "")),
        "account": settings.bind_user,
        "n": "{n}",
        "user": "{user}",
        "group": "{group}",
    }
    connector = ActiveDirectoryConnector.open(settings)
    try:
        verification = await connector.verify(broken.features)
        found = {check.name: check for check in verification.checks if not check.ok}
        assert all(check.detail and check.fix for check in found.values())
        told = found[broken.check.format(**names)]
        assert (plain(told.detail), told.fix) == (broken.detail.format(**names), broken.fix)
        assert settings.bind_password.get_secret_value() not in repr(verification)
        if broken.verb:
            with pytest.raises(ConnectorError) as caught:
                await connector.find(Match(USER, "userPrincipalName", "anybody@corp.example.test"))
            assert (str(caught.value), caught.value.fix) == (told.detail, told.fix)
    finally:
        await connector.close()


def plain(text: str) -> str:
    """A text without the account on which rights were seen, which is any, and without how much is mapped."""
    text = re.sub(r"and \d+ more attributes", "and {n} more attributes", text)
    text = re.sub(rf"CN=[^,]+,(OU=[^,]+,)*{USERS}", "{user}", text)
    return re.sub(rf"CN=[^,]+,OU=Groups,{BASE}", "{group}", text)


async def test_everything_is_right_for_the_delegated_account(samba: Samba, somebody: None, admin: Session) -> None:
    connector = ActiveDirectoryConnector.open(settings_for(samba))
    try:
        verification = await connector.verify(ALL, trial=True)
    finally:
        await connector.close()
    assert [check for check in verification.checks if not check.ok] == []
    names = [check.name for check in verification.checks]
    assert names[:6] == [
        f"Connection to {samba.address}:636",
        f"Sign-in at {samba.address}:636",
        f"Domain controller {samba.address}:636",
        f"Clock of {samba.address}:636",
        "Domain",
        "Password policy",
    ]
    assert [name.removeprefix("Trial: ") for name in names if name.startswith("Trial: ")] == [
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
    assert list(admin.search(BASE, "(sAMAccountName=lockstep-trial-*)", ["1.1"])) == []


async def test_only_what_the_features_need_is_looked_at(samba: Samba, somebody: None) -> None:
    connector = ActiveDirectoryConnector.open(settings_for(samba))
    try:
        verification = await connector.verify(frozenset({Feature.DELETE_GROUPS}))
    finally:
        await connector.close()
    assert verification.ok
    assert [check.name for check in verification.checks][4:] == ["Domain", "Group OU", "Right to delete groups"]


async def test_verifying_writes_nothing(samba: Samba, somebody: None, admin: Session) -> None:
    connector = ActiveDirectoryConnector.open(settings_for(samba))
    before = admin.read("", ["highestCommittedUSN"])
    try:
        assert (await connector.verify(ALL)).ok
    finally:
        await connector.close()
    assert admin.read("", ["highestCommittedUSN"]) == before


async def test_a_verb_without_the_right_names_the_same_task(samba: Samba) -> None:
    reader = {"bind_user": READER, "bind_password": samba.reader_password}
    connector = ActiveDirectoryConnector.open(settings_for(samba, **reader))
    try:
        with pytest.raises((Misconfigured, Rejected)) as caught:
            await connector.create(GROUP, {"cn": word()}, active=True)
    finally:
        await connector.close()
    place = f"OU=Groups,{BASE}"
    assert caught.value.fix == delegate(place, f"{USER_TASK}' and '{GROUP_TASK}")


async def test_a_directory_that_is_none_of_microsofts_is_told(samba: Samba, slapd: Slapd) -> None:
    connector = ActiveDirectoryConnector.open(
        settings_for(
            samba,
            host="localhost",
            port=slapd.ldaps_port,
            ca_file=str(slapd.certificates.ca),
            bind_user=SLAPD_ACCOUNT,
            bind_password=slapd.service_password,
        )
    )
    try:
        told = [check for check in (await connector.verify()).checks if not check.ok]
        with pytest.raises(Misconfigured) as caught:
            await connector.find(Match(USER, "userPrincipalName", "anybody@corp.example.test"))
    finally:
        await connector.close()
    assert [(check.detail, check.fix) for check in told] == [
        (
            "The server is not a domain controller of Active Directory.",
            "Enter the name of a domain controller, or make an LDAP connection for another kind of directory.",
        )
    ]
    assert (str(caught.value), caught.value.fix) == (told[0].detail, told[0].fix)


@pytest.mark.parametrize(
    ("data", "what", "fix"),
    [
        (
            "532",
            "its password has expired",
            f"Set a new password and enter it in the connection. {PROPERTIES}tick 'Password never expires'.",
        ),
        ("525", "there is no such account in the domain", AGAIN),
        ("530", "it may not sign in at this time", f"{PROPERTIES}Logon Hours, permit all of them."),
        (
            "531",
            "it may sign in from certain computers only",
            f"{PROPERTIES}Log On To, choose 'All computers', or add the domain controllers.",
        ),
        (
            "52f",
            "a restriction of the account forbids it",
            "Take the service account out of the group Protected Users and out of authentication policies that forbid "
            "it.",
        ),
    ],
)
def test_what_only_windows_says_of_a_sign_in_is_told(data: str, what: str, fix: str) -> None:
    """Samba's passwords age by whole days, and it has no hours or computers in simple binds."""
    said = f"80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data {data}, v3839"
    error = bind_refusal("lockstep@corp.example.test", "invalidCredentials", said)
    assert str(error) == f"The domain controller does not let lockstep@corp.example.test sign in: {what}."
    assert error.fix == fix


DOMAIN = Domain(BASE, f"CN=Configuration,{BASE}", "corp.example.test", 7, frozenset(), recycle_bin=False)
NOW = datetime(2026, 11, 3, 2, 30, tzinfo=UTC)


def checked(root: dict[str, list[bytes]], own: Domain = DOMAIN) -> Check:
    return controller_check("dc2:636", 636, own, Entry("", root), BASE)


def test_a_read_only_controller_is_told() -> None:
    check = checked({"supportedCapabilities": [b"1.2.840.113556.1.4.800", READ_ONLY.encode()]})
    assert (check.ok, check.detail, check.fix) == (
        False,
        "dc2:636 is a read-only domain controller (RODC).",
        "Enter the host name of a domain controller that accepts writes.",
    )


def test_a_controller_of_another_domain_is_told() -> None:
    check = checked({}, replace(DOMAIN, base="DC=branch,DC=example,DC=test"))
    assert (check.ok, check.detail, check.fix) == (
        False,
        f"dc2:636 is a controller of the domain DC=branch,DC=example,DC=test, not of {BASE}.",
        "Name controllers of one domain only, and make another connection for the other domain.",
    )


def test_a_controller_that_has_not_replicated_yet_is_told() -> None:
    check = checked({"isSynchronized": [b"FALSE"]})
    assert (check.ok, check.detail) == (
        False,
        "dc2:636 has not finished its first replication since it was started.",
    )
    assert "repadmin /showrepl" in check.fix


@pytest.mark.parametrize(("theirs", "ok"), [("20261103023400.0Z", True), ("20261103031500.0Z", False)])
def test_clocks_that_differ_are_told(theirs: str, ok: bool) -> None:
    check = clock_check("dc2:636", Entry("", {"currentTime": [theirs.encode()]}), NOW)
    assert check is not None
    assert check.ok is ok
    if not ok:
        assert check.detail == "The clocks of dc2:636 and of the hub are 45 minutes apart."
        assert "w32tm /resync" in check.fix
