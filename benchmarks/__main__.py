"""``python -m benchmarks``: storage round trips, then what importing the app costs. ``make bench`` calls it."""

import sys
import tempfile
from pathlib import Path

from benchmarks import import_time, round_trips
from sandbox.azurite import Azurite


def main() -> int:
    """Run everything; the exit code is 1 where a budget is not kept."""
    with tempfile.TemporaryDirectory() as folder, Azurite.start(log=Path(folder) / "azurite.log") as azurite:
        kept = round_trips.run(azurite.connection_string)
    import_time.main()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
