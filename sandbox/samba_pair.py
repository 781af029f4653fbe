"""Two domain controllers of one domain, the second really joined to the first: for failover and changed controllers.

They have the same objects with the same objectGUIDs; invocationId and uSNs are each one's own. Neither runs
replication by itself: a test says when a controller pulls what the other has (``replicate``, 0.3 s).
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from sandbox.samba import Samba
from sandbox.samba_packages import install
from sandbox.samba_template import BASE, REALM, WORKGROUP, Template, template
from sandbox.services import ServiceFailed

SECOND_NAME = "dc2.corp.example.test"


def open_pair(directory: Path, *, durable: bool = True) -> tuple[Samba, Samba]:
    """Prepare two controllers in one folder, without starting them. Raises ``ServiceFailed``, as ``Samba.open``."""
    first, second = _templates()
    return (
        Samba.open(directory / "dc1", durable=durable, origin=first),
        Samba.open(directory / "dc2", durable=durable, origin=second),
    )


def replicate(source: Samba, target: Samba) -> None:
    """Have ``target`` pull all changes of the domain from ``source``, which must run. Raises ``ServiceFailed``."""
    name = target.name.split(".")[0].upper()
    _run("drs", "replicate", name, source.address, BASE, "--local", "-s", target.configuration, administrator=source)


def _templates() -> tuple[Template, Template]:
    """Return the two to copy, made from the single one's template where there are none yet (4 s)."""
    origin = template(install())
    home = origin.directory.parent
    pair = home / f"pair-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]}"
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not pair.exists():
            unfinished = home / "pair-unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            with Samba.open(unfinished / "dc1", durable=False, origin=origin) as first:
                _join(first, unfinished / "dc2/domain")
            unfinished.rename(pair)
    return (
        Template(pair / "dc1/domain", origin.name, origin.passwords),
        Template(pair / "dc2/domain", SECOND_NAME, origin.passwords),
    )


def _join(first: Samba, directory: Path) -> None:
    directory.parent.mkdir(parents=True)
    _run(
        *("domain", "join", REALM.lower(), "DC", f"--server={first.address}", f"--targetdir={directory}"),
        *("--dns-backend=NONE", f"--option=netbios name={SECOND_NAME.split('.')[0].upper()}"),
        *("--option=interfaces=127.0.0.1/8", "--option=bind interfaces only=yes"),
        administrator=first,
    )


def _run(*arguments: str | Path, administrator: Samba) -> None:
    """Run samba-tool as the administrator of a running controller."""
    command = ["samba-tool", *map(str, arguments), f"--username={WORKGROUP}\\Administrator", "--use-kerberos=off"]
    # Not among the arguments, which everybody on the machine can see.
    secret = {**os.environ, "PASSWD": administrator.admin_password}
    done = subprocess.run(command, env=secret, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise ServiceFailed(f"samba-tool {arguments[0]} {arguments[1]} failed:\n{end}")
