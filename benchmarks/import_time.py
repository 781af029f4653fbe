"""What importing ``function_app`` costs: modules that must not come along, and its time as a ratio to scim2_server's.

``python -m benchmarks.import_time``. Times are the medians of interleaved runs in fresh processes.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = 7
UNWANTED = (
    "msgraph",
    "ldap3",
    "fastapi",
    "kiota_abstractions",
    "azure.identity",
    "msal",
    "opentelemetry.sdk",
    "azure.monitor",
)

_TIMED = "import time; t=time.perf_counter(); import {module}; print(time.perf_counter()-t)"


def run(code: str) -> str:
    """Run a line of Python in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def imported() -> set[str]:
    """Return the top-level modules that importing ``function_app`` loads."""
    return set(run("import sys, function_app; print(' '.join(sys.modules))").split())


def main() -> None:
    """Print the figures."""
    loaded = imported()
    for name in UNWANTED:
        print(f"{name:20} {'LOADED' if name in loaded else 'not loaded'}")
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(RUNS):
        ours.append(float(run(_TIMED.format(module="function_app"))))
        theirs.append(float(run(_TIMED.format(module="scim2_server.handler"))))
    mine, peer = statistics.median(ours), statistics.median(theirs)
    print(f"import function_app  {mine:.2f} s, scim2_server.handler alone {peer:.2f} s, ratio {mine / peer:.2f}")


if __name__ == "__main__":
    main()
