"""An app with wrong settings: it is indexed, says what is wrong, and every trigger fails with the same words."""

import json
import os
import subprocess
import sys
from pathlib import Path

import azure.functions as func
import pytest

import function_app
from provisioning.hub import hub
from provisioning.settings import SettingsError
from provisioning.version import VERSION

ROOT = Path(__file__).parents[2]


async def health() -> func.HttpResponse:
    """Return what /healthz answers."""
    answer = await function_app.healthz(func.HttpRequest("GET", "/healthz", body=b""))
    assert isinstance(answer, func.HttpResponse)
    return answer


async def test_healthz_has_the_problems_and_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_REPORT_DAYS", "0")
    answer = await health()
    told = json.loads(answer.get_body())
    assert (answer.status_code, told["status"], told["version"]) == (503, "misconfigured", VERSION)
    assert any(each.startswith("LOCKSTEP_REPORT_DAYS ") for each in told["problems"])


@pytest.mark.usefixtures("good")
async def test_healthz_of_an_app_that_is_right_says_no_more_than_that() -> None:
    answer = await health()
    assert (answer.status_code, json.loads(answer.get_body())) == (200, {"status": "ok", "version": VERSION})


async def test_every_trigger_fails_with_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_REPORT_DAY", "1")
    problems = json.loads((await health()).get_body())["problems"]
    for _ in range(2):
        with pytest.raises(SettingsError) as caught:
            await hub()
        assert list(caught.value.problems) == problems
    with pytest.raises(SettingsError):
        await function_app.tidy(None, None)


def test_every_function_is_there_whatever_the_settings() -> None:
    environment = {
        **os.environ,
        "LOCKSTEP_LEASE_SECONDS": "x",
        "LOCKSTEP_COLOUR": "red",
        "LOCKSTEP_KEY_VAULT_URL": "kv",
        "AzureWebJobsStorage__accountName": "?",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": "nonsense",
        "WEBSITE_SITE_NAME": "func",
    }
    code = "from function_app import app; print(*(each.get_function_name() for each in app.get_functions()))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert {"healthz", "scim", "jobs", "sweep"} <= set(ran.stdout.split()), ran.stderr
