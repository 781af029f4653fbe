"""Short names for folders whose own are too long for sockets: a Unix socket's path has 107 characters at most."""

import os
import tempfile
from pathlib import Path

from sandbox.services import ServiceFailed

LONGEST_HOME = 59
"""Characters of a folder in which a server may still name its sockets (``run/ncalrpc/np/protected_storage``)."""


def short_path(directory: Path, name: str) -> Path:
    """Return the folder itself, or a link of that name to it where its own path is too long.

    The link stands in the system's folder for temporary files until ``forget`` takes it away. Raises ``ServiceFailed``
    where something else has its name.
    """
    if len(str(directory)) <= LONGEST_HOME:
        return directory
    link = _link(name)
    try:
        link.symlink_to(directory)
    except FileExistsError:
        if not link.is_symlink() or link.lstat().st_uid != os.geteuid():
            raise ServiceFailed(f"{link} is in the way. Remove it.") from None
        if link.readlink() != directory:
            link.unlink()
            link.symlink_to(directory)
    return link


def forget(directory: Path, name: str) -> None:
    """Take the link away, if it leads to this folder."""
    link = _link(name)
    if link.is_symlink() and link.readlink() == directory:
        link.unlink(missing_ok=True)


def _link(name: str) -> Path:
    return Path(tempfile.gettempdir(), name)
