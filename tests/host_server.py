"""A local Functions host under test: started by the fixture ``start_host``, called over HTTP, read by its log."""

import http.client
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.services import ROOT, Service, free_ports

KEYS = {
    "host.master": "master-key-for-tests",
    "host.function.default": "host-key-for-tests",
    "functions.guarded.partner": "guarded-key-for-tests",
}


@dataclass(frozen=True)
class Answer:
    """What came back: header names in lower case, repeated ones as they came."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """Return the first header of that name."""
        return next((value for found, value in self.headers if found == name), None)


@dataclass
class RunningHost:
    """A host under test."""

    service: Service
    port: int
    state: Path

    def call(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request exactly as given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(
                response.status,
                response.read(),
                [(name.lower(), value) for name, value in response.getheaders()],
            )
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """Send a GET."""
        return self.call("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def seen(self, what: str) -> list[dict[str, Any]]:
        """Return what the demo app noted under that name."""
        entries: list[dict[str, Any]] = self.get(f"/v1/seen?what={what}").json
        return entries

    def log(self) -> str:
        """Return all that the host has printed."""
        return self.service.log.read_text()

    def lines(self, message: str) -> list[dict[str, Any]]:
        """Return the log lines with that message."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line["message"] == message]


def eventually[T](look: Callable[[], T], timeout: float = 10) -> T:
    """Return what ``look`` finds as soon as that is true."""
    deadline = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {timeout} s in vain"
        time.sleep(0.02)
    return found


type StartHost = Callable[..., RunningHost]


@pytest.fixture(scope="session")
def start_host(tmp_path_factory: pytest.TempPathFactory, azurite_connection: str) -> Iterator[StartHost]:
    """Start a host: ``start_host(app, grace=..., NAME="setting")``; all are stopped at the end."""
    started: list[Service] = []

    def start(app: Path, grace: float = 10, state: Path | None = None, **settings: str) -> RunningHost:
        folder = tmp_path_factory.mktemp("host")
        (port,) = free_ports(1)
        keys = folder / "keys.json"
        keys.write_text(json.dumps(KEYS))
        state = state or folder / "state"
        command = [sys.executable, "-m", "sandbox.host", "--app", str(app), "--port", str(port)]
        command += ["--keys", str(keys), "--state", str(state), "--grace", str(grace)]
        service = Service(
            "host",
            command,
            log=folder / "log",
            ports=[port],
            cwd=ROOT,
            env={"AzureWebJobsStorage": azurite_connection, "PYTHONUNBUFFERED": "1", **settings},
        )
        started.append(service)
        service.start()
        return RunningHost(service, port, state)

    yield start
    for service in started:
        service.stop()
