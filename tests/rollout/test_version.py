"""The version of a checkout and of a package."""

import json
import tomllib
from pathlib import Path

from provisioning.version import BASE, VERSION, version
from sandbox.services import ROOT


def test_a_checkout_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == BASE == VERSION


def test_a_package_names_its_build(tmp_path: Path) -> None:
    (tmp_path / "build.json").write_text(json.dumps({"build": "1a2b3c4"}))
    assert version(tmp_path) == f"{BASE}+1a2b3c4"
