"""Samba as the sandbox's Active Directory domain controller: a real one, with LDAP, LDAPS and the global catalogue.

The domain is ``corp.example.test`` (what it holds at first: ``samba_domain.py``). It can: the directory's schema,
access rights, passwords over TLS only, bind errors, DirSync, deleted objects and their restoring, paging, sorting,
the global catalogue. It cannot: the recycle bin, Kerberos, DNS, file shares, replication by itself (``samba_pair.py``
does it when asked). Where it differs from Microsoft's is in docs/local-system.md. Ports are fixed, so each controller
listens on a loopback address of its own, and needs root.

Run ``python -m sandbox.samba --dir D`` to have one alone.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sandbox.certificates import Certificates, ensure_certificates
from sandbox.samba_domain import ACCOUNTS
from sandbox.samba_packages import install as install  # callers ask this module for it
from sandbox.samba_template import BASE, REALM, WORKGROUP, Template, template
from sandbox.services import Service, ServiceFailed
from sandbox.short_paths import forget, short_path

USERS, GROUPS, DISABLED = f"OU=People,{BASE}", f"OU=Groups,{BASE}", f"OU=Disabled,{BASE}"
ADMINISTRATOR = f"CN=Administrator,CN=Users,{BASE}"
SERVICE_ACCOUNT = f"CN=lockstep,OU=Services,{BASE}"
READER = f"CN=lockstep-reader,OU=Services,{BASE}"

LDAP_PORT, LDAPS_PORT = 389, 636
_PORTS = (135, LDAP_PORT, LDAPS_PORT, 3268, 3269)
# One process (55 MB) instead of eleven.
_FOREGROUND = ("-M", "single", "--foreground", "--no-process-group", "--debug-stdout")
_OURS = "lockstep-samba.json"


@dataclass
class Samba:
    """One domain controller: where it listens, and as whom to bind. ``stop`` and ``start`` keep data and address."""

    directory: Path
    name: str
    address: str
    certificates: Certificates
    admin_password: str = field(repr=False)
    service_password: str = field(repr=False)
    reader_password: str = field(repr=False)
    durable: bool
    service: Service = field(repr=False)

    @classmethod
    def open(
        cls, directory: Path, *, fresh: bool = False, durable: bool = True, origin: Template | None = None
    ) -> Self:
        """Prepare a domain controller in a folder, without starting it.

        A folder that holds one already keeps its data, address and passwords, unless ``fresh``. ``durable=False`` does
        not wait for the disk. ``origin`` is what a new one is a copy of. Raises ``ServiceFailed`` where Samba is
        missing, the folder holds something else, or this process is not root's.
        """
        program = install()
        if os.geteuid() != 0:
            again = f"sudo {sys.executable} -m sandbox.samba --dir {directory}"
            raise ServiceFailed(f"Samba's domain controller needs root (its ports are fixed). Start one with: {again}")
        directory = directory.resolve()
        ours = directory / _OURS
        if directory.exists() and not ours.exists() and any(directory.iterdir()):
            raise ServiceFailed(f"{directory} is not empty and holds no Samba of Lockstep. Choose another folder.")
        if fresh and ours.exists():
            shutil.rmtree(directory)
        if not ours.exists():
            made = origin or template(program)
            shutil.copytree(made.directory, directory / "domain", dirs_exist_ok=True, ignore=_sockets)
            _write_private(ours, json.dumps({"name": made.name, "address": _free_address(), **made.passwords}))
        kept = json.loads(ours.read_text())
        name, address = kept["name"], kept["address"]
        certificates = ensure_certificates(directory / "tls", names=(name, "localhost", address))
        service = Service(
            "samba",
            [str(program), "-s", str(directory / "smb.conf"), *_FOREGROUND],
            log=directory / "samba.log",
            ports=_PORTS,
            host=address,
            orphan_signal="TERM",
        )
        admin, writer, reader = (kept[account] for account in ACCOUNTS)
        return cls(directory, name, address, certificates, admin, writer, reader, durable, service)

    @property
    def configuration(self) -> Path:
        """The file for ``samba-tool -s``."""
        return self.directory / "smb.conf"

    def start(self) -> Self:
        """Start and wait until all ports answer (0.3 s). Raises ``ServiceFailed``."""
        self._configure()
        self.service.start()
        return self

    def stop(self) -> None:
        """Stop; data stays."""
        self.service.stop()
        forget(self.directory, self._short_name)

    def kill(self) -> None:
        """Stop as a power cut does: connections break without a word."""
        self.service.kill()

    def show(self, certificates: Certificates) -> None:
        """Show another server certificate from now on. A running controller is started again."""
        self.certificates = certificates
        running = self.service.alive
        self.stop()
        if running:
            self.start()

    def __enter__(self) -> Self:
        return self if self.service.alive else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def home(self) -> Path:
        """The folder by a name that is short enough for Samba's sockets."""
        return short_path(self.directory, self._short_name)

    @property
    def _short_name(self) -> str:
        return f"lockstep-{self.address}"

    def _configure(self) -> None:
        for name in ("run", "log"):
            (self.directory / name).mkdir(exist_ok=True)
        self.configuration.write_text(_configuration(self))


