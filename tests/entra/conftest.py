"""An enterprise application in the simulated tenant, and the command as an operator runs it: a process of its own."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.graph.enterprise_applications import EnterpriseApplication, SynchronizationJob
from sandbox.graph.planting import plant
from sandbox.graph.server import Served
from tests.graph_server import graph_certificates, graph_contract, graph_simulator

__all__ = ["graph_certificates", "graph_contract", "graph_simulator"]

ROOT = Path(__file__).parents[2]
RECOMMENDED = ROOT / "infra/entra/user-and-group-mappings.yaml"

type Meanwhile = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run of the command ended."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Operator:
    """Somebody with a shell in ``folder``, signed in as the application that the simulated tenant knows."""

    served: Served
    application: EnterpriseApplication
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def job(self) -> SynchronizationJob:
        """The application's first job."""
        return next(iter(self.application.jobs.values()))

    def mapping(self, source: str = "User") -> dict[str, Any]:
        """An object mapping as it stands in Entra."""
        [found] = [
            each
            for each in self.job.schema["synchronizationRules"][0]["objectMappings"]
            if each["sourceObjectName"] == source
        ]
        return dict(found)

    async def run(self, *words: str, answer: str = "", meanwhile: Meanwhile | None = None) -> Ran:
        """Run the command to its end. ``meanwhile`` happens when it asks, before it gets its ``answer``."""
        at = ["--service-principal", self.application.id, "--graph", self.served.origin]
        at += ["--authority", self.served.authority]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error::ResourceWarning",
            "AZURE_TENANT_ID": self.served.tenant_id,
            "AZURE_CLIENT_ID": self.served.client_id,
            "AZURE_CLIENT_SECRET": self.served.client_secret,
            "REQUESTS_CA_BUNDLE": str(self.served.ca),
            "LOCKSTEP_TRUSTED_HOSTS": self.served.origin.removeprefix("https://"),
        } | self.environment
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "provisioning.entra",
            *words,
            *([] if words[0] == "validate" else at),
            cwd=self.folder,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        asked = b""
        if meanwhile is not None and process.stdout is not None:
            asked = await process.stdout.readuntil(b"taken: ")
            await meanwhile()
        out, err = await process.communicate(answer.encode())
        return Ran(process.returncode or 0, (asked + out).decode(), err.decode())

    def backups(self) -> list[Path]:
        """The backups that were taken, the oldest first."""
        return sorted((self.folder / "entra-backups").glob("*.json"))


@pytest.fixture
def operator(graph_simulator: Served, tmp_path: Path) -> Operator:
    """An operator, and an application with one job whose schema is the template's."""
    graph_simulator.knobs.permissions = frozenset({"Synchronization.ReadWrite.All"})
    application = plant(graph_simulator.tenant, "servicePrincipals", {"displayName": "Lockstep"})
    assert isinstance(application, EnterpriseApplication)
    return Operator(graph_simulator, application, tmp_path)
