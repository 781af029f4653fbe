"""requirements.txt, which Azure's remote build installs from."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def pinned() -> dict[str, str]:
    """Name and version of every requirement."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    matches = (re.match(r"([a-z0-9._-]+)==([^\s;\\]+)", line) for line in lines)
    return {match[1]: match[2] for match in matches if match}


def test_it_is_what_the_lock_file_says() -> None:
    export = [
        "/bin/sh",
        "sandbox/setup.sh",
        "uv",
        "export",
        "--frozen",
        "--no-default-groups",
        "--no-annotate",
        "--quiet",
    ]
    made = subprocess.run(export, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (ROOT / "requirements.txt").read_text() == made.stdout, "stale: run make requirements"


def test_every_direct_dependency_is_in_it_and_nothing_of_the_other_groups() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[^a-zA-Z0-9._-]", requirement)[0].rstrip("~=<>") for requirement in requirements}

    groups = project["dependency-groups"]
    direct, others = names(project["project"]["dependencies"]), names(groups["dev"]) | names(groups["ops"])
    assert direct <= pinned().keys()
    # psutil: the telemetry exporter's, too.
    assert not (others - {"psutil"}) & pinned().keys()


def test_it_holds_nothing_that_breaks_the_python_3_13_worker() -> None:
    assert not {"grpcio", "grpcio-tools", "protobuf"} & pinned().keys()


def test_every_requirement_is_pinned_with_a_hash() -> None:
    text = (ROOT / "requirements.txt").read_text()
    blocks = [block for block in re.split(r"\n(?=[a-z0-9])", text.partition("\n")[2]) if "==" in block]
    assert len(blocks) == len(pinned()) > 20
    assert all("--hash=sha256:" in block for block in blocks)
