"""Compiles a package ahead, so that a cold start compiles nothing. Run as a program of its own: see ``compile_all``.

The code is marked as belonging to its source without a check (PEP 552, "unchecked hash"): the times in a zip would not
match, and Azure mounts the package read-only, so Python could not store its own.
"""

import py_compile
import subprocess
import sys
from pathlib import Path

from infra.rollout.words import Refused

RUNS_IN = "/home/site/wwwroot"
"""Where Azure mounts a package: tracebacks then name the file as it lies there, and not the build machine's."""


def compile_all(app: Path) -> None:
    """Compile every module under the folder. Raises ``Refused``, with the file that is no Python 3.13."""
    # A process of its own with a fixed hash seed: the same sources always give the same bytes.
    command = [sys.executable, "-P", "-m", __spec__.name, str(app)]
    environment = {"PYTHONHASHSEED": "0", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise Refused(f"The package cannot be compiled:\n{done.stderr.strip()}")


def main() -> None:
    """Compile the folder that the first argument names."""
    app = Path(sys.argv[1])
    for path in sorted(app.rglob("*.py")):
        name = path.relative_to(app).as_posix()
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        try:
            py_compile.compile(str(path), dfile=f"{RUNS_IN}/{name}", doraise=True, invalidation_mode=mode)
        except py_compile.PyCompileError as problem:
            # Some packages bring templates or files for other Pythons; nothing imports those, as the proof shows.
            if name.startswith(".python_packages/"):
                continue
            sys.exit(problem.msg)


if __name__ == "__main__":
    main()
