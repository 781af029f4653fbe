"""Azurite starts from the lock file, keeps data on disk over a restart, and dies with its supervisor."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from sandbox.azurite import LOCK_FILES, Azurite
from sandbox.services import ROOT, Service, ServiceFailed, answers, free_ports

pytestmark = pytest.mark.azurite


def test_queues_and_tables_answer_at_the_connection_string(azurite_connection: str) -> None:
    with QueueServiceClient.from_connection_string(azurite_connection) as queues:
        queue = queues.create_queue("azurite-smoke")
        queue.send_message("hello")
        assert [message.content for message in queue.receive_messages()] == ["hello"]
    with TableServiceClient.from_connection_string(azurite_connection) as tables:
        table = tables.create_table("azuritesmoke")
        table.create_entity({"PartitionKey": "p", "RowKey": "r", "value": "Zoë"})
        assert table.get_entity("p", "r")["value"] == "Zoë"


def test_on_disk_the_data_survives_a_stop(tmp_path: Path) -> None:
    with (
        Azurite.start(tmp_path / "data", log=tmp_path / "log") as first,
        TableServiceClient.from_connection_string(first.connection_string) as tables,
    ):
        tables.create_table("kept").create_entity({"PartitionKey": "p", "RowKey": "r"})
    with (
        Azurite.start(tmp_path / "data", log=tmp_path / "log") as second,
        TableServiceClient.from_connection_string(second.connection_string) as tables,
    ):
        assert tables.get_table_client("kept").get_entity("p", "r")["RowKey"] == "r"


def test_the_lock_file_pins_azurite_and_names_no_download_address() -> None:
    manifest, lock = (json.loads(file.read_text()) for file in LOCK_FILES)
    assert list(manifest["dependencies"]) == ["azurite"]
    assert lock["packages"]["node_modules/azurite"]["version"] == manifest["dependencies"]["azurite"]
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert [name for name, package in lock["packages"].items() if name and "integrity" not in package] == []


def test_a_service_dies_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib; from sandbox.services import Service\n"
        f"s = Service('sleeper', ['sleep', '600'], log=pathlib.Path({str(tmp_path / 'log')!r})).start()\n"
        "print(s.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        child = psutil.Process(int(supervisor.stdout.readline()))
        assert child.is_running()
        os.kill(supervisor.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child outlived its supervisor"
        time.sleep(0.02)


def test_a_service_dies_with_a_supervisor_that_is_killed_right_after_starting_it(tmp_path: Path) -> None:
    marker = f"6{os.getpid()}"
    program = (
        "import os, pathlib, signal; from sandbox.services import Service\n"
        f"Service('sleeper', ['sleep', '{marker}'], log=pathlib.Path({str(tmp_path / 'log')!r})).start()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    for _ in range(5):
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    time.sleep(0.3)
    alive = [process.pid for process in psutil.process_iter(["cmdline"]) if marker in (process.info["cmdline"] or [])]
    assert alive == []


def test_a_service_gets_its_environment_whole_and_the_usual_signals(tmp_path: Path) -> None:
    log = tmp_path / "log"
    service = Service("environment", ["cat", "/proc/self/environ", "/proc/self/status"], log, env={"With.Dots": "kept"})
    assert service.start().wait(5) == 0
    assert "With.Dots=kept" in log.read_text()
    ignored = next(line for line in log.read_text().splitlines() if line.startswith("SigIgn"))
    assert int(ignored.split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0


def test_a_service_that_ends_while_starting_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo no such database; exit 3"]
    with pytest.raises(ServiceFailed, match=r"exit code 3[\s\S]*no such database"):
        Service("broken", command, log=tmp_path / "log", ports=free_ports(1)).start()


def test_a_service_that_ignores_the_gentle_signal_is_killed(tmp_path: Path) -> None:
    command = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]
    log = tmp_path / "log"
    service = Service("stubborn", command, log=log).start()
    while not log.read_text():
        time.sleep(0.01)
    service.stop(grace=0.2)
    assert not service.alive
    assert service.wait() == -signal.SIGKILL


def test_a_port_in_use_is_reported_before_anything_is_started(tmp_path: Path, azurite: Azurite) -> None:
    with pytest.raises(ServiceFailed, match=f"port {azurite.table_port} is in use"):
        Service("second", ["sleep", "1"], log=tmp_path / "log", ports=[azurite.table_port]).start()
    assert answers(azurite.table_port)
