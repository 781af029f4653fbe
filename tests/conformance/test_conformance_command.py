"""``python -m sandbox.conformance``: says what it leaves out, and that a choice makes no sense."""

import subprocess
import sys
from pathlib import Path

from sandbox.services import ROOT


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox.conformance", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_suites_whose_files_are_not_there_are_left_out_aloud(tmp_path: Path) -> None:
    done = command("microsoft", "okta", "--shared", str(tmp_path))
    assert done.stdout.count("SKIPPED") == 2
    assert f"{tmp_path / 'checks/okta_spec_runner.py'}" in done.stdout
    assert "2 of 2 suites were left out" in done.stdout
    assert done.returncode == 1, "where nothing has run, nothing is proved"


def test_a_suite_that_does_not_exist_is_refused_with_those_that_do() -> None:
    done = command("postman")
    assert done.returncode == 2
    assert "microsoft, okta, scim2-tester, scim-sanity" in done.stderr


def test_help_names_the_suites() -> None:
    done = command("--help")
    assert done.returncode == 0
    assert "scim-sanity" in done.stdout
