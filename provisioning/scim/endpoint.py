"""The HTTP edge of SCIM: authenticates the source, bounds the request, serves it, and answers every error as SCIM."""

import json
import logging
import time
import traceback
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import azure.functions as func
from scim2_models import PayloadTooLargeException, SCIMException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from provisioning.correlation import begin, correlation
from provisioning.directory.directory import Directory
from provisioning.scim.errors import BusyException, UnauthenticatedException, scim_error
from provisioning.scim.handler import HubHandler
from provisioning.scim.published import published
from provisioning.scim.storage import DirectoryStorage
from provisioning.sources.sources import Sources

ROOT = "/scim/v2"
MEDIA_TYPE = "application/scim+json"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScimEndpoint:
    """Serves SCIM requests. ``most_bytes`` bounds a body."""

    directory: Directory
    sources: Sources
    most_bytes: int

    async def serve(self, request: func.HttpRequest) -> func.HttpResponse:
        """Answer one request; never raises."""
        started = time.monotonic()
        begin(request.headers.get("x-correlation-id") or request.headers.get("x-ms-client-request-id"))
        scim = _scim_request(request)
        try:
            response = await self._answer(request, scim)
        except Exception as error:  # noqa: BLE001 - the last rim: whatever happens is answered as a SCIM error
            response = _failure(error)
        log.info(
            "scim %s %s %d %d ms source=%s correlation=%s",
            scim.method,
            scim.path,
            response.status,
            round((time.monotonic() - started) * 1000),
            scim.subject.source if scim.subject else "-",
            correlation.get(),
        )
        return _http_response(response)

    async def _answer(self, request: func.HttpRequest, scim: ScimRequest) -> ScimResponse:
        caller = await self.sources.authenticate(request.headers.get("authorization"))
        if caller is None:
            raise UnauthenticatedException
        scim.subject = caller
        if len(scim.body) > self.most_bytes:
            raise PayloadTooLargeException(
                detail=f"The body has {len(scim.body)} bytes; at most {self.most_bytes} are taken"
            )
        current = published()
        return await HubHandler(current, DirectoryStorage(self.directory, current, caller)).handle(scim)


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
        path=path[start + len(ROOT) :],
        query=dict(request.params),
        headers=dict(request.headers),
        body=request.get_body(),
    )


def _failure(error: Exception) -> ScimResponse:
    known = scim_error(error)
    if known is None:
        # Where it happened, not what was in it: the text of an unexpected error may hold somebody's data.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("scim request failed: %s, correlation=%s\n%s", type(error).__name__, correlation.get(), where)
        known = SCIMException(
            detail=f"Internal error. The app's log has it under the correlation id {correlation.get()}"
        )
        known.status = HTTPStatus.INTERNAL_SERVER_ERROR
    response = published().service.error_response(known)
    if isinstance(known, BusyException):
        response.headers["Retry-After"] = str(known.retry_after)
    return response


def _http_response(response: ScimResponse) -> func.HttpResponse:
    body = None if response.body is None else json.dumps(response.body, ensure_ascii=False, separators=(",", ":"))
    headers = {**response.headers, "x-correlation-id": correlation.get(), "Cache-Control": "no-store"}
    headers.pop("Content-Type", None)
    return func.HttpResponse(body, status_code=int(response.status), headers=headers, mimetype=MEDIA_TYPE)
