"""The two directory servers of the connector benchmarks, and one person in each one's three forms.

The forms are a connector's attributes, what bare ldap3 is given, and LDIF; all three carry the same values, so that
everybody makes the server do the same.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.active_directory.defaults import DEFAULTS as AD_DEFAULTS
from connectors.contract import Attributes
from connectors.ldap.defaults import DEFAULTS as LDAP_DEFAULTS
from sandbox import samba, slapd
from sandbox.samba_template import BASE

CONNECTIONS = 4
"""What every connector here may open, and as many threads bare ldap3 has."""

_ORGANIZATION = "corp.example.test"
_DEFAULTS = {"ldap": LDAP_DEFAULTS, "active_directory": AD_DEFAULTS}


@dataclass(frozen=True, slots=True)
class Person:
    """One person as the benchmarks make it. ``second`` are the changes of a second request, where there is one."""

    dn: str
    classes: tuple[str, ...]
    values: Mapping[str, bytes]
    second: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def ldif(self) -> str:
        """What ``ldapadd`` reads (RFC 2849)."""
        lines = [_line("dn", self.dn.encode()), "changetype: add", *(f"objectClass: {name}" for name in self.classes)]
        lines += [_line(name, value) for name, value in self.values.items()]
        if self.second:
            lines += ["", _line("dn", self.dn.encode()), "changetype: modify"]
            for name, value in self.second.items():
                lines += [f"replace: {name}", _line(name, value), "-"]
        return "\n".join([*lines, "", ""])


@dataclass(frozen=True, slots=True)
class Target:
    """A running server. ``settings`` are the connector's, without its secret, which is ``password``."""

    name: str
    kind: str
    host: str
    port: int
    ca: Path
    bind_name: str
    password: str = field(repr=False)
    user_base: str
    settings: Mapping[str, Any]

    @property
    def uri(self) -> str:
        """Where the command line tools connect; they want an address that the certificate names."""
        return f"ldaps://{'127.0.0.1' if self.host == 'localhost' else self.host}:{self.port}"

    def attributes(self, run: str, number: int) -> Attributes:
        """Return one person for a connector."""
        login, shown = f"{run}{number:06}", f"{run} Person {number:06}"
        common = {"givenName": "Mira", "sn": "Okafor", "displayName": shown, "title": "Account Manager"}
        common |= {"cn": shown, "mail": f"{login}@{_ORGANIZATION}", "telephoneNumber": f"+44 20 7946 {number:06}"}
        if self.kind == "ldap":
            return common | {"uid": login, "employeeNumber": str(number)}
        return common | {
            "sAMAccountName": login,
            "userPrincipalName": f"{login}@{_ORGANIZATION}",
            "employeeID": str(number),
        }

    def person(self, run: str, number: int) -> Person:
        """Return the same person for the peers."""
        values = {name: str(value).encode() for name, value in self.attributes(run, number).items()}
        if self.kind == "ldap":
            dn = f"uid={run}{number:06},{self.user_base}"
            return Person(dn, ("inetOrgPerson",), values)
        dn = f"CN={values.pop('cn').decode()},{self.user_base}"
        password = f'"Secret-{number:06}-of-nobody"'.encode("utf-16-le")
        second = {"unicodePwd": password, "userAccountControl": b"512"}
        return Person(dn, ("top", "person", "organizationalPerson", "user"), values, second)

    def readable(self) -> list[str]:
        """Return the attributes that an import reads of users."""
        identity = {"ldap": ["entryUUID", "pwdAccountLockedTime"], "active_directory": ["objectGUID"]}[self.kind]
        mapped = [mapping.target for mapping in next(iter(_DEFAULTS[self.kind].values())).mappings]
        return [*mapped, *identity, *(["userAccountControl"] if self.kind == "active_directory" else [])]


@contextmanager
def ldap(folder: Path) -> Iterator[Target]:
    """Run OpenLDAP's slapd that does not wait for the disk, with all its overlays."""
    with slapd.Slapd.open(folder / "slapd", durable=False) as server:
        settings = {
            "host": "localhost",
            "port": server.ldaps_port,
            "ca_file": str(server.certificates.ca),
            "bind_dn": slapd.SERVICE_ACCOUNT,
            "user_base": slapd.USERS,
            "group_base": slapd.GROUPS,
            "connections": CONNECTIONS,
        }
        yield Target(
            "LDAP (slapd)",
            "ldap",
            "localhost",
            server.ldaps_port,
            server.certificates.ca,
            slapd.SERVICE_ACCOUNT,
            server.service_password,
            slapd.USERS,
            settings,
        )


@contextmanager
def active_directory(folder: Path) -> Iterator[Target]:
    """Run Samba as a domain controller."""
    with samba.Samba.open(folder / "samba") as server:
        settings = {
            "host": server.address,
            "base": BASE,
            "ca_file": str(server.certificates.ca),
            "bind_user": samba.SERVICE_ACCOUNT,
            "user_base": samba.USERS,
            "group_base": samba.GROUPS,
            "connections": CONNECTIONS,
        }
        yield Target(
            "Active Directory (Samba)",
            "active_directory",
            server.address,
            samba.LDAPS_PORT,
            server.certificates.ca,
            samba.SERVICE_ACCOUNT,
            server.service_password,
            samba.USERS,
            settings,
        )


def _line(name: str, value: bytes) -> str:
    return f"{name}:: {base64.b64encode(value).decode()}"
