"""The version of the package, as ``/healthz`` reports it and as a deployment waits for it.

A checkout says ``0.1.0``. A package says ``0.1.0+BUILD``: it holds ``build.json``, which ``python -m infra.rollout
package`` writes beside ``function_app.py``.
"""

import json
from pathlib import Path

BASE = "0.1.0"
"""The same as in pyproject.toml."""


def version(app: Path) -> str:
    """Return the version of the app in that folder."""
    try:
        build = json.loads((app / "build.json").read_text(encoding="utf-8"))["build"]
    except FileNotFoundError:
        return BASE
    return f"{BASE}+{build}"


VERSION = version(Path(__file__).parents[1])
