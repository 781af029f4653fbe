"""The HTTP edge of SCIM: authenticates the source, bounds the request, serves it, and answers every error as SCIM."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote, urlsplit

import azure.functions as func
from scim2_models import PayloadTooLargeException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from provisioning.correlation import begin, correlation
from provisioning.directory.directory import Directory
from provisioning.directory.keys import kind_of
from provisioning.scim.errors import BusyException, TooManyRequestsException, UnauthenticatedException, answered
from provisioning.scim.handler import HubHandler
from provisioning.scim.published import published
from provisioning.scim.rendering import RenderedResponse, compact
from provisioning.scim.schema.schemas import Extension
from provisioning.scim.storage import DirectoryStorage
from provisioning.sources.errors import CallError, told
from provisioning.sources.origin import origin
from provisioning.sources.sources import Sources
from provisioning.telemetry.catalogue import SCIM_REFUSED, SCIM_REQUESTS
from provisioning.telemetry.metrics import record
from provisioning.telemetry.spans import span

ROOT = "/scim/v2"
MEDIA_TYPE = "application/scim+json"

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_RESOURCES = ("Users", "Groups", "Bulk", "Me", "Schemas", "ResourceTypes", "ServiceProviderConfig", ".search")

log = logging.getLogger(__name__)

type InForce = Callable[[], Awaitable[tuple[Extension, ...]]]
"""Tells an organisation's own extensions, as they are in force for a request."""


async def _none() -> tuple[Extension, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class ScimEndpoint:
    """Serves SCIM requests. ``most_bytes`` bounds a body; ``extensions`` are the organisation's own."""

    directory: Directory
    sources: Sources
    most_bytes: int
    extensions: InForce = _none

    async def serve(self, request: func.HttpRequest) -> func.HttpResponse:
        """Answer one request; never raises."""
        started = time.perf_counter()
        begin(request.headers.get("x-correlation-id") or request.headers.get("x-ms-client-request-id"))
        scim = _scim_request(request)
        facts = {"method": _one_of(_METHODS, scim.method), "resource": _one_of(_RESOURCES, _first(scim.path))}
        with span(f"scim {facts['method']} {facts['resource']}", **facts) as told_of:
            response = await self._served(request, scim)
            status, source = str(int(response.status)), scim.subject.source if scim.subject else ""
            told_of.set_attributes({"status": status, "source": source})
        elapsed = (time.perf_counter() - started) * 1000
        record(SCIM_REQUESTS, elapsed, status=status, **facts)
        fields = {"method": facts["method"], "path": _logged(scim.path), "status": int(response.status)}
        log.info("scim request", extra={"fields": {**fields, "ms": round(elapsed), "source": source}})
        if scim.method.upper() == "HEAD":
            response = ScimResponse(response.status, None, response.headers)
        return _http_response(response)

    async def _served(self, request: func.HttpRequest, scim: ScimRequest) -> ScimResponse:
        try:
            return await self._answer(request, scim)
        except Exception as error:  # noqa: BLE001 - the last rim: whatever happens is answered as a SCIM error
            if isinstance(error, CallError):
                why = told(error)
                record(SCIM_REFUSED, reason=why["reason"])
                log.warning("scim call refused", extra={"fields": {**why, "from": origin(request.headers)}})
            return _failure(error)

    async def _answer(self, request: func.HttpRequest, scim: ScimRequest) -> ScimResponse:
        caller = await self.sources.authenticate(request.headers.get("authorization"))
        scim.subject = caller
        if len(scim.body) > self.most_bytes:
            raise PayloadTooLargeException(
                detail=f"The body has {len(scim.body)} bytes; at most {self.most_bytes} are taken"
            )
        current = published(await self.extensions())
        storage = DirectoryStorage(self.directory, current, caller)
        return await HubHandler(current, storage, caller.profile, partial(self.sources.charge, caller)).handle(scim)


def _scim_request(request: func.HttpRequest) -> ScimRequest:
    """Return the request as scim2-server takes it.

    The base URL is made from the URL that the platform gives, which has the public scheme and host. Forwarded headers
    are not looked at: whoever calls could write them, and would have our answers point elsewhere.
    """
    url = urlsplit(request.url)
    path = url.path
    start = path.lower().find(ROOT)
    return ScimRequest(
        method=request.method,
        base_url=f"{url.scheme}://{url.netloc}{path[: start + len(ROOT)]}",
        path="/".join(_decoded(segment) for segment in path[start + len(ROOT) :].split("/")),
        query=dict(request.params),
        headers=dict(request.headers),
        body=request.get_body(),
    )


def _decoded(segment: str) -> str:
    """Return a segment of a path as it was meant; a slash inside of it stays what it is."""
    return unquote(segment).replace("/", "%2F")


def _first(path: str) -> str:
    return path.strip("/").partition("/")[0]


def _one_of(names: tuple[str, ...], given: str) -> str:
    """Return the name that was given, as a metric may have it: whoever calls could else make up new ones."""
    return next((name for name in names if name.lower() == given.lower()), "other")


def _logged(path: str) -> str:
    """Return a path as the log may have it: on one line, with ids of the hub's own and no name of a person."""
    first, *others = path.strip("/").split("/")
    shown = [each if _is_id(each) or each.lower() == ".search" else "-" for each in others]
    return "/" + "/".join((first if _one_of(_RESOURCES, first) != "other" else "-", *shown))


def _is_id(segment: str) -> bool:
    return kind_of(segment) is not None and len(segment) == 34 and segment[2:].isalnum()


def _failure(error: Exception) -> ScimResponse:
    known = answered(error)
    response = published().service.error_response(known)
    if isinstance(known, BusyException | TooManyRequestsException):
        response.headers["Retry-After"] = str(known.retry_after)
    if isinstance(known, UnauthenticatedException):
        response.headers["WWW-Authenticate"] = 'Bearer realm="SCIM"'  # RFC 6750 section 3
    return response


def _http_response(response: ScimResponse) -> func.HttpResponse:
    body: str | None = response.text if isinstance(response, RenderedResponse) else None
    if body is None and response.body is not None:
        body = compact(response.body)
    headers = {**response.headers, "x-correlation-id": correlation.get(), "Cache-Control": "no-store"}
    headers.pop("Content-Type", None)
    return func.HttpResponse(body, status_code=int(response.status), headers=headers, mimetype=MEDIA_TYPE)
