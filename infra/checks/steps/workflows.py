"""Workflows, by the schemas that come with check-jsonschema (GitHub Actions, Azure Pipelines), and azure.yaml.

For azure.yaml there is no schema in that package: what it names is looked for in the template.
"""

import os
import subprocess
from collections.abc import Iterator

import yaml

from infra.checks.bicep import environments
from infra.checks.checkout import Checkout
from infra.checks.findings import Finding, Result, Unreadable
from infra.checks.options import EVERYTHING

AZD = "azure.yaml"
TAG = "azd-service-name"
"""By this tag azd finds the resource of a service."""

SCHEMAS = (
    ("vendor.github-workflows", ".github/workflows", "*.yml", ()),
    # Template expressions are taken out first; its patterns are older than ECMAScript's unicode mode.
    (
        *("vendor.azure-pipelines", ".", "azure-pipelines*.yml"),
        ("--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"),
    ),
)


def run(checkout: Checkout) -> Result:
    """Check the files of the three kinds that are there."""
    program = checkout.python("infra").parent / "check-jsonschema"
    findings: list[Finding] = []
    number = 0
    for schema, folder, pattern, options in SCHEMAS:
        files = sorted((checkout.root / folder).glob(pattern))
        number += len(files)
        if not files:
            continue
        done = subprocess.run(
            [program, "--builtin-schema", schema, *options, "--output-format", "text", "--color", "never", *files],
            env=os.environ | {"HOME": os.environ.get("HOME", "/nonexistent")},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
            failed = f"check-jsonschema failed: {done.stderr.strip()[-300:]}"
            findings += [Finding("", line.removeprefix(f"{checkout.root}/")) for line in said or [failed]]
    if (checkout.root / AZD).exists():
        number += 1
        findings += azd(checkout)
    if not number:
        raise Unreadable(f"there is none of .github/workflows/*.yml, azure-pipelines.yml and {AZD}")
    return Result(f"{number} files", tuple(findings))


def azd(checkout: Checkout) -> Iterator[Finding]:
    """Check what azure.yaml names: the template, and a resource for each service."""
    told = yaml.safe_load((checkout.root / AZD).read_text())
    template = f"{told['infra']['path']}/{told['infra'].get('module', 'main')}.bicep"
    if not (checkout.root / template).exists():
        yield Finding(AZD, f"infra: there is no {template}")
        return
    _, resources = environments.deployed(checkout, EVERYTHING)
    tagged = {each.body["tags"][TAG]: each for each in resources if TAG in (each.body.get("tags") or {})}
    for name in sorted(told["services"].keys() - tagged.keys()):
        yield Finding(AZD, f"service {name}: no resource of {template} has the tag {TAG}: {name}")
    for name in sorted(tagged.keys() - told["services"].keys()):
        yield Finding(tagged[name].place, f"is tagged {TAG}: {name}, which is no service of {AZD}")
