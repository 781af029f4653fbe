"""The service in a process of its own: started, and how to connect to it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sandbox.azurite import ACCOUNT, ACCOUNT_KEY
from sandbox.services import LOCAL, LOOPBACK, ROOT, Service, free_ports

LOAD_SECONDS = 120


@dataclass
class LocalStorage:
    """One running service; everything in it is in memory."""

    service: Service
    queue_port: int
    table_port: int

    @classmethod
    def start(cls, load: Path | None = None, log: Path | None = None) -> Self:
        """Start on free ports, with the tables of a file where one is given. Raises ``ServiceFailed``."""
        queue, table = free_ports(2)
        command = [sys.executable, "-m", "sandbox.storage", "--account", ACCOUNT]
        command += ["--table-port", str(table), "--queue-port", str(queue)]
        command += ["--load", str(load)] if load else []
        service = Service(
            "the local storage service", command, log=log or LOCAL / "logs/storage.log", ports=(queue, table), cwd=ROOT
        )
        service.start(LOAD_SECONDS)
        return cls(service, queue, table)

    @property
    def connection_string(self) -> str:
        """The storage connection string, as ``AzureWebJobsStorage`` wants it; the key is Azurite's well-known one."""
        ports = {"Queue": self.queue_port, "Table": self.table_port}
        endpoints = (f"{name}Endpoint=http://{LOOPBACK}:{port}/{ACCOUNT};" for name, port in ports.items())
        return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};{''.join(endpoints)}"

    def stop(self) -> None:
        """Stop it; its data is gone."""
        self.service.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
