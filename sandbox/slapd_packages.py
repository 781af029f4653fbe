"""Where slapd comes from: found on this machine, or installed from Debian's packages."""

import os
import shutil
from pathlib import Path

from sandbox import debian_packages

PACKAGES = ("slapd", "ldap-utils", "slapd-contrib")
SCHEMA, MODULES = Path("/etc/ldap/schema"), Path("/usr/lib/ldap")

# Without this answer the package makes a database of its own in /var/lib/ldap.
_ANSWERS = b"slapd slapd/no_configuration boolean true\n"


def install() -> Path:
    """Return the path of slapd, installed from Debian's packages where it is missing and we may.

    The packaged service is neither configured nor started. Raises ``ServiceFailed`` with the names of the packages
    where there is no apt or no right to use it.
    """
    return debian_packages.install("slapd", _find, PACKAGES, answers=_ANSWERS, otherwise=" (or your system's OpenLDAP)")


def _find() -> Path | None:
    path = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/usr/libexec")
    complete = (SCHEMA / "inetorgperson.schema").exists() and (MODULES / "ppolicy.la").exists()
    return Path(path) if path and complete else None
