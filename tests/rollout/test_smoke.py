"""The smoke test: Entra's Test Connection, and doors that are shut."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.rollout import web
from infra.rollout.smoke import token_from
from infra.rollout.words import Refused
from tests.rollout.conftest import Deployed, Rollout


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("rollout")
def test_the_smoke_test_passes_against_the_real_package(deployed: Deployed, rollout: Rollout) -> None:
    code, said = rollout("smoke", "--url", deployed.cloud.origin)
    assert code == 0, said
    assert [line.strip()[:2] for line in said.splitlines()] == ["ok", "ok", "ok", "ok", "ok", "le"]
    assert deployed.token not in said


@contextmanager
def served(status: int, headers: dict[str, str], body: bytes = b"") -> Iterator[str]:
    """A server that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (302, {"Location": "https://login.microsoftonline.com/"}, b"", "sign-in (Easy Auth) stands before the app"),
        (401, {"WWW-Authenticate": "Bearer"}, b"", "the token does not reach it"),
        (200, {"Content-Type": "application/json"}, b"{}", "Entra wants application/scim+json"),
        (200, {"Content-Type": "application/scim+json"}, b'{"totalResults": 3}', "is no empty ListResponse"),
        (200, {"Content-Type": "application/scim+json"}, b"{}", "HTTP 200, expected 401"),
    ],
)
def test_an_answer_that_entra_would_not_take_fails_with_words(
    rollout: Rollout,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    headers: dict[str, str],
    body: bytes,
    words: str,
) -> None:
    monkeypatch.setenv("SMOKE_TOKEN", "some-token")
    with served(status, headers, body) as origin:
        code, said = rollout("smoke", "--url", origin)
    assert code == 1
    assert words in said


def test_an_app_that_does_not_answer_fails_with_words(rollout: Rollout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMOKE_TOKEN", "some-token")
    code, said = rollout("smoke", "--url", "http://127.0.0.1:9")
    assert code == 1
    assert "no answer from 127.0.0.1:9" in said


@pytest.mark.parametrize(
    "url",
    ["http://func.example.com", "ftp://127.0.0.1", "func.example.com", "https://a:b@func.example.com", "https://"],
)
def test_a_url_where_a_secret_could_be_read_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="--url"):
        web.origin(url)


def test_only_the_origin_of_a_url_counts() -> None:
    assert web.origin("https://func.example.com/scim/v2/") == "https://func.example.com"
    assert web.origin("http://localhost:7071") == "http://localhost:7071"


def test_a_token_is_a_reference_and_never_an_argument(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    assert token_from(f"file:{tmp_path / 'token'}") == "abc"
    (tmp_path / "two").write_text("abc\ndef\n")
    for wrong in (
        "ls_abcdef",
        "vault:kv",
        f"file:{tmp_path / 'none'}",
        "env:LOCKSTEP_NOT_SET",
        f"file:{tmp_path / 'two'}",
    ):
        with pytest.raises(Refused):
            token_from(wrong)