def _sockets(directory: str, names: list[str]) -> list[str]:
    """Return those that cannot be copied: what a controller left behind that ran here."""
    return [name for name in names if Path(directory, name).is_socket()]


def _free_address() -> str:
    """Return a loopback address on which nobody listens on the controller's ports now. All of 127/8 is this machine."""
    while True:
        address = f"127.{random.randint(16, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"  # noqa: S311 - no secret
        try:
            for port in _PORTS:
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((address, port))
        except PermissionError:
            raise
        except OSError:
            continue
        return address


def _write_private(path: Path, content: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)


def _configuration(samba: Samba) -> str:
    home, certificates = samba.home, samba.certificates
    domain = home / "domain"
    return f"""[global]
netbios name = {samba.name.split(".")[0].upper()}
realm = {REALM}
workgroup = {WORKGROUP}
server role = active directory domain controller
server services = ldap, cldap, rpc
idmap_ldb:use rfc2307 = yes
# With /32 Samba finds no interface.
interfaces = {samba.address}/8
bind interfaces only = yes
nbt client socket address = {samba.address}
disable netbios = yes
load printers = no
dns update command = /bin/true
spn update command = /bin/true
private dir = {domain}/private
state directory = {domain}/state
cache directory = {domain}/cache
lock directory = {domain}
binddns dir = {domain}/bind-dns
pid directory = {home}/run
ncalrpc dir = {home}/run/ncalrpc
winbindd socket directory = {home}/run/winbindd
ntp signd socket directory = {home}/run/ntp_signd
log file = {home}/log/log.%m
tls enabled = yes
tls keyfile = {certificates.key}
tls certfile = {certificates.certificate}
tls cafile = {certificates.ca}
# As a hardened controller of Microsoft's: a password in clear text needs TLS.
ldap server require strong auth = allow_sasl_over_tls
# By default a password from before works for another hour, as on Microsoft's (OldPasswordAllowedPeriod).
old password allowed period = 0
ldb:nosync = {"no" if samba.durable else "yes"}
"""


def main() -> None:
    """Serve until Ctrl-C, and print how to bind."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.samba", description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="folder for data, certificates and log")
    parser.add_argument("--fresh", action="store_true", help="start with a new domain")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Samba.open(options.dir, fresh=options.fresh) as samba:
            print(f"ldaps://{samba.address}  (StartTLS on 389)  {samba.name}  CA {samba.certificates.ca}")
            print(f"bind as {SERVICE_ACCOUNT} with {samba.service_password}")
            print(f"     or {READER} with {samba.reader_password}")
            print(f"     or {ADMINISTRATOR} with {samba.admin_password}", flush=True)
            samba.service.wait()
            sys.exit("samba ended by itself")
    except ServiceFailed as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
