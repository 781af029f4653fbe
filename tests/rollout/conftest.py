"""A small checkout that packs in a second, the real package, and a cloud to deploy it to: each made once."""

import asyncio
import hashlib
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from infra.rollout import pack
from infra.rollout.__main__ import main
from infra.rollout.watch import look
from infra.rollout.words import Refused
from provisioning.storage.store import Storage
from sandbox.admin_api import AdminApi
from sandbox.services import ROOT
from tests.hubs import QUEUES, TABLES
from tests.rollout.cloud import MASTER, Cloud, open_cloud, variant

SMALL_APP = """
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.function_name("healthz")
@app.route("healthz")
def healthz(req: func.HttpRequest) -> func.HttpResponse:
    import provisioning.rooms

    return func.HttpResponse("ok")


@app.function_name("jobs")
@app.queue_trigger("message", queue_name="jobs", connection="AzureWebJobsStorage")
def jobs(message: func.QueueMessage) -> None:
    pass
"""


def git(folder: Path, *words: str) -> None:
    """Run git as somebody."""
    subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@example.com", *words], cwd=folder, check=True)


def commit(folder: Path) -> None:
    """Make a commit of all that is there."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "as it is")


def packed(root: Path, out: Path, **choices: str) -> Path:
    """Build a package; skip where PyPI cannot be reached."""
    try:
        return pack.package(root, out, **choices)
    except Refused as problem:
        if re.search(r"uv could not fetch[\s\S]*(error sending request|dns error|timed out|connect)", str(problem)):
            pytest.skip(f"needs PyPI: {problem}")
        raise


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A committed checkout of a small app beside what is not deployed; it needs azure-functions alone."""
    root = tmp_path / "checkout"
    files = {
        "function_app.py": SMALL_APP,
        "host.json": '{"version": "2.0"}',
        "provisioning/__init__.py": "",
        "provisioning/rooms.py": "import azure.functions\n",
        "connectors/__init__.py": "",
        "connectors/testing/__init__.py": "import pytest\n",
        "tests/test_it.py": "",
        "docs/page.md": "",
        "provisioning/notes.md": "",
        "local.settings.example.json": "{}",
        "pyproject.toml": '[project]\nname = "small"\nversion = "0.1.0"\n',
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    shutil.copy(ROOT / ".funcignore", root)
    shutil.copy(ROOT / ".gitignore", root)
    shutil.copy(ROOT / "provisioning/version.py", root / "provisioning")
    lines = (ROOT / "requirements.txt").read_text()
    needed = [
        re.search(rf"^{name}==(?:.*\\\n)*.*\n", lines, re.MULTILINE)
        for name in ("azure-functions", "werkzeug", "markupsafe")
    ]
    (root / "requirements.txt").write_text("".join(found[0] for found in needed if found))
    commit(root)
    return root


@pytest.fixture(scope="session")
def real_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of this working tree."""
    root = tmp_path_factory.mktemp("working-tree")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, root / name)
    commit(root)
    return packed(root, tmp_path_factory.mktemp("build"), build="first")


@pytest.fixture(scope="session")
def second_package(real_package: Path) -> Path:
    """The same under another version."""
    return variant(real_package, "0.1.0+second")


@dataclass
class Deployed:
    """The real package running in a cloud, with a source whose token is ``token``."""

    cloud: Cloud
    token: str


@pytest.fixture(scope="session")
def started(real_package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The cloud of this pytest process."""
    with open_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        asyncio.run(_make_storage(cloud.settings["AzureWebJobsStorage"]))
        cloud.run(real_package)
        token = secrets.token_urlsafe(32)
        asyncio.run(_make_source(cloud, token))
        yield Deployed(cloud, token)


async def _make_storage(connection: str) -> None:
    storage = Storage.from_connection_string(connection)
    await storage.ensure(TABLES, QUEUES)
    await storage.close()


async def _make_source(cloud: Cloud, token: str) -> None:
    async with aiohttp.ClientSession() as session:
        admin = AdminApi(session, cloud.origin, MASTER)
        await admin.call("POST", "/sources", {"id": "entra", "name": "Entra"})
        sha256 = hashlib.sha256(token.encode()).hexdigest()
        await admin.call("POST", "/sources/entra/tokens/register", {"sha256": sha256, "label": "smoke"})


@pytest.fixture
def deployed(started: Deployed, real_package: Path, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """The first version runs and is among the releases; az is on PATH, and the token in the environment."""
    cloud = started.cloud
    monkeypatch.setenv("PATH", f"{cloud.folder / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("STAND_IN_AZ", str(cloud.folder / "az"))
    monkeypatch.setenv("SMOKE_TOKEN", started.token)
    for path in cloud.blobs.iterdir():
        path.unlink()
    cloud.reset()
    if look(cloud.origin).version != "0.1.0+first":
        cloud.run(real_package)
    cloud.release(real_package)
    cloud.reset()
    return started


type Rollout = Callable[..., tuple[int, str]]


@pytest.fixture
def rollout(capfd: pytest.CaptureFixture[str]) -> Rollout:
    """Runs a command of ``python -m infra.rollout``; returns its exit code and all that it said."""

    def run(*words: str) -> tuple[int, str]:
        capfd.readouterr()
        code = main(list(words))
        said = capfd.readouterr()
        return code, said.out + said.err

    return run
