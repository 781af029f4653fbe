"""OpenLDAP's slapd as the sandbox's LDAP directory, started from an empty folder, with TLS.

The directory is ``dc=example,dc=test`` with ``ou=people``, ``ou=groups``, ``ou=disabled``, a password policy, and a
service account with limited rights, as which Lockstep binds. Run ``python -m sandbox.slapd --dir D --ldap-port N
--ldaps-port M`` to have one alone.
"""

import argparse
import base64
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sandbox.certificates import Certificates, ensure_certificates
from sandbox.services import LOOPBACK, Service, ServiceFailed, free_ports
from sandbox.slapd_packages import MODULES, SCHEMA
from sandbox.slapd_packages import install as install  # callers ask this module for it

SUFFIX = "dc=example,dc=test"
USERS, GROUPS, DISABLED = f"ou=people,{SUFFIX}", f"ou=groups,{SUFFIX}", f"ou=disabled,{SUFFIX}"
ADMIN = f"cn=admin,{SUFFIX}"
SERVICE_ACCOUNT = f"cn=lockstep,ou=services,{SUFFIX}"

OVERLAYS = ("memberof", "refint", "ppolicy")
NIS = f"include {SCHEMA}/nis.schema"
"""RFC 2307: ``posixGroup`` is structural, and holds logins."""
_OURS = "lockstep-slapd.json"


@dataclass
class Slapd:
    """One slapd: where it listens, and as whom to bind. ``stop`` and ``start`` keep data and ports."""

    directory: Path
    ldap_port: int
    ldaps_port: int
    certificates: Certificates
    admin_password: str = field(repr=False)
    service_password: str = field(repr=False)
    service: Service = field(repr=False)

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        ldap_port: int | None = None,
        ldaps_port: int | None = None,
        fresh: bool = False,
        overlays: Sequence[str] = OVERLAYS,
        durable: bool = True,
        certificates: Certificates | None = None,
        access: str | None = None,
        schema: str = NIS,
    ) -> Self:
        """Prepare a directory server in a folder, without starting it.

        A folder that holds one already keeps its data and passwords, unless ``fresh``. ``overlays`` are slapd's own
        (memberof, refint, ppolicy). ``durable=False`` does not wait for the disk. ``access`` replaces indexes, limits
        and rights, in slapd's own words; ``schema`` the definitions of POSIX accounts. Raises ``ServiceFailed`` where
        slapd is missing or the folder holds something else.
        """
        program = install()
        directory = directory.resolve()
        ours = directory / _OURS
        if directory.exists() and not ours.exists() and any(directory.iterdir()):
            raise ServiceFailed(f"{directory} is not empty and holds no slapd of Lockstep. Choose another folder.")
        if fresh and ours.exists():
            shutil.rmtree(directory)
        made = not ours.exists()
        if made:
            (directory / "db").mkdir(parents=True, exist_ok=True)
            passwords = {"admin": secrets.token_urlsafe(18), "service": secrets.token_urlsafe(18)}
        else:
            passwords = json.loads(ours.read_text())
        if ldap_port is None or ldaps_port is None:
            first, second = free_ports(2)
            ldap_port, ldaps_port = ldap_port or first, ldaps_port or second
        certificates = certificates or ensure_certificates(directory / "tls")
        configuration = directory / "slapd.conf"
        before = _indexes(configuration.read_text()) if configuration.exists() else []
        _write_private(
            configuration,
            _configuration(directory, certificates, passwords["admin"], overlays, access, schema, durable=durable),
        )
        if made:
            _load(program, configuration, _first_entries(passwords["service"], overlays))
            _write_private(ours, json.dumps(passwords))  # last: a folder without it is not finished
        elif before != _indexes(configuration.read_text()):
            _run([str(program), "-Tindex", "-q", "-f", str(configuration)], "could not be indexed")
        listeners = f"ldap://{LOOPBACK}:{ldap_port}/ ldaps://{LOOPBACK}:{ldaps_port}/"
        service = Service(
            "slapd",
            [str(program), "-f", str(configuration), "-h", listeners, "-d", "0"],
            log=directory / "slapd.log",
            ports=(ldap_port, ldaps_port),
            orphan_signal="TERM",
        )
        return cls(directory, ldap_port, ldaps_port, certificates, passwords["admin"], passwords["service"], service)

    def start(self) -> Self:
        """Start and wait until both ports answer (0.1 s). Raises ``ServiceFailed``."""
        self.service.start()
        return self

    def stop(self) -> None:
        """Stop; data stays."""
        self.service.stop()

    def kill(self) -> None:
        """Stop as a power cut does: connections break without a word."""
        self.service.kill()

    def __enter__(self) -> Self:
        return self if self.service.alive else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _load(program: Path, configuration: Path, entries: str) -> None:
    _run([str(program), "-Tadd", "-f", str(configuration)], "could not be loaded", entries)


