"""A certificate authority that can issue more than one certificate, for servers that change theirs."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox import certificates as local
from sandbox.certificates import LOCAL_NAMES, Certificates


class Authority:
    """Issues certificates as the sandbox's own are, into files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = local._ca(self._key, datetime.now(UTC))
        folder.mkdir(parents=True)
        self.file = folder / "ca.crt"
        self.file.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def issue(self, *names: str) -> Certificates:
        """Return another certificate for this machine, and for these names and addresses of it."""
        number = next(self._numbers)
        key = ec.generate_private_key(ec.SECP256R1())
        server = local._server(key, [*LOCAL_NAMES, *names], self._certificate, self._key, datetime.now(UTC))
        files = Certificates(self.file, self._folder / f"server{number}.crt", self._folder / f"server{number}.key")
        files.certificate.write_bytes(server.public_bytes(Encoding.PEM))
        files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        files.key.chmod(0o600)  # Samba takes no other
        return files
