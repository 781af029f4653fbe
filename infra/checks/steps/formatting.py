"""Terraform's own format."""

import os
import subprocess

from infra.checks.checkout import Checkout
from infra.checks.findings import Finding, Result, Unreadable


def run(checkout: Checkout) -> Result:
    """Run ``terraform fmt -check``; it changes nothing."""
    folder = checkout.root / "infra/terraform"
    if not any(folder.rglob("*.tf")):
        raise Unreadable("infra/terraform has no *.tf")
    done = subprocess.run(
        [checkout.terraform, "fmt", "-check", "-recursive", "-list=true", "."],
        cwd=folder,
        env=os.environ | {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    findings = [
        Finding(f"infra/terraform/{name}", "is not formatted: run terraform fmt -recursive infra/terraform")
        for name in done.stdout.split()
    ]
    if done.returncode and not findings:
        findings = [Finding("infra/terraform", f"terraform fmt failed: {done.stderr.strip()}")]
    return Result("every file", tuple(findings))
