"""When a version counts as running: instances are replaced one by one, so one good answer is none."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, cycle
from typing import Any

import pytest

from infra.rollout import watch as watching
from infra.rollout import web
from infra.rollout.watch import Health, Patience, watch
from infra.rollout.words import Failed, Refused, say

OLD, NEW = Health("1", "ok"), Health("2", "ok")
WRONG = Health("2", "misconfigured", ("LOCKSTEP_LEASE_SECONDS must be a number",))
NOBODY = Health(words="no answer")
PATIENCE = Patience(times=3, limit=0.3, interval=0.001)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterator[Health]], list[Health]]:
    """Have the app answer with these, one after another; what was answered is kept in the list."""

    def given(healths: Iterator[Health]) -> list[Health]:
        seen: list[Health] = []

        def look(_: str) -> Health:
            seen.append(next(healths))
            return seen[-1]

        monkeypatch.setattr(watching, "look", look)
        return seen

    return given


type Answers = Callable[[Iterator[Health]], list[Health]]


def test_an_old_instance_among_new_ones_begins_the_count_anew(answers: Answers) -> None:
    seen = answers(iter([OLD, NEW, NEW, OLD, NEW, NOBODY, NEW, NEW, NEW]))
    watch("https://app", "2", PATIENCE)
    assert len(seen) == 9


def test_a_version_that_never_replaces_all_of_the_old_one_does_not_count(answers: Answers) -> None:
    answers(cycle([NEW, NEW, OLD]))
    with pytest.raises(Failed, match=r"2 did not come up within 0.3 s; answering"):
        watch("https://app", "2", PATIENCE)


def test_a_misconfigured_version_among_old_instances_is_given_up_at_the_limit(answers: Answers) -> None:
    answers(cycle([WRONG, OLD]))
    with pytest.raises(Failed, match="did not come up"):
        watch("https://app", "2", PATIENCE)


def test_a_misconfigured_version_is_not_waited_for(answers: Answers) -> None:
    seen = answers(chain([NOBODY, OLD], cycle([WRONG])))
    with pytest.raises(Failed, match=r"misconfigured:\n    LOCKSTEP_LEASE_SECONDS must be a number"):
        watch("https://app", "2", PATIENCE)
    assert len(seen) == 5


def test_functions_that_azure_indexes_later_are_waited_for(answers: Answers) -> None:
    answers(cycle([NEW]))
    indexed = iter([[], ["jobs"], ["jobs", "scim"]])
    watch("https://app", "2", PATIENCE, lambda: next(indexed), ["jobs", "scim"])
    assert next(indexed, None) is None


def test_trouble_with_az_in_between_is_waited_out(answers: Answers) -> None:
    answers(cycle([NEW]))
    troubles = iter([Refused("again"), None])

    def functions() -> list[str]:
        trouble = next(troubles)
        if trouble:
            raise trouble
        return ["jobs"]

    watch("https://app", "2", PATIENCE, functions, ["jobs"])
    assert list(troubles) == []


@contextmanager
def broken_off(head: bytes) -> Iterator[str]:
    """A server that begins an answer and resets the connection."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(head)
            self.wfile.flush()
            # SO_LINGER with zero seconds: closing resets.
            self.connection.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            self.connection.close()

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):
                return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_json_that_is_nested_too_deeply_is_none() -> None:
    assert web.Answer(200, {}, b"[" * 500_000).json is None


@pytest.mark.parametrize("status", [b"200 OK", b"503 Service Unavailable"])
def test_an_answer_that_breaks_off_is_no_answer(status: bytes) -> None:
    with broken_off(b"HTTP/1.1 " + status + b"\r\nContent-Length: 100\r\n\r\n") as origin:
        with pytest.raises(web.NoAnswer) as raised:
            web.ask("GET", f"{origin}/healthz")
        assert not isinstance(raised.value, web.Unreachable)
        assert watching.look(origin).version == ""


def test_a_connection_that_never_came_about_is_told_apart() -> None:
    with pytest.raises(web.Unreachable, match=r"no answer from 127\.0\.0\.1:9"):
        web.ask("GET", "http://127.0.0.1:9/healthz")


@pytest.mark.parametrize(
    "body",
    [b"[" * 900_000, b'{"version": "1", "problems": 5}', b'{"version": "1", "problems": ["' + b"x" * 900_000 + b'"]}'],
)
def test_whatever_the_app_says_of_itself_is_read_and_bounded(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setattr(web, "ask", lambda *_: web.Answer(503, {}, body))
    assert len(str(watching.look("https://app"))) < 2000


def test_a_pipeline_takes_nothing_that_the_app_says_for_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {
        "version": "1",
        "status": "###vso[task.setvariable variable=LOCKSTEP_APP]x",
        "problems": ["::stop::\x1b[2J"],
    }
    monkeypatch.setattr(web, "ask", lambda *_: web.Answer(503, {}, json.dumps(told).encode()))
    say(str(watching.look("https://app")))
    out = capsys.readouterr().out
    assert "##" not in out
    assert out.splitlines()[1].strip() == r": :stop::\x1b[2J"


@pytest.mark.parametrize("token", ["secret\nof az", "secret\u20ac"])
def test_a_token_that_cannot_be_sent_is_in_no_error(token: str) -> None:
    with pytest.raises(Refused, match="Nothing was sent") as refused:
        web.ask("GET", "http://127.0.0.1:9", {"Authorization": f"Bearer {token}"})
    assert "secret" not in repr(refused.value)
