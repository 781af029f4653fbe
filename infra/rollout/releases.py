"""Every package that was ever deployed, by its version: the container ``releases`` beside the app's own."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from infra.rollout import pack
from infra.rollout.az import az, az_json
from infra.rollout.words import Refused, say

CONTAINER = "releases"


@dataclass(frozen=True, slots=True)
class Release:
    """A package in the container. ``stored`` is an ISO time in UTC; ``size`` is in bytes; ``ran``: it once came up."""

    version: str
    stored: str
    size: int
    sha256: str
    ran: bool = False


@dataclass(frozen=True, slots=True)
class Releases:
    """The releases of one storage account, reached with the rights of whoever runs this."""

    account: str

    def _command(self, *verb: str) -> tuple[str, ...]:
        account = ("--account-name", self.account, "--auth-mode", "login")
        return ("storage", "blob", *verb, *account, "--container-name", CONTAINER)

    def all(self) -> list[Release]:
        """Return what is there, oldest first."""
        listed = az_json(*self._command("list"), "--include", "m", "--num-results", "*")
        found = [
            Release(
                each["name"].removesuffix(".zip"),
                each["properties"].get("creationTime") or each["properties"]["lastModified"],
                int(each["properties"]["contentLength"]),
                (each.get("metadata") or {}).get("sha256", ""),
                "ran" in (each.get("metadata") or {}),
            )
            for each in listed
            if each["name"].endswith(".zip")
        ]
        return sorted((each for each in found if pack.is_version(each.version)), key=lambda each: each.stored)

    def keep(self, package: Path, version: str, there: list[Release]) -> None:
        """Store a package. A version means one package for ever: another one under its name is refused."""
        sha256 = hashlib.sha256(package.read_bytes()).hexdigest()
        same = next((each for each in there if each.version == version), None)
        if same is not None:
            if same.sha256 != sha256:
                raise Refused(f"{version} is stored already with other content: build this one with another --build.")
            say(f"{version} is among the releases already")
            return
        command = (*self._command("upload"), "--name", f"{version}.zip", "--file", str(package))
        az(*command, "--metadata", f"sha256={sha256}", "--no-progress", "--output", "none")
        say(f"{version} is stored among the releases")

    def mark(self, release: Release) -> None:
        """Write down that a release came up: a rollback goes back to no other by itself. Raises ``Refused``."""
        metadata = (f"sha256={release.sha256}", "ran=yes")  # it replaces all that is there
        command = (*self._command("metadata", "update"), "--name", f"{release.version}.zip", "--metadata", *metadata)
        az(*command, "--output", "none")

    def fetch(self, version: str, folder: Path) -> Path:
        """Bring a package here; its bytes are compared with what was stored. Raises ``Refused``."""
        known = next((each for each in self.all() if each.version == version), None)
        if known is None:
            raise Refused(f"There is no release {version}: see python -m infra.rollout versions.")
        target = folder / f"lockstep-{version}.zip"
        command = (*self._command("download"), "--name", f"{version}.zip", "--file", str(target))
        az(*command, "--no-progress", "--output", "none")
        if hashlib.sha256(target.read_bytes()).hexdigest() != known.sha256:
            raise Refused(f"The release {version} is not what was stored: do not run it.")
        return target
