"""The local certificate authority: one CA and one server certificate for this machine, made on the spot.

Everything of the local system that speaks TLS (slapd, the Graph simulator) shows the server certificate, and
everything that connects to it is given ``ca.crt``. The certificates hold what OpenSSL's strict verification asks for
(RFC 5280; the default of Python since 3.13): critical basicConstraints and keyUsage on the CA, subject and authority
key identifiers, and subject alternative names. The key of the CA is never written: a directory can show the
certificate it holds and nothing can issue another one.
"""

import fcntl
import ipaddress
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=365)
"""How long a made certificate is valid; some clients refuse server certificates that live longer than 398 days."""

RENEWAL = timedelta(days=7)
"""A certificate with less than this left is made anew."""

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")

_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the PEM files of one directory are: ``ca`` is for clients, ``certificate`` and ``key`` for servers."""

    ca: Path
    certificate: Path
    key: Path


def ensure_certificates(
    directory: Path, *, names: Sequence[str] = LOCAL_NAMES, now: datetime | None = None
) -> Certificates:
    """Return the certificates of ``directory``, made if they are absent, damaged, or about to expire.

    ``names`` are the server's host names and addresses, the one it is known by first. They count when it is made.
    ``ca.crt``, ``server.crt`` and ``server.key`` (mode 0600) are written whole or not at all. Several processes may
    ask for the same directory at once: one makes them, the others find them.
    """
    directory.mkdir(parents=True, exist_ok=True)
    certificates = Certificates(directory / "ca.crt", directory / "server.crt", directory / "server.key")
    with _locked(directory / ".lock"):
        now = now or datetime.now(UTC)
        if not _usable(certificates, now):
            _make(certificates, names, now)
    return certificates


def _make(certificates: Certificates, names: Sequence[str], now: datetime) -> None:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = _ca(ca_key, now)
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _server(server_key, names, ca, ca_key, now)
    # A crash in between leaves files that do not belong together: the next call sees that and starts again.
    _write(
        certificates.key, server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), permissions=0o600
    )
    _write(certificates.certificate, server.public_bytes(Encoding.PEM), permissions=0o644)
    _write(certificates.ca, ca.public_bytes(Encoding.PEM), permissions=0o644)


def _ca(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    # The serial in the name keeps the authorities of two directories apart in one trust store.
    serial = x509.random_serial_number()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Lockstep local CA {serial:x}"[:48])])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, certificates: bool) -> x509.KeyUsage:
    """Signing certificates and revocation lists for the CA, signing handshakes for a server; nothing else."""
    return x509.KeyUsage(
        digital_signature=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _usable(certificates: Certificates, now: datetime) -> bool:
    try:
        ca = x509.load_pem_x509_certificate(certificates.ca.read_bytes())
        server = x509.load_pem_x509_certificate(certificates.certificate.read_bytes())
        key = load_pem_private_key(certificates.key.read_bytes(), password=None)
        server.verify_directly_issued_by(ca)
    except (FileNotFoundError, ValueError, TypeError, InvalidSignature):
        return False
    same_key = _public_bytes(server) == key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    private = certificates.key.stat().st_mode & 0o077 == 0
    alive = all(c.not_valid_before_utc <= now and now + RENEWAL < c.not_valid_after_utc for c in (ca, server))
    return same_key and private and alive


def _public_bytes(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _write(path: Path, content: bytes, *, permissions: int) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    # Created with its permissions: a key must not be readable even for the moment before a chmod.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, permissions)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.chmod(permissions)
    temporary.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
