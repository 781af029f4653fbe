"""Runs one suite on a hub: its programs, within a time, and what came of it."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.conformance.hub import empty_hub
from sandbox.conformance.results import Result, Unreadable
from sandbox.conformance.suites import SHARED, Command, Run, Suite
from sandbox.services import ServiceFailed

MOST_SECONDS = 300
"""How long one program of a suite may take beyond what it is told to: it is ended then, and that is a failure."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a suite went, with the seconds that its programs took."""

    suite: Suite
    result: Result
    seconds: float

    @property
    def good(self) -> bool:
        """Whether every check passed, and none that was known is missing."""
        return not self.problems

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps it from being good, in words."""
        counted = self.result.passed + self.result.failed
        few = f"{counted} checks were counted where at least {self.suite.least} are known"
        return (*self.result.failures, *([few] if counted < self.suite.least else []))


async def run_suite(
    suite: Suite, folder: Path, *, shared: Path = SHARED, slowest: int | None = None, seconds: int | None = None
) -> Verdict:
    """Run a suite on an empty hub of its own, with its files in ``folder``. Raises ``ServiceFailed``."""
    async with empty_hub(folder / "hub", suite.source) as hub:
        run = Run(hub.scim_url, hub.scim_token, folder, shared, slowest, seconds)
        started = time.monotonic()
        output = ""
        for command in suite.commands(run):
            output = await _program(command, suite.environment(run), folder, MOST_SECONDS + (seconds or 0))
        report = folder / suite.report
        text = report.read_text() if suite.report and report.exists() else output
        try:
            result = suite.read(text)
        except Unreadable:
            result = Result(0, (f"It did not come to its end. It said: {output[-2000:]}",))
        return Verdict(suite, result, time.monotonic() - started)


async def _program(command: Command, environment: Mapping[str, str], folder: Path, most_seconds: int) -> str:
    """Return what a program prints. Its exit code is not looked at: a suite's report says more."""
    # A proxy of the machine must not come between the suite and the hub.
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env={**inherited, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except FileNotFoundError as problem:
        raise ServiceFailed(f"{problem.filename} is missing. Install the suites: sh sandbox/setup.sh suites") from None
    try:
        async with asyncio.timeout(most_seconds):
            printed, _ = await process.communicate()
    except TimeoutError:
        return f"It was ended after {most_seconds} s."
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return printed.decode(errors="replace")
