"""The checkout that is checked: where its files are, what lies beside it, and what the steps share."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from infra.checks.findings import Skipped, Unreadable

HOME = Path(__file__).parents[2]
"""The project that this command belongs to: its .local has the tools, whatever checkout is looked at."""


@dataclass(frozen=True)
class Checkout:
    """A tree with infra/ and the code, and the places of the tools."""

    root: Path
    shared: Path = HOME.parent / "shared"
    local: Path = HOME / ".local"

    def place(self, path: Path, line: int | None = None) -> str:
        """Return a file of the tree as it is shown, with the line where one is known."""
        shown = path.resolve().relative_to(self.root.resolve()) if path.is_relative_to(self.root) else path
        return f"{shown}:{line}" if line else str(shown)

    def script(self, name: str) -> Path:
        """Return a script of ../shared/checks. Raises ``Skipped`` where it is not there."""
        path = self.shared / "checks" / name
        if not path.exists():
            raise Skipped(f"{path} is not there: it lies beside the project, not in it")
        return path

    @property
    def types(self) -> Path:
        """The resource types of Azure, in JSON."""
        return self.shared / "data/bicep-types"

    def python(self, environment: str) -> Path:
        """Return the interpreter of .local/ENVIRONMENT. Raises ``Skipped`` where it was never made."""
        path = self.local / environment / "bin/python"
        if not path.exists():
            raise Skipped(f"{path} is not there: run sh sandbox/setup.sh infra")
        return path

    @cached_property
    def bicep_check(self) -> ModuleType:
        """The Bicep checker of ../shared/checks, as a module: its parser reads the templates for the comparison."""
        spec = importlib.util.spec_from_file_location("bicep_check", self.script("bicep_check.py"))
        if spec is None or spec.loader is None:
            raise Skipped("bicep_check.py cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            spec.loader.exec_module(module)
        finally:
            sys.dont_write_bytecode = keep
        return module

    @cached_property
    def code(self) -> dict[str, Any]:
        """What the code of the tree says: read in a process of its own, because the tree need not be this one."""
        found: dict[str, Any] = self.ask_code()
        return found

    def ask_code(self, *words: str, told: object = None) -> Any:
        """Run infra/checks/code.py of the tree. Raises ``Unreadable``."""
        done = subprocess.run(
            [sys.executable, "-B", "-m", "infra.checks.code", *words],
            cwd=self.root,
            input=json.dumps(told),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Unreadable(f"the code cannot be read: {done.stderr.strip().splitlines()[-1]}")
        return json.loads(done.stdout)

    @cached_property
    def hub(self) -> dict[str, Any]:
        """infra/common/hub.json as it stands in the tree."""
        found: dict[str, Any] = json.loads((self.root / "infra/common/hub.json").read_text())
        return found

    @property
    def terraform(self) -> str:
        """The terraform program. Raises ``Skipped`` where there is none."""
        found = shutil.which("terraform", path=os.environ.get("PATH", "") + ":/usr/local/bin:/usr/bin")
        if found is None:
            raise Skipped("terraform is not installed: put 1.11 or later into PATH")
        return found
