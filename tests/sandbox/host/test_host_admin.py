"""The host's own surface under /admin."""

from tests.host_server import KEYS, RunningHost, eventually

MASTER = KEYS["host.master"]
HOST = KEYS["host.function.default"]


def test_the_functions_are_listed_for_the_master_key_alone(demo_host: RunningHost) -> None:
    assert demo_host.get("/admin/functions").status == 401
    assert demo_host.get("/admin/functions", x_functions_key=HOST).status == 401
    listed = demo_host.get("/admin/functions", x_functions_key=MASTER).json
    by_name = {function["name"]: function for function in listed}
    assert "left_out" not in by_name
    assert by_name["guarded"]["invoke_url_template"] == f"http://127.0.0.1:{demo_host.port}/v1/guarded"
    assert by_name["job"]["config"]["bindings"][0]["queueName"] == "host-jobs"
    assert by_name["tick"]["invoke_url_template"] is None


def test_one_function_is_shown(demo_host: RunningHost) -> None:
    assert demo_host.get(f"/admin/functions/TICK?code={MASTER}").json["name"] == "tick"
    assert demo_host.get(f"/admin/functions/unknown?code={MASTER}").status == 404
    assert demo_host.get("/admin/functions/tick").status == 401


def test_the_status_says_running(demo_host: RunningHost) -> None:
    assert demo_host.get("/admin/host/status").status == 401
    assert demo_host.get("/admin/host/status", x_functions_key=MASTER).json["state"] == "Running"
    assert demo_host.call("POST", "/admin/host/status", headers={"x-functions-key": MASTER}).status == 404


def test_the_ping_needs_no_key(demo_host: RunningHost) -> None:
    assert demo_host.get("/admin/host/ping").status == 200


def test_a_timer_can_be_run_now(demo_host: RunningHost) -> None:
    eventually(lambda: demo_host.seen("yearly"))
    before = len(demo_host.seen("yearly"))
    assert demo_host.call("POST", "/admin/functions/yearly", "{}").status == 401
    assert demo_host.call("POST", "/admin/functions/yearly", "{}", {"x-functions-key": MASTER}).status == 202
    eventually(lambda: len(demo_host.seen("yearly")) == before + 1)


def test_a_queue_function_can_be_run_with_an_input(demo_host: RunningHost) -> None:
    given = '{"input": "by hand"}'
    assert demo_host.call("POST", "/admin/functions/job", given, {"x-functions-key": MASTER}).status == 202
    eventually(lambda: "by hand" in [entry["body"] for entry in demo_host.seen("job")])


def test_an_http_function_or_a_broken_body_is_refused(demo_host: RunningHost) -> None:
    headers = {"x-functions-key": MASTER}
    assert demo_host.call("POST", "/admin/functions/ping", "{}", headers).status == 400
    assert demo_host.call("POST", "/admin/functions/yearly", "[", headers).status == 400


def test_the_rest_of_admin_and_runtime_belongs_to_the_host(demo_host: RunningHost) -> None:
    for path in ("/admin", "/admin/vfs/home", "/runtime/webhooks/x"):
        assert demo_host.get(path).status == 401
        assert demo_host.get(path, x_functions_key=MASTER).status == 404
