"""Starting, refusing to start in words, draining, and leaving nothing behind."""

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest
from azure.storage.queue import QueueClient

from sandbox.host.messages import Message
from sandbox.host.settings import HostError
from sandbox.host.web import _route
from sandbox.host.worker import Function, _function
from sandbox.services import ROOT, ServiceFailed, answers, free_ports
from tests.host_server import KEYS, Answer, RunningHost, StartHost, eventually

pytestmark = pytest.mark.azurite


def in_background(call: Callable[[], Answer]) -> Callable[[], Answer]:
    """Start the call; the function returned waits for its answer."""
    answers_: list[Answer] = []
    thread = threading.Thread(target=lambda: answers_.append(call()))
    thread.start()

    def answer() -> Answer:
        thread.join(15)
        return answers_[0]

    return answer


def app_of(folder: Path, source: str, host_json: str = '{"version": "2.0"}') -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "function_app.py").write_text(f"import azure.functions as func\napp = func.FunctionApp()\n{source}")
    (folder / "host.json").write_text(host_json)
    return folder


def test_a_host_drains_on_sigterm(start_host: StartHost, demo_app: Path, azurite_connection: str) -> None:
    host = start_host(demo_app, JOBS_QUEUE="host-drain")
    host.call("POST", "/v1/enqueue", json.dumps(["slow 1"]))
    eventually(lambda: host.seen("job"))
    slow = in_background(lambda: host.get("/v1/sleep?seconds=1"))
    eventually(lambda: host.lines("sleeping"))
    psutil.Process(host.service.pid).send_signal(signal.SIGTERM)
    eventually(lambda: not answers(host.port), timeout=1)
    assert slow().status == 200, "a request under way is answered"
    assert host.service.wait(10) == 0
    assert host.lines("the host ends")[0]["drained"] is True
    with QueueClient.from_connection_string(azurite_connection, "host-drain") as queue:
        assert queue.get_queue_properties().approximate_message_count == 0, "a message in work is finished"


def test_draining_ends_at_the_grace_time(start_host: StartHost, demo_app: Path) -> None:
    host = start_host(demo_app, grace=0.3, JOBS_QUEUE="host-grace", AzureFunctionsJobHost__functionTimeout="00:01:00")
    threading.Thread(target=lambda: _ignore_reset(lambda: host.get("/v1/sleep?seconds=30")), daemon=True).start()
    eventually(lambda: host.lines("sleeping"))
    began = time.monotonic()
    psutil.Process(host.service.pid).send_signal(signal.SIGTERM)
    assert host.service.wait(10) == 1
    assert time.monotonic() - began < 3
    assert host.lines("the host ends")[0]["drained"] is False


def _ignore_reset(call: Callable[[], Answer]) -> None:
    with contextlib.suppress(OSError):
        call()


def test_requests_beyond_the_outstanding_limit_are_429(start_host: StartHost, demo_app: Path) -> None:
    host = start_host(
        demo_app,
        JOBS_QUEUE="host-limit",
        AzureFunctionsJobHost__functionTimeout="00:00:30",
        AzureFunctionsJobHost__extensions__http__maxOutstandingRequests="2",
        AzureFunctionsJobHost__extensions__http__maxConcurrentRequests="1",
    )
    first = in_background(lambda: host.get("/v1/sleep?seconds=1"))
    eventually(lambda: host.lines("sleeping"))
    others = [in_background(lambda: host.get("/v1/sleep?seconds=0")) for _ in range(3)]
    # One more may wait for its turn, the rest is refused at once.
    assert sorted(other().status for other in others) == [200, 429, 429]
    assert first().status == 200
    assert host.get("/v1/ping").status == 200


def test_a_host_has_no_children_and_a_kill_leaves_nothing(demo_app: Path, start_host: StartHost) -> None:
    host = start_host(demo_app, JOBS_QUEUE="host-kill")
    assert psutil.Process(host.service.pid).children(recursive=True) == []
    host.service.kill()
    assert not answers(host.port)
    again = start_host(demo_app, state=host.state, JOBS_QUEUE="host-kill")
    eventually(lambda: again.seen("tick"), timeout=4)


def test_keys_are_never_printed(demo_host: RunningHost) -> None:
    for key in (*KEYS.values(), "almost-a-key"):
        demo_host.get(f"/v1/guarded?code={key}")
        demo_host.get("/v1/guarded", x_functions_key=key)
        demo_host.get(f"/v1/boom?code={key}")
    log = demo_host.log()
    assert [key for key in (*KEYS.values(), "almost-a-key") if key in log] == []


def test_the_host_is_ready_within_seconds(demo_host: RunningHost) -> None:
    (line,) = demo_host.lines("the host is ready")
    assert line["startup_ms"] < 3000
    assert line["port"] == demo_host.port


def test_an_app_that_cannot_be_imported_is_refused_in_words(start_host: StartHost, tmp_path: Path) -> None:
    with pytest.raises(ServiceFailed, match=r"could not be loaded[\s\S]*no_such_module"):
        start_host(app_of(tmp_path / "app", "import no_such_module"))


def test_a_missing_connection_is_found_at_the_start(start_host: StartHost, tmp_path: Path) -> None:
    source = """
@app.queue_trigger(arg_name="message", queue_name="jobs", connection="NO_SUCH")
def job(message: func.QueueMessage) -> None: ...
"""
    with pytest.raises(ServiceFailed, match="NO_SUCH is missing"):
        start_host(app_of(tmp_path / "app", source))


def function_of(binding: Mapping[str, object], **environment: str) -> Function:
    raw = json.dumps({"name": "trigger", "direction": "IN", **binding})
    return _function(Message(name="f", function_id="1", raw_bindings=[raw]), environment)


def test_a_binding_that_the_host_does_not_know_is_named() -> None:
    with pytest.raises(HostError, match=r"Function f: .*blobTrigger"):
        function_of({"type": "blobTrigger"})


def test_a_missing_setting_is_named_with_the_function() -> None:
    binding = {"type": "queueTrigger", "queueName": "%TEAM%-jobs"}
    assert function_of(binding, TEAM="red").trigger["queueName"] == "red-jobs"
    with pytest.raises(HostError, match=r"Function f: .*TEAM"):
        function_of(binding)


def test_routes_of_the_host_itself_are_refused() -> None:
    function = function_of({"type": "httpTrigger", "route": "Admin/x"})
    with pytest.raises(HostError, match="belong to the host"):
        _route(function, prefix="")
    assert _route(function, prefix="api").template.text == "api/Admin/x"


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    app = app_of(tmp_path / "app", "")
    (port,) = free_ports(1)
    with socket.create_server(("127.0.0.1", port)):
        command = [sys.executable, "-m", "sandbox.host", "--app", str(app), "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"Port {port} cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_explains_the_options() -> None:
    command = [sys.executable, "-m", "sandbox.host", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for option in ("--app", "--port", "--keys", "--state", "--grace"):
        assert option in done.stdout
