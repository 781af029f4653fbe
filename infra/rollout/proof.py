"""Tries a package out before anybody deploys it: everything that it imports must be in it.

Azure's indexer swallows an error at import and then shows no function at all ("Succeeded", and every call is a 404).
So the app is imported here as there, with its own packages alone, and so is every module that any line of it imports,
also within functions: what is loaded on first use fails now, and not on somebody's first job.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.rollout import vendor
from infra.rollout.words import Refused

# Runs with -I -S: neither this checkout nor its packages can be imported. The results come last, on one line.
_IMPORT = """
import importlib, json, os, sys
app, packages, *names = sys.argv[1:]
os.chdir(app)
sys.path[:0] = [app, packages]
import function_app
from provisioning.version import VERSION
functions = sorted(each.get_function_name() for each in function_app.app.get_functions())
for name in names:
    module, _, attribute = name.partition(":")
    found = importlib.import_module(module)
    if attribute and not hasattr(found, attribute):
        importlib.import_module(module + "." + attribute)
print()
print(json.dumps({"version": VERSION, "functions": functions}))
"""
_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Found:
    """What the app said when it was imported."""

    version: str
    functions: list[str]


def prove(app: Path) -> Found:
    """Import the app of that folder and all that it may ever import. Raises ``Refused``, with the traceback's end."""
    names = sorted({name for path in vendor.own_sources(app) for name in _imports(path)} | set(_modules(app)))
    command = [sys.executable, "-I", "-S", "-B", "-c", _IMPORT, str(app), str(app / vendor.SITE_PACKAGES), *names]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={}, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise Refused(f"Importing the package takes more than {_SECONDS} s: does it call something?") from None
    if done.returncode:
        end = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise Refused(
            f"The package cannot be imported with its own packages alone; Azure would show no function:\n{end}"
        )
    found = Found(**json.loads(done.stdout.splitlines()[-1]))
    if not found.functions:
        raise Refused("The package has no function: is function_app.app still there?")
    return found


def _modules(app: Path) -> Iterator[str]:
    """Every module of the app itself that can be imported without being run."""
    for path in vendor.own_sources(app):
        parts = path.relative_to(app).with_suffix("").parts
        if parts[-1] != "__main__":
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(path: Path) -> Iterator[str]:
    """Every ``module`` and ``module:name`` that a file imports anywhere, but for type checkers only."""
    stack: list[ast.AST] = [ast.parse(path.read_bytes())]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            stack.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}:{each.name}" for each in node.names if each.name != "*")
        stack.extend(ast.iter_child_nodes(node))
