"""The local CA: what a strict client verifies, and when certificates are made anew."""

import asyncio
import socket
import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from sandbox.certificates import LIFETIME, RENEWAL, Certificates, ensure_certificates

ROOT = Path(__file__).parents[2]


async def _handshake(certificates: Certificates, *, trust: Path, host: str) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificates.certificate, certificates.key)
    client = ssl.create_default_context(cafile=str(trust))
    assert client.verify_flags & ssl.VerifyFlags.VERIFY_X509_STRICT, "Python's default is no longer strict"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    listener = socket.create_server(("127.0.0.1", 0))
    server = await asyncio.start_server(talk, sock=listener, ssl=serving)
    async with server:
        address = listener.getsockname()
        _, writer = await asyncio.open_connection(*address, ssl=client, server_hostname=host)
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_strict_client_that_trusts_the_ca_accepts_the_server_by_name_and_by_address(
    tmp_path: Path, host: str
) -> None:
    certificates = ensure_certificates(tmp_path)

    await _handshake(certificates, trust=certificates.ca, host=host)


async def test_a_client_refuses_the_server_under_another_name(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path)

    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        await _handshake(certificates, trust=certificates.ca, host="graph.microsoft.com")


async def test_a_client_that_trusts_another_directorys_ca_refuses_the_server(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path / "a")
    other = ensure_certificates(tmp_path / "b")

    with pytest.raises(ssl.SSLCertVerificationError):
        await _handshake(certificates, trust=other.ca, host="localhost")


def test_the_extensions_are_those_that_rfc_5280_asks_for(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path)
    ca = x509.load_pem_x509_certificate(certificates.ca.read_bytes()).extensions
    server = x509.load_pem_x509_certificate(certificates.certificate.read_bytes()).extensions

    constraints = ca.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value.ca
    usage = ca.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)
    identifier = ca.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert server.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == identifier
    assert list(server.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not server.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_key_is_readable_by_its_owner_only_and_the_cas_key_is_nowhere(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path)

    assert stat.S_IMODE(certificates.key.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if b"PRIVATE KEY" in path.read_bytes()] == ["server.key"]


def test_certificates_that_are_still_valid_are_used_again(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path)
    content = [path.read_bytes() for path in (first.ca, first.certificate, first.key)]

    again = ensure_certificates(tmp_path)

    assert [path.read_bytes() for path in (again.ca, again.certificate, again.key)] == content


@pytest.mark.parametrize("name", ["ca.crt", "server.crt", "server.key"])
@pytest.mark.parametrize("damage", ["absent", "empty", "foreign"])
async def test_a_directory_with_a_file_that_does_not_fit_is_made_anew(tmp_path: Path, name: str, damage: str) -> None:
    first = ensure_certificates(tmp_path / "a")
    path = tmp_path / "a" / name
    if damage == "absent":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        foreign = ensure_certificates(tmp_path / "b")
        path.write_bytes((foreign.ca.parent / name).read_bytes())

    certificates = ensure_certificates(tmp_path / "a")

    assert certificates == first
    await _handshake(certificates, trust=certificates.ca, host="localhost")


def test_a_key_that_others_may_read_is_made_anew(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path)
    leaked = certificates.key.read_bytes()
    certificates.key.chmod(0o644)

    ensure_certificates(tmp_path)

    assert certificates.key.read_bytes() != leaked
    assert stat.S_IMODE(certificates.key.stat().st_mode) == 0o600


@pytest.mark.parametrize(("left", "renewed"), [(RENEWAL - timedelta(hours=1), True), (RENEWAL * 2, False)])
def test_a_certificate_about_to_expire_is_made_anew(tmp_path: Path, left: timedelta, renewed: bool) -> None:
    before = ensure_certificates(tmp_path, now=datetime.now(UTC) - LIFETIME + left).certificate.read_bytes()

    assert (ensure_certificates(tmp_path).certificate.read_bytes() != before) is renewed


def test_processes_that_ask_at_once_get_the_same_certificates(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, sandbox.certificates as c;"
        f"print(c.ensure_certificates(pathlib.Path({str(tmp_path)!r})).ca.read_text())"
    )
    command = [sys.executable, "-c", program]
    asking = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) for _ in range(4)]

    authorities = {process.communicate()[0] for process in asking}

    assert [process.returncode for process in asking] == [0] * 4
    assert len(authorities) == 1
