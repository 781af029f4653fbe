"""Debian's packages, installed where they are missing and we may, without starting the services they bring."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.services import LOCAL, ServiceFailed

_POLICY = Path("/usr/sbin/policy-rc.d")


def install(
    name: str, find: Callable[[], Path | None], packages: Sequence[str], *, answers: bytes = b"", otherwise: str = ""
) -> Path:
    """Return what ``find`` finds, after installing the packages if it finds nothing.

    ``answers`` are for debconf, in the form of ``debconf-set-selections``. Raises ``ServiceFailed`` with the command
    to run (``otherwise`` is what else would do) where there is no apt or no right to use it.
    """
    if (found := find()) is not None:
        return found
    apt, asked = shutil.which("apt-get"), f"apt-get install --no-install-recommends {' '.join(packages)}"
    prefix = superuser()
    if apt is None or prefix is None:
        reason = "there is no apt-get here" if apt is None else "this needs root or sudo"
        raise ServiceFailed(f"{name} is not installed, and {reason}. Install it: {asked}{otherwise}.")
    LOCAL.mkdir(parents=True, exist_ok=True)
    with (LOCAL / ".apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (found := find()) is not None:
            return found
        environment = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
        with _no_service_starts(prefix):
            if answers:
                subprocess.run([*prefix, "debconf-set-selections"], input=answers, check=False, capture_output=True)
            command = [*environment, apt, "install", "-y", "-q", "--no-install-recommends", *packages]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                subprocess.run([*environment, apt, "update", "-q"], capture_output=True, check=False)
                done = subprocess.run(command, capture_output=True, text=True, check=False)
    if (found := find()) is None:
        raise ServiceFailed(f"{name} could not be installed. Install it by hand: {asked}. apt-get said:\n{done.stderr}")
    return found


def superuser() -> list[str] | None:
    """Return what goes before a command that needs root: nothing for root, sudo where it works, else ``None``."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    sudo = ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]
    return sudo if subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode == 0 else None


@contextmanager
def _no_service_starts(prefix: Sequence[str]) -> Iterator[None]:
    """Keep Debian from starting services that are installed meanwhile (policy-rc.d, exit code 101: forbidden)."""
    if _POLICY.exists():
        yield
        return
    script = b"#!/bin/sh\nexit 101\n"
    subprocess.run([*prefix, "tee", str(_POLICY)], input=script, stdout=subprocess.DEVNULL, check=False)
    subprocess.run([*prefix, "chmod", "755", str(_POLICY)], check=False)
    try:
        yield
    finally:
        subprocess.run([*prefix, "rm", "-f", str(_POLICY)], check=False)
