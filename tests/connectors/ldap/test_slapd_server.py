"""The sandbox's slapd: data that stays or goes, limited rights, and a process that never outlives its owner."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connectors.errors import ConnectorError, Misconfigured, Rejected
from connectors.ldap_client.session import Session
from sandbox import debian_packages, slapd_packages
from sandbox.services import ROOT, ServiceFailed, answers, free_ports
from sandbox.slapd import DISABLED, GROUPS, SERVICE_ACCOUNT, SUFFIX, USERS, Slapd
from tests.connectors.ldap.conftest import open_session, word

pytestmark = pytest.mark.slapd


def add_person(session: Session, base: str = USERS) -> str:
    name = word()
    dn = f"uid={name},{base}"
    session.add(dn, ["inetOrgPerson"], {"uid": [name.encode()], "cn": [b"P"], "sn": [b"P"]}, "entryUUID")
    return dn


def is_there(server: Slapd, dn: str) -> bool:
    session = open_session(server)
    try:
        return session.read(dn, ["1.1"]) is not None
    finally:
        session.close()


def test_data_passwords_and_ports_survive_a_stop(tmp_path: Path) -> None:
    with Slapd.open(tmp_path / "d") as server:
        session = open_session(server)
        dn = add_person(session)
        session.close()
        server.stop()
        assert not answers(server.ldaps_port)
        server.start()
        assert is_there(server, dn)
    with Slapd.open(tmp_path / "d") as again:
        assert again.service_password == server.service_password
        assert is_there(again, dn)


def test_fresh_starts_with_an_empty_directory(tmp_path: Path) -> None:
    with Slapd.open(tmp_path / "d", durable=False) as server:
        session = open_session(server)
        dn = add_person(session)
        session.close()
    with Slapd.open(tmp_path / "d", fresh=True, durable=False) as fresh:
        assert not is_there(fresh, dn)
        assert fresh.service_password != server.service_password


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    with pytest.raises(ServiceFailed, match="is not empty"):
        Slapd.open(tmp_path, fresh=True)
    assert (tmp_path / "precious").read_text() == "data"


def test_passwords_are_for_the_owners_eyes_only(tmp_path: Path) -> None:
    server = Slapd.open(tmp_path / "d")
    for name in ("slapd.conf", "lockstep-slapd.json", "tls/server.key"):
        assert (tmp_path / "d" / name).stat().st_mode & 0o077 == 0
    assert server.service_password not in repr(server)
    assert server.service_password not in (tmp_path / "d/slapd.conf").read_text()


def test_the_service_account_writes_where_accounts_are_and_nowhere_else(slapd: Slapd) -> None:
    session = open_session(slapd, SERVICE_ACCOUNT, slapd.service_password)
    for base in (USERS, GROUPS, DISABLED):
        session.delete(add_person(session, base))
    with pytest.raises(Misconfigured, match="has no right"):
        add_person(session, f"ou=services,{SUFFIX}")
    with pytest.raises(Rejected, match="has no right"):
        session.modify(SERVICE_ACCOUNT, {"description": [("MODIFY_REPLACE", [b"root"])]})
    session.close()


def test_nobody_reads_passwords_and_strangers_read_nothing(slapd: Slapd) -> None:
    session = open_session(slapd, SERVICE_ACCOUNT, slapd.service_password)
    entry = session.read(SERVICE_ACCOUNT, ["*"])
    assert entry is not None
    assert "userPassword" not in entry.attributes
    session.close()
    with pytest.raises(ConnectorError):
        open_session(slapd, SERVICE_ACCOUNT, "a wrong password")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_it_dies_with_the_command_that_started_it(tmp_path: Path, how: signal.Signals) -> None:
    ldap, ldaps = free_ports(2)
    command = [sys.executable, "-m", "sandbox.slapd", "--dir", str(tmp_path / "d")]
    command += ["--ldap-port", str(ldap), "--ldaps-port", str(ldaps)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f"ldaps://localhost:{ldaps}" in process.stdout.readline()
        assert SERVICE_ACCOUNT in process.stdout.readline()
        assert answers(ldap)
        os.kill(process.pid, how)
        process.wait(10)
    deadline = time.monotonic() + 10
    while answers(ldap) or answers(ldaps):
        assert time.monotonic() < deadline, "slapd outlived its owner"
        time.sleep(0.02)


def test_where_it_cannot_be_installed_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slapd_packages, "_find", lambda: None)
    monkeypatch.setattr(debian_packages, "superuser", lambda: None)
    with pytest.raises(ServiceFailed, match="slapd ldap-utils slapd-contrib"):
        slapd_packages.install()


def test_a_folder_from_before_an_index_is_indexed_anew(tmp_path: Path) -> None:
    """Otherwise slapd finds nobody by that attribute who was there before."""
    few = "limits * size=unlimited\naccess to * by users write by anonymous auth"
    with Slapd.open(tmp_path / "d", durable=False, access=few) as server:
        session = open_session(server)
        dn = add_person(session)
        session.close()
    with Slapd.open(tmp_path / "d", durable=False) as again:
        session = open_session(again)
        assert [entry.dn for entry in session.search(USERS, "(modifyTimestamp>=19700101000000Z)", ["1.1"])][-1] == dn
        session.close()
