"""The packages that the app needs, put into the package itself: hash-checked wheels for what runs in Azure."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from infra.rollout.words import Refused

SITE_PACKAGES = Path(".python_packages/lib/site-packages")
"""Where the Python worker looks besides the app's own folder."""

PLATFORM = "x86_64-manylinux_2_28"
"""Flex Consumption runs Python 3.13 on x86_64 with Debian 12 (glibc 2.36), so wheels for glibc 2.28 work there."""

LARGE = Path("msgraph/generated")
"""17,000 files for typed calls, which the Graph connector does not make: four of five files, loaded by nothing."""

TYPED_CALLS = re.compile(r"msgraph\.generated|GraphServiceClient")


def vendor(app: Path, uv: str) -> None:
    """Install what the app's ``requirements.txt`` names into the app's folder. Raises ``Refused``."""
    target = app / SITE_PACKAGES
    command = [uv, "pip", "install", "--quiet", "--no-config", "--system-certs", "--target", str(target)]
    command += ["--python-platform", PLATFORM, "--python-version", "3.13"]
    command += ["--require-hashes", "--only-binary", ":all:", "--requirements", str(app / "requirements.txt")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    except FileNotFoundError:
        raise Refused(
            f"uv is not there ({uv}): run make check once, or install it (https://docs.astral.sh/uv)."
        ) from None
    if done.returncode:
        raise Refused(f"uv could not fetch the packages of requirements.txt:\n{done.stderr.strip()}")
    _tidy(target)
    if not any(TYPED_CALLS.search(path.read_text(encoding="utf-8")) for path in own_sources(app)):
        for folder in (target / LARGE).glob("*/"):
            shutil.rmtree(folder)


def own_sources(app: Path) -> list[Path]:
    """Return the Python files of the app itself."""
    found = (path for path in app.rglob("*.py") if SITE_PACKAGES.parts[0] not in path.relative_to(app).parts)
    return sorted(found)


def _tidy(target: Path) -> None:
    """Remove what belongs to an installation rather than to a package: programs, and records that name this machine."""
    shutil.rmtree(target / "bin", ignore_errors=True)
    for name in (".lock", *(f"*.dist-info/{record}" for record in ("RECORD", "INSTALLER", "REQUESTED"))):
        for path in target.glob(name):
            path.unlink()
    for folder in list(target.rglob("__pycache__")):
        shutil.rmtree(folder)


def find_uv() -> str:
    """Return the path of uv: the one of PATH, else the checkout's own, which ``make`` installs."""
    return shutil.which("uv") or str(Path(__file__).parents[2] / ".local/uv/bin/uv")
