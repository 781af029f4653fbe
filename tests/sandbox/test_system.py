"""The local system as a whole, as ``make up`` runs it: one process that starts, watches and stops everything."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from sandbox.control import ask
from sandbox.services import ROOT, ServiceFailed, free_ports
from sandbox.state import read_env

pytestmark = pytest.mark.xdist_group("system")


class Up:
    """A running ``python -m sandbox``, and what its ``env`` file says."""

    def __init__(self, state: Path, *command: str, port: int | None = None) -> None:
        self.state = state
        self.port = port or free_ports(1)[0]
        state.mkdir(parents=True, exist_ok=True)
        self.output = state / "output"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCKSTEP_")}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sandbox", "--state", str(state), *command],
                cwd=ROOT,
                env=environment | {"LOCKSTEP_PORT": str(self.port)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_serving(self) -> "Up":
        """Wait until it says that it serves."""
        wait_until(lambda: "Serving until" in self.said() or self.process.poll() is not None, 90, self.said)
        assert self.process.poll() is None, self.said()
        return self

    def said(self) -> str:
        """Everything it has printed."""
        return self.output.read_text()

    @property
    def env(self) -> dict[str, str]:
        """What the env file holds."""
        return read_env(self.state / "env")

    def services(self) -> list[psutil.Process]:
        """Every process below the supervisor."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def admin(self, path: str) -> httpx.Response:
        """Ask the admin API."""
        headers = {"x-functions-key": self.env["LOCKSTEP_ADMIN_KEY"]}
        return httpx.get(self.env["LOCKSTEP_ADMIN_URL"] + path, headers=headers, timeout=30)

    def scim(self, path: str, token: str | None = None) -> httpx.Response:
        """Ask the SCIM endpoint."""
        headers = {"Authorization": f"Bearer {token or self.env['LOCKSTEP_SCIM_TOKEN']}"}
        return httpx.get(self.env["LOCKSTEP_SCIM_URL"] + path, headers=headers, timeout=30)

    def stop(self) -> int:
        """Ask it to stop, wait, return the exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def __enter__(self) -> "Up":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def wait_until(happened: Callable[[], bool], seconds: float, words: Callable[[], str] = str) -> None:
    """Wait for something, with words for when it does not happen."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, words()
        time.sleep(0.1)


