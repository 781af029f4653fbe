"""The web server around the simulator: TLS on 127.0.0.1, JSON in and out, connections dropped on demand.

Start it in process with ``serve``; ``python -m sandbox.graph`` is the same from a shell.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from sandbox.certificates import Certificates
from sandbox.graph.clock import Clock
from sandbox.graph.errors import GraphError
from sandbox.graph.knobs import Knobs
from sandbox.graph.messages import Answer, Request, parse_url
from sandbox.graph.planting import plant
from sandbox.graph.simulator import ConnectionDropped, Exchange, Simulator
from sandbox.graph.state import Tenant
from sandbox.graph.tokens import discovery

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes; Graph refuses larger request bodies."""

_JSON = "application/json; odata.metadata=minimal; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Served:
    """A running simulator: what a client is configured with, and the way in for tests. ``ca`` is what to trust."""

    simulator: Simulator
    origin: str
    ca: Path

    @property
    def base_url(self) -> str:
        """Where Graph is: ``https://localhost:8443/v1.0``."""
        return f"{self.origin}/v1.0"

    @property
    def authority(self) -> str:
        """Where tokens come from; the token endpoint is below ``/{tenant}/oauth2/v2.0/token``."""
        return self.origin

    @property
    def tenant_id(self) -> str:
        """The id of the tenant."""
        return self.simulator.tenant.id

    @property
    def client_id(self) -> str:
        """The client id of the app registration."""
        return self.simulator.application.client_id

    @property
    def client_secret(self) -> str:
        """The client secret of the app registration."""
        return self.simulator.application.client_secret

    @property
    def tenant(self) -> Tenant:
        """The state: read it, or put objects into it."""
        return self.simulator.tenant

    @property
    def knobs(self) -> Knobs:
        """What can be turned."""
        return self.simulator.knobs

    @property
    def clock(self) -> Clock:
        """The tenant's time, which a test may move on."""
        return self.simulator.clock


@asynccontextmanager
async def serve(simulator: Simulator, certificates: Certificates, *, port: int = 0) -> AsyncIterator[Served]:
    """Serve over TLS on 127.0.0.1, to clients that call it ``localhost``; port 0 takes a free one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    runner = web.AppRunner(application(simulator), access_log=None, handle_signals=False, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context)
        await site.start()
        bound = runner.addresses[0][1]
        yield Served(simulator, f"https://localhost:{bound}", certificates.ca)
    finally:
        await runner.cleanup()


def application(simulator: Simulator) -> web.Application:
    """Return the web application: Graph below /v1.0, the tenant's token endpoint, and the simulator's own pages."""
    rim = _Rim(simulator)
    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_get("/_simulator/state", rim.state)
    app.router.add_get("/_simulator/knobs", rim.knobs)
    app.router.add_patch("/_simulator/knobs", rim.change_knobs)
    app.router.add_post("/_simulator/objects", rim.plant)
    app.router.add_post("/{tenant}/oauth2/v2.0/token", rim.token)
    app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", rim.discovery)
    app.router.add_route("*", "/v1.0/{path:.*}", rim.graph)
    return app


class _Rim:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    # Graph

    async def graph(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        await self._wait()
        headers = {name.casefold(): value for name, value in request.headers.items()}
        answered = True
        try:
            answer = self._answer(request, headers, content)
        except ConnectionDropped:
            answered, answer = False, Answer(504)
        text = b"" if answer.body is None else json.dumps(answer.body).encode()
        answer_headers = dict(answer.headers)
        if answer.body is not None:
            answer_headers["Content-Type"] = _JSON
        exchange = Exchange(
            request.method, request.raw_path, headers, content, answer.status, answer_headers, text, answered
        )
        for observe in self._simulator.observers:
            observe(exchange)
        if not answered and request.transport is not None:
            request.transport.abort()
        return web.Response(status=answer.status, body=text or None, headers=answer_headers)

    def _answer(self, request: web.Request, headers: dict[str, str], content: bytes) -> Answer:
        origin = _origin(request)
        base = f"{origin}/v1.0"
        try:
            segments, query = parse_url(request.raw_path.removeprefix("/v1.0"))
            read = Request(request.method, segments, base, query, headers, _json(headers, content))
        except GraphError as error:
            return self._simulator.answer(Request(request.method, (), base, headers=headers), origin, error)
        return self._simulator.answer(read, origin)

    # The tenant's authority

    async def token(self, request: web.Request) -> web.Response:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        await self._wait()
        fault = self._simulator.knobs.strike("POST", "/oauth2/v2.0/token", self._simulator.clock.now(), named=True)
        if fault is not None and fault.status is None and request.transport is not None:
            request.transport.abort()
        if fault is not None:
            after = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
            body = {"error": "temporarily_unavailable", "error_description": "AADSTS90033: A transient error occurred."}
            return web.json_response(body, status=fault.status or 503, headers=after)
        now = self._simulator.clock.now()
        answer = self._simulator.tokens.issue(request.match_info["tenant"], form, now, _origin(request))
        return web.json_response(answer.body, status=answer.status, headers={"Cache-Control": "no-store"})

    async def discovery(self, request: web.Request) -> web.Response:
        tenant = request.match_info["tenant"]
        if tenant.casefold() != self._simulator.tenant.id.casefold():
            text = f"AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
            return web.json_response({"error": "invalid_tenant", "error_description": text}, status=400)
        return web.json_response(discovery(tenant, _origin(request)))

    # The simulator's own

    async def state(self, _: web.Request) -> web.Response:
        return web.json_response(self._simulator.state())

    async def knobs(self, _: web.Request) -> web.Response:
        return web.json_response(self._simulator.knobs.model_dump(mode="json"))

    async def change_knobs(self, request: web.Request) -> web.Response:
        try:
            changes: Any = await request.json()
            changed = Knobs.model_validate({**self._simulator.knobs.model_dump(), **changes})
        except (ValidationError, ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        for name in changed.model_fields_set:
            setattr(self._simulator.knobs, name, getattr(changed, name))
        return await self.knobs(request)

    async def plant(self, request: web.Request) -> web.Response:
        try:
            wanted: Any = await request.json()
            thing = plant(self._simulator.tenant, wanted["collection"], wanted["values"])
        except GraphError as error:
            return web.json_response({"error": error.message}, status=400)
        except (KeyError, ValueError, TypeError, AttributeError):
            return web.json_response({"error": "send an object of 'collection' and 'values'"}, status=400)
        return web.json_response({"id": thing.id}, status=201)

    async def _wait(self) -> None:
        if self._simulator.knobs.latency:
            await asyncio.sleep(self._simulator.knobs.latency)


def _origin(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def _json(headers: dict[str, str], content: bytes) -> Any:
    if not content:
        return None
    kind = headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return json.loads(content)
        except ValueError:
            pass
    raise GraphError(
        400,
        "BadRequest",
        "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON "
        "format.",
    )
