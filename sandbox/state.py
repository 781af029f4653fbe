"""What one checkout's local system keeps under ``.local``: what was chosen once, its secrets, and who runs now.

``env`` holds the choices as shell assignments, so that ``. .local/env`` gives them to a shell. Files with secrets are
readable by their owner alone.
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.services import LOCAL, LOOPBACK, ServiceFailed, answers

DEFAULT_PORT = 7071
"""The port of Azure Functions Core Tools, which is where people look for a local function app."""

DOMAIN = "northwind.example"
"""The domain of the people of the played tenant, which the simulated Graph has verified."""

_TOKEN = re.compile(r"[\x21-\x7e]{16,512}")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a start of the local system is about. The environment decides before ``env`` does, and chance last."""

    port: int
    scim_token: str
    admin_key: str

    @property
    def base_url(self) -> str:
        """Where the Functions host answers."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def scim_url(self) -> str:
        """What Entra calls the Tenant URL."""
        return f"{self.base_url}/scim/v2"


def choose(environment: Mapping[str, str], kept: Mapping[str, str]) -> Choices:
    """Choose port, SCIM token and admin key. ``kept`` is what ``read_env`` gave. Raises ``ServiceFailed``.

    The port is not kept: without ``LOCKSTEP_PORT`` it is 7071, whatever the last start was told.
    """

    def secret(name: str) -> str:
        value = environment.get(name) or kept.get(name) or secrets.token_urlsafe(32)
        if not _TOKEN.fullmatch(value):
            raise ServiceFailed(f"{name} must be 16 to 512 printable ASCII characters without spaces.")
        return value

    given = environment.get("LOCKSTEP_PORT") or str(DEFAULT_PORT)
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= 65_535:
        raise ServiceFailed(f'LOCKSTEP_PORT is "{given}"; it must be a port number from 1 to 65535.')
    return Choices(int(given), secret("LOCKSTEP_SCIM_TOKEN"), secret("LOCKSTEP_ADMIN_KEY"))


def check_port(port: int) -> None:
    """Raise ``ServiceFailed`` where something listens on the port already."""
    if answers(port):
        raise ServiceFailed(
            f"Port {port} is in use by another program. End that program, or choose another port: "
            f"LOCKSTEP_PORT={port + 1 if port < 65_535 else DEFAULT_PORT} make up"
        )


def read_env(file: Path) -> dict[str, str]:
    """Read the assignments of an ``env`` file; a missing file is an empty one, lines that are none are left out."""
    with contextlib.suppress(FileNotFoundError):
        pairs = (line.partition("=") for line in file.read_text().splitlines() if not line.startswith("#"))
        return {name: " ".join(shlex.split(value)) for name, sign, value in pairs if sign}
    return {}


def write_env(file: Path, values: Mapping[str, str]) -> None:
    """Write an ``env`` file that a shell can read."""
    lines = ["# Written by the local system at every start; port, token and key can be set in the environment."]
    write_private(file, "\n".join([*lines, *(f"{name}={shlex.quote(value)}" for name, value in values.items()), ""]))


def read_secrets(file: Path) -> dict[str, str]:
    """Read a secrets file; a missing one is empty. Raises ``ServiceFailed`` for one that is damaged."""
    try:
        return dict(json.loads(file.read_text()))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise ServiceFailed(f"{file} is damaged. Delete it; the secrets in it are made anew.") from None


def write_secrets(file: Path, values: Mapping[str, str]) -> None:
    """Write the secrets that ``file:NAME`` references of connections name."""
    write_private(file, json.dumps(values, indent=2) + "\n")


def write_private(file: Path, text: str) -> None:
    """Replace a file at once by one that only its owner can read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    new.replace(file)


def start_afresh(local: Path, name: str) -> Path:
    """Return the folder ``name`` of the local system's own folder, emptied: for a start without a past."""
    if not re.fullmatch(r"[a-z]+", name):
        raise ValueError(f"{name!r} is no name of a folder of the local system")
    folder = local / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


@contextlib.contextmanager
def only_one(local: Path = LOCAL) -> Iterator[None]:
    """Hold the checkout's lock: one local system at a time. Raises ``ServiceFailed`` where another one runs.

    The kernel gives the lock back whatever way the holder ends, so that a dead run leaves nothing to clean up.
    """
    local.mkdir(parents=True, exist_ok=True)
    with (local / "system.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ServiceFailed(
                f"A local system of this checkout runs already (process {lock.read().strip() or 'unknown'}). "
                "Stop it with Ctrl-C there; for a second one use a second clone and another LOCKSTEP_PORT."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
