"""The sandbox's domain controller: a real one, with rights that end somewhere and data that stays."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from connectors.ldap_client.library import BASE as ENTRY
from connectors.ldap_client.library import (
    MODIFY_ADD,
    MODIFY_DELETE,
    MODIFY_REPLACE,
    NONE,
    Connection,
    LDAPException,
    Server,
)
from sandbox import debian_packages, samba_packages
from sandbox.certificates import ensure_certificates
from sandbox.samba import DISABLED, GROUPS, READER, SERVICE_ACCOUNT, USERS, Samba
from sandbox.samba_pair import replicate
from sandbox.samba_template import BASE
from sandbox.services import ROOT, ServiceFailed, answers
from tests.legacy_certificates import legacy_certificates
from tests.samba_connection import connect

pytestmark = pytest.mark.samba

SHOW_DELETED = ("1.2.840.113556.1.4.417", True, None)
PASSWORD = '"A-g00d-password"'.encode("utf-16-le")


def add_user(connection: Connection, base: str = USERS) -> str:
    name = f"u{uuid.uuid4().hex[:12]}"
    dn = f"CN={name},{base}"
    connection.add(dn, "user", {"sAMAccountName": name})
    return dn if connection.result["result"] == 0 else str(connection.result["description"])


def read(connection: Connection, dn: str, *attributes: str, **options: Any) -> dict[str, Any] | None:
    if not connection.search(dn, "(objectClass=*)", ENTRY, attributes=attributes or ["1.1"], **options):
        return None
    found: dict[str, Any] = connection.response[0]["raw_attributes"]
    return found


def replace(connection: Connection, dn: str, **values: Any) -> str:
    connection.modify(dn, {name: [(MODIFY_REPLACE, [value])] for name, value in values.items()})
    return str(connection.result["description"])


class Binds:
    """Connections that are closed at the end of the test, even to a controller that has gone."""

    def __init__(self) -> None:
        self.closing = ExitStack()

    def as_administrator(self, samba: Samba) -> Connection:
        return self.closing_at_the_end(connect(samba))

    def as_service(self, samba: Samba) -> Connection:
        return self.closing_at_the_end(connect(samba, SERVICE_ACCOUNT, samba.service_password))

    def as_reader(self, samba: Samba) -> Connection:
        return self.closing_at_the_end(connect(samba, READER, samba.reader_password))

    def closing_at_the_end(self, connection: Connection) -> Connection:
        self.closing.callback(connection.strategy.close)
        return connection


@pytest.fixture
def bind() -> Iterator[Binds]:
    binds = Binds()
    with binds.closing:
        yield binds


@pytest.mark.usefixtures("samba")  # skips where there is none
def test_data_address_and_passwords_survive_a_stop(tmp_path: Path, bind: Binds) -> None:
    with Samba.open(tmp_path / "d") as server:
        dn = add_user(bind.as_service(server))
        server.stop()
        assert not answers(636, server.address)
        server.start()
        assert read(bind.as_service(server), dn) is not None
        server.kill()
    with Samba.open(tmp_path / "d") as again:
        assert (again.address, again.service_password) == (server.address, server.service_password)
        assert read(bind.as_service(again), dn) is not None
    with Samba.open(tmp_path / "d", fresh=True, durable=False) as fresh:
        assert read(bind.as_service(fresh), dn) is None


def test_two_controllers_run_side_by_side(samba: Samba, tmp_path: Path, bind: Binds) -> None:
    with Samba.open(tmp_path / "d", durable=False) as other:
        dn = add_user(bind.as_service(other))
        assert other.address != samba.address
        assert read(bind.as_service(samba), dn) is None


def test_a_folder_with_something_else_in_it_is_left_alone(samba: Samba, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    with pytest.raises(ServiceFailed, match="is not empty"):
        Samba.open(tmp_path, fresh=True)
    assert (tmp_path / "precious").read_text() == "data"


def test_passwords_are_for_the_owners_eyes_only(samba: Samba) -> None:
    for name in ("lockstep-samba.json", "tls/server.key", "domain/private/sam.ldb"):
        assert (samba.directory / name).stat().st_mode & 0o077 == 0
    assert samba.service_password not in repr(samba)
    assert samba.admin_password not in repr(samba)


def test_the_service_account_makes_accounts_where_they_are_kept_and_nowhere_else(samba: Samba, bind: Binds) -> None:
    connection = bind.as_service(samba)
    for base in (USERS, DISABLED):
        dn = add_user(connection, base)
        assert replace(connection, dn, unicodePwd=PASSWORD, userAccountControl=512) == "success"
        assert connection.delete(dn)
    for base in (GROUPS, f"OU=Services,{BASE}", f"CN=Users,{BASE}", BASE):
        assert add_user(connection, base) == "insufficientAccessRights"
    assert replace(connection, READER, description="x") == "insufficientAccessRights"
    domain_admins = f"CN=Domain Admins,CN=Users,{BASE}"
    assert not connection.modify(domain_admins, {"member": [(MODIFY_ADD, [SERVICE_ACCOUNT])]})


def test_the_reader_reads_and_changes_nothing(samba: Samba, bind: Binds) -> None:
    dn = add_user(bind.as_service(samba))
    connection = bind.as_reader(samba)
    assert read(connection, dn) is not None
    assert add_user(connection) == "insufficientAccessRights"
    assert replace(connection, dn, title="x") == "insufficientAccessRights"
    assert replace(connection, dn, unicodePwd=PASSWORD) == "insufficientAccessRights"
    assert not connection.delete(dn)


def test_the_service_account_sees_the_deleted_and_brings_them_back(samba: Samba, bind: Binds) -> None:
    service = bind.as_service(samba)
    dn = add_user(service)
    guid = uuid.UUID(bytes_le=(read(service, dn, "objectGUID") or {})["objectGUID"][0])
    assert service.delete(dn)
    by_guid = f"<GUID={guid}>"
    assert read(bind.as_reader(samba), by_guid, controls=[SHOW_DELETED]) is None
    assert read(service, by_guid, "isDeleted", controls=[SHOW_DELETED]) == {"isDeleted": [b"TRUE"]}
    grave = service.response[0]["dn"]
    back = {"isDeleted": [(MODIFY_DELETE, [])], "distinguishedName": [(MODIFY_REPLACE, [dn])]}
    assert service.modify(grave, back, controls=[SHOW_DELETED]), service.result
    assert (read(service, dn, "objectGUID") or {})["objectGUID"] == [guid.bytes_le]


def test_changes_are_told_to_who_may_replicate_them(samba: Samba, bind: Binds) -> None:
    def changes(connection: Connection, cookie: bytes = b"") -> tuple[set[str], bytes]:
        asked = connection.extend.microsoft.dir_sync(
            BASE, sync_filter="(objectClass=user)", attributes=["name", "title"], cookie=cookie, object_security=False
        )
        return {entry["dn"].rpartition(";")[2] for entry in asked.loop()}, asked.cookie

    service = bind.as_service(samba)
    dn, other = add_user(service), add_user(service)
    found, cookie = changes(service)
    assert {dn, other} <= found
    assert replace(service, dn, title="x") == "success"
    found, _ = changes(service, cookie)
    assert dn in found
    assert other not in found
    with pytest.raises(LDAPException, match="insufficientAccessRights"):
        changes(bind.as_reader(samba))


def test_a_password_in_clear_text_is_refused(samba: Samba, bind: Binds) -> None:
    plain = bind.closing_at_the_end(Connection(Server(samba.address, get_info=NONE), READER, samba.reader_password))
    assert not plain.bind()
    assert plain.result["description"] == "strongerAuthRequired"


@pytest.mark.parametrize(("password", "reason"), [("Ab1-", "too short"), ("abcdefghijkl", "complexity")])
def test_a_weak_password_is_refused(samba: Samba, password: str, reason: str, bind: Binds) -> None:
    service = bind.as_service(samba)
    dn = add_user(service)
    assert replace(service, dn, unicodePwd=f'"{password}"'.encode("utf-16-le")) == "constraintViolation"
    assert "0000052D" in service.result["message"]
    assert reason in service.result["message"]


def test_another_certificate_can_be_shown(samba: Samba, tmp_path: Path, bind: Binds) -> None:
    kept = samba.certificates

    def refusal() -> str:
        with pytest.raises(LDAPException) as caught:
            connect(samba)
        return str(caught.value)

    try:
        samba.show(ensure_certificates(tmp_path / "other", names=("dc1.corp.example.test", samba.address)))
        bind.as_administrator(samba)
        samba.certificates = kept
        assert "unable to get local issuer" in refusal()
        samba.show(ensure_certificates(tmp_path / "wrong", names=("dc9.corp.example.test",)))
        assert "IP address mismatch" in refusal()
        samba.show(legacy_certificates(tmp_path, x509.IPAddress(ip_address(samba.address))))
        assert "Missing Authority Key Identifier" in refusal()
    finally:
        samba.show(kept)
    bind.as_administrator(samba)


def test_a_second_controller_has_the_same_objects_and_counts_for_itself(
    samba_pair: tuple[Samba, Samba], bind: Binds
) -> None:
    first, second = samba_pair
    one, two = bind.as_service(first), bind.as_service(second)
    dn, other = add_user(one), add_user(two)
    assert read(two, dn) is None
    replicate(first, second)
    replicate(second, first)
    for name in (dn, other):
        here, there = (read(connection, name, "objectGUID", "uSNChanged") or {} for connection in (one, two))
        assert here["objectGUID"] == there["objectGUID"]
        assert here["uSNChanged"] != there["uSNChanged"]
    settings = "CN=NTDS Settings,CN={},CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration," + BASE
    assert read(one, settings.format("DC1"), "invocationId") != read(one, settings.format("DC2"), "invocationId")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_dies_with_the_command_that_started_it(samba: Samba, tmp_path: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-m", "sandbox.samba", "--dir", str(tmp_path / "d")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[0].removeprefix("ldaps://")
        assert SERVICE_ACCOUNT in process.stdout.readline()
        assert answers(636, address)
        os.kill(process.pid, how)
        process.wait(10)
    deadline = time.monotonic() + 10
    while answers(636, address):
        assert time.monotonic() < deadline, "samba outlived its owner"
        time.sleep(0.02)


def test_where_it_cannot_be_installed_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samba_packages, "_find", lambda: None)
    monkeypatch.setattr(debian_packages, "superuser", lambda: None)
    with pytest.raises(ServiceFailed, match=r"apt-get install .*samba-ad-provision"):
        samba_packages.install()


def test_without_root_the_command_to_run_is_named(
    samba: Samba, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ServiceFailed, match=r"sudo .* -m sandbox.samba --dir"):
        Samba.open(tmp_path / "d")


def test_a_controller_starts_in_a_folder_whose_name_is_too_long_for_sockets(tmp_path: Path) -> None:
    with Samba.open(tmp_path / ("deep" * 25), durable=False) as samba:
        assert answers(636, samba.address)
        link = samba.home
        assert (link.is_symlink(), link.resolve()) == (True, samba.directory)
        samba.stop()
        samba.start()
    assert not link.is_symlink()
