"""Drift: code, Bicep and Terraform against each other, for every environment and for one with every option on."""

import json
import re
from collections.abc import Iterator
from typing import Any

from infra.checks.bicep import environments
from infra.checks.checkout import Checkout
from infra.checks.compare import code, graph, parameters, templates
from infra.checks.deployment import of_bicep, of_terraform
from infra.checks.findings import Finding, Result, Skipped, Unreadable
from infra.checks.options import EVERYTHING
from infra.checks.terraform.plans import NotPlanned, Plan, plans
from infra.checks.terraform.session import MAIN

NAMES = re.compile(r"[\w.«-]*lockstep[\w»-]*|\(.*")
BLOCK = re.compile(r'^resource "(\w+)" "(\w+)"')


def run(checkout: Checkout) -> Result:
    """Compare everything with everything."""
    if not (checkout.root / environments.MAIN).exists():
        raise Unreadable(f"{environments.MAIN} is not there")
    findings: list[Finding] = []
    missing: Skipped | None = None
    planned: tuple[Plan, ...] = ()
    try:
        planned = plans(checkout)
    except NotPlanned as error:
        findings += error.findings
    except Skipped as reason:
        missing = reason
    try:
        findings += compared(checkout, planned)
    except Unreadable as error:
        findings += error.findings
    if missing is not None and not findings:
        raise Skipped(f"Bicep agrees with the code; Terraform was not compared: {missing}")
    return Result(f"{len(everywhere(checkout))} environments", tuple(dict.fromkeys(findings)))


def compared(checkout: Checkout, planned: tuple[Plan, ...]) -> Iterator[Finding]:
    """Compare each template with the code, and both with each other."""
    alerts, places = rules(checkout), blocks(checkout)
    bicep = {name: environments.deployed(checkout, name) for name in everywhere(checkout)}
    of_each = {f"Bicep ({name})": of_bicep(placed) for name, (_, placed) in bicep.items()}
    of_each |= {f"Terraform ({plan.environment})": of_terraform(plan, places) for plan in planned}
    for tool, resources in of_each.items():
        yield from code.compared(checkout, resources, tool, alerts)
    yield from code.judged(checkout, of_each)
    yield from of_environments(checkout)
    yield from graph.compared(checkout)
    if not planned:
        return
    yield from parameters.declared(checkout, planned[0])
    used = templates.Used(set())
    seen: dict[tuple[str, str], str] = {}
    for plan in planned:
        name = plan.environment
        if name not in bicep:
            continue
        yield from parameters.environment_values(checkout, plan)
        yield from parameters.outputs(checkout, bicep[name][0], plan)
        for finding in templates.compared(of_each[f"Bicep ({name})"], of_each[f"Terraform ({name})"], name, used):
            # The same difference in the next environment tells nothing new; names differ there, so they do not count.
            fingerprint = (finding.place, NAMES.sub("", finding.words))
            if seen.setdefault(fingerprint, name) == name:
                yield finding
    yield from templates.gone(used)


def everywhere(checkout: Checkout) -> list[str]:
    """Return the environments of Bicep, and the one with every option."""
    return [*environments.names(checkout), EVERYTHING]


def of_environments(checkout: Checkout) -> Iterator[Finding]:
    """Compare which environments there are."""
    files = {path.stem for path in (checkout.root / MAIN / "environments").glob("*.tfvars")}
    for name in sorted(files ^ set(environments.names(checkout))):
        yield Finding(f"infra/*/environments/{name}.*", "is there for one template only")


def rules(checkout: Checkout) -> dict[str, Any]:
    """Return the alert rules by name."""
    path = checkout.root / "infra/common/alerts.json"
    return {rule["name"]: rule for rule in json.loads(path.read_text())["rules"]} if path.exists() else {}


def blocks(checkout: Checkout) -> dict[str, str]:
    """Return the line of each resource block."""
    found = {}
    for path in sorted((checkout.root / MAIN).glob("*.tf")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := BLOCK.match(line):
                found[f"{match[1]}.{match[2]}"] = checkout.place(path, number)
    return found
