"""The suites' programs: installed by lock files, apart from the project's own packages."""

import subprocess

from sandbox.conformance.suites import NEWMAN, TOOLS
from sandbox.services import ROOT, ServiceFailed


def install() -> None:
    """Install what the lock files name, unless that is there already. Raises ``ServiceFailed``."""
    done = subprocess.run(
        ["/bin/sh", "sandbox/setup.sh", "suites"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    wanted = (TOOLS / "bin/scim2", TOOLS / "bin/scim-sanity", NEWMAN)
    if done.returncode or not all(file.exists() for file in wanted):
        raise ServiceFailed(
            f"The suites could not be installed: sh sandbox/setup.sh suites said:\n{done.stderr[-2000:]}"
        )
