"""The parts of the local system in one place: started in their order, watched, and stopped the other way round.

Azurite and the host must run. The targets, slapd and the Graph simulator, are there where they can be: a machine on
which slapd cannot be installed still shows everything else.
"""

import asyncio
import json
import secrets
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import NAMESPACE_DNS, uuid5

from sandbox.azurite import Azurite
from sandbox.certificates import Certificates, ensure_certificates
from sandbox.services import ROOT, Service, ServiceFailed, answers, free_ports
from sandbox.slapd import Slapd
from sandbox.state import DOMAIN, Choices, read_env, read_secrets, write_env, write_private, write_secrets
from sandbox.storage.process import LocalStorage

WATCH_SECONDS = 0.5
DRAIN_SECONDS = 45
"""How long the host may take to end: it finishes the invocations that run."""

RESTARTS, RESTART_WINDOW = 3, 60.0
"""A host that dies more often than this in so many seconds is not started again."""

TENANT = str(uuid5(NAMESPACE_DNS, f"tenant.{DOMAIN}"))
CLIENT = str(uuid5(NAMESPACE_DNS, f"lockstep.{DOMAIN}"))

LDAP_PASSWORD, GRAPH_SECRET = "ldap-bind-password", "graph-client-secret"
"""Names in the secrets file; connections name them as ``file:NAME``."""

LOCAL_SETTINGS = {
    "FUNCTIONS_WORKER_RUNTIME": "python",
    # In Azure once a minute; here nobody wants to wait for what a stopped server left behind.
    "LOCKSTEP_SWEEP_SCHEDULE": "*/10 * * * * *",
    "LOCKSTEP_SWEEP_GRACE_SECONDS": "10",
}

type Say = Callable[[str], None]


class Startable(Protocol):
    """What can be stopped and started again, keeping its data and ports."""

    def start(self) -> object:
        """Start and wait until it answers. Raises ``ServiceFailed``."""

    def stop(self) -> None:
        """Stop; data stays."""


@dataclass
class Part:
    """One running part. ``wanted`` is false while it is stopped on purpose."""

    name: str
    handle: Startable
    service: Service
    wanted: bool = True
    deaths: deque[float] = field(default_factory=deque)

    async def start(self) -> None:
        """Start it and want it to run."""
        await asyncio.to_thread(self.handle.start)
        self.wanted = True

    async def stop(self) -> None:
        """Stop it and do not want it to run."""
        self.wanted = False
        await asyncio.to_thread(self.handle.stop)


