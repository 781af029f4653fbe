"""Azurite, Microsoft's emulator of Azure Storage: installed from the lock file, started, and how to connect to it.

Queue, table and blob service run in one process on three loopback ports. Run ``python -m sandbox.azurite`` to install
it alone. On disk its data survives SIGTERM; a SIGKILL loses the last seconds, which no test may rely on.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sandbox.services import LOCAL, LOOPBACK, ROOT, Service, ServiceFailed, free_ports

LOCK_FILES = (ROOT / "sandbox/npm/package.json", ROOT / "sandbox/npm/package-lock.json")
INSTALLED = LOCAL / "npm"

ACCOUNT = "devstoreaccount1"
# The emulator's account key is the same on every machine and printed in Microsoft's documentation: no secret.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def install(into: Path = INSTALLED) -> Path:
    """Install what the lock file names, unless that is installed already; return the path of Azurite's script.

    Takes half a minute the first time and nothing afterwards. Safe to run in several processes at once. Raises
    ``ServiceFailed`` where Node.js is missing or npm fails.
    """
    script = into / "node_modules/azurite/dist/src/azurite.js"
    wanted = hashlib.sha256(b"\0".join(file.read_bytes() for file in LOCK_FILES)).hexdigest()
    stamp = into / ".installed"
    into.mkdir(parents=True, exist_ok=True)
    with (into / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted and script.exists():
            return script
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            raise ServiceFailed(
                "Azurite needs Node.js 20 or newer with npm; node or npm is not on the PATH. "
                "Install them (Debian: apt-get install nodejs npm; or from nodejs.org) and run this again."
            )
        stamp.unlink(missing_ok=True)
        for file in LOCK_FILES:
            shutil.copyfile(file, into / file.name)
        command = [npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
        done = subprocess.run(command, cwd=into, capture_output=True, text=True, check=False)
        if done.returncode or not script.exists():
            raise ServiceFailed(
                f"npm could not install Azurite (exit code {done.returncode}). It needs the npm registry, or a mirror "
                f"set in ~/.npmrc. npm said:\n{done.stderr[-2000:]}"
            )
        stamp.write_text(wanted)
    return script


@dataclass
class Azurite:
    """One running Azurite. ``data`` is its folder; without one it keeps everything in memory."""

    service: Service
    blob_port: int
    queue_port: int
    table_port: int

    @classmethod
    def start(cls, data: Path | None = None, log: Path | None = None) -> Self:
        """Install if needed, start on free ports and wait until all three services answer (under one second)."""
        script = install()
        node = shutil.which("node")
        if node is None:
            raise ServiceFailed("Azurite needs Node.js; node is not on the PATH. Install it and run this again.")
        blob, queue, table = free_ports(3)
        command = [node, str(script), "--silent", "--disableTelemetry"]
        # The SDKs' newest API version may be ahead of the emulator's.
        command += ["--skipApiVersionCheck"]
        command += ["--inMemoryPersistence"] if data is None else ["--location", str(data)]
        for name, port in (("blob", blob), ("queue", queue), ("table", table)):
            command += [f"--{name}Host", LOOPBACK, f"--{name}Port", str(port)]
        if data is not None:
            data.mkdir(parents=True, exist_ok=True)
        service = Service(
            "Azurite",
            command,
            log=log or LOCAL / "logs/azurite.log",
            ports=(blob, queue, table),
            # It saves to disk when told to end, so it is told even when its supervisor was killed.
            orphan_signal="KILL" if data is None else "TERM",
        )
        service.start()
        return cls(service, blob, queue, table)

    @property
    def connection_string(self) -> str:
        """The storage connection string, as ``AzureWebJobsStorage`` wants it."""
        ports = {"Blob": self.blob_port, "Queue": self.queue_port, "Table": self.table_port}
        endpoints = (f"{name}Endpoint=http://{LOOPBACK}:{port}/{ACCOUNT};" for name, port in ports.items())
        return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};{''.join(endpoints)}"

    def stop(self) -> None:
        """Stop it; on disk, its data is saved."""
        self.service.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


if __name__ == "__main__":
    try:
        print(f"Azurite: {install()}")
    except ServiceFailed as problem:
        sys.exit(str(problem))
