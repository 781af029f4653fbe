"""Parameters, environments and outputs: the same in both templates, by name, default, words and value."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.checks.bicep import environments
from infra.checks.bicep.template import Template
from infra.checks.bicep.values import plain
from infra.checks.checkout import Checkout
from infra.checks.findings import Finding
from infra.checks.options import EVERYTHING, OPTIONS, snake
from infra.checks.terraform.arm import in_arm
from infra.checks.terraform.plans import Plan
from infra.checks.tokens import translated

VARIABLES = "infra/terraform/variables.tf"
OUTPUTS = "infra/terraform/outputs.tf"

OWN_COMMANDS = "nextSteps"
"""The output whose text is each tool's own: its commands are compared by their number."""


def declared(checkout: Checkout, plan: Plan) -> Iterator[Finding]:
    """Return parameters that differ between the templates."""
    template = environments.template(checkout, {})
    bicep, terraform = environments.parameters(checkout), plan.declared
    spelt = {snake(name): name for name in bicep}
    for name in sorted(spelt.keys() - terraform.keys()):
        yield Finding(at(bicep[spelt[name]]), f"parameter {spelt[name]}: Terraform has no variable {name}")
    for name in sorted(terraform.keys() - spelt.keys()):
        yield Finding(
            line_of(checkout, VARIABLES, f'variable "{name}"'), f"variable {name}: Bicep has no such parameter"
        )
    for name in sorted(spelt.keys() & terraform.keys()):
        statement, variable = bicep[spelt[name]], terraform[name]
        mine, theirs = default(template, statement), variable.get("default", "must be given")
        if mine != theirs:
            yield Finding(
                at(statement),
                f"parameter {spelt[name]}: the default is {mine!r} in Bicep, {theirs!r} in Terraform "
                f"({line_of(checkout, VARIABLES, f'variable "{name}"')})",
            )
        mine, theirs = described(template, statement), variable.get("description", "")
        if common(mine, spelt) != theirs:
            yield Finding(
                at(statement),
                f"parameter {spelt[name]}: its description differs: Bicep {mine!r}, Terraform {theirs!r} "
                f"({line_of(checkout, VARIABLES, f'variable "{name}"')})",
            )
    for name in sorted(spelt.values()):
        if name not in OPTIONS:
            yield Finding("infra/checks/options.py", f"parameter {name} has no value in OPTIONS: it is never tried")


def common(words: str, spelt: dict[str, str]) -> str:
    """Return a description with parameters as Terraform spells them."""
    for terraform, bicep in spelt.items():
        if terraform != bicep:
            words = words.replace(bicep, terraform)
    return words


def at(statement: dict[str, Any]) -> str:
    """Return the place of a declaration in the main template."""
    return f"{environments.MAIN}:{statement['line']}"


def line_of(checkout: Checkout, file: str, beginning: str) -> str:
    """Return a file with the line that begins so."""
    path = checkout.root / file
    lines = path.read_text().splitlines() if path.exists() else []
    number = next((number for number, line in enumerate(lines, 1) if line.startswith(beginning)), None)
    return checkout.place(Path(path), number)


def default(template: Template, statement: dict[str, Any]) -> Any:
    """Return a parameter's default."""
    return "must be given" if statement["v"] is None else plain(template.value(statement["v"], {}))


def described(template: Template, statement: dict[str, Any]) -> str:
    """Return a parameter's description."""
    found = (each[2][0] for each in statement["deco"] if each[0] == "call" and each[1] == "description")
    text = next(found, None)
    return "" if text is None else str(template.value(text, {}))


def environment_values(checkout: Checkout, plan: Plan) -> Iterator[Finding]:
    """Return the values in which an environment differs."""
    if plan.environment == EVERYTHING:
        return
    template = environments.template(checkout, {})
    given = environments.values(checkout, plan.environment)
    file = f"infra/bicep/environments/{plan.environment}.bicepparam"
    for name, statement in environments.parameters(checkout).items():
        mine = given.get(name, default(template, statement))
        theirs = plan.variables.get(snake(name))
        if mine != theirs and snake(name) in plan.declared:
            place = line_of(checkout, file, f"param {name} ")
            yield Finding(place, f"{name} is {mine!r}, {snake(name)} is {theirs!r} in {plan.place}")


def outputs(checkout: Checkout, bicep: dict[str, Any], plan: Plan) -> Iterator[Finding]:
    """Return outputs that differ."""
    spelt = {snake(name): name for name in bicep}
    for name in sorted(spelt.keys() - plan.outputs.keys()):
        yield Finding(environments.MAIN, f"output {spelt[name]}: Terraform has no output {name}")
    for name in sorted(plan.outputs.keys() - spelt.keys()):
        yield Finding(line_of(checkout, OUTPUTS, f'output "{name}"'), f"output {name}: Bicep has no such output")
    for name in sorted(spelt.keys() & plan.outputs.keys()):
        mine, theirs = translated(bicep[spelt[name]], in_arm), translated(plan.outputs[name], in_arm)
        if spelt[name] == OWN_COMMANDS:
            mine, theirs = f"{len(mine)} commands", f"{len(theirs or [])} commands"
        mine, theirs = worth(mine), worth(theirs)
        if mine != theirs:
            place = line_of(checkout, OUTPUTS, f'output "{name}"')
            words = f"output {spelt[name]} is {mine!r} in Bicep, {theirs!r} in Terraform ({place}; {plan.environment})"
            yield Finding(environments.MAIN, words)


def worth(value: Any) -> Any:
    """Return an output as it is compared: a name that is known is the same as the word for it."""
    if isinstance(value, str) and value.startswith("«") and value.endswith(" name»"):
        return value.split(" ")[1]
    return value
