"""Each public suite passes whole, in the profile documented for it, against the whole local system."""

from pathlib import Path

import pytest

from sandbox.conformance.running import run_suite
from sandbox.conformance.suites import SHARED, SUITES, Suite
from sandbox.conformance.tools import install

SLOWEST_MS = 5000
"""Other tests run at the same time; ``make conformance`` holds Okta's own limits."""


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
async def test_every_check_of_a_public_suite_passes(suite: Suite, tmp_path: Path) -> None:
    if missing := suite.missing(SHARED):
        pytest.skip(f"{suite.title} is not tested: {', '.join(map(str, missing))} is not there")
    install()
    verdict = await run_suite(suite, tmp_path, slowest=SLOWEST_MS)
    assert verdict.problems == ()
    assert verdict.result.passed >= suite.least
