"""The peers of the connector benchmarks: OpenLDAP's command line tools, and bare ldap3 with as many connections."""

import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import Any

from benchmarks.connector_targets import CONNECTIONS, Person, Target
from connectors.ldap_client.library import MODIFY_REPLACE, NONE, SUBTREE, SYNC, Connection, Server, Tls


@dataclass(frozen=True, slots=True)
class Took:
    """How many objects in how many seconds, and the processor time of this process meanwhile."""

    objects: int
    seconds: float
    cpu: float = 0.0

    @property
    def per_second(self) -> float:
        """Objects in a second."""
        return self.objects / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor time for an object."""
        return self.cpu * 1000 / self.objects


def timed(objects: int, work: Callable[[], object]) -> Took:
    """Do some work and measure it."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(objects, time.perf_counter() - wall, time.process_time() - cpu)


def ldapadd(target: Target, people: Sequence[Person]) -> Took:
    """Add people with ``ldapadd``, on its one connection."""
    with tempfile.NamedTemporaryFile("w", suffix=".ldif") as file:
        file.write("".join(person.ldif for person in people))
        file.flush()
        return timed(len(people), lambda: _tool(target, "ldapadd", "-f", file.name))


def ldapsearch(target: Target) -> Took:
    """Read all users with ``ldapsearch``, in pages of 500."""
    found: list[str] = []

    def work() -> None:
        found.append(_tool(target, "ldapsearch", "-LLL", "-E", "pr=500/noprompt", *_search(target)))

    took = timed(1, work)
    return Took(found[0].count("\ndn:") + found[0].startswith("dn:"), took.seconds)


def bare_adds(target: Target, people: Sequence[Person]) -> Took:
    """Add people with ldap3 and nothing around it: a thread for each connection."""
    held = local()

    def connected() -> None:
        held.connection = _connect(target)

    def add(person: Person) -> None:
        connection: Any = held.connection  # ldap3's types say nothing of these calls
        connection.add(person.dn, list(person.classes), dict(person.values))
        assert connection.result["result"] == 0, connection.result
        if person.second:
            changes = {name: [(MODIFY_REPLACE, [value])] for name, value in person.second.items()}
            connection.modify(person.dn, changes)
            assert connection.result["result"] == 0, connection.result

    with ThreadPoolExecutor(CONNECTIONS, initializer=connected) as threads:
        list(threads.map(lambda _: time.sleep(0.1), range(CONNECTIONS)))  # all are connected before the clock runs
        return timed(len(people), lambda: list(threads.map(add, people)))


def bare_reads(target: Target) -> Took:
    """Read all users with ldap3, in pages of 500."""
    connection, rows = _connect(target), 0
    base, condition = _conditions(target)

    def work() -> None:
        nonlocal rows
        cookie: bytes | None = None
        while True:
            connection.search(
                base, condition, SUBTREE, attributes=target.readable(), paged_size=500, paged_cookie=cookie
            )
            rows += len([1 for item in connection.response or [] if item["type"] == "searchResEntry"])
            cookie = connection.result["controls"]["1.2.840.113556.1.4.319"]["value"]["cookie"]
            if not cookie:
                return

    took = timed(1, work)
    return Took(rows, took.seconds, took.cpu)


def _conditions(target: Target) -> tuple[str, str]:
    return target.user_base, "(objectClass=inetOrgPerson)" if target.kind == "ldap" else "(sAMAccountType=805306368)"


def _search(target: Target) -> Iterable[str]:
    base, condition = _conditions(target)
    return "-b", base, condition, *target.readable()


def _connect(target: Target) -> Connection:
    context = ssl.create_default_context(cafile=str(target.ca))
    tls = Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(target.ca), valid_names=[*_names(context, target)])
    server = Server(target.host, port=target.port, use_ssl=True, tls=tls, get_info=NONE)
    connection = Connection(
        server, target.bind_name, target.password, client_strategy=SYNC, check_names=False, auto_bind=True
    )
    connection.auto_encode = connection.auto_escape = False
    return connection


def _names(context: ssl.SSLContext, target: Target) -> Sequence[str]:
    """Return the names that ldap3 is to accept: it does not compare addresses itself, so Python does that first."""
    with (
        socket.create_connection((target.host, target.port)) as stream,
        context.wrap_socket(stream, server_hostname=target.host) as checked,
    ):
        shown: Any = checked.getpeercert() or {}
    return [value for kind, value in shown.get("subjectAltName", ()) if kind == "DNS"]


def _tool(target: Target, name: str, *arguments: str) -> str:
    with tempfile.NamedTemporaryFile("w") as password:
        password.write(target.password)
        password.flush()
        command = [name, "-x", "-H", target.uri, "-D", target.bind_name, "-y", password.name, *arguments]
        environment = {"LDAPTLS_CACERT": str(target.ca), "PATH": "/usr/bin:/bin:/usr/local/bin"}
        done = subprocess.run(command, env=environment, cwd=Path("/"), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed: {done.stderr.strip()[:500]}")
    return done.stdout
