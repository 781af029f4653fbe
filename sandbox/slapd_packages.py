"""Where slapd comes from: found on this machine, or installed from Debian's packages without starting their service."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox.services import LOCAL, ServiceFailed

PACKAGES = ("slapd", "ldap-utils", "slapd-contrib")
SCHEMA, MODULES = Path("/etc/ldap/schema"), Path("/usr/lib/ldap")
_POLICY = Path("/usr/sbin/policy-rc.d")


def install() -> Path:
    """Return the path of slapd, installed from Debian's packages where it is missing and we may.

    The packaged service is neither configured nor started. Raises ``ServiceFailed`` with the names of the packages
    where there is no apt or no right to use it.
    """
    if (found := _find()) is not None:
        return found
    apt, asked = shutil.which("apt-get"), f"apt-get install --no-install-recommends {' '.join(PACKAGES)}"
    prefix = _superuser()
    if apt is None or prefix is None:
        reason = "there is no apt-get here" if apt is None else "this needs root or sudo"
        raise ServiceFailed(f"slapd is not installed, and {reason}. Install it: {asked} (or your system's OpenLDAP).")
    LOCAL.mkdir(parents=True, exist_ok=True)
    with (LOCAL / ".apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (found := _find()) is not None:
            return found
        environment = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
        with _no_service_starts(prefix):
            # Without this answer the package makes a database of its own in /var/lib/ldap.
            selection = b"slapd slapd/no_configuration boolean true\n"
            subprocess.run([*prefix, "debconf-set-selections"], input=selection, check=False, capture_output=True)
            command = [*environment, apt, "install", "-y", "-q", "--no-install-recommends", *PACKAGES]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                subprocess.run([*environment, apt, "update", "-q"], capture_output=True, check=False)
                done = subprocess.run(command, capture_output=True, text=True, check=False)
    if (found := _find()) is None:
        raise ServiceFailed(f"slapd could not be installed. Install it by hand: {asked}. apt-get said:\n{done.stderr}")
    return found


def _find() -> Path | None:
    path = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/usr/libexec")
    complete = (SCHEMA / "inetorgperson.schema").exists() and (MODULES / "ppolicy.la").exists()
    return Path(path) if path and complete else None


def _superuser() -> list[str] | None:
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
