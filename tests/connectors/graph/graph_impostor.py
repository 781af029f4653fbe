"""A server over TLS that is not Graph: it answers what a test tells it to, and keeps what it was sent."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.certificates import Certificates


@dataclass
class Impostor:
    """``answers`` maps "METHOD /path" to the answer. Anything else is 404."""

    origin: str
    ca: Path
    answers: dict[str, Callable[[], web.Response]] = field(default_factory=dict)
    heard: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and Authorization header of each request."""
    denied: bool = False
    """Every PATCH is answered 403."""

    @property
    def lines(self) -> list[str]:
        return [f"{method} {path}" for method, path, _ in self.heard]

    def json(self, line: str, body: Any, status: int = 200, **headers: str) -> None:
        """Answer a request with JSON."""
        self.answers[line] = lambda: web.json_response(body, status=status, headers=headers)

    async def handle(self, request: web.Request) -> web.Response:
        self.heard.append((request.method, request.path, request.headers.get("Authorization", "")))
        answer = self.answers.get(f"{request.method} {request.path}")
        if self.denied and request.method == "PATCH":
            return web.json_response({"error": {"code": "Authorization_RequestDenied"}}, status=403)
        return web.json_response({"error": {"code": "NotThere"}}, status=404) if answer is None else answer()


@asynccontextmanager
async def impostor(certificates: Certificates) -> AsyncIterator[Impostor]:
    """Serve on a free port of localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    app = web.Application()
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    served = Impostor("", certificates.ca)
    app.router.add_route("*", "/{path:.*}", served.handle)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        served.origin = f"https://localhost:{runner.addresses[0][1]}"
        yield served
    finally:
        await runner.cleanup()
