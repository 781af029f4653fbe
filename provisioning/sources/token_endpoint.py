"""The HTTP edge of ``POST /oauth/token``: access tokens for client credentials (RFC 6749 section 4.4)."""

import json
import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import azure.functions as func

from provisioning.correlation import begin, correlation
from provisioning.sources.clients import Client, Clients
from provisioning.sources.errors import CallError, KeysUnreachable, RateExceeded, Reason, Refused, told
from provisioning.sources.origin import origin
from provisioning.sources.scopes import UnknownScope
from provisioning.sources.token_requests import BadTokenRequest, TokenRequest, read_token_request
from provisioning.storage.entities import StoreError
from provisioning.telemetry.catalogue import SCIM_REFUSED
from provisioning.telemetry.logs import described
from provisioning.telemetry.metrics import record

_CLIENT = "The client is not known, its credentials are not good, or its source is disabled."
_BUSY = "The hub cannot answer now. Send the request again later."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    note: dict[str, str]


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Serves requests for access tokens."""

    clients: Clients

    async def serve(self, request: func.HttpRequest) -> func.HttpResponse:
        """Answer one request; never raises. What it logs names the source and a reason, never a credential."""
        started = time.monotonic()
        begin(request.headers.get("x-correlation-id") or request.headers.get("x-ms-client-request-id"))
        try:
            answer = await self._answer(request)
        except Exception as error:  # noqa: BLE001 - the last rim: whatever happens is answered
            answer = _failure(error)
            if isinstance(error, CallError):
                record(SCIM_REFUSED, reason=told(error)["reason"])
        fields = {"status": answer.status, "ms": round((time.monotonic() - started) * 1000), **answer.note}
        level = logging.INFO if answer.status == HTTPStatus.OK else logging.WARNING
        log.log(level, "token request", extra={"fields": {**fields, "from": origin(request.headers)}})
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache", "x-correlation-id": correlation.get()}
        return func.HttpResponse(
            json.dumps(answer.body),
            status_code=answer.status,
            headers={**headers, **answer.headers},
            mimetype="application/json",
        )

    async def _answer(self, request: func.HttpRequest) -> _Answer:
        asked = read_token_request(
            request.headers.get("content-type", ""),
            request.headers.get("authorization"),
            request.params,
            request.get_body(),
        )
        client = await self._client(asked)
        issued = await self.clients.issue(client, asked.scope)
        body = {
            "access_token": issued.text,
            "token_type": "Bearer",
            "expires_in": issued.seconds,
            "scope": issued.scope,
        }
        return _Answer(HTTPStatus.OK, body, {}, {"source": client.source.id, "scope": issued.scope})

    async def _client(self, asked: TokenRequest) -> Client:
        if asked.assertion:
            return await self.clients.by_assertion(asked.assertion, asked.client_id)
        if not asked.client_id or not asked.secret:
            self.clients.refused(Reason.MISSING)
            raise Refused(Reason.MISSING)
        return await self.clients.by_secret(asked.client_id, asked.secret)


def _failure(error: Exception) -> _Answer:
    match error:
        case BadTokenRequest():
            return _error(HTTPStatus.BAD_REQUEST, error.error, error.description, {"reason": error.error})
        case UnknownScope():
            return _error(HTTPStatus.BAD_REQUEST, "invalid_scope", str(error), {"reason": "invalid_scope"})
        case Refused():
            challenge = {"WWW-Authenticate": 'Basic realm="Lockstep"'}
            return _error(HTTPStatus.UNAUTHORIZED, "invalid_client", _CLIENT, told(error), challenge)
        case RateExceeded():
            headers = {"Retry-After": str(error.retry_after)}
            return _error(HTTPStatus.TOO_MANY_REQUESTS, "temporarily_unavailable", str(error), told(error), headers)
        case KeysUnreachable() | StoreError():
            note = {"error": type(error).__name__}
            headers = {"Retry-After": "5"}
            return _error(HTTPStatus.SERVICE_UNAVAILABLE, "temporarily_unavailable", _BUSY, note, headers)
    # Where it happened, not what was in it: the text of an unexpected error may hold a credential.
    log.error("token request failed", extra={"fields": described(error)})
    detail = f"Internal error. The app's log has it under the correlation id {correlation.get()}"
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "server_error", detail, {"error": type(error).__name__})


def _error(
    status: HTTPStatus, error: str, description: str, note: dict[str, str], headers: dict[str, str] | None = None
) -> _Answer:
    return _Answer(int(status), {"error": error, "error_description": description}, headers or {}, note)
