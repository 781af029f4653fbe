"""The web server around the simulated vault: TLS on 127.0.0.1, to clients that call it ``localhost``."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox.certificates import Certificates
from sandbox.key_vault.vault import Answer, Fault, Vault


@dataclass(frozen=True, slots=True)
class Served:
    """A running simulator: its state, its address, and what to trust of its TLS."""

    vault: Vault
    url: str
    ca: Path


@asynccontextmanager
async def serve(vault: Vault, certificates: Certificates, *, port: int = 0) -> AsyncIterator[Served]:
    """Serve a vault; port 0 takes a free one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    app = web.Application()
    rim = _Rim(vault)
    app.router.add_get("/secrets/{name}", rim.get)
    app.router.add_get("/secrets/{name}/{version:[^/]*}", rim.get)
    app.router.add_put("/secrets/{name}", rim.set)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context)
        await site.start()
        yield Served(vault, f"https://localhost:{runner.addresses[0][1]}", certificates.ca)
    finally:
        await runner.cleanup()


class _Rim:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def get(self, request: web.Request) -> web.Response:
        name, version = request.match_info["name"], request.match_info.get("version", "")
        refused = self._let_in(request)
        return self._sent(self._vault.get(_origin(request), name, version)) if refused is None else refused

    async def set(self, request: web.Request) -> web.Response:
        refused = self._let_in(request)
        if refused is not None:
            return refused
        return self._sent(self._vault.set(_origin(request), request.match_info["name"], await request.json()))

    def _let_in(self, request: web.Request) -> web.Response | None:
        """Return what keeps a request out: no API version, a connection that breaks, no token that opens the vault."""
        if "api-version" not in request.query:
            return self._sent(Answer(400, {"error": {"code": "BadParameter", "message": "api-version is missing."}}))
        if self._vault.fault is Fault.DROPPED and request.transport is not None:
            request.transport.abort()
            return web.Response(status=504)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self._vault.tokens:
            return self._sent(self._vault.challenge())
        return None

    def _sent(self, answer: Answer) -> web.Response:
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)


def _origin(request: web.Request) -> str:
    return f"https://{request.host}"
