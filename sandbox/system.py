"""The parts of the local system in one place: started in their order, watched, and stopped the other way round.

Azurite and the host must run. The targets, slapd and the Graph simulator, are there where they can be: a machine on
which slapd cannot be installed still shows everything else.
"""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sandbox.azurite import Azurite
from sandbox.certificates import Certificates, ensure_certificates
from sandbox.services import ROOT, Service, ServiceFailed
from sandbox.slapd import Slapd
from sandbox.state import Choices

WATCH_SECONDS = 0.5
DRAIN_SECONDS = 45
"""How long the host may take to end: it finishes the invocations that run."""

RESTARTS, RESTART_WINDOW = 3, 60.0
"""A host that dies more often than this in so many seconds is not started again."""

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
    azurite: Azurite | None = None
    slapd: Slapd | None = None

    async def start_services(self) -> None:
        """Start storage and targets side by side (one second). Raises ``ServiceFailed`` where storage cannot run."""
        certificates = await asyncio.to_thread(ensure_certificates, self.folder / "tls")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._start_azurite())
            group.create_task(self._start_slapd(certificates))

    async def _start_azurite(self) -> None:
        log = self.folder / "logs/azurite.log"
        self.azurite = await asyncio.to_thread(Azurite.start, self.folder / "azurite", log)
        self.parts["azurite"] = Part("azurite", self.azurite.service, self.azurite.service)

    async def _start_slapd(self, certificates: Certificates) -> None:
        try:
            slapd = await asyncio.to_thread(Slapd.open, self.folder / "slapd", certificates=certificates)
            self.parts["slapd"] = Part("slapd", slapd, slapd.service)
            await self.parts["slapd"].start()
            self.slapd = slapd
        except ServiceFailed as problem:
            self.parts.pop("slapd", None)
            self.missing["ldap"] = str(problem)

    async def start_host(self, settings: Mapping[str, str]) -> None:
        """Start the Functions host over our function app. ``settings`` are its application settings."""
        service = Service(
            "the Functions host",
            [sys.executable, "-m", "sandbox.host", "--port", str(self.choices.port)],
            log=self.folder / "logs/host.log",
            ports=(self.choices.port,),
            env=settings,
            cwd=ROOT,
        )
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
