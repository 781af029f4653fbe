"""Security scan: checkov over Terraform, and over Bicep as it is evaluated, less what security.toml argues away.

The scanner does not read Bicep of today, and of azapi resources it knows nothing; written as ARM templates, with every
variable and loop evaluated, the same resources are scanned whole.
"""

import json
import os
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.checks.bicep import environments
from infra.checks.bicep.values import Placed
from infra.checks.checkout import Checkout
from infra.checks.findings import Finding, Result, Unreadable
from infra.checks.options import EVERYTHING

SKIPS = "infra/checks/security.toml"
SCANNED = ("production", EVERYTHING)
"""Environments whose Bicep is scanned: the one that counts, and every option."""

OFFLINE = ("--framework", "arm", "terraform", "--skip-download", "--compact", "--quiet", "--output", "json")
"""The scanner's options."""

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@dataclass(frozen=True, slots=True)
class Failed:
    """One check that failed: what it asks for, of which resource, where."""

    check: str
    title: str
    kind: str
    resource: str
    place: str


def run(checkout: Checkout) -> Result:
    """Scan both templates."""
    scanner = checkout.python("checkov").parent / "checkov"
    if not (checkout.root / environments.MAIN).exists() and not any((checkout.root / "infra/terraform").glob("*.tf")):
        raise Unreadable("there are no templates")
    with tempfile.TemporaryDirectory(prefix="lockstep-scan-") as folder:
        places = written(checkout, Path(folder))
        passed, failed = scan(checkout, scanner, Path(folder), places)
    allowed, used = skips(checkout), set()
    findings = []
    for each in failed:
        if (each.check, each.kind) in allowed:
            used.add((each.check, each.kind))
        else:
            findings.append(Finding(each.place, f"{each.check} {each.title} ({each.resource})"))
    for check, kind in sorted(allowed - used):
        findings.append(Finding(SKIPS, f"{check} on {kind} is skipped, and nothing fails it any more: remove it"))
    return Result(f"{passed} passed, {len(used)} argued away in {SKIPS}", tuple(dict.fromkeys(findings)))


def written(checkout: Checkout, folder: Path) -> dict[str, str]:
    """Write what Bicep deploys as ARM templates; return the place of each resource."""
    places: dict[str, str] = {}
    for name in SCANNED:
        if name not in (*environments.names(checkout), EVERYTHING):
            continue
        _, resources = environments.deployed(checkout, name)
        document = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [as_arm(each) for each in resources]}
        (folder / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False))
        places |= {f"{name}.json {each.kind}.{each.name}": each.place for each in resources}
    return places


def as_arm(resource: Placed) -> dict[str, Any]:
    """Return a resource as an ARM template has it."""
    return {"type": resource.kind, "apiVersion": resource.version, "name": resource.name, **resource.body}


def scan(checkout: Checkout, scanner: Path, folder: Path, places: dict[str, str]) -> tuple[int, list[Failed]]:
    """Run the scanner, offline; return how many checks passed, and those that did not."""
    terraform = checkout.root / "infra/terraform"
    done = subprocess.run(
        [str(scanner), "--directory", str(folder), "--directory", str(terraform), *OFFLINE],
        env=os.environ | {"HOME": str(folder), "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        reports = [each for each in documents(done.stdout) if "results" in each]
    except json.JSONDecodeError:
        raise Unreadable(f"checkov failed: {(done.stderr or done.stdout).strip()[-500:]}") from None
    broken = [path for each in reports for path in each["results"].get("parsing_errors", [])]
    if broken:
        raise Unreadable(f"checkov cannot read {', '.join(broken)}")
    passed = sum(each["summary"]["passed"] for each in reports)
    return passed, [told for each in reports for told in failures(each, places)]


def documents(text: str) -> Iterator[dict[str, Any]]:
    """Return the reports: one JSON document for each directory, which holds one report or a list of them."""
    while text := text.lstrip():
        found, end = json.JSONDecoder().raw_decode(text)
        yield from found if isinstance(found, list) else [found]
        text = text[end:]


def failures(report: dict[str, Any], places: dict[str, str]) -> Iterator[Failed]:
    """Return the failed checks of a report."""
    for each in report["results"]["failed_checks"]:
        file, resource = each["file_path"].lstrip("/"), each["resource"]
        place = f"infra/terraform/{file}:{each['file_line_range'][0]}"
        kind = resource.partition(".")[0]
        if report["check_type"] == "arm":
            place = places.get(f"{Path(file).name} {resource}", "infra/bicep")
            kind = resource[: resource.index(".", resource.index("/"))]
        yield Failed(each["check_id"], each["check_name"], kind, resource, place)


def skips(checkout: Checkout) -> set[tuple[str, str]]:
    """Return what is argued away: check and kind. Raises ``Unreadable`` for one without a reason."""
    found = set()
    for each in tomllib.loads((checkout.root / SKIPS).read_text())["skip"]:
        if len(each["why"].split()) < 5:
            raise Unreadable(f"{SKIPS}: {', '.join(each['checks'])} without a reason")
        found |= {(check, kind) for check in each["checks"] for kind in each["on"]}
    return found