@dataclass
class System:
    """One local system in a state folder. ``missing`` says in words which target is not there, and why."""

    choices: Choices
    folder: Path
    say: Say
    parts: dict[str, Part] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    azurite: Azurite | LocalStorage | None = None
    slapd: Slapd | None = None
    graph_port: int = 0

    @property
    def secrets_file(self) -> Path:
        """Where the secrets of the connections are."""
        return self.folder / "secrets.json"

    @property
    def ca(self) -> Path:
        """What to trust of the targets' TLS."""
        return self.folder / "tls/ca.crt"

    @property
    def graph_origin(self) -> str:
        """Where the Graph simulator is."""
        return f"https://localhost:{self.graph_port}"

    async def start_services(self, *, targets: bool = True) -> None:
        """Start storage and targets side by side (one second). Raises ``ServiceFailed`` where storage cannot run."""
        if not targets:
            await self._start_azurite()
            return
        certificates = await asyncio.to_thread(ensure_certificates, self.folder / "tls")
        ports = self._kept_ports("ldap", "ldaps", "graph")
        kept = read_secrets(self.secrets_file)
        graph_secret = kept.get(GRAPH_SECRET) or secrets.token_urlsafe(24)
        starts = (
            self._start_azurite(),
            self._start_slapd(certificates, ports["ldap"], ports["ldaps"]),
            self._start_graph(ports["graph"], graph_secret),
        )
        problems = [found for found in await asyncio.gather(*starts, return_exceptions=True) if found is not None]
        if problems:
            raise problems[0]
        known = {GRAPH_SECRET: graph_secret} | ({LDAP_PASSWORD: self.slapd.service_password} if self.slapd else {})
        write_secrets(self.secrets_file, kept | known)

    async def _start_azurite(self) -> None:
        log = self.folder / "logs/azurite.log"
        self.azurite = await asyncio.to_thread(Azurite.start, self.folder / "azurite", log)
        self.parts["azurite"] = Part("azurite", self.azurite.service, self.azurite.service)

    async def _start_slapd(self, certificates: Certificates, ldap_port: int, ldaps_port: int) -> None:
        try:
            slapd = await asyncio.to_thread(
                Slapd.open,
                self.folder / "slapd",
                ldap_port=ldap_port,
                ldaps_port=ldaps_port,
                certificates=certificates,
            )
            await asyncio.to_thread(slapd.start)
        except ServiceFailed as problem:
            self.missing["ldap"] = str(problem)
        else:
            self.slapd, self.parts["slapd"] = slapd, Part("slapd", slapd, slapd.service)

    async def _start_graph(self, port: int, secret: str) -> None:
        secret_file = self.folder / "graph-client-secret"
        write_private(secret_file, secret)
        given = {
            "--port": port,
            "--tls-dir": self.folder / "tls",
            "--tenant": TENANT,
            "--client-id": CLIENT,
            "--client-secret-file": secret_file,
            "--domain": DOMAIN,
            "--keep": self.folder / "graph.json",
        }
        command = [sys.executable, "-m", "sandbox.graph", *(str(word) for pair in given.items() for word in pair)]
        log = self.folder / "logs/graph.log"
        service = Service("the Graph simulator", command, log=log, ports=(port,), cwd=ROOT, orphan_signal="TERM")
        self.graph_port, self.parts["graph"] = port, Part("graph", service, service)
        await self.parts["graph"].start()

    def _kept_ports(self, *names: str) -> dict[str, int]:
        """Choose ports, those of the last start where they are free: connections name them in their settings."""
        file = self.folder / "ports"
        kept = {name: int(port) for name, port in read_env(file).items() if port.isdigit()}
        fresh = dict(zip(names, free_ports(len(names)), strict=True))
        chosen = {name: kept[name] if name in kept and not answers(kept[name]) else fresh[name] for name in names}
        write_env(file, {name: str(port) for name, port in chosen.items()})
        return chosen

    async def start_host(self) -> None:
        """Start the Functions host over our function app."""
        if self.azurite is None:
            raise ServiceFailed("The host needs storage, and Azurite has not been started.")
        settings = LOCAL_SETTINGS | {
            "AzureWebJobsStorage": self.azurite.connection_string,
            "LOCKSTEP_SECRETS_FILE": str(self.secrets_file),
            "LOCKSTEP_TRUSTED_HOSTS": self.graph_origin.removeprefix("https://") if self.graph_port else "",
            "LOCKSTEP_HOST_KEYS": json.dumps({"host.master": self.choices.admin_key}),
        }
        command = [sys.executable, "-m", "sandbox.host", "--app", str(ROOT), "--port", str(self.choices.port)]
        command += ["--keys", "env:LOCKSTEP_HOST_KEYS", "--state", str(self.folder / "host")]
        log, ports = self.folder / "logs/host.log", (self.choices.port,)
        service = Service("the Functions host", command, log=log, ports=ports, env=settings, cwd=ROOT)
        self.parts["host"] = Part("host", service, service)
        await self.parts["host"].start()

    async def watch(self) -> None:
        """Return only by ``ServiceFailed``: a part that must run has died and cannot be helped."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for part in self.parts.values():
                if part.wanted and not part.service.alive:
                    await self._died(part)

    async def _died(self, part: Part) -> None:
        words = f"{part.service.name} died.\n{log_end(part.service.log)}"
        now = time.monotonic()
        part.deaths.append(now)
        while part.deaths[0] < now - RESTART_WINDOW:
            part.deaths.popleft()
        if part.name != "host" or len(part.deaths) > RESTARTS:
            raise ServiceFailed(words)
        self.say(f"{words}\nIt is started again.")
        await part.start()

    async def control(self, do: str, service: str) -> str:
        """Obey the control socket: ``status``, or ``stop`` and ``start`` a part by its name."""
        if do == "status":
            return "\n".join(
                f"{part.name}: {'runs' if part.service.alive else 'stopped'}" for part in self.parts.values()
            )
        part = self.parts.get(service)
        if part is None or do not in {"stop", "start"}:
            raise ServiceFailed(f"Say stop or start and one of: {', '.join(self.parts)}.")
        act: Callable[[], Awaitable[None]] = part.stop if do == "stop" else part.start
        if (do == "start") != part.service.alive:
            await act()
        return f"{part.name} {'stopped' if do == 'stop' else 'runs'}"

    async def stop(self) -> None:
        """Stop everything, the host first: it drains while its storage still answers."""
        for part in self.parts.values():
            part.wanted = False
        if "host" in self.parts:
            host = self.parts["host"].service
            await asyncio.to_thread(host.stop, DRAIN_SECONDS)
        async with asyncio.TaskGroup() as group:
            for name, part in self.parts.items():
                if name != "host":
                    group.create_task(part.stop())


def log_end(log: Path, lines: int = 12) -> str:
    """Return the last lines of a log, with its place."""
    found = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"The end of {log}:", *(f"    {line}" for line in found)])
