"""The host's own HTTP surface under /admin, opened by the master key.

``GET /admin/functions[/NAME]``, ``POST /admin/functions/NAME`` (run a timer or queue function now), ``GET
/admin/host/status``; ``/admin/host/ping`` needs no key. Reference:
https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
"""

import asyncio
import json
import os
import time
import uuid
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from sandbox.host.keys import Keys
from sandbox.host.messages import TypedData
from sandbox.host.timers import timer_info
from sandbox.host.web import presented_key
from sandbox.host.worker import Function, Worker


class Admin:
    """Answers requests under /admin."""

    def __init__(self, functions: Iterable[Function], worker: Worker, keys: Keys, prefix: str) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._worker, self._keys, self._prefix = worker, keys, prefix
        self._instance, self._started = uuid.uuid4().hex, time.monotonic()
        self._runs: set[asyncio.Task[object]] = set()
        self.state = "Running"

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Register the routes; what else is under /admin or /runtime is not found, and never a function's."""
        router.add_route("*", "/admin/host/ping", self._ping)
        router.add_get("/admin/host/status", self._status, allow_head=False)
        router.add_get("/admin/functions", self._list, allow_head=False)
        router.add_get("/admin/functions/{name}", self._show, allow_head=False)
        router.add_post("/admin/functions/{name}", self._run)
        for reserved in ("/admin", "/runtime"):
            router.add_route("*", reserved + "{rest:(/.*)?}", self._nothing)

    def _check(self, request: web.Request) -> None:
        if not self._keys.allow("admin", "", presented_key(request)):
            raise web.HTTPUnauthorized(text="")

    def _function(self, request: web.Request) -> Function:
        self._check(request)
        function = self._functions.get(request.match_info["name"].lower())
        if function is None:
            raise web.HTTPNotFound(text="")
        return function

    async def _nothing(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.Response(status=404)

    async def _ping(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _status(self, request: web.Request) -> web.Response:
        self._check(request)
        status = {
            "id": "lockstep-local",
            "state": self.state,
            "version": "4.0.0-local",
            "instanceId": self._instance,
            "processId": os.getpid(),
            "processUptime": round((time.monotonic() - self._started) * 1000),
        }
        return web.json_response(status)

    async def _list(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response([self._describe(request, function) for function in self._functions.values()])

    async def _show(self, request: web.Request) -> web.Response:
        return web.json_response(self._describe(request, self._function(request)))

    def _describe(self, request: web.Request, function: Function) -> dict[str, Any]:
        origin = f"{request.scheme}://{request.host}"
        bindings = [function.trigger, *function.outputs.values()]
        template = None
        if function.kind == "httpTrigger":
            route = str(function.trigger.get("route") or function.name).strip("/")
            template = "/".join(filter(None, (origin, self._prefix, route)))
        return {
            "name": function.name,
            "href": f"{origin}/admin/functions/{function.name}",
            "invoke_url_template": template,
            "language": "python",
            "config": {"name": function.name, "bindings": bindings},
            "isDisabled": False,
        }

    async def _run(self, request: web.Request) -> web.Response:
        """Start a run of a function that is no HTTP function, and answer 202 at once."""
        function = self._function(request)
        try:
            given = json.loads(await request.read() or b"{}").get("input", "")
        except (ValueError, AttributeError):
            return web.Response(status=400, text='The body must be JSON: {"input": "..."}')
        if function.kind == "httpTrigger":
            return web.Response(status=400, text="An HTTP function is called at its own route.")
        data = timer_info(None) if function.kind == "timerTrigger" else TypedData(string=str(given))
        run = asyncio.create_task(self._worker.invoke(function, data, {"QueueTrigger": data}, trigger="admin"))
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        return web.Response(status=202)
