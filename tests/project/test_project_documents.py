"""What README, docs and the Makefile say about each other is true."""

import fnmatch
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_command_in_a_document_exists(document: Path) -> None:
    said = set(re.findall(r"(?:^|`|\n\s*)(?:[A-Z_]+=\S+ )*make ([a-z-]+)", document.read_text()))
    assert said <= TARGETS


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_of_the_project_leads_there(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_heading_leads_there(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", document.read_text())
    assert [link for link in links if link[1] not in anchors(document.parent / link[0] if link[0] else document)] == []


def anchors(document: Path) -> set[str]:
    """The names by which GitHub knows the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_and_module_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    paths = re.findall(r"`((?:provisioning|connectors|sandbox|tests|benchmarks|docs|infra)/[\w./*-]+)`", text)
    modules = re.findall(r"python -m ((?:provisioning|connectors|sandbox|benchmarks|infra)[\w.]*)", text)
    assert [path for path in paths if not any(ROOT.glob(path.rstrip("/")))] == []
    files = [ROOT / module.rstrip(".").replace(".", "/") for module in modules]
    assert [str(file) for file in files if not file.is_dir() and not file.with_suffix(".py").is_file()] == []


def test_the_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text


def test_every_target_explains_itself_in_make_help() -> None:
    shown = subprocess.run(
        ["/usr/bin/env", "make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {line.split()[1] for line in shown.stdout.splitlines()} == TARGETS


def test_continuous_integration_checks_and_tests_and_is_executable() -> None:
    run = ROOT / ".ci/run"
    assert run.stat().st_mode & 0o111
    assert re.findall(r"^make (\w+)", run.read_text(), re.MULTILINE) == ["check", "test"]


@pytest.mark.parametrize("script", ["sandbox/setup.sh", ".ci/run"])
def test_a_shell_script_can_be_parsed_and_stops_at_the_first_error(script: str) -> None:
    text = (ROOT / script).read_text()
    shell = text.splitlines()[0].removeprefix("#!")
    subprocess.run([shell, "-n", script], cwd=ROOT, check=True)
    assert re.search(r"^set -eu", text, re.MULTILINE)


def test_only_what_runs_in_azure_is_deployed() -> None:
    ignored = [line for line in (ROOT / ".funcignore").read_text().splitlines() if line and not line.startswith("#")]
    deployed = {
        path.name
        for path in ROOT.iterdir()
        if not any(fnmatch.fnmatch(path.name, pattern.rstrip("/")) for pattern in ignored)
    }
    assert deployed == {"connectors", "function_app.py", "host.json", "provisioning", "requirements.txt"}


def test_the_connectors_tests_are_not_deployed() -> None:
    assert "connectors/testing" in (ROOT / ".funcignore").read_text().splitlines()
    assert (ROOT / "connectors/testing").is_dir()
