"""``python -m benchmarks.cost``: counts a real run, and reckons size and cost from it. ``make cost`` calls it.

Prints the tables; ``--docs`` puts them into docs/deploy.md and docs/operations.md.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cost import prices, report
from benchmarks.cost.footprint import Counted
from benchmarks.cost.model import Deployment
from benchmarks.cost.scenario import RUNS, count
from benchmarks.pasting import DOCS, paste
from sandbox.azurite import Azurite

ALERTS = Path(__file__).resolve().parents[2] / "infra/common/alerts.json"
_UNITS = {"M": 1, "H": 60, "D": 1440}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and write the pages where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cost", description="Size and cost from counted runs.")
    parser.add_argument("--connections", type=int, default=2, help="connected systems of the deployment (default 2)")
    parser.add_argument("--memory", type=int, default=2048, choices=(512, 2048, 4096), help="MB of an instance")
    parser.add_argument("--docs", action="store_true", help="put the tables into docs")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, Azurite.start(log=Path(folder) / "azurite.log") as azurite:
        counted = asyncio.run(count(azurite.connection_string))
    if counted.missing:
        sys.stderr.write(f"Not counted: {', '.join(counted.missing)}.\n")
        return 1
    deployment = Deployment(memory=chosen.memory, connections=chosen.connections, rules=rules())
    for name, text in tables(counted, deployment).items():
        sys.stdout.write(f"{name}\n\n{text}\n\n")
    if chosen.docs:
        _write(counted, deployment)
    return 0


def rules(file: Path = ALERTS) -> list[int]:
    """Return how often each alert rule is evaluated, in minutes."""
    every = [rule["every"] for rule in json.loads(file.read_text())["rules"]]
    return [int(each.removeprefix("P").removeprefix("T")[:-1]) * _UNITS[each[-1]] for each in every]


def tables(counted: Counted, deployment: Deployment) -> dict[str, str]:
    """Return every table by its name."""
    listed = prices.read()
    return {
        "cost-counted": report.markdown(report.counted_table(counted))
        + f"\n\nMeans of {RUNS} runs. {report.reckoned(counted, deployment)}",
        "cost-resources": report.markdown(report.resources_table(counted, deployment, listed)),
        "cost-tenants": report.markdown(report.tenants_table(counted, deployment, listed)),
        "cost-prices": f"{report.markdown(report.prices_table(listed))}\n\n{listed.region}, {listed.date}. "
        + listed.note,
    }


def _write(counted: Counted, deployment: Deployment) -> None:
    for name, text in tables(counted, deployment).items():
        page = "deploy.md" if name == "cost-resources" else "operations.md"
        paste(DOCS / page, name, "make cost", text)


if __name__ == "__main__":
    sys.exit(main())
