"""host.json, application settings and keys: what is read, what is refused and in which words."""

import json
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.host.keys import Keys, load_keys
from sandbox.host.settings import HostError, HostSettings, connection_string, expand, load_local_settings, timespan


def host_json(folder: Path, **document: Any) -> Path:
    (folder / "host.json").write_text(json.dumps({"version": "2.0", **document}))
    return folder


def test_defaults_are_those_of_azure(tmp_path: Path) -> None:
    settings = HostSettings.load(host_json(tmp_path), {})
    assert settings.http.route_prefix == "api"
    assert settings.function_timeout == timedelta(minutes=30)
    queues = settings.queues
    assert (queues.batch_size, queues.new_batch_threshold, queues.max_dequeue_count) == (16, 8, 5)
    assert (queues.visibility_timeout, queues.max_polling_interval) == (timedelta(0), timedelta(minutes=1))
    assert queues.base64


def test_the_new_batch_threshold_is_half_the_batch_unless_set(tmp_path: Path) -> None:
    app = host_json(tmp_path, extensions={"queues": {"batchSize": 10}})
    assert HostSettings.load(app, {}).queues.new_batch_threshold == 5


def test_settings_are_read(tmp_path: Path) -> None:
    app = host_json(
        tmp_path,
        functionTimeout="-1",
        logging={"logLevel": {"default": "Warning"}},
        extensions={
            "http": {"routePrefix": "", "maxConcurrentRequests": 50, "maxOutstandingRequests": 100},
            "queues": {"visibilityTimeout": "00:00:30", "maxPollingInterval": "00:00:02", "messageEncoding": "none"},
        },
    )
    settings = HostSettings.load(app, {})
    assert settings.function_timeout is None
    assert settings.log_level == logging.WARNING
    assert (settings.http.route_prefix, settings.http.max_concurrent, settings.http.max_outstanding) == ("", 50, 100)
    assert settings.queues.visibility_timeout == timedelta(seconds=30)
    assert not settings.queues.base64


def test_environment_variables_are_laid_over_host_json(tmp_path: Path) -> None:
    app = host_json(tmp_path, extensions={"queues": {"batchSize": 4}})
    environment = {
        "AzureFunctionsJobHost__extensions__Queues__BatchSize": "2",
        "AzureFunctionsJobHost__extensions__http__routePrefix": "x",
    }
    settings = HostSettings.load(app, environment)
    assert (settings.queues.batch_size, settings.http.route_prefix) == (2, "x")


@pytest.mark.parametrize(
    ("queues", "problem"),
    [
        ({"batchSize": 33}, "batchSize"),
        ({"batchSize": "many"}, "many"),
        ({"maxDequeueCount": 0}, "maxDequeueCount"),
        ({"maxPollingInterval": "2"}, "time span"),
        ({"maxPollingInterval": "00:00:00.01"}, "maxPollingInterval"),
        ({"messageEncoding": "utf8"}, "messageEncoding"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, queues: dict[str, Any], problem: str) -> None:
    with pytest.raises(HostError, match=problem):
        HostSettings.load(host_json(tmp_path, extensions={"queues": queues}), {})


def test_a_missing_or_broken_host_json_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"needs a host\.json"):
        HostSettings.load(tmp_path, {})
    (tmp_path / "host.json").write_text("{")
    with pytest.raises(HostError, match="not valid JSON"):
        HostSettings.load(tmp_path, {})
    (tmp_path / "host.json").write_text("{}")
    with pytest.raises(HostError, match=r"2\.0"):
        HostSettings.load(tmp_path, {})


def test_time_spans_are_read_as_dot_net_writes_them() -> None:
    assert timespan("00:00:00.5") == timedelta(seconds=0.5)
    assert timespan("1.02:03:04") == timedelta(days=1, hours=2, minutes=3, seconds=4)
    assert timespan("00:05") == timedelta(minutes=5)


def test_names_between_percent_signs_are_settings() -> None:
    assert expand("%TEAM%-jobs-%STAGE%", {"TEAM": "a", "STAGE": "b"}) == "a-jobs-b"
    with pytest.raises(HostError, match="STAGE"):
        expand("%STAGE%", {})


def test_a_connection_is_looked_up_with_and_without_the_prefix() -> None:
    assert connection_string("Storage", {"AzureWebJobsStorage": "AccountName=a"}) == "AccountName=a"
    assert connection_string("", {"AzureWebJobsStorage": "AccountName=a"}) == "AccountName=a"
    assert connection_string("Jobs", {"Jobs": "AccountName=b"}) == "AccountName=b"
    assert "127.0.0.1:10001" in connection_string("Jobs", {"Jobs": "UseDevelopmentStorage=true"})


def test_a_connection_that_works_in_azure_only_is_refused_in_words() -> None:
    with pytest.raises(HostError, match="identity-based"):
        connection_string("Jobs", {"Jobs__queueServiceUri": "https://a.queue.core.windows.net"})
    with pytest.raises(HostError, match="Jobs is missing"):
        connection_string("Jobs", {})


def test_local_settings_do_not_override_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST_TEST_A", "environment")
    monkeypatch.delenv("HOST_TEST_B", raising=False)
    monkeypatch.setenv("HOST_TEST_B", "x")  # so that it is removed again
    monkeypatch.delenv("HOST_TEST_B")
    values = {"HOST_TEST_A": "file", "HOST_TEST_B": "file"}
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": values}))
    load_local_settings(tmp_path)
    assert (os.environ["HOST_TEST_A"], os.environ["HOST_TEST_B"]) == ("environment", "file")


def test_keys_open_the_levels_they_are_for() -> None:
    keys = Keys({"host.master": "m", "host.function.default": "f", "functions.jobs.partner": "p"})
    assert keys.allow("ANONYMOUS", "jobs", None)
    assert [keys.allow("FUNCTION", "jobs", key) for key in ("m", "f", "p", "x", "", None)] == [True] * 3 + [False] * 3
    assert [keys.allow("FUNCTION", "other", key) for key in ("m", "f", "p")] == [True, True, False]
    assert [keys.allow("ADMIN", "jobs", key) for key in ("m", "f", "p", None)] == [True, False, False, False]


def test_without_keys_only_anonymous_functions_can_be_called() -> None:
    assert load_keys(None).allow("anonymous", "f", None)
    assert not load_keys(None).allow("function", "f", "")


def test_keys_are_read_from_a_file_or_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys.json").write_text('{"host.master": "m"}')
    assert load_keys(str(tmp_path / "keys.json")).allow("admin", "f", "m")
    monkeypatch.setenv("HOST_TEST_KEYS", '{"host.master": "n"}')
    assert load_keys("env:HOST_TEST_KEYS").allow("admin", "f", "n")


@pytest.mark.parametrize("keys", [{"master": "topsecret"}, {"host.master": ""}, {"host.master": 7}])
def test_unusable_keys_are_refused_without_printing_them(keys: dict[str, Any]) -> None:
    with pytest.raises(HostError, match="unusable") as refusal:
        Keys(keys)
    assert "topsecret" not in str(refusal.value)
    assert "topsecret" not in repr(Keys({"host.master": "topsecret"}))
