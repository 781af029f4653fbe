"""Where Samba's domain controller comes from: found on this machine, or installed from Debian's packages."""

import os
import shutil
from pathlib import Path

from sandbox import debian_packages

# samba-ad-provision holds the schema; to Debian it is a mere recommendation.
PACKAGES = (
    "samba",
    "samba-ad-dc",
    "samba-ad-provision",
    "samba-dsdb-modules",
    "samba-vfs-modules",
    "winbind",
    "python3-samba",
    "ldb-tools",
)
SCHEMA = Path("/usr/share/samba/setup/ad-schema")
PYTHON = Path("/usr/bin/python3")
"""The Python that Samba's own modules are built for."""


def install() -> Path:
    """Return the path of the program ``samba``, installed from Debian's packages where it is missing and we may.

    The packaged services are not started. Raises ``ServiceFailed`` with the names of the packages where there is no
    apt or no right to use it.
    """
    return debian_packages.install("Samba's domain controller", _find, PACKAGES)


def _find() -> Path | None:
    directories = f"{os.environ.get('PATH', '')}:/usr/sbin"
    path, tool = shutil.which("samba", path=directories), shutil.which("samba-tool", path=directories)
    return Path(path) if path and tool and SCHEMA.is_dir() else None
