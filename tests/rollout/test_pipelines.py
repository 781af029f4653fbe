"""The two pipelines hold no logic: both call the same commands, and neither holds a secret."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.rollout.__main__ import _parser
from sandbox.services import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
AZURE = ROOT / "azure-pipelines.yml"
PIPELINES = [*WORKFLOWS, AZURE]


def commands(file: Path) -> set[str]:
    """What a pipeline runs, with its variables and paths made alike."""

    def scripts(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (text for name in ("run", "script", "inlineScript") if isinstance(text := node.get(name), str))
            for each in node.values():
                yield from scripts(each)
        elif isinstance(node, list):
            for each in node:
                yield from scripts(each)

    found = set()
    for script in scripts(yaml.safe_load(file.read_text())):
        plain = re.sub(r"infra/bicep/environments/\$\{\{.*?\}\}\.bicepparam", "X", script)
        plain = re.sub(
            r'"\$PIPELINE_WORKSPACE"/release/\S+|build/release/\S+\.zip|"(vault:)?\$\w+(/smoke-token)?"', "X", plain
        )
        found.add(" ".join(plain.split()))
    return found


def test_both_pipelines_run_the_same_commands() -> None:
    github = set().union(*(commands(file) for file in WORKFLOWS))
    assert github == commands(AZURE)


def test_every_command_of_the_pipelines_is_one_of_ours() -> None:
    called = {
        command.split("-m infra.rollout ")[1]
        for file in PIPELINES
        for command in commands(file)
        if "infra.rollout" in command
    }
    assert {command.split()[0] for command in called} == {"package", "deploy"}
    for command in called:
        _parser().parse_args(command.split())


@pytest.mark.parametrize("file", PIPELINES, ids=lambda path: path.name)
def test_no_pipeline_reads_a_stored_secret(file: Path) -> None:
    assert (
        re.findall(r"\bsecrets\.|client[-_]?secret|password|servicePrincipalKey", file.read_text(), re.IGNORECASE) == []
    )


def test_the_secret_that_a_deployment_reads_is_made_by_the_documents() -> None:
    read = {name for file in PIPELINES for name in re.findall(r'"vault:\$\w+/([\w-]+)"', file.read_text())}
    assert read == {"smoke-token"}
    release, deploy = ((ROOT / "docs" / name).read_text() for name in ("release.md", "deploy.md"))
    part = release.partition("### The smoke test's token\n")[2].partition("\n## ")[0]
    assert "az keyvault secret set --vault-name $VAULT --name smoke-token" in part
    assert re.search(r'role assignment create --role "Key Vault Secrets User"[\s\S]*?/secrets/smoke-token"', part)
    pipeline = deploy.partition("## The pipeline's identity\n")[2].partition("\n## ")[0]
    assert "(release.md#the-smoke-tests-token)" in " ".join(pipeline.split()).replace("( ", "(")


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_only_and_signs_in_only_where_it_deploys(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        if "permissions" in job:
            assert job["permissions"] == {"contents": "read", "id-token": "write"}
            assert job["environment"]
            assert job["concurrency"]["cancel-in-progress"] is False
        assert job["timeout-minutes"] <= (90 if name == "code" else 60)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda path: path.name)
def test_an_action_is_named_by_its_commit(file: Path) -> None:
    used = re.findall(r"uses: (.*)", file.read_text())
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_that_somebody_types_becomes_part_of_a_script(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_azd_finds_the_templates_and_the_app() -> None:
    project = yaml.safe_load((ROOT / "azure.yaml").read_text())
    folder = ROOT / project["infra"]["path"]
    assert (folder / f"{project['infra']['module']}.bicep").is_file()
    tagged = [path for path in folder.rglob("*.bicep") if "'azd-service-name': 'hub'" in path.read_text()]
    assert len(tagged) == 1
    assert "hub" in project["services"]
    given = re.findall(r'"(\w+)": \{ "value"', (folder / "main.parameters.json").read_text())
    declared = re.findall(r"^param (\w+) .*", (folder / "main.bicep").read_text(), re.MULTILINE)
    required = re.findall(r"^param (\w+) \w+$", (folder / "main.bicep").read_text(), re.MULTILINE)
    assert set(required) <= set(given) <= set(declared)
