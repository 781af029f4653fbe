"""The local system as a soak run needs it: the real host, real LDAP, and storage that bears a million rows."""

import asyncio

import psutil

from benchmarks.soak_report import Look
from sandbox.storage.process import LocalStorage
from sandbox.system import Part, System


class SoakSystem(System):
    """``make up`` with ``sandbox.storage`` in Azurite's place, and LDAP as the only target.

    After half an hour of this traffic there are some 300,000 rows, at which Azurite takes 130 ms for a transaction. The
    Graph simulator would take as much processor time as the hub: two cores do not bear it beside the rest.
    """

    async def _start_azurite(self) -> None:
        storage = await asyncio.to_thread(LocalStorage.start, None, self.folder / "logs/storage.log")
        self.azurite, self.parts["azurite"] = storage, Part("azurite", storage.service, storage.service)

    async def _start_graph(self, port: int, secret: str) -> None:
        return

    def look(self, at: float) -> Look:
        """Look at the Functions worker: the whole process of the host."""
        process = psutil.Process(self.parts["host"].service.pid)
        times = process.cpu_times()
        return Look(at, process.memory_info().rss / 1e6, times.user + times.system)
