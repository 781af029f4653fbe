"""Terraform: bodies of azapi resources against Azure's resource types, which terraform itself does not look into.

Twice: as they are written (../shared/checks/azapi_check.py), and as each environment plans them, because a body that is
merged from parts cannot be read from the text.
"""

import subprocess

from infra.checks.checkout import Checkout
from infra.checks.findings import Finding, Result, Unreadable
from infra.checks.terraform.plans import Plan, plans


def run(checkout: Checkout) -> Result:
    """Check every body."""
    folder = checkout.root / "infra/terraform"
    if not any(folder.rglob("*.tf")):
        raise Unreadable("infra/terraform has no *.tf")
    done = subprocess.run(
        [checkout.python("infra"), "-B", checkout.script("azapi_check.py"), checkout.types, folder],
        capture_output=True,
        text=True,
        check=False,
    )
    *found, summary = done.stdout.splitlines() or [""]
    findings = [Finding(*message(line, f"{checkout.root}/")) for line in found]
    if done.returncode and not findings:
        findings = [Finding("infra/terraform", f"azapi_check.py failed: {done.stderr.strip()[-300:]}")]
    number = 0
    for plan in plans(checkout):
        for finding in planned(checkout, plan):
            if all(finding.words != each.words for each in findings):
                findings.append(finding)
        number += len(plan.bodies())
    return Result(f"{summary.split(',')[0]} as written, {number} as planned", tuple(findings))


def message(line: str, root: str) -> tuple[str, str]:
    """Return place and words of a line of azapi_check.py."""
    place, _, words = line.removeprefix(root).partition(": ")
    return place, words.replace(": line 0: ", ": ").replace('"', "")


def planned(checkout: Checkout, plan: Plan) -> list[Finding]:
    """Return what is wrong in the bodies of a plan."""
    checker, findings = checkout.bicep_check, []
    types = checker.Types(str(checkout.types))
    for address, kind, body, updates in plan.bodies():
        check = checker.Check.__new__(checker.Check)
        check.errs, check.warns = [], []
        try:
            check.value(types.resource(kind), tree(body), kind, existing=updates)
        except checker.Err as error:
            check.errs.append(str(error))
        name = address.rpartition(".")[2].partition("[")[0]
        findings += [Finding(plan.place, f"{name}: {each.removeprefix('line 0: ')}") for each in check.errs]
    return findings


def tree(value: object) -> tuple[object, ...]:
    """Return a value as the checker's tree; what is not known before deployment is a name in it."""
    match value:
        case dict():
            return ("obj", [(key, tree(each), 0) for key, each in value.items()], 0)
        case list():
            return ("arr", [tree(each) for each in value], 0)
        case bool():
            return ("bool", value, 0)
        case int():
            return ("int", value, 0)
        case None:
            return ("null", 0)
    return ("id", value, 0) if "«" in str(value) else ("str", [str(value)], 0)
