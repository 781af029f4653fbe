"""The domain as it is before anybody has used it: provisioned once per checkout (5 s), then copied (0.1 s).

Nothing in the database names a path or an address; all paths are in ``smb.conf``, which each copy has of its own. The
copies of one template are the same domain: the same accounts with the same identifiers and passwords.
"""

import fcntl
import hashlib
import json
import secrets
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import samba_domain
from sandbox.samba_packages import PYTHON
from sandbox.services import LOCAL, ServiceFailed

REALM, WORKGROUP, NAME = "CORP.EXAMPLE.TEST", "CORP", "dc1.corp.example.test"
BASE = "DC=corp,DC=example,DC=test"

_PROVISION = (
    *("domain", "provision", f"--realm={REALM}", f"--domain={WORKGROUP}", "--server-role=dc", "--use-rfc2307"),
    *("--dns-backend=NONE", f"--host-name={NAME.split('.')[0]}", "--host-ip=127.0.0.1"),
    *("--option=interfaces=127.0.0.1/8", "--option=bind interfaces only=yes"),
)


@dataclass(frozen=True, slots=True)
class Template:
    """A provisioned domain, never started: its files, and the passwords of its accounts by name."""

    directory: Path
    name: str
    passwords: dict[str, str] = field(repr=False)


def template(program: Path) -> Template:
    """Return the domain to copy, made where there is none of this recipe and this Samba. Raises ``ServiceFailed``."""
    home = LOCAL / "samba"
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    directory = home / f"template-{_recipe(program)}"
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            for older in home.glob("template-*"):
                shutil.rmtree(older)
            _make(directory)
    return Template(directory / "domain", NAME, json.loads((directory / "passwords.json").read_text()))


def _recipe(program: Path) -> str:
    found = program.stat()
    parts = (Path(__file__).read_bytes(), Path(samba_domain.__file__).read_bytes(), found.st_size, found.st_mtime_ns)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _make(directory: Path) -> None:
    unfinished = directory.with_name(f"template-unfinished-{directory.name}")
    domain = unfinished / "domain"
    unfinished.mkdir()
    # Active Directory asks for three kinds of characters; the random part has them almost always.
    passwords = {name: f"Aa1-{secrets.token_urlsafe(18)}" for name in samba_domain.ACCOUNTS}
    (unfinished / "passwords.json").write_text(json.dumps(passwords))
    _run(["samba-tool", *_PROVISION, f"--targetdir={domain}"])
    # -I: the folder of this project has a module named samba, too.
    command = [str(PYTHON), "-I", samba_domain.__file__, str(domain / "etc/smb.conf")]
    _run(command, json.dumps(passwords))
    unfinished.rename(directory)


def _run(command: list[str], standard_input: str = "") -> None:
    done = subprocess.run(command, input=standard_input, capture_output=True, text=True, check=False)
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise ServiceFailed(f"Samba's domain could not be made; {command[0]} said:\n{end}")
