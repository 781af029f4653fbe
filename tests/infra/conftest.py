"""The tools of infra-check, made where they are not there yet."""

import subprocess

import pytest

from tests.infra.tree import ROOT


@pytest.fixture(scope="session")
def infra_tools() -> None:
    """Make .local/infra and .local/checkov; quick when they are there."""
    command = ["/bin/sh", "sandbox/setup.sh", "infra"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
