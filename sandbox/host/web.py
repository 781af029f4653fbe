"""HTTP triggers: from a request to an invocation and back, with routes, keys and the limits of host.json."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict, MultiMapping

from sandbox.host.keys import Keys
from sandbox.host.messages import Message, TypedData
from sandbox.host.routes import Route, Routes, Template, decode_path
from sandbox.host.settings import HostError, HttpSettings
from sandbox.host.worker import Function, Outcome, Worker

logger = logging.getLogger("host")

BODY_LIMIT = 210_000_000
"""Bytes; the platform's limit for a request."""

_RESERVED = ("admin", "runtime")
_OURS = ("content-length", "transfer-encoding", "connection", "date", "server")


class Front:
    """Answers requests to the HTTP functions of the app."""

    def __init__(self, functions: Iterable[Function], worker: Worker, keys: Keys, settings: HttpSettings) -> None:
        self._worker, self._keys, self._settings = worker, keys, settings
        self._routes = Routes(_route(function, settings.route_prefix) for function in functions)
        self._slots = asyncio.Semaphore(settings.max_concurrent) if settings.max_concurrent else None
        self._outstanding = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Find the function, check the key, invoke it and turn its outcome into a response.

        404 for an unknown path and for a known path with another method, 401 for a key that does not open the
        function, 413 for a body beyond the limit, 429 beyond ``maxOutstandingRequests``, 500 with an empty body when
        the function failed.
        """
        found = self._routes.find(request.method, decode_path(request.raw_path))
        if found is None:
            return web.Response(status=404)
        function, parameters = found
        level = str(function.trigger.get("authLevel") or "function")
        if not self._keys.allow(level, function.name, presented_key(request)):
            return web.Response(status=401)
        if self._settings.max_outstanding is not None and self._outstanding >= self._settings.max_outstanding:
            return web.Response(status=429)
        async with self._slot():
            body = await request.read()
            outcome = await self._worker.invoke(
                function,
                http_data(request, parameters, body),
                trace_parent=request.headers.get("traceparent", ""),
                method=request.method,
            )
        return self._response(outcome)

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        self._outstanding += 1
        try:
            async with self._slots or contextlib.nullcontext():
                yield
        finally:
            self._outstanding -= 1

    def _response(self, outcome: Outcome) -> web.Response:
        if not outcome.ok:
            response = web.Response(status=500)
        elif outcome.value is None:
            response = web.Response(status=204)
        elif outcome.value.kind == "http":
            response = _http_response(outcome.value.http)
        else:
            response = web.Response(body=_raw(outcome.value), content_type="text/plain", charset="utf-8")
        response.headers.update(self._settings.headers)
        return response


def presented_key(request: web.Request) -> str | None:
    """Return the key a request carries: ``x-functions-key``, or else ``?code=``."""
    return request.headers.get("x-functions-key") or request.query.get("code")


def http_data(request: web.Request, parameters: Mapping[str, str], body: bytes) -> TypedData:
    """Return the request as the worker wants it.

    Header names are in lower case; values of one name are joined by commas, and a query parameter without a value is
    left out, as the real host does for Python.
    """
    query = {name: value for name, value in _joined(request.query).items() if value}
    headers = {name.lower(): value for name, value in _joined(request.headers).items()}
    http = Message(
        method=request.method,
        url=f"{request.scheme}://{request.host}{request.raw_path}",
        headers=headers,
        params=parameters,
        query=query,
        body=TypedData(bytes=body),
    )
    return TypedData(http=http)


def _joined(values: MultiMapping[str]) -> dict[str, str]:
    return {name: ",".join(values.getall(name)) for name in dict.fromkeys(values)}


def _route(function: Function, prefix: str) -> Route[Function]:
    route = str(function.trigger.get("route") or function.name).strip("/")
    template = Template("/".join(filter(None, (prefix, route))))
    if template.text.lower().split("/")[0] in _RESERVED:
        raise HostError(f"Function {function.name}: routes that start with admin or runtime belong to the host.")
    methods = frozenset(str(method).upper() for method in function.trigger.get("methods") or ())
    return Route(template, methods, function)


def _http_response(http: Message) -> web.Response:
    headers = CIMultiDict((name, value) for name, value in http.headers.items() if name.lower() not in _OURS)
    response = web.Response(status=int(http.status_code), body=_raw(http.body) or None, headers=headers)
    for cookie in http.cookies or ():
        optional = {name: getattr(cookie, name) for name in ("domain", "path", "max_age", "secure", "http_only")}
        values = {name: value.value for name, value in optional.items() if value is not None}
        expires = datetime.fromtimestamp(cookie.expires.value.seconds, UTC) if cookie.expires else None
        response.set_cookie(
            cookie.name,
            cookie.value,
            domain=values.get("domain") or None,
            path=values.get("path") or "/",
            expires=format_datetime(expires, usegmt=True) if expires else None,
            max_age=int(values["max_age"]) if "max_age" in values else None,
            secure=values.get("secure"),
            httponly=values.get("http_only"),
            samesite={1: "Lax", 2: "Strict", 3: "None"}.get(cookie.same_site),
        )
    return response


def _raw(data: TypedData) -> bytes:
    value = data.value
    return value if isinstance(value, bytes) else str(value).encode()


@web.middleware
async def never_explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 500 without a word when the host itself fails; what happened goes to the log."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        logger.exception("the host failed to answer a request")
        return web.Response(status=500)
