"""The code itself: hub.json is fresh, roles have users and users roles, host.json and the documents agree."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.checks.checkout import Checkout
from infra.checks.findings import Finding, Result

HUB = "infra/common/hub.json"
JOBS_AT_ONCE = "batchSize", "newBatchThreshold"
BUNDLE = {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"}
"""host.json's extension bundle: the queue trigger's settings are those of its version 5 of the storage extension."""


def run(checkout: Checkout) -> Result:
    """Check what needs no template."""
    code = checkout.code
    findings = [*fresh(checkout, code), *evidence(checkout, code), *host(checkout, code), *containers(checkout, code)]
    return Result("hub.json, imports of provisioning/ and connectors/, host.json", tuple(findings))


def fresh(checkout: Checkout, code: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare hub.json with what the code says now."""
    text = (checkout.root / HUB).read_text()
    if text == code["text"]:
        return
    written = json.loads(text)
    for key in sorted(written.keys() | code["hub"].keys()):
        mine, theirs = code["hub"].get(key), written.get(key)
        if mine != theirs:
            yield Finding(HUB, f"{key} is stale ({changed(theirs, mine)}): run python -m infra.hub")
    if written == code["hub"]:
        yield Finding(HUB, "is not written as python -m infra.hub writes it: run that")


def changed(written: Any, now: Any) -> str:
    """Return in words what is new and what is gone."""
    if isinstance(written, dict) and isinstance(now, dict):
        return ", ".join(
            f"{key}: {changed(written.get(key), now.get(key))}"
            for key in sorted(written.keys() | now.keys())
            if written.get(key) != now.get(key)
        )
    if isinstance(written, list) and isinstance(now, list):
        gone = [str(each) for each in written if each not in now]
        new = [str(each) for each in now if each not in written]
        if not gone and not new:
            return "in another order"
        return f"the code has {', '.join(new) or 'nothing more'}; only the file has {', '.join(gone) or 'nothing'}"
    return f"the code has {now!r}, the file {written!r}"


def evidence(checkout: Checkout, code: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare roles with the client packages that the code imports."""
    imported = azure_imports(checkout)
    known = {client for clients in code["clients"].values() for client in clients}
    for module, places in sorted(imported.items()):
        if not any(within(module, each) for each in (*known, *code["roleless"])):
            yield Finding(places[0], f"{module} is used, and infra/roles.py has no role for it")
    for role, clients in code["clients"].items():
        for client in clients:
            if not any(within(module, client) for module in imported):
                yield Finding("infra/roles.py", f"{role} is there for {client}, which no code imports")


def within(module: str, package: str) -> bool:
    """Whether a module is a package or in it."""
    return module == package or module.startswith(f"{package}.")


def azure_imports(checkout: Checkout) -> dict[str, list[str]]:
    """Return every module of azure that the app imports, with the places."""
    found: dict[str, list[str]] = {}
    files = [checkout.root / "function_app.py"]
    for folder in ("provisioning", "connectors"):
        files += sorted((checkout.root / folder).rglob("*.py"))
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module] if node.module != "azure" else [f"azure.{each.name}" for each in node.names]
            for name in names:
                if name.startswith("azure."):
                    found.setdefault(name, []).append(checkout.place(path, getattr(node, "lineno", None)))
    return found


def host(checkout: Checkout, code: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare host.json with the documents and the templates' words about it."""
    told, queues = code["host"], code["host"]["extensions"]["queues"]
    if told.get("extensionBundle") != BUNDLE:
        yield Finding("host.json", f"extensionBundle is {told.get('extensionBundle')}; checked with {BUNDLE}")
    if told.get("functionTimeout") is None:
        yield Finding(
            "host.json", "functionTimeout is not written: a job that hangs would hold its lease for 30 minutes"
        )
    at_once = sum(queues[each] for each in JOBS_AT_ONCE)
    yield from said(checkout, "docs/settings.md", r"runs (\d+) jobs at once", at_once)
    yield from said(checkout, "docs/settings.md", r"`batchSize` (\d+)", queues["batchSize"])
    yield from said(checkout, "docs/settings.md", r"`newBatchThreshold` (\d+)", queues["newBatchThreshold"])
    for file in ("infra/bicep/main.bicep", "infra/terraform/variables.tf"):
        if (checkout.root / file).exists():
            yield from said(checkout, file, r"Each runs up to (\d+) jobs", at_once)
            yield from said(checkout, file, r"or (\d+) jobs side by side", at_once)
    settings = code["hub"]["settings"]
    for name, schedule in code["hub"]["functions"]["timer"].items():
        variable = re.fullmatch(r"%(\w+)%", schedule)
        if variable and variable[1] not in settings:
            yield Finding("infra/hub.py", f"timer {name} runs by {variable[1]}, which SETTINGS does not set")
        expression = settings.get(variable[1], "") if variable else schedule
        if len(expression.split()) != 6:
            yield Finding("function_app.py", f"timer {name}: {expression!r} is no NCRONTAB expression with six fields")
    largest = int(code["settings"].get("LOCKSTEP_SCIM_MAX_BODY_BYTES") or 0)
    if int(settings.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", 0)) < largest:
        yield Finding(
            "infra/hub.py", f"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT is below LOCKSTEP_SCIM_MAX_BODY_BYTES, {largest}"
        )
    for name in settings:
        if name.startswith("LOCKSTEP_") and name not in code["settings"]:
            yield Finding("infra/hub.py", f"SETTINGS has {name}, which provisioning/settings.py does not know")


def said(checkout: Checkout, file: str, pattern: str, number: int) -> Iterator[Finding]:
    """Compare a number in a document with the one of host.json."""
    text = " ".join((checkout.root / file).read_text().split())
    found = re.search(pattern, text)
    if found is None:
        yield Finding(file, f"does not say {pattern.replace(r'(\d+)', str(number))!r}, as host.json has it")
    elif int(found[1]) != number:
        yield Finding(file, f"says {found[0]!r}; host.json makes it {number}")


def containers(checkout: Checkout, code: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare hub.json's containers with the names that the code that uses them has."""
    for key, file in (("releases", "infra/rollout/releases.py"), ("backups", "provisioning/backup/runs.py")):
        found = re.search(r'^CONTAINER = "([^"]+)"', (checkout.root / file).read_text(), re.MULTILINE)
        if found is None:
            yield Finding(
                file, f"has no line CONTAINER = ..., so its container is not compared with infra/hub.py's {key}"
            )
        elif found[1] != code["hub"]["containers"][key]:
            words = f"CONTAINER is {found[1]!r}, infra/hub.py has {code['hub']['containers'][key]!r} for {key}"
            yield Finding(file, words)
