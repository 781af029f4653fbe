"""HTTP triggers: methods, keys, what the function sees of a request, what the caller sees of an answer."""

import pytest

from tests.host_server import KEYS, RunningHost

MASTER, HOST, GUARDED = KEYS.values()


def test_a_known_path_with_another_method_is_404_and_never_405(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/ping").status == 200
    assert demo_host.call("POST", "/v1/ping").status == 404
    assert demo_host.call("HEAD", "/v1/ping").status == 404
    assert demo_host.call("OPTIONS", "/v1/ping").status == 404


def test_an_unknown_path_and_a_path_without_the_prefix_are_404(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/unknown").status == 404
    assert demo_host.get("/ping").status == 404
    assert demo_host.get("/api/ping").status == 404


def test_a_function_without_methods_takes_all_of_them(demo_host: RunningHost) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert demo_host.call(method, "/v1/users/me").json["method"] == method


@pytest.mark.parametrize(
    ("key", "status"), [(None, 401), ("", 401), ("wrong", 401), (MASTER, 200), (HOST, 200), (GUARDED, 200)]
)
def test_level_function_is_opened_by_its_own_key_a_host_key_and_the_master_key(
    demo_host: RunningHost, key: str | None, status: int
) -> None:
    headers = {} if key is None else {"x-functions-key": key}
    assert demo_host.call("GET", "/v1/guarded", headers=headers).status == status
    assert demo_host.get("/v1/guarded" + ("" if key is None else f"?code={key}")).status == status


@pytest.mark.parametrize(("key", "status"), [(None, 401), (HOST, 401), (GUARDED, 401), (MASTER, 200)])
def test_level_admin_is_opened_by_the_master_key_alone(demo_host: RunningHost, key: str | None, status: int) -> None:
    headers = {} if key is None else {"x-functions-key": key}
    assert demo_host.call("GET", "/v1/administration", headers=headers).status == status


def test_a_refusal_has_no_body(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/guarded").body == b""


def test_the_more_specific_route_wins_whatever_the_order_of_the_functions(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/users/me").json["function"] == "user_me"
    assert demo_host.get("/v1/USERS/Me").json["function"] == "user_me"
    assert demo_host.get("/v1/users/17").json["function"] == "user_by_number"
    assert demo_host.get("/v1/users/mira").json["function"] == "user_by_name"


def test_route_parameters_arrive_decoded_but_for_an_encoded_slash(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/users/Zo%C3%AB%20O%27Brien").json["route"] == {"name": "Zoë O'Brien"}
    assert demo_host.get("/v1/users/a%2Fb").json["route"] == {"name": "a%2Fb"}
    assert demo_host.get("/v1/files/a/b%2fc/d").json["route"] == {"rest": "a/b%2fc/d"}
    assert demo_host.get("/v1/files").json["route"] == {}


def test_a_path_may_hold_a_line_break(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/files/a%0Ab").json["route"] == {"rest": "a\nb"}


def test_an_optional_parameter_may_be_absent(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/things/books").json["route"] == {"kind": "books"}
    assert demo_host.get("/v1/things/books/7").json["route"] == {"kind": "books", "id": "7"}
    assert demo_host.get("/v1/things").status == 404
    assert demo_host.get("/v1/things/books/7/8").status == 404


def test_header_names_arrive_in_lower_case_and_empty_query_parameters_do_not_arrive(demo_host: RunningHost) -> None:
    seen = demo_host.get("/v1/ping?filter=a%20eq%20%22b%22&x=1&x=2&empty=&Case=kept", X_Tenant="Contoso").json
    assert seen["headers"]["x-tenant"] == "Contoso"
    assert seen["query"] == {"filter": 'a eq "b"', "x": "1,2", "Case": "kept"}


def test_the_url_arrives_as_it_was_sent(demo_host: RunningHost) -> None:
    path = "/v1/files/a%2Fb?filter=userName%20eq%20%22x%22"
    assert demo_host.get(path).json["url"] == f"http://127.0.0.1:{demo_host.port}{path}"


def test_a_body_arrives_whole(demo_host: RunningHost) -> None:
    body = "Ünïcödé " * 50_000
    assert demo_host.call("POST", "/v1/guarded", body, {"x-functions-key": HOST}).json["body"] == body


def test_an_exception_is_500_with_an_empty_body(demo_host: RunningHost) -> None:
    answer = demo_host.get("/v1/boom")
    assert (answer.status, answer.body) == (500, b"")
    (line,) = [line for line in demo_host.lines("invocation failed") if line["function"] == "boom"]
    assert line["error"] == "ValueError: the reason stays in the log"
    assert "function_app.py" in line["exception"]


def test_a_function_that_returns_nothing_failed(demo_host: RunningHost) -> None:
    answer = demo_host.get("/v1/nothing")
    assert (answer.status, answer.body) == (500, b"")


def test_a_returned_text_is_sent_as_plain_text(demo_host: RunningHost) -> None:
    answer = demo_host.get("/v1/text")
    assert (answer.status, answer.body.decode()) == (200, "Grüße")
    assert answer.header("content-type") == "text/plain; charset=utf-8"


def test_status_headers_body_and_cookies_of_the_function_are_sent(demo_host: RunningHost) -> None:
    answer = demo_host.get("/v1/answer")
    assert (answer.status, answer.body) == (418, b"\x00\xff")
    assert answer.header("content-type") == "application/octet-stream"
    assert answer.header("x-own") == "yes"
    cookies = sorted(value for name, value in answer.headers if name == "set-cookie")
    assert cookies == ["a=1; HttpOnly; Path=/; SameSite=Lax", "b=2; Max-Age=60; Path=/; Secure"]


def test_custom_headers_of_host_json_are_on_every_answer_of_a_function(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/ping").header("x-content-type-options") == "nosniff"
    assert demo_host.get("/v1/boom").header("x-content-type-options") == "nosniff"


def test_context_variables_do_not_leak_into_the_next_invocation(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/context?tenant=first").json == "nobody"
    assert demo_host.get("/v1/context?tenant=second").json == "nobody"


def test_an_output_that_cannot_be_written_fails_the_invocation(demo_host: RunningHost) -> None:
    assert demo_host.call("POST", "/v1/lose").status == 500


def test_a_function_is_cut_off_at_the_function_timeout(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/sleep?seconds=5").status == 500
    errors = [line["error"] for line in demo_host.lines("invocation failed") if line["function"] == "sleep"]
    assert errors == ["functionTimeout of 2 s exceeded"]


def test_settings_come_from_the_environment_and_then_from_local_settings(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/setting/FROM_ENVIRONMENT").json["value"] == "the environment wins"
    assert demo_host.get("/v1/setting/JOBS_QUEUE").json["value"] == "host-jobs"


def test_the_working_directory_is_the_folder_of_the_app(demo_host: RunningHost) -> None:
    assert demo_host.get("/v1/setting/x").json["folder"].endswith("/app")


def test_every_invocation_is_one_log_line_with_its_id_and_duration(demo_host: RunningHost) -> None:
    invocation = demo_host.get("/v1/thread").json
    (line,) = [line for line in demo_host.lines("invocation succeeded") if line["invocation"] == invocation]
    assert line["function"] == "in_a_thread"
    assert line["duration_ms"] > 0
    # What the function logs carries the same id, also from a thread.
    assert [line["invocation"] for line in demo_host.lines("in a thread")] == [invocation]
