"""The demo app, served by one host for the whole pytest process."""

import json
import shutil
from pathlib import Path

import pytest

from tests.host_server import RunningHost, StartHost

DEMO_APP = Path(__file__).parent / "demo_app"


@pytest.fixture(scope="session")
def demo_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo app with a local.settings.json, which version control would not keep."""
    folder = tmp_path_factory.mktemp("demo") / "app"
    shutil.copytree(DEMO_APP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    values = {"JOBS_QUEUE": "host-jobs", "TICK": "* * * * * *", "FROM_ENVIRONMENT": "the file must not win"}
    (folder / "local.settings.json").write_text(json.dumps({"IsEncrypted": False, "Values": values}))
    return folder


@pytest.fixture(scope="session")
def demo_host(start_host: StartHost, demo_app: Path) -> RunningHost:
    """The demo app on one host. Its queue exists only once something was written to it."""
    return start_host(
        demo_app,
        FROM_ENVIRONMENT="the environment wins",
        **{"AzureWebJobs.left_out.Disabled": "true"},
    )
