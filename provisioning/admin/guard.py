"""The door of the admin API: who may pass, how large a request may be, and what happens when a route fails.

The Functions host checks the key before it calls the function. The app cannot check it again, so it fails closed: it
serves only what came through the function's ASGI middleware, which marks the scope with the invocation, and only
requests that carry a key at all, so that a route made anonymous by mistake opens nothing to a browser. Run under any
other ASGI server the app refuses everything.
"""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from provisioning.admin.problems import problem
from provisioning.correlation import begin

MOST_BODY_BYTES = 256 * 1024
INVOCATION = "azure_functions.invocation_id"
"""The mark that ``azure.functions.AsgiMiddleware`` leaves in a scope; nothing in a request can set it."""

type Message = MutableMapping[str, Any]
type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)


class Guard:
    """Wraps the app."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            return
        scope["headers"] = [(name.lower(), value) for name, value in scope["headers"]]
        headers = dict(scope["headers"])
        offered = headers.get(b"x-ms-client-request-id") or headers.get(b"x-correlation-id") or b""
        begin(offered.decode("ascii", "replace"))
        if not scope.get(INVOCATION):
            refusal = problem(
                403, "host.missing", "The admin API is served only by its Azure function, whose host checks the key."
            )
        elif not _has_key(scope, headers):
            refusal = problem(
                401, "key.missing", "Send the function key in the header x-functions-key. The host did not ask for it."
            )
        elif (body := await _body(receive)) is None:
            refusal = problem(413, "body.tooLarge", f"A request may have at most {MOST_BODY_BYTES} bytes.")
        else:
            await self._serve(scope, body, receive, send)
            return
        await refusal(scope, receive, send)

    async def _serve(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        given = False

        async def receive_body() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            await self._app(scope, receive_body, send)
        except Exception:
            # Starlette raises again what it has already answered with 500.
            log.exception("the admin API failed")


def _has_key(scope: Scope, headers: MutableMapping[bytes, bytes] | dict[bytes, bytes]) -> bool:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return bool(headers.get(b"x-functions-key") or any(query.get("code", ())))


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body, or ``None`` when it is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BODY_BYTES:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return b"".join(parts)
