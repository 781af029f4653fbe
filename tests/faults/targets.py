"""The systems that are broken for real: how they are connected, stopped, started, and read without the connector."""

import asyncio
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from aiohttp import web

from connectors.contract import ObjectKind
from connectors.ldap_client.library import SUBTREE, Connection, Server
from sandbox import samba as ad
from sandbox import slapd as ldap
from sandbox.certificates import Certificates
from sandbox.graph.entities import GROUP as GRAPH_GROUP
from sandbox.graph.entities import USER as GRAPH_USER
from sandbox.graph.server import Served, application
from sandbox.graph.simulator import Exchange, Simulator
from sandbox.samba import Samba
from sandbox.slapd import Slapd
from tests.samba_connection import connect

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP


@dataclass(frozen=True)
class Person:
    """A user as it stands in the system. ``manager`` is the manager's login."""

    remote_id: str
    login: str
    display_name: str
    title: str
    manager: str
    active: bool


@dataclass(frozen=True)
class Group:
    """A group as it stands in the system, with its members' logins."""

    remote_id: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """Everybody and every group that stands in the system, duplicates included."""

    people: list[Person]
    groups: list[Group]


class Target(ABC):
    """One system. Everything but ``read`` and ``count`` may be called while jobs run."""

    kind: ClassVar[str]
    domain: ClassVar[str] = "contoso.example"
    names: tuple[str, ...] = ()
    """What else than this machine its certificate is for."""
    secret: str
    """What LOCKSTEP_SECRET_TARGET is to hold."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return the connection's settings."""

    @abstractmethod
    async def start(self) -> None:
        """Start the server again, with its data."""

    @abstractmethod
    async def kill(self) -> None:
        """Stop the server as a power cut does."""

    @abstractmethod
    async def show(self, certificates: Certificates) -> None:
        """Show another server certificate; every connection breaks."""

    @abstractmethod
    async def read(self) -> Standing:
        """Return what stands in the system, read without the connector."""

    @abstractmethod
    async def reaches(self, people: int) -> None:
        """Return when there are so many users."""


class Directory(Target):
    """What both kinds of LDAP server have in common."""

    @abstractmethod
    def connect(self) -> Connection:
        """Return a connection of the administrator's."""

    @abstractmethod
    def people(self, connection: Connection) -> list[dict[str, Any]]:
        """Return the raw entries of all users."""

    async def reaches(self, people: int) -> None:
        await asyncio.to_thread(self._reaches, people)

    def _reaches(self, people: int) -> None:
        with unbinding(self.connect) as connection:
            while len(self.people(connection)) < people:
                time.sleep(0.01)


@dataclass
class LdapTarget(Directory):
    """OpenLDAP's slapd."""

    server: Slapd
    kind: ClassVar[str] = "ldap"

    @property
    def secret(self) -> str:  # type: ignore[override]
        return self.server.service_password

    def settings(self) -> dict[str, Any]:
        return {
            "host": "localhost",
            "port": self.server.ldaps_port,
            "ca_file": str(self.server.certificates.ca),
            "bind_dn": ldap.SERVICE_ACCOUNT,
            "bind_password": "env:LOCKSTEP_SECRET_TARGET",
            "user_base": ldap.USERS,
            "group_base": ldap.GROUPS,
        }

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start)

    async def kill(self) -> None:
        await asyncio.to_thread(self.server.kill)

    async def show(self, certificates: Certificates) -> None:
        await self.kill()
        self.server = Slapd.open(
            self.server.directory,
            ldap_port=self.server.ldap_port,
            ldaps_port=self.server.ldaps_port,
            durable=False,
            certificates=certificates,
        )
        await self.start()

    def connect(self) -> Connection:
        server = Server("127.0.0.1", self.server.ldap_port)
        return Connection(server, ldap.ADMIN, self.server.admin_password, auto_bind=True)

    def people(self, connection: Connection) -> list[dict[str, Any]]:
        return _search(connection, ldap.USERS, "(objectClass=inetOrgPerson)", ["*", "+"])

    async def read(self) -> Standing:
        return await asyncio.to_thread(self._read)

    def _read(self) -> Standing:
        with unbinding(self.connect) as connection:
            entries = self.people(connection)
            groups = _search(connection, ldap.GROUPS, "(objectClass=groupOfNames)", ["cn", "member", "entryUUID"])
        logins = {entry["dn"].lower(): _one(entry, "uid") for entry in entries}
        people = [
            Person(
                _one(entry, "entryUUID"),
                _one(entry, "uid"),
                _one(entry, "displayName"),
                _one(entry, "title"),
                logins.get(_one(entry, "manager").lower(), _one(entry, "manager")),
                not _one(entry, "pwdAccountLockedTime"),
            )
            for entry in entries
        ]
        placeholder = f"cn=lockstep-placeholder,{ldap.GROUPS}"
        return Standing(people, [_group(each, "cn", "entryUUID", logins, placeholder) for each in groups])


