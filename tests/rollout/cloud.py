"""One function app as Azure runs it: a deployment endpoint that takes packages, and the host that serves the newest.

The host is the sandbox's, and the packages it loads come from the package itself. A package whose app cannot be
imported leaves a host that answers 404 to everything, as Azure's does.
"""

import json
import shutil
import stat
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from infra.rollout import pack
from infra.rollout.releases import Releases
from sandbox.azurite import Azurite
from sandbox.services import ROOT, Service, ServiceFailed, free_ports

TOKEN = "token-of-az-for-the-deployment-endpoint"
MASTER = "master-key-of-the-deployed-app"
APP, GROUP = "func-lockstep-contoso-tst", "rg-lockstep-contoso-tst"


def variant(package: Path, version: str, files: Mapping[str, str] | None = None) -> Path:
    """Return a copy of a package under another version, with some files replaced."""
    made = pack.read(package)
    described = {"version": version, "build": version.partition("+")[2], "functions": made.functions}
    replaced = {pack.DESCRIPTION: json.dumps(described), **(files or {})}
    target = package.with_name(f"lockstep-{version}.zip")
    # The package's own code is compiled, and Python would not look whether the source has changed.
    stale = tuple(f"__pycache__/{name.removesuffix('.py')}." for name in replaced)
    shutil.copyfile(package, target)
    with zipfile.ZipFile(target, "a") as archive:
        # What is left out of its list is no longer in a zip; to write all of it anew would take seconds.
        for name in [each for each in archive.namelist() if each in replaced or each.startswith(stale)]:
            archive.filelist.remove(archive.NameToInfo.pop(name))
        for name, text in replaced.items():
            archive.writestr(name, text)
    return target


@dataclass
class Cloud:
    """The app, its deployment endpoint and what ``az`` answers. ``published`` are the versions, in order.

    ``posts``: how the endpoint treats the next packages, first one first: a status that it answers instead of taking
    it, or "lost" for one that it takes and whose answer never arrives. ``silent`` of its states are not told.
    """

    folder: Path
    settings: Mapping[str, str]
    published: list[str] = field(default_factory=list)
    fails: dict[str, str] = field(default_factory=dict)
    posts: list[int | str] = field(default_factory=list)
    silent: int = 0
    secrets: dict[str, str] = field(default_factory=dict)
    port: int = 0
    _scm: ThreadingHTTPServer | None = None
    _empty: ThreadingHTTPServer | None = None
    _service: Service | None = None
    _unpacked: dict[str, int] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Where the app answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def blobs(self) -> Path:
        """The releases."""
        return self.folder / "az/blobs"

    def calls(self) -> list[list[str]]:
        """Return the arguments of every call of az."""
        return [json.loads(line) for line in (self.folder / "az/calls").read_text().splitlines()]

    def reset(self) -> None:
        """Forget what went wrong and what was called."""
        self.fails.clear()
        self.posts.clear()
        self.silent = 0
        self.published.clear()
        (self.folder / "az/calls").write_text("")
        self.tell_az()

    def tell_az(self) -> None:
        """Let az know how things are."""
        assert self._scm is not None
        state = {
            "app": APP,
            "host": f"127.0.0.1:{self.port}",
            "scm": f"127.0.0.1:{self._scm.server_port}",
            "token": TOKEN,
            "master": MASTER,
            "secrets": self.secrets,
            "fails": self.fails,
        }
        (self.folder / "az/state.json").write_text(json.dumps(state))

    def open(self) -> None:
        """Make the folder of az, and open the deployment endpoint."""
        self.blobs.mkdir(parents=True)
        (self.folder / "bin").mkdir()
        program = self.folder / "bin/az"
        program.write_text(f"#!{sys.executable}\n" + Path(__file__).with_name("stand_in_az.py").read_text())
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        (self.port,) = free_ports(1)
        self._scm = _serve(_Deployments, 0)
        self._scm.cloud = self  # type: ignore[attr-defined]
        self.reset()

    def close(self) -> None:
        """Stop all of it."""
        self._stop()
        if self._scm:
            self._scm.shutdown()
            self._scm.server_close()

    def release(self, package: Path) -> None:
        """Put a package among the releases, as an earlier deployment that went well did."""
        version = pack.read(package).version
        releases = Releases("stlockstep")
        if not (self.blobs / f"{version}.zip").exists():
            releases.keep(package, version, [])
            releases.mark(next(each for each in releases.all() if each.version == version))

    def run(self, package: Path) -> None:
        """Serve a package in place of what is served."""
        self._stop()
        app = self.folder / "wwwroot"
        with zipfile.ZipFile(package) as archive:
            wanted = {entry.filename: entry.CRC for entry in archive.infolist()}
            for name in self._unpacked.keys() - wanted.keys():
                (app / name).unlink()
            archive.extractall(app, [name for name in wanted if self._unpacked.get(name) != wanted[name]])
            self._unpacked = wanted
        keys = self.folder / "keys.json"
        keys.write_text(json.dumps({"host.master": MASTER}))
        command = [sys.executable, "-B", "-m", "sandbox.host", "--app", str(app), "--port", str(self.port)]
        command += ["--keys", str(keys), "--state", str(self.folder / "state"), "--grace", "1"]
        packages = app / ".python_packages/lib/site-packages"
        environment = {**self.settings, "PYTHONPATH": str(packages)}
        self._service = Service("app", command, log=self.folder / "log", ports=[self.port], cwd=ROOT, env=environment)
        try:
            self._service.start()
        except ServiceFailed:
            self._service = None
            self._empty = _serve(_NoFunction, self.port)

    def _stop(self) -> None:
        if self._service:
            self._service.stop()
        if self._empty:
            self._empty.shutdown()
            self._empty.server_close()
        self._service = self._empty = None


@contextmanager
def open_cloud(folder: Path) -> Iterator[Cloud]:
    """A cloud with a storage of its own."""
    with Azurite.start(log=folder / "azurite.log") as azurite:
        cloud = Cloud(
            folder,
            {"AzureWebJobsStorage": azurite.connection_string, "LOCKSTEP_SWEEP_SCHEDULE": "0 0 0 1 1 *"},
        )
        cloud.open()
        try:
            yield cloud
        finally:
            cloud.close()


def _serve(handler: type[BaseHTTPRequestHandler], port: int) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, status: int, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _NoFunction(_Quiet):
    def do_GET(self) -> None:
        self.answer(404, None)


class _Deployments(_Quiet):
    """The part of Kudu that Flex Consumption has: ``/api/publish`` and ``/api/deployments``."""

    def do_POST(self) -> None:
        cloud: Cloud = self.server.cloud  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.answer(401, None)
            return
        assert self.path.startswith("/api/publish?RemoteBuild=false")
        how = cloud.posts.pop(0) if cloud.posts else 202
        if isinstance(how, int) and how != 202:
            self.answer(how, None)
            return
        package = cloud.folder / "uploaded.zip"
        package.write_bytes(body)
        cloud.published.append(pack.read(package).version)
        cloud.run(package)
        if how == "lost":
            self.close_connection = True
            return
        self.answer(202, f"deployment-{len(cloud.published)}")

    def do_GET(self) -> None:
        cloud: Cloud = self.server.cloud  # type: ignore[attr-defined]
        assert self.path in {f"/api/deployments/{each}" for each in (f"deployment-{len(cloud.published)}", "latest")}
        if cloud.silent:
            cloud.silent -= 1
            self.close_connection = True
            return
        failed = cloud.fails.get("taking the package")
        self.answer(200, {"status": 3, "status_text": failed} if failed else {"status": 4})
