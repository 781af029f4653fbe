"""Certificates as many companies have them: the authority's without key usage, which Python 3.13 refuses."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sandbox.certificates import Certificates


def legacy_certificates(folder: Path, name: x509.GeneralName) -> Certificates:
    """Return files in the folder for a server of this name."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)

    def certificate(common_name: str, issuer: str, extensions: list[x509.ExtensionType]) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=2))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(key, hashes.SHA256())

    ca = certificate("Old CA", "Old CA", [x509.BasicConstraints(ca=True, path_length=None)])
    server = certificate("server", "Old CA", [x509.SubjectAlternativeName([name])])
    files = Certificates(folder / "old-ca.crt", folder / "old.crt", folder / "old.key")
    files.ca.write_bytes(ca.public_bytes(Encoding.PEM))
    files.certificate.write_bytes(server.public_bytes(Encoding.PEM))
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files.key.chmod(0o600)  # Samba takes no other
    return files
