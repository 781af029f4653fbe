"""``python -m infra.checks``: the steps, one line each, and what they found. None of them touches Azure."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.checks.checkout import HOME, Checkout
from infra.checks.findings import Result, Skipped, Unreadable
from infra.checks.steps import (
    azapi,
    bicep,
    code,
    drift,
    formatting,
    parameters,
    queries,
    security,
    terraform,
    workflows,
)

STEPS: Mapping[str, tuple[str, Callable[[Checkout], Result]]] = {
    "code": ("hub.json, roles, host.json and settings against the code", code.run),
    "bicep": ("Bicep: names, resource types, properties", bicep.run),
    "parameters": ("Bicep: the parameter files", parameters.run),
    "format": ("Terraform: terraform fmt", formatting.run),
    "terraform": ("Terraform: init, validate and test, without Azure", terraform.run),
    "azapi": ("Terraform: the bodies of azapi resources", azapi.run),
    "security": ("security scan (checkov) of both templates", security.run),
    "workflows": ("workflows and azure.yaml against their schemas", workflows.run),
    "queries": ("alerts and workbook: metrics, properties, functions", queries.run),
    "drift": ("code, Bicep and Terraform against each other", drift.run),
}


def main() -> int:
    """Run the steps that were asked for; return the exit status."""
    chosen = arguments()
    checkout = Checkout(chosen.root.resolve(), chosen.shared.resolve(), chosen.local.resolve())
    names = chosen.only or list(STEPS)
    failed = skipped = 0
    # Side by side: the steps wait for other programs most of the time.
    with ThreadPoolExecutor(2) as pool:
        for name, (result, took) in zip(names, pool.map(lambda name: timed(name, checkout), names), strict=True):
            title, _ = STEPS[name]
            if isinstance(result, Skipped):
                skipped += 1
                print(f"{name:<10} skipped: {title}: {result}", flush=True)
                continue
            word = "FAILED" if result.findings else "ok"
            print(f"{name:<10} {word}: {title}: {result.looked_at} ({took:.1f} s)", flush=True)
            for finding in result.findings:
                print(f"    {finding}")
            failed += bool(result.findings)
    if skipped and chosen.strict:
        print("A step was skipped, and --strict takes no excuse.")
        failed += 1
    return 1 if failed else 0


def timed(name: str, checkout: Checkout) -> tuple[Result | Skipped, float]:
    """Run a step; return what it found, or why it could not look, and the seconds that it took."""
    begun = time.monotonic()
    try:
        result: Result | Skipped = STEPS[name][1](checkout)
    except Skipped as reason:
        result = reason
    except Unreadable as error:
        result = Result("not to the end", error.findings)
    return result, time.monotonic() - begun


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    steps = "".join(f"  {name:<10} {title}\n" for name, (title, _) in STEPS.items())
    parser = argparse.ArgumentParser(
        prog="python -m infra.checks",
        description="Check the templates without Azure. Exit status: 1 where something is wrong.",
        epilog=f"steps:\n{steps}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", choices=STEPS, metavar="STEP", help="this step alone; again for more"
    )
    parser.add_argument("--root", type=Path, default=HOME, help="the checkout to look at")
    parser.add_argument("--shared", type=Path, default=HOME.parent / "shared", help="where checks/ and data/ lie")
    parser.add_argument(
        "--local", type=Path, default=HOME / ".local", help="where sandbox/setup.sh infra put the tools"
    )
    parser.add_argument("--strict", action="store_true", help="a step that cannot look fails")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
