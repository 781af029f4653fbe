"""One HTTP request: TLS verified, no redirect followed, a new connection each time."""

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from typing import Any, override
from urllib.parse import urlsplit

from infra.rollout.words import Refused

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_MOST = 1_000_000
_NEVER_SENT = (socket.gaierror, ConnectionRefusedError, ssl.SSLCertVerificationError)


class NoAnswer(Exception):
    """Nothing answered. The message says why, as far as can be known."""


class Unreachable(NoAnswer):
    """No connection came about, so nothing was sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type, without its parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def json(self) -> Any:
        """The body read as JSON, or None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    @override
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def origin(url: str) -> str:
    """Return ``scheme://host[:port]``: https, or http on this machine. Raises ``Refused`` for any other URL."""
    try:
        parts = urlsplit(url.strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError as problem:
        raise Refused(f"--url {url!r} is no URL: {problem}.") from None
    host = parts.hostname or ""
    if parts.username or parts.password:
        raise Refused("--url must hold no user name or password.")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL)):
        raise Refused(f"--url {url!r}: write https://HOST (http only for this machine: secrets are sent there).")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def is_local(url: str) -> bool:
    """Tell whether the URL leads to this machine."""
    return urlsplit(url).hostname in LOCAL


def ask(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None, seconds: float = 30
) -> Answer:
    """Send one request.

    Raises ``NoAnswer``: no whole answer in time, or ``Unreachable``: no connection, or no trusted certificate; and
    ``Refused`` for a header that cannot be sent.
    """
    if not all(value.isascii() and value.isprintable() for value in (headers or {}).values()):
        # Looked at here: http.client would repeat the header in its error, and with it the token.
        raise Refused(
            f"Nothing was sent to {urlsplit(url).netloc}: the token has line breaks or characters that it cannot have."
        )
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)  # noqa: S310 - origin() lets http(s) through only
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    if is_local(url):
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    try:
        try:
            found = opener.open(request, timeout=seconds)
        except urllib.error.HTTPError as refusal:  # it is the answer, and reading it can fail like any other's
            found = refusal
        with found:
            return Answer(found.status, _lowered(found.headers), found.read(_MOST))
    except (OSError, HTTPException) as problem:  # URLError is an OSError
        reason = getattr(problem, "reason", problem)
        kind = Unreachable if isinstance(reason, _NEVER_SENT) else NoAnswer
        raise kind(f"no answer from {urlsplit(url).netloc} ({reason})") from None


def _lowered(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