@dataclass
class ActiveDirectoryTarget(Directory):
    """Samba's domain controller. ``host`` is what the connection names: the controller's address unless set."""

    server: Samba
    host: str = ""
    ca_file: str = ""
    kind: ClassVar[str] = "active_directory"
    domain: ClassVar[str] = "corp.example.test"

    @property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.server.name, self.server.address)

    @property
    def secret(self) -> str:  # type: ignore[override]
        return self.server.service_password

    def settings(self) -> dict[str, Any]:
        return {
            "host": self.host or self.server.address,
            "ca_file": self.ca_file or str(self.server.certificates.ca),
            "bind_user": ad.SERVICE_ACCOUNT,
            "bind_password": "env:LOCKSTEP_SECRET_TARGET",
            "user_base": ad.USERS,
            "group_base": ad.GROUPS,
        }

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start)

    async def kill(self) -> None:
        await asyncio.to_thread(self.server.kill)

    async def show(self, certificates: Certificates) -> None:
        await asyncio.to_thread(self.server.show, certificates)

    def connect(self) -> Connection:
        return connect(self.server)

    def people(self, connection: Connection) -> list[dict[str, Any]]:
        return _search(connection, ad.USERS, "(objectCategory=person)", ["*"])

    async def read(self) -> Standing:
        return await asyncio.to_thread(self._read)

    def _read(self) -> Standing:
        with unbinding(self.connect) as connection:
            entries = self.people(connection)
            groups = _search(connection, ad.GROUPS, "(objectCategory=group)", ["name", "member", "objectGUID"])
        logins = {entry["dn"].lower(): _one(entry, "userPrincipalName") for entry in entries}
        people = [
            Person(
                _guid(entry),
                _one(entry, "userPrincipalName"),
                _one(entry, "displayName"),
                _one(entry, "title"),
                logins.get(_one(entry, "manager").lower(), _one(entry, "manager")),
                _one(entry, "userAccountControl") == "512" and _one(entry, "pwdLastSet") != "0",
            )
            for entry in entries
        ]
        return Standing(people, [_group(each, "name", "", logins, "") for each in groups])


@dataclass
class GraphTarget(Target):
    """The Graph simulator, in this process; its web server is what is stopped. The tenant outlives it."""

    simulator: Simulator
    certificates: Certificates
    port: int
    kind: ClassVar[str] = "graph"
    _runner: web.AppRunner | None = field(default=None, init=False)

    @property
    def secret(self) -> str:  # type: ignore[override]
        return self.served.client_secret

    @property
    def served(self) -> Served:
        """What a client is configured with."""
        return Served(self.simulator, f"https://localhost:{self.port}", self.certificates.ca)

    def settings(self) -> dict[str, Any]:
        return {
            "tenant_id": self.served.tenant_id,
            "client_id": self.served.client_id,
            "client_secret": "env:LOCKSTEP_SECRET_TARGET",
            "credential": "client_secret",
            "authority": self.served.authority,
            "base_url": self.served.base_url,
            "ca_file": str(self.certificates.ca),
        }

    async def start(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates.certificate, self.certificates.key)
        runner = web.AppRunner(application(self.simulator), access_log=None, handle_signals=False, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=context, reuse_address=True).start()
        self._runner = runner

    async def kill(self) -> None:
        runner, self._runner = self._runner, None
        if runner is None or runner.server is None:
            return
        for connection in list(runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()

    async def show(self, certificates: Certificates) -> None:
        await self.kill()
        self.certificates = certificates
        await self.start()

    async def reaches(self, people: int) -> None:
        there = asyncio.Event()

        def count(_: Exchange) -> None:
            if len(list(self.simulator.tenant.all(GRAPH_USER))) >= people:
                there.set()

        self.simulator.observers.append(count)
        await there.wait()
        self.simulator.observers.remove(count)

    async def read(self) -> Standing:
        tenant = self.simulator.tenant
        assert not tenant.deleted
        users = list(tenant.all(GRAPH_USER))
        logins = {user.id: str(user.value("userPrincipalName")) for user in users}
        people = [
            Person(
                user.id,
                logins[user.id],
                str(user.value("displayName")),
                user.value("jobTitle") or "",
                logins.get(tenant.managers.get(user.id, ""), ""),
                user.value("accountEnabled"),
            )
            for user in users
        ]
        groups = [
            Group(
                group.id,
                str(group.value("displayName")),
                tuple(logins.get(member, member) for member in tenant.members.get(group.id, {})),
            )
            for group in tenant.all(GRAPH_GROUP)
        ]
        return Standing(people, groups)


@contextmanager
def unbinding(opening: Callable[[], Connection]) -> Iterator[Connection]:
    """A connection that is unbound at the end."""
    connection = opening()
    try:
        yield connection
    finally:
        connection.unbind()


def _search(connection: Connection, base: str, condition: str, attributes: list[str]) -> list[dict[str, Any]]:
    connection.search(base, condition, SUBTREE, attributes=attributes)
    assert connection.result["result"] == 0, connection.result
    return [entry for entry in connection.response or [] if entry["type"] == "searchResEntry"]


def _values(entry: Mapping[str, Any], name: str) -> list[str]:
    for held, values in entry["raw_attributes"].items():
        if held.lower() == name.lower():
            return [value.decode() for value in values]
    return []


def _one(entry: Mapping[str, Any], name: str) -> str:
    values = _values(entry, name)
    assert len(values) <= 1, (name, values)
    return values[0] if values else ""


def _guid(entry: Mapping[str, Any]) -> str:
    return str(UUID(bytes_le=entry["raw_attributes"]["objectGUID"][0]))


def _group(entry: Mapping[str, Any], name: str, id_: str, logins: Mapping[str, str], placeholder: str) -> Group:
    members = [member for member in _values(entry, "member") if member != placeholder]
    return Group(
        _one(entry, id_) if id_ else _guid(entry),
        _one(entry, name),
        tuple(logins.get(member.lower(), member) for member in members),
    )
