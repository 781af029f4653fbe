"""Queue triggers and outputs of a served app, end to end."""

import json
import uuid
from pathlib import Path

import pytest

from sandbox.host.host import Host, Options
from sandbox.host.keys import Keys
from sandbox.host.messages import TypedData
from sandbox.host.queues import Listener
from sandbox.host.settings import HostSettings, QueueSettings
from tests.host_server import RunningHost, eventually

pytestmark = pytest.mark.azurite


def bodies(host: RunningHost, what: str, start: str) -> list[str]:
    return [entry["body"] for entry in host.seen(what) if entry["body"].startswith(start)]


def test_a_list_put_out_becomes_one_message_each_and_wakes_the_listener_at_once(demo_host: RunningHost) -> None:
    # The longest wait between polls is 30 s here, and the queue does not even exist before the first message.
    assert demo_host.call("POST", "/v1/enqueue", json.dumps(["wake a", "wake b", "wake ö"])).status == 202
    eventually(lambda: sorted(bodies(demo_host, "job", "wake")) == ["wake a", "wake b", "wake ö"], timeout=5)


def test_a_message_arrives_with_its_metadata(demo_host: RunningHost) -> None:
    demo_host.call("POST", "/v1/enqueue", json.dumps(["meta"]))
    eventually(lambda: bodies(demo_host, "job", "meta"), timeout=5)
    (entry,) = [entry for entry in demo_host.seen("job") if entry["body"] == "meta"]
    assert entry["count"] == 1
    assert entry["inserted"].startswith("20")


def test_a_failing_message_ends_in_the_poison_queue_whose_function_runs_at_once(demo_host: RunningHost) -> None:
    demo_host.call("POST", "/v1/enqueue", json.dumps(["fail 1"]))
    eventually(lambda: bodies(demo_host, "poisoned", "fail 1") == ["fail 1"], timeout=5)
    assert [entry["count"] for entry in demo_host.seen("job") if entry["body"] == "fail 1"] == [1, 2, 3]


def test_the_log_line_of_a_queue_invocation_names_the_message_and_its_dequeue_count(demo_host: RunningHost) -> None:
    demo_host.call("POST", "/v1/enqueue", json.dumps(["fail 2"]))
    eventually(lambda: bodies(demo_host, "poisoned", "fail 2"), timeout=5)
    lines = [line for line in demo_host.lines("invocation failed") if line["function"] == "job"]
    assert {line["dequeue_count"] for line in lines} == {1, 2, 3}
    assert all(line["message_id"] for line in lines)


async def test_what_an_output_writes_wakes_the_listeners_of_that_queue_alone(
    azurite_connection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AzureWebJobsStorage", azurite_connection)
    host = Host(Options(tmp_path, 0, "127.0.0.1", Keys(), tmp_path, grace=1), HostSettings())
    store, name = host._queues, f"wake-{uuid.uuid4().hex}"

    async def never(*_: object) -> bool:
        raise AssertionError("nothing is received here")

    listeners = [
        Listener(store.client("", queue), None, store, QueueSettings(), never) for queue in (name, f"{name}-other")
    ]
    host._parts = [*listeners]
    await store.write({"type": "queue", "queueName": name.upper(), "connection": ""}, TypedData(string="hello"))
    assert [listener._wake.is_set() for listener in listeners] == [True, False]
    await store.close()
