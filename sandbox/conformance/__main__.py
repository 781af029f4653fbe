"""``python -m sandbox.conformance``: runs the public suites and prints a line for each. The Makefile calls it."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.conformance.suites import SHARED, SUITES, Suite
from sandbox.services import LOCAL, ServiceFailed
from sandbox.state import only_one, start_afresh


def main() -> int:
    """Run what the arguments name; the exit code is 0 where every check of every suite that ran has passed."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.conformance",
        description="Run the public SCIM conformance suites, each against an empty hub on the whole local system.",
        epilog="Exit code 0: every check of every suite that ran has passed. docs/scim.md explains the profiles.",
    )
    names = [suite.name for suite in SUITES]
    parser.add_argument("suite", nargs="*", help=f"which suites (default: all): {', '.join(names)}")
    parser.add_argument(
        "--shared", type=Path, default=SHARED, help="folder of Microsoft's and Okta's suites (default: %(default)s)"
    )
    parser.add_argument(
        "--max-ms", type=int, help="limit of a response time in Okta's suite, for slow machines (default: its own)"
    )
    options = parser.parse_args()
    if unknown := set(options.suite) - set(names):
        parser.error(f"there is no suite {', '.join(sorted(unknown))}; choose from {', '.join(names)}")
    chosen: Sequence[Suite] = [suite for suite in SUITES if not options.suite or suite.name in options.suite]
    place = LOCAL / "conformance"
    try:
        with only_one(place):
            return asyncio.run(run(chosen, start_afresh(place, "runs"), options.shared.resolve(), options.max_ms))
    except ServiceFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


async def run(suites: Sequence[Suite], folder: Path, shared: Path, slowest: int | None) -> int:
    """Run the suites one after the other, with their files in ``folder``: two at once would spoil response times."""
    from sandbox.conformance.running import Verdict, run_suite

    verdicts: list[Verdict] = []
    left_out = 0
    for suite in suites:
        if missing := suite.missing(shared):
            left_out += 1
            print(f"{suite.title:<36} SKIPPED: {', '.join(map(str, missing))} is not there", flush=True)
            continue
        (folder / suite.name).mkdir()
        verdict = await run_suite(suite, folder / suite.name, shared=shared, slowest=slowest)
        verdicts.append(verdict)
        print(
            f"{suite.title:<36} {verdict.result.passed:>4} passed {verdict.result.failed:>4} failed "
            f"{verdict.seconds:>6.1f} s   profile: {suite.profile_words}",
            flush=True,
        )
    for verdict in verdicts:
        for problem in verdict.problems:
            print(f"FAIL {verdict.suite.name}: {problem}")
    if left_out:
        print(f"{left_out} of {len(suites)} suites were left out, because their files are not in {shared}.")
    return 0 if all(verdict.good for verdict in verdicts) and verdicts else 1


if __name__ == "__main__":
    sys.exit(main())
