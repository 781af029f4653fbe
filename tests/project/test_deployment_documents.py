"""docs/deploy.md and docs/operations.md say what the templates and commands really are, and leave nothing out."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cost import prices
from benchmarks.cost.resources import RESOURCES
from infra import parameters
from provisioning.hub import TABLES
from provisioning.telemetry.catalogue import METRICS, Metric

ROOT = Path(__file__).parents[2]
DEPLOY = (ROOT / "docs/deploy.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()
README = (ROOT / "README.md").read_text()
BICEP = sorted((ROOT / "infra/bicep").rglob("*.bicep"))
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
HUB = json.loads((ROOT / "infra/common/hub.json").read_text())


def test_the_table_of_parameters_is_that_of_the_template() -> None:
    template = parameters.TEMPLATE.read_text()
    assert len(parameters.read(template)) == len(re.findall(r"^param ", template, re.MULTILINE)) > 20
    assert parameters.written(DEPLOY, template) == DEPLOY, "run python -m infra.parameters"


def test_the_table_of_parameters_has_terraforms_names_too() -> None:
    variables = re.findall(r'^variable "(\w+)"', (ROOT / "infra/terraform/variables.tf").read_text(), re.MULTILINE)
    template = parameters.read(parameters.TEMPLATE.read_text())
    assert sorted(each.variable for each in template) == sorted(variables)
    assert parameters.Parameter("ipv4Ranges", "", "").variable == "ipv4_ranges"


def types() -> set[str]:
    """Every type of resource that the Bicep templates make in Azure."""
    found: set[str] = set()
    for file in BICEP:
        found |= set(re.findall(r"^resource \w+ '(Microsoft\.[\w./]+)@[\w.-]+' = ", file.read_text(), re.MULTILINE))
    return {each for each in found if not each.startswith("Microsoft.Graph/")}


def test_every_resource_is_in_the_table_with_its_reason_and_cost() -> None:
    table = DEPLOY.partition("<!-- cost-resources -->")[2].partition("<!-- /cost-resources -->")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `Microsoft")]
    assert len(types()) > 15
    said = {each.type for each in RESOURCES}
    for found in types():
        top = "/".join(found.split("/")[:2])
        row = next((line for line in rows if line.startswith(f"| `{top}`")), "")
        assert row, f"{found} has no row"
        if found != top:
            assert f"`{found.removeprefix(top + '/')}`" in row
        assert len(row.split("|")) == 7
    assert {each.split("`")[1] for each in rows} == said
    assert said <= {"/".join(each.split("/")[:2]) for each in types()}


def test_figures_say_by_which_command_and_when_they_were_made() -> None:
    for page, names in ((DEPLOY, ["cost-resources"]), (OPERATIONS, ["cost-counted", "cost-tenants", "cost-prices"])):
        for name in names:
            part = page.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]
            assert re.search(r"^`make cost`, \d{4}-\d\d-\d\d:$", part, re.MULTILINE)
    listed = prices.read()
    assert f"{listed.region}, {listed.date}." in OPERATIONS


COMMAND = re.compile(r"python -m ((?:infra|provisioning|benchmarks)[\w.]*)((?: [^\s`#|<]+)*)")


def commands() -> dict[tuple[str, str], set[str]]:
    """Every command of ours in the two documents and README: module and subcommand, with the options it is given."""
    found: dict[tuple[str, str], set[str]] = {}
    for page in (DEPLOY, OPERATIONS, README):
        for module, rest in COMMAND.findall(page.replace("\\\n", " ")):
            words = rest.split()
            subcommand = words[0] if words and re.fullmatch(r"[a-z]+", words[0]) else ""
            found.setdefault((module, subcommand), set()).update(word for word in words if word.startswith("--"))
    return found


@pytest.mark.parametrize(("module", "subcommand"), sorted(commands()))
def test_every_command_in_the_documents_exists_with_its_options(module: str, subcommand: str) -> None:
    options = commands()[module, subcommand]
    if not options and not subcommand:
        assert (ROOT / module.replace(".", "/")).is_dir() or (ROOT / f"{module.replace('.', '/')}.py").is_file()
        return
    shown = subprocess.run(
        [sys.executable, "-m", module, *([subcommand] if subcommand else []), "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert [option for option in options if option not in shown] == []


def test_every_file_that_a_command_takes_exists() -> None:
    for page in (DEPLOY, OPERATIONS):
        files = re.findall(r"(?<![\w/.])(infra/[\w/.-]+\.\w+)", page)
        assert [file for file in files if not (ROOT / file).is_file()] == []
        assert [
            folder for folder in re.findall(r"^cd (infra/\S+)$", page, re.MULTILINE) if not (ROOT / folder).is_dir()
        ] == []
    assert (ROOT / "infra/terraform/environments/production.tfvars").is_file()


def test_every_table_queue_timer_and_container_is_told_to_operators() -> None:
    told = OPERATIONS + (ROOT / "docs/backup.md").read_text() + (ROOT / "docs/settings.md").read_text() + DEPLOY
    names = [*TABLES, *HUB["queues"], *HUB["functions"]["timer"], *HUB["containers"].values()]
    assert [name for name in names if f"`{name}`" not in told] == []


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_in_the_operators_table(metric: Metric) -> None:
    assert f"| `{metric.name}` |" in OPERATIONS


def test_every_path_past_the_sign_in_is_told() -> None:
    assert [path for path in HUB["excludedPaths"] if f"`{path}`" not in DEPLOY] == []


def test_the_version_of_terraform_is_the_one_that_its_roots_ask_for() -> None:
    asked = {
        found[1]
        for file in (ROOT / "infra/terraform").glob("**/versions.tf")
        if (found := re.search(r'required_version = ">= ([\d.]+)"', file.read_text()))
    }
    told = re.findall(r"[Tt]erraform`? (\d[\d.]*)\s+or\s+later", DEPLOY + (ROOT / "docs/infra-check.md").read_text())
    assert len(told) == 2
    assert set(told) == asked


def test_what_was_not_tried_is_said() -> None:
    assert "None of this was run against a subscription" in DEPLOY
    assert len(re.findall(r"^\| .+ \| .+ \|$", DEPLOY.partition("## What could not be tried")[2], re.MULTILINE)) > 6


def test_the_way_from_an_empty_subscription_to_test_connection_is_in_order() -> None:
    steps = re.findall(r"^## (\d)\. ", DEPLOY, re.MULTILINE)
    assert steps == [str(number) for number in range(1, len(steps) + 1)]
    way = ["az login", "provider register", "deployment sub create", "terraform apply", "graph_permissions",
           "infra.rollout deploy", "/api/sources/entra/tokens", "infra.rollout smoke", "***Test Connection***",
           "provisioning.entra apply"]  # fmt: skip
    places = [DEPLOY.index(each) for each in way]
    assert places == sorted(places)


def test_every_variable_and_output_that_the_steps_use_exists() -> None:
    declared = [*(ROOT / "infra/terraform").glob("*/*.tf"), *(ROOT / "infra/terraform").glob("*.tf")]
    terraform = "\n".join(file.read_text() for file in declared)
    for name in re.findall(r"-var=(\w+)=", DEPLOY):
        assert f'variable "{name}"' in terraform
    for name in ("assigned_object_ids", "notification_email"):
        assert f"`{name}`" in DEPLOY
        assert f'variable "{name}"' in terraform
    bicep = parameters.TEMPLATE.read_text()
    for name in ("identityPrincipalId", "deployerClientId", "nextSteps"):
        assert f"`{name}`" in DEPLOY
        assert f"output {name} " in bicep
    for name in ("identity_principal_id", "service_principal_id"):
        assert f"`{name}`" in DEPLOY
        assert f'output "{name}"' in terraform


def test_the_architecture_names_every_function_queue_and_container_of_backups() -> None:
    functions = HUB["functions"]
    names = [*functions["http"], *functions["queue"], *functions["timer"], HUB["containers"]["backups"]]
    told = ARCHITECTURE.partition("\nThe functions: ")[2].partition("\n\n")[0]
    assert [name for name in names if f"`{name}`" not in told] == []
    assert [name for name in HUB["queues"] if name not in ARCHITECTURE] == []
