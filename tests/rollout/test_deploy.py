"""Deploying to an app that runs: the new version stays when it works, and the old one comes back when it does not."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.rollout.releases import Releases
from infra.rollout.watch import look
from sandbox.services import ROOT
from tests.rollout.cloud import APP, GROUP, TOKEN, variant
from tests.rollout.conftest import Deployed, Rollout

# The first test builds the real package, which takes a busy machine its time.
pytestmark = [pytest.mark.xdist_group("rollout"), pytest.mark.timeout(600)]

ON = ("--app", APP, "--resource-group", GROUP, "--times", "2", "--interval", "0.1", "--limit", "2")

NO_FUNCTIONS = "raise AttributeError('a typo that the indexer swallows')\n"
MISCONFIGURED = """
import json
import azure.functions as func
from provisioning.version import VERSION

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.function_name("healthz")
@app.route("healthz")
def healthz(req: func.HttpRequest) -> func.HttpResponse:
    told = {"status": "misconfigured", "version": VERSION, "problems": ["LOCKSTEP_LEASE_SECONDS must be a number"]}
    return func.HttpResponse(json.dumps(told), status_code=503)
"""


def test_a_version_that_works_stays_and_no_secret_is_shown(
    deployed: Deployed, second_package: Path, rollout: Rollout
) -> None:
    deployed.cloud.secrets["kv/smoke"] = deployed.token
    deployed.cloud.tell_az()
    code, said = rollout("deploy", str(second_package), *ON, "--limit", "20", "--token", "vault:kv/smoke")
    assert code == 0, said
    assert deployed.cloud.published == ["0.1.0+second"]
    assert look(deployed.cloud.origin).version == "0.1.0+second"
    assert "running now: 0.1.0+first" in said
    assert said.splitlines()[-1] == "done; running now: 0.1.0+second, ok"
    assert [each.version for each in Releases("stlockstep").all()] == ["0.1.0+first", "0.1.0+second"]
    for text in (said, json.dumps(deployed.cloud.calls())):
        assert TOKEN not in text
        assert deployed.token not in text


@pytest.mark.parametrize(
    ("app", "words"),
    [
        (NO_FUNCTIONS, "did not come up within 2 s; answering: nothing of ours (/healthz answers 404: no function)"),
        (MISCONFIGURED, "says it is misconfigured:\n    LOCKSTEP_LEASE_SECONDS must be a number"),
    ],
    ids=["no functions", "misconfigured"],
)
def test_a_version_that_does_not_work_is_rolled_back(
    deployed: Deployed, real_package: Path, rollout: Rollout, app: str, words: str
) -> None:
    broken = variant(real_package, "0.1.0+broken", {"function_app.py": app})
    code, said = rollout("deploy", str(broken), *ON)
    assert code == 1, said
    assert words in said
    assert deployed.cloud.published == ["0.1.0+broken", "0.1.0+first"]
    assert said.splitlines()[-1] == "the deployment FAILED and was rolled back; running now: 0.1.0+first, ok"
    assert look(deployed.cloud.origin).version == "0.1.0+first"


def test_a_version_that_fails_the_smoke_test_is_rolled_back(
    deployed: Deployed, second_package: Path, rollout: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMOKE_TOKEN", "not-the-token-of-any-source")
    code, said = rollout("deploy", str(second_package), *ON, "--limit", "20")
    assert code == 1, said
    assert "FAILED Test Connection: a search with the token finds nobody: HTTP 401, expected 200" in said
    assert deployed.cloud.published == ["0.1.0+second", "0.1.0+first"]


def test_a_package_that_azure_does_not_take_is_rolled_back(
    deployed: Deployed, second_package: Path, rollout: Rollout
) -> None:
    deployed.cloud.fails["taking the package"] = "the disk is full"
    code, said = rollout("deploy", str(second_package), *ON)
    assert code == 3, said
    assert "Taking the package failed: the disk is full" in said
    assert "not rolled back: look at the app now" in said.splitlines()[-1]
    assert "running now: 0.1.0+first" in said.splitlines()[-1]


def test_a_package_whose_answer_is_lost_counts_as_taken(
    deployed: Deployed, second_package: Path, rollout: Rollout
) -> None:
    deployed.cloud.posts += ["lost", 409]
    deployed.cloud.silent = 2
    code, said = rollout("deploy", str(second_package), *ON, "--limit", "20")
    assert code == 0, said
    assert "an earlier try was taken after all, though its answer was lost" in said
    assert deployed.cloud.published == ["0.1.0+second"]


def test_another_deployment_that_runs_is_left_alone(deployed: Deployed, second_package: Path, rollout: Rollout) -> None:
    deployed.cloud.posts += [409]
    code, said = rollout("deploy", str(second_package), *ON)
    assert code == 2, said
    assert "Another deployment of this app is running" in said
    assert deployed.cloud.published == []


def test_the_way_back_waits_for_a_deployment_that_still_runs(
    deployed: Deployed, real_package: Path, rollout: Rollout
) -> None:
    broken = variant(real_package, "0.1.0+broken", {"function_app.py": MISCONFIGURED})
    deployed.cloud.posts += [202, 409, 409]
    code, said = rollout("deploy", str(broken), *ON)
    assert code == 1, said
    assert "another deployment of this app is running; waiting" in said
    assert deployed.cloud.published == ["0.1.0+broken", "0.1.0+first"]


def test_a_fault_of_the_rollout_itself_rolls_back_as_well(
    deployed: Deployed, second_package: Path, rollout: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.rollout.deploy.smoke", lambda *_: {}["name"])
    code, said = rollout("deploy", str(second_package), *ON, "--limit", "20")
    assert code == 1, said
    assert "FAILED: KeyError('name')" in said
    assert deployed.cloud.published == ["0.1.0+second", "0.1.0+first"]


def test_a_cancelled_deployment_says_what_runs_and_how_to_go_back(deployed: Deployed, real_package: Path) -> None:
    broken = variant(real_package, "0.1.0+broken", {"function_app.py": NO_FUNCTIONS})
    command = [sys.executable, "-m", "infra.rollout", "deploy", str(broken), *ON, "--limit", "60"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("answering: nothing of ours"):
                break
        running.send_signal(signal.SIGTERM)
        said = running.stdout.read()
        assert running.wait(10) == 3
    assert deployed.cloud.published == ["0.1.0+broken"]
    assert "interrupted; running now: nothing of ours" in said
    assert f"rollback --app {APP} --resource-group {GROUP} --to 0.1.0+first" in said


def test_trouble_with_az_does_not_end_a_deployment_half_way(
    deployed: Deployed, second_package: Path, rollout: Rollout
) -> None:
    deployed.cloud.fails["functionapp function list"] = "(GatewayTimeout) try again"
    deployed.cloud.tell_az()
    code, said = rollout("deploy", str(second_package), *ON)
    assert code == 3, said
    assert "did not come up within 2 s; Azure's functions cannot be read" in said
    assert deployed.cloud.published == ["0.1.0+second", "0.1.0+first"]


def test_nothing_begins_when_there_is_no_way_back(deployed: Deployed, second_package: Path, rollout: Rollout) -> None:
    for blob in deployed.cloud.blobs.iterdir():
        blob.unlink()
    code, said = rollout("deploy", str(second_package), *ON)
    assert code == 2
    assert "refused, and nothing was changed: There would be no way back" in said
    assert "the package of 0.1.0+first, which runs now, is not among the releases" in said
    assert deployed.cloud.published == []
    assert list(deployed.cloud.blobs.iterdir()) == []


def test_the_first_deployment_goes_on_without_a_way_back(
    deployed: Deployed, second_package: Path, rollout: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMOKE_TOKEN")
    for blob in deployed.cloud.blobs.iterdir():
        blob.unlink()
    code, said = rollout("deploy", str(second_package), *ON, "--limit", "20", "--first")
    assert code == 0, said
    assert "there is no way back" in said
    assert "left out: Test Connection, as there is no token yet" in said


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        ({"*": "Please run 'az login' to setup account."}, "Azure CLI is not signed in. Run: az login"),
        ({"resource show": "(AuthorizationFailed) The client does not have authorization"}, "Website Contributor"),
        ({"storage blob list": "You do not have the required permissions needed to"}, "Storage Blob Data Contributor"),
        ({"storage blob upload": "ErrorCode:AuthorizationFailure"}, "does not let this machine in"),
        ({"account get-access-token": "AADSTS700082: The refresh token has expired"}, "az login"),
    ],
)  # fmt: skip
def test_an_error_of_az_is_told_in_words_and_changes_nothing(
    deployed: Deployed, second_package: Path, rollout: Rollout, fails: dict[str, str], words: str
) -> None:
    deployed.cloud.fails.update(fails)
    deployed.cloud.tell_az()
    code, said = rollout("deploy", str(second_package), *ON)
    assert code == 2, said
    assert words in said
    assert deployed.cloud.published == []


def test_a_missing_token_is_noticed_before_anything_is_changed(
    deployed: Deployed, second_package: Path, rollout: Rollout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMOKE_TOKEN")
    code, said = rollout("deploy", str(second_package), *ON)
    assert code == 2
    assert "There is no token at env:SMOKE_TOKEN" in said
    assert deployed.cloud.published == []


def test_a_version_means_one_package_for_ever(
    deployed: Deployed, second_package: Path, rollout: Rollout, tmp_path: Path
) -> None:
    deployed.cloud.release(second_package)
    elsewhere = Path(shutil.copy(second_package, tmp_path / "elsewhere.zip"))
    again = variant(elsewhere, "0.1.0+second", {"provisioning/notes.txt": "something else"})
    code, said = rollout("deploy", str(again), *ON)
    assert code == 2
    assert "0.1.0+second is stored already with other content" in said
    assert deployed.cloud.published == []


def test_a_rollback_by_hand_brings_back_the_release_before(
    deployed: Deployed, second_package: Path, rollout: Rollout
) -> None:
    deployed.cloud.release(second_package)
    deployed.cloud.run(second_package)
    code, said = rollout("rollback", *ON, "--limit", "20")
    assert code == 0, said
    assert said.splitlines()[-1] == "done; running now: 0.1.0+first, ok"
    code, said = rollout("rollback", *ON, "--to", "0.1.0+unknown")
    assert code == 2
    assert "There is no release 0.1.0+unknown" in said


def test_a_rollback_by_hand_passes_over_a_release_that_never_came_up(
    deployed: Deployed, real_package: Path, second_package: Path, rollout: Rollout
) -> None:
    broken = variant(real_package, "0.1.0+broken", {"function_app.py": MISCONFIGURED})
    assert rollout("deploy", str(broken), *ON)[0] == 1
    assert rollout("deploy", str(second_package), *ON, "--limit", "20")[0] == 0
    code, said = rollout("versions", "--app", APP, "--resource-group", GROUP)
    assert [line.split("  ")[-1] for line in said.splitlines()] == [
        *("0.1.0+first", "(not known to have come up)", "<- runs now")
    ]
    code, said = rollout("rollback", *ON, "--limit", "20")
    assert code == 0, said
    assert said.splitlines()[-1] == "done; running now: 0.1.0+first, ok"


def test_a_rollback_that_azure_refuses_changes_nothing(deployed: Deployed, rollout: Rollout) -> None:
    deployed.cloud.fails["account get-access-token"] = "AADSTS700082: The refresh token has expired"
    deployed.cloud.tell_az()
    code, said = rollout("rollback", *ON, "--to", "0.1.0+first")
    assert code == 2, said
    assert "refused, and nothing was changed" in said


def test_a_release_that_was_tampered_with_is_not_brought_back(
    deployed: Deployed, second_package: Path, rollout: Rollout
) -> None:
    deployed.cloud.release(second_package)
    with (deployed.cloud.blobs / "0.1.0+second.zip").open("ab") as blob:
        blob.write(b"more")
    code, said = rollout("rollback", *ON, "--to", "0.1.0+second")
    assert code == 2
    assert "is not what was stored" in said
    assert deployed.cloud.published == []


def test_versions_shows_the_releases_and_which_one_runs(
    deployed: Deployed, second_package: Path, rollout: Rollout
) -> None:
    deployed.cloud.release(second_package)
    code, said = rollout("versions", "--app", APP, "--resource-group", GROUP)
    assert code == 0
    first, second = said.splitlines()
    assert first.endswith("0.1.0+first  <- runs now")
    assert second.endswith("0.1.0+second")


def test_watch_compares_the_functions_of_a_package_with_azures(
    deployed: Deployed, real_package: Path, rollout: Rollout
) -> None:
    at = ("--url", deployed.cloud.origin, *ON)
    code, said = rollout("watch", str(real_package), *at)
    assert code == 0, said
    renamed = json.dumps({"version": "0.1.0+first", "build": "first", "functions": ["healthz", "jobs2"]})
    strange = variant(real_package, "0.1.0+first2", {"build.json": renamed})
    code, said = rollout("watch", str(strange), *at)
    assert code == 1
    assert "not indexed: jobs2; not in the package: admin" in said