def is_healthy(up: Up) -> bool:
    """Whether the host answers."""
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{up.port}/healthz").status_code == 200
    return False


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One system for the tests that leave it as it was."""
    with Up(tmp_path_factory.mktemp("system") / "local", "up") as up:
        yield up.wait_serving()
        assert up.stop() == 0


def test_it_answers_where_its_env_file_says_and_the_file_is_its_owners_alone(serving: Up) -> None:
    assert (serving.state / "env").stat().st_mode & 0o777 == 0o600
    assert (serving.state / "secrets.json").stat().st_mode & 0o777 == 0o600
    answer = serving.scim("/Users?count=3")
    assert (answer.status_code, answer.json()["totalResults"]) == (200, 0)
    assert serving.scim("/Users", token="a-wrong-token-0123456789").status_code == 401
    assert serving.admin("/health").status_code == 200


def test_a_client_secret_gets_an_access_token_that_reads(serving: Up) -> None:
    key = {"x-functions-key": serving.env["LOCKSTEP_ADMIN_KEY"]}
    made = httpx.post(serving.env["LOCKSTEP_ADMIN_URL"] + "/sources/entra/secrets", headers=key, timeout=30).json()
    form = {"grant_type": "client_credentials", "client_id": made["client_id"], "client_secret": made["secret"]}
    token_url = f"http://127.0.0.1:{serving.port}/oauth/token"
    answer = httpx.post(token_url, data={**form, "scope": "scim"}, timeout=30)
    assert (answer.status_code, answer.json()["expires_in"], answer.headers["Cache-Control"]) == (200, 3600, "no-store")
    assert serving.scim("/Users", token=answer.json()["access_token"]).status_code == 200
    refused = httpx.post(token_url, data={**form, "client_secret": "wrong"}, timeout=30)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="Lockstep"')


def test_every_target_that_runs_is_a_connection_that_was_verified_and_enabled(serving: Up) -> None:
    connections = {each["id"]: each for each in serving.admin("/connections").json()["connections"]}
    assert "graph" in connections
    assert all(each["enabled"] for each in connections.values())
    assert "is not right" not in serving.said()


def test_no_secret_stands_in_a_log_or_on_a_command_line(serving: Up) -> None:
    env = serving.env
    secrets = [value for name, value in env.items() if name.endswith(("TOKEN", "KEY", "PASSWORD"))]
    secrets += re.findall(r'": "(.+)"', (serving.state / "secrets.json").read_text())
    logs = "".join(log.read_text(errors="replace") for log in (serving.state / "logs").iterdir())
    commands = "\n".join(" ".join(process.cmdline()) for process in serving.services())
    assert len(secrets) >= 4
    assert [secret for secret in secrets if secret in logs or secret in commands] == []


def test_a_service_is_stopped_and_started_on_command(serving: Up) -> None:
    assert ask("stop", "graph", serving.state) == "graph stopped"
    assert "graph: stopped" in ask("status", "", serving.state)
    assert ask("start", "graph", serving.state) == "graph runs"
    assert "graph: runs" in ask("status", "", serving.state)
    with pytest.raises(ServiceFailed, match="Say stop or start and one of"):
        ask("stop", "nonsense", serving.state)


def test_a_host_that_dies_is_reported_and_started_again(serving: Up) -> None:
    host = next(process for process in serving.services() if "sandbox.host" in process.cmdline())
    host.kill()
    wait_until(lambda: not is_healthy(serving), 10)
    wait_until(lambda: is_healthy(serving), 30, serving.said)
    assert "the Functions host died" in serving.said()
    assert serving.scim("/Users").status_code == 200


def test_a_second_system_on_the_same_state_is_refused_in_words(serving: Up) -> None:
    second = [sys.executable, "-m", "sandbox", "--state", str(serving.state), "up"]
    done = subprocess.run(second, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "runs already" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_refused_in_words(serving: Up, tmp_path: Path) -> None:
    with Up(tmp_path, "up", port=serving.port) as other:
        assert other.process.wait(30) == 1
        assert f"Port {serving.port} is in use" in other.said()
        assert "Traceback" not in other.said()


def test_a_second_start_takes_up_what_the_first_one_left(tmp_path: Path) -> None:
    with Up(tmp_path, "up") as first:
        first.wait_serving()
        before, env = first.admin("/connections").json(), first.env
        assert first.stop() == 0
    with Up(tmp_path, "up") as second:
        second.wait_serving()
        assert second.env["LOCKSTEP_SCIM_TOKEN"] == env["LOCKSTEP_SCIM_TOKEN"]
        assert second.admin("/connections").json() == before
        assert len(second.admin("/sources").json()["sources"][0]["tokens"]) == 1
        assert second.scim("/Users").status_code == 200
        assert second.stop() == 0


def test_a_target_that_cannot_run_is_named_and_the_rest_serves_until_a_part_dies(tmp_path: Path) -> None:
    (tmp_path / "slapd").mkdir()
    (tmp_path / "slapd" / "of-somebody-else").touch()
    with Up(tmp_path, "up") as up:
        up.wait_serving()
        assert "There is no ldap target here" in up.said()
        assert [each["id"] for each in up.admin("/connections").json()["connections"]] == ["graph"]
        services = up.services()
        next(process for process in services if "sandbox.graph" in process.cmdline()).kill()
        assert up.process.wait(60) == 1
        assert "the Graph simulator died" in up.said()
        assert not any(process.is_running() for process in services)


def test_nothing_survives_a_killed_supervisor_and_the_next_start_needs_no_cleaning_up(tmp_path: Path) -> None:
    with Up(tmp_path, "up") as first:
        services = first.wait_serving().services()
        assert len(services) >= 3
        first.process.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(services, timeout=20)
        assert alive == []
    with Up(tmp_path, "up") as second:
        assert second.wait_serving().scim("/Users").status_code == 200
        services = second.services()
        assert second.stop() == 0
        assert not any(process.is_running() for process in services)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("outage", [False, True], ids=["plain", "outage"])
def test_the_demo_ends_well_only_because_every_target_shows_what_entra_wanted(tmp_path: Path, outage: bool) -> None:
    with Up(tmp_path, "demo", "--once", *(["--outage"] if outage else [])) as demo:
        assert demo.process.wait(390) == 0, demo.said()
        assert "as Entra wanted" in demo.said()
        if outage and "LDAP directory" in demo.said():
            assert "while LDAP was away" in demo.said()
            assert "unavailable" in demo.said()
