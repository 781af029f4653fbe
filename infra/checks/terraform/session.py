"""One run of terraform over the roots: in a copy, so that nothing it writes lands in the tree."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.checks.checkout import Checkout
from infra.checks.findings import Finding, Skipped, Unreadable

ROOTS = ("infra/terraform", "infra/terraform/graph_permissions", "infra/terraform/enterprise_app")
MAIN = ROOTS[0]
LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'
"""In place of the state in Azure; an override file, as Terraform's documentation has it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command said."""

    root: str
    name: str
    code: int
    out: str
    err: str

    def diagnostics(self) -> Iterator[Finding]:
        """Return the errors, each with file and line."""
        found = False
        for diagnostic in self.told():
            if diagnostic.get("severity") == "error":
                found = True
                span = diagnostic.get("range") or {}
                line = span.get("start", {}).get("line")
                place = f"{self.root}/{span.get('filename', '')}".rstrip("/") + (f":{line}" if line else "")
                detail = " ".join(str(diagnostic.get("detail", "")).split())
                yield Finding(place, f"{diagnostic['summary']}: {detail}".rstrip(": "))
        if self.code and not found:
            words = (self.err.strip() or self.out.strip()).splitlines()
            yield Finding(self.root, f"terraform {self.name} failed: {' '.join(words[-6:])}")

    def told(self) -> Iterator[dict[str, Any]]:
        """Return the diagnostics in the two forms that terraform has: one document, or one a line."""
        for text in [self.out] if self.name == "validate" else self.out.splitlines():
            try:
                said = json.loads(text)
            except json.JSONDecodeError:
                continue
            if isinstance(said, dict):
                yield from said.get("diagnostics", [])
                if "diagnostic" in said:
                    yield said["diagnostic"]


def present(checkout: Checkout) -> None:
    """Raise ``Unreadable`` where one of the roots is not there."""
    for root in ROOTS:
        if not any((checkout.root / root).glob("*.tf")):
            raise Unreadable(f"{root} has no *.tf")


def run(
    checkout: Checkout, wanted: Sequence[str], more: Mapping[str, Mapping[str, Any]] | None = None, *, tests: bool
) -> list[Answer]:
    """Run ``init``, then ``validate`` and ``test``; or a plan for each environment, and those in ``more`` by name.

    Raises ``Skipped``, and ``Unreadable`` where a root is not there.
    """
    present(checkout)
    terraform, stub, python = checkout.terraform, checkout.script("tf_stub.py"), checkout.python("infra")
    schemas = checkout.local / "infra/schema"
    if not any(schemas.glob("*.json")):
        raise Skipped(f"{schemas} is empty: run sh sandbox/setup.sh infra beside ../shared")
    with tempfile.TemporaryDirectory(prefix="lockstep-terraform-") as folder:
        copy = Path(folder)
        for part in ("infra/terraform", "infra/common"):
            shutil.copytree(
                checkout.root / part, copy / part, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*")
            )
        chains = []
        for root in wanted:
            (copy / root / "zz_checks_override.tf").write_text(LOCAL_STATE)
            for name, values in (more or {}).items():
                (copy / root / "environments" / f"{name}.tfvars.json").write_text(json.dumps(values))
            chains.append(list(commands(terraform, copy / root, tests=tests)))
        done = subprocess.run(
            [python, "-B", str(Path(__file__).parent / "provider.py"), str(stub), str(schemas)],
            input=json.dumps({"chains": chains, "folders": [str(copy / root) for root in wanted]}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Unreadable(f"the schema-only provider failed: {done.stderr.strip()[-500:]}")
        return [
            Answer(root, each["name"], each["code"], each["out"], each["err"])
            for root, answers in zip(wanted, json.loads(done.stdout), strict=True)
            for each in answers
        ]


def commands(terraform: str, folder: Path, *, tests: bool) -> Iterator[dict[str, Any]]:
    """Return the commands for one root."""

    def command(name: str, *words: str, needed: bool = False) -> dict[str, Any]:
        return {"name": name, "argv": [terraform, *words], "cwd": str(folder), "needed": needed}

    yield command("init", "init", "-input=false", "-no-color", needed=True)
    if tests:
        yield command("validate", "validate", "-json", needed=True)
        if any((folder / "tests").glob("*.tftest.hcl")):
            yield command("test", "test", "-json")
    else:
        for values in sorted((folder / "environments").glob("*.tfvars*")):
            name = values.name.partition(".")[0]
            out = f"{name}.plan"
            options = ("-input=false", "-refresh=false", "-lock=false", "-json", f"-out={out}")
            yield command(f"plan {name}", "plan", *options, f"-var-file=environments/{values.name}")
            yield command(f"show {name}", "show", "-json", out)
