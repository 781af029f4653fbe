"""Alerts and workbook: each metric, its properties, and each function that a query names is one that there is."""

import json
import re
from collections.abc import Iterator
from typing import Any

from infra.checks.checkout import Checkout
from infra.checks.findings import Finding, Result

METRIC = re.compile(r'"(lockstep\.[\w.]+)"')
PROPERTY = re.compile(r'Properties\[\\?"(\w+)\\?"\]|Properties\.(\w+)')
FUNCTIONS = re.compile(
    r'\bName (?:in|==|!in|!=) ?\(?((?:"[^"]*"(?:, ?)?)+)\)?|datatable\((?:timer|function): string\)\s*\[([^\]]*)\]'
)
TABLES = re.compile(r"\bAppMetrics\b")
WORDS = re.compile(r'"([^"]*)"')
FILES = ("infra/common/alerts.json", "infra/common/workbook.json")


def run(checkout: Checkout) -> Result:
    """Check every query of both files, and that every metric is looked at somewhere."""
    metrics, functions = checkout.code["metrics"], checkout.code["hub"]["functions"]
    names = {*functions["http"], *functions["queue"], *functions["timer"]}
    findings: list[Finding] = []
    number, used = 0, set()
    for file in FILES:
        text = (checkout.root / file).read_text()
        for query in queries(json.loads(text)):
            number += 1
            used |= set(METRIC.findall(query))
            line = next((n for n, line in enumerate(text.splitlines(), 1) if key(query) in line), None)
            place = f"{file}:{line}" if line else file
            findings += [Finding(place, words) for words in wrong(query, metrics, names)]
    findings += [
        Finding("provisioning/telemetry/catalogue.py", f"{name} is in no alert and not in the workbook: nobody sees it")
        for name in sorted(metrics.keys() - used)
    ]
    return Result(f"{number} queries, {len(metrics)} metrics", tuple(findings))


def key(query: str) -> str:
    """Return a piece of a query by which its line is found in the file, as JSON has it."""
    lines = [line for line in query.splitlines() if "lockstep." in line or "Name " in line] or query.splitlines()
    return json.dumps(lines[0], ensure_ascii=False)[1:-1]


def queries(value: Any, name: str = "") -> Iterator[str]:
    """Return every query in a document: text, or lines of it."""
    if name == "query" and isinstance(value, list):
        yield "\n".join(value)
    elif name == "query" and isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key_of, each in value.items():
            yield from queries(each, key_of)
    elif isinstance(value, list):
        for each in value:
            yield from queries(each)


def wrong(query: str, metrics: dict[str, list[str]], functions: set[str]) -> Iterator[str]:
    """Return what a query asks for that does not exist."""
    named = METRIC.findall(query)
    for name in sorted(set(named) - metrics.keys()):
        yield f"{name} is no metric of provisioning/telemetry/catalogue.py"
    properties = {name for metric in named for name in metrics.get(metric, [])}
    if named and all(name in metrics for name in named):
        for match in PROPERTY.finditer(query):
            asked = match[1] or match[2]
            if asked not in properties and "AppTraces" not in query:
                yield f"Properties[{asked!r}] is no attribute of {', '.join(sorted(set(named)))}"
    if "AppRequests" in query:
        for match in FUNCTIONS.finditer(query):
            for name in WORDS.findall(match[1] or match[2]):
                if name not in functions and not name.startswith("lockstep."):
                    yield f"{name!r} is no function of function_app.py"
