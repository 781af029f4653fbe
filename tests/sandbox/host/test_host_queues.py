"""Queue triggers and outputs of a served app, end to end."""

import json

import pytest

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