def _run(command: Sequence[str], failure: str, entries: str = "") -> None:
    done = subprocess.run(command, input=entries, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceFailed(f"slapd's entries {failure}: {done.stderr.strip()}")


def _indexes(configuration: str) -> list[str]:
    """Return the lines about indexes: entries that were there before a new one are not in it."""
    return [line for line in configuration.splitlines() if line.startswith("index ")]


def _write_private(path: Path, content: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)


def _hashed(password: str) -> str:
    """Return the password as slapd keeps it: salted SHA-1 (``{SSHA}``), what every OpenLDAP has built in."""
    salt = secrets.token_bytes(8)
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


def _configuration(
    directory: Path,
    certificates: Certificates,
    admin_password: str,
    overlays: Sequence[str],
    access: str | None,
    schema: str,
    *,
    durable: bool,
) -> str:
    schemas = "\n".join(f"include {SCHEMA}/{name}.schema" for name in ("core", "cosine", "inetorgperson"))
    modules = "\n".join(f"moduleload {name}" for name in ("back_mdb", *overlays))
    return f"""{schemas}
{schema}
modulepath {MODULES}
{modules}
pidfile "{directory}/slapd.pid"
argsfile "{directory}/slapd.args"
loglevel none
TLSCACertificateFile "{certificates.ca}"
TLSCertificateFile "{certificates.certificate}"
TLSCertificateKeyFile "{certificates.key}"
TLSVerifyClient never
access to dn.base="" by * read
access to dn.base="cn=Subschema" by * read
database mdb
suffix "{SUFFIX}"
rootdn "{ADMIN}"
rootpw {_hashed(admin_password)}
directory "{directory}/db"
maxsize 1073741824
{"" if durable else "dbnosync"}
index objectClass eq
{_ACCESS if access is None else access}
{"".join(_OVERLAY_SETTINGS[overlay] for overlay in overlays)}"""


_ACCESS = f"""\
index uid,mail,cn,employeeNumber,member,uniqueMember,memberUid,manager,uidNumber,gidNumber eq
index entryUUID,modifyTimestamp eq
# As most directories: plain searches end at 500 entries, paged ones go on.
limits dn.exact="{SERVICE_ACCOUNT}" size.soft=500 size.hard=500 size.pr=500 size.prtotal=unlimited
access to attrs=userPassword by dn.exact="{SERVICE_ACCOUNT}" =w by self =xw by anonymous auth by * none
access to dn.subtree="{USERS}" by dn.exact="{SERVICE_ACCOUNT}" write by users read by * none
access to dn.subtree="{GROUPS}" by dn.exact="{SERVICE_ACCOUNT}" write by users read by * none
access to dn.subtree="{DISABLED}" by dn.exact="{SERVICE_ACCOUNT}" write by users read by * none
access to * by users read by * none"""

_OVERLAY_SETTINGS = {
    "memberof": "overlay memberof\nmemberof-group-oc groupOfNames\nmemberof-member-ad member\nmemberof-refint TRUE\n",
    "refint": "overlay refint\nrefint_attributes member manager\n",
    "ppolicy": f'overlay ppolicy\nppolicy_default "cn=default,ou=policies,{SUFFIX}"\nppolicy_use_lockout\n'
    "ppolicy_hash_cleartext\n",
}


_POLICY_ENTRY = f"""dn: cn=default,ou=policies,{SUFFIX}
objectClass: person
objectClass: pwdPolicy
cn: default
sn: default
pwdAttribute: userPassword
pwdMinLength: 8
pwdCheckQuality: 2
pwdInHistory: 3
pwdMaxFailure: 5
pwdLockout: TRUE
pwdLockoutDuration: 60
"""


def _first_entries(service_password: str, overlays: Sequence[str]) -> str:
    units = "".join(
        f"dn: ou={name},{SUFFIX}\nobjectClass: organizationalUnit\nou: {name}\n\n"
        for name in ("people", "groups", "disabled", "services", "policies")
    )
    return f"""dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

{units}dn: {SERVICE_ACCOUNT}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: lockstep
userPassword: {_hashed(service_password)}

{_POLICY_ENTRY if "ppolicy" in overlays else ""}"""


def main() -> None:
    """Serve until Ctrl-C, and print how to bind."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.slapd", description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="folder for data, certificates and log")
    parser.add_argument("--ldap-port", type=int, help="LDAP with StartTLS; a free one unless given")
    parser.add_argument("--ldaps-port", type=int, help="LDAPS; a free one unless given")
    parser.add_argument("--fresh", action="store_true", help="start with an empty directory")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        slapd = Slapd.open(options.dir, ldap_port=options.ldap_port, ldaps_port=options.ldaps_port, fresh=options.fresh)
        with slapd:
            print(f"ldaps://localhost:{slapd.ldaps_port}  (StartTLS on {slapd.ldap_port})  CA {slapd.certificates.ca}")
            print(f"bind as {SERVICE_ACCOUNT} with {slapd.service_password}")
            print(f"     or {ADMIN} with {slapd.admin_password}", flush=True)
            slapd.service.wait()
            sys.exit("slapd ended by itself")
    except ServiceFailed as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
