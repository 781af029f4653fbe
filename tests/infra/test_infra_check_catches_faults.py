"""``make infra-check`` fails with words for each kind of fault. The faults of a step are put into one copy."""

import shutil
from functools import cache
from pathlib import Path

import pytest

from infra.checks.__main__ import STEPS
from infra.checks.checkout import Checkout
from infra.checks.compare import graph
from tests.infra.faults import FAULTS
from tests.infra.tree import Answer, Fault, copied, infra_check

EACH = [(step, fault) for step, faults in FAULTS.items() for fault in faults]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, infra_tools: None):
    """What a step says of a copy with all of its faults."""

    @cache
    def of(step: str) -> Answer:
        tree = copied(tmp_path_factory.mktemp(step))
        for fault in FAULTS[step]:
            fault.seed(tree)
        return answered(tree, step)

    return of


def answered(tree: Path, *steps: str) -> Answer:
    """Run steps; skip the test with the command's own words where it could not look."""
    answer = infra_check(tree, *(word for step in steps for word in ("--only", step)))
    for line in answer.lines:
        if " skipped: " in line:
            pytest.skip(line)
    return answer


def test_there_are_faults_for_every_step() -> None:
    assert FAULTS.keys() == STEPS.keys()


@pytest.mark.xdist_group("infra")
@pytest.mark.parametrize(("step", "fault"), EACH, ids=[fault.kind for _, fault in EACH])
def test_a_fault_is_told_with_its_place(step: str, fault: Fault, answers) -> None:
    answer = answers(step)
    assert answer.code == 1
    assert [line for line in answer.findings if fault.is_told(line)], "\n".join(answer.lines)


@pytest.mark.xdist_group("infra")
def test_a_queue_that_is_renamed_in_code_is_missing_in_both_templates(tmp_path: Path, infra_tools: None) -> None:
    tree = copied(tmp_path)
    Fault("", "provisioning/engine/jobs.py", '"provisioning-jobs"', '"sync-jobs"', "", "").seed(tree)
    answer = answered(tree, "code", "drift")
    assert answer.code == 1
    text = "\n".join(answer.findings)
    assert "infra/common/hub.json: queues is stale" in text
    assert "sync-jobs is a queue of the code, and Bicep (production) does not make it" in text
    assert "sync-jobs is a queue of the code, and Terraform (production) does not make it" in text


@pytest.mark.xdist_group("infra")
@pytest.mark.parametrize("gone", ["infra/bicep", "infra/terraform"])
def test_a_template_that_is_gone_is_no_reason_to_skip(gone: str, tmp_path: Path, infra_tools: None) -> None:
    tree = copied(tmp_path)
    shutil.rmtree(tree / gone)
    answer = answered(tree, "bicep", "format", "drift")
    assert answer.code == 1
    assert [line for line in answer.lines if "FAILED" in line]


@pytest.mark.xdist_group("infra")
def test_a_single_fault_is_told_once_and_nothing_else_is(tmp_path: Path, infra_tools: None) -> None:
    tree = copied(tmp_path)
    days = "soft_delete_retention_days    = "
    Fault("", "infra/terraform/vault.tf", f"{days}90", f"{days}7", "", "").seed(tree)
    answer = answered(tree, "code", "bicep", "parameters", "queries", "drift")
    (finding,) = answer.findings
    assert answer.code == 1
    assert "softDeleteRetentionInDays is 90 in Bicep, 7 in Terraform (infra/terraform/vault.tf:3; dev)" in finding


def test_a_stage_for_graph_that_is_gone_is_a_finding(tmp_path: Path) -> None:
    (finding,) = graph.compared(Checkout(tmp_path))
    assert str(finding).startswith("infra/bicep/graph_permissions/main.bicep: is not there")


@pytest.mark.xdist_group("infra")
def test_a_schema_checker_that_cannot_start_is_a_finding(tmp_path: Path) -> None:
    tree, tools = copied(tmp_path / "tree"), tmp_path / "local/infra/bin"
    (tree / "azure.yaml").unlink()
    tools.mkdir(parents=True)
    for name in ("python", "check-jsonschema"):
        (tools / name).write_text("#!/bin/sh\necho 'Error: no such schema' >&2\nexit 2\n")
        (tools / name).chmod(0o755)
    answer = infra_check(tree, "--local", str(tmp_path / "local"), "--only", "workflows")
    assert answer.code == 1
    assert "    check-jsonschema failed: Error: no such schema" in answer.findings


@pytest.mark.xdist_group("infra")
def test_what_is_missing_beside_the_project_is_said_and_fails_only_when_strict(tmp_path: Path) -> None:
    absent = ["--shared", str(tmp_path / "shared"), "--local", str(tmp_path / "local")]
    absent += ["--only", "bicep", "--only", "azapi"]
    answer = infra_check(copied(tmp_path / "tree"), *absent)
    assert answer.code == 0
    assert [line for line in answer.lines if " skipped: " in line and "is not there" in line] == list(answer.lines)
    assert infra_check(tmp_path / "tree", *absent, "--strict").code == 1
