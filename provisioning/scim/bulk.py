"""Bulk requests (RFC 7644 section 3.7): their envelope, and what is said of each operation.

Every operation is served as the single request that it stands for, by the same code: dialects, memberships as rows,
profiles, authorisation and conditions hold for it as they do there. One that fails undoes nothing of the others.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from scim2_models import InvalidSyntaxException, InvalidValueException, PayloadTooLargeException, SCIMException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation

from provisioning.scim.bulk_plan import Part, Plan
from provisioning.scim.errors import BusyException, answered
from provisioning.scim.limits import MOST_BULK_OPERATIONS, MOST_BULK_SECONDS, echo
from provisioning.scim.service import HubService
from provisioning.sources.errors import RateExceeded

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

_METHODS = ("POST", "PUT", "PATCH", "DELETE")
_SINGLE = frozenset({Operation.create, Operation.replace, Operation.patch, Operation.delete})

type Outcome = dict[str, Any]
type Serve = Callable[[ScimRequest], Awaitable[ScimResponse]]


@dataclass
class BulkPart(ScimRequest):
    """One operation as the request that it stands for. ``data`` is its body, read already."""

    data: Any = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a bulk request holds: each operation, or what is wrong with its form."""

    operations: list[Part | SCIMException]
    sent: list[Any]
    fail_on_errors: int | None


def read_envelope(body: Any) -> Envelope:
    """Return the operations of a bulk request, judged by their form only.

    Raises ``InvalidSyntaxException`` and ``InvalidValueException``, and ``PayloadTooLargeException`` for too many.
    """
    members = _folded(body, "The body of a bulk request is an object with Operations")
    sent, fail_on_errors = members.get("operations"), members.get("failonerrors")
    schemas = members.get("schemas", [BULK_REQUEST])
    if not isinstance(schemas, list) or BULK_REQUEST not in schemas:
        raise InvalidSyntaxException(detail=f"'schemas' must name {BULK_REQUEST}")
    if not isinstance(sent, list):
        raise InvalidValueException(detail="'Operations' must be a list of operations")
    if len(sent) > MOST_BULK_OPERATIONS:
        raise PayloadTooLargeException(
            detail=f"The bulk request has {len(sent)} operations; at most {MOST_BULK_OPERATIONS} are taken. "
            "Send them in several requests"
        )
    if fail_on_errors is not None and (type(fail_on_errors) is not int or fail_on_errors < 1):
        raise InvalidValueException(detail="'failOnErrors' takes a whole number from 1 on")
    return Envelope([_part(each) for each in sent], sent, fail_on_errors)


async def run_bulk(
    service: HubService,
    request: ScimRequest,
    body: Any,
    serve: Serve,
    charge: Callable[[], None],
    most_seconds: float = MOST_BULK_SECONDS,
) -> ScimResponse:
    """Serve the operations of a bulk request one after the other, and return what became of each.

    Each but the first is charged: a source's rate counts operations, however they are sent, and those beyond it wait.
    """
    ends = time.monotonic() + most_seconds
    envelope = read_envelope(body)
    plan = Plan([each if isinstance(each, Part) else None for each in envelope.operations])
    outcomes: dict[int, Outcome] = {}
    failures = 0
    for index in plan.order():
        if envelope.fail_on_errors is not None and failures >= envelope.fail_on_errors:
            break
        given = envelope.operations[index]
        shown = given if isinstance(given, Part) else _legible(envelope.sent[index])
        created = None
        try:
            part = plan.resolved(index, _begun(given, ends))
            shown = part
            if outcomes:
                await _charged(charge, ends)
            response = await serve(_single(service, request, part))
            result = _done(response)
            if part.method == "POST" and response.body is not None:
                created = str(response.body["id"])
        except Exception as error:  # noqa: BLE001 - one that fails must not undo what is said of the others
            failed = service.error_of(answered(error))
            result = {"status": str(failed.status), "response": failed.model_dump()}
            failures += 1
        plan.end(index, created)
        outcomes[index] = _outcome(request, shown, result)
    return ScimResponse(
        HTTPStatus.OK, {"schemas": [BULK_RESPONSE], "Operations": [outcomes[index] for index in sorted(outcomes)]}
    )


async def _charged(charge: Callable[[], None], ends: float) -> None:
    """Count one operation, waiting for the source's rate: a client cannot pace what stands in one body."""
    while True:
        try:
            return charge()
        except RateExceeded as over:
            if time.monotonic() + over.retry_after > ends:
                raise
            await asyncio.sleep(over.retry_after)


def _folded(value: Any, words: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidSyntaxException(detail=words)
    return {str(name).lower(): item for name, item in value.items()}


def _part(sent: Any) -> Part | SCIMException:
    try:
        return _checked(sent)
    except SCIMException as error:
        return error


def _checked(sent: Any) -> Part:
    members = _folded(sent, "Each operation is an object with method, path, and data where the method takes a body")
    method, path = members.get("method"), members.get("path")
    bulk_id, version = members.get("bulkid"), members.get("version")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise InvalidValueException(detail=f"'method' must be POST, PUT, PATCH or DELETE, not {echo(method)}")
    if not isinstance(path, str) or not path.strip("/"):
        raise InvalidValueException(detail="'path' must be that of a resource type or resource, such as /Users/u-1")
    for name, value in (("bulkId", bulk_id), ("version", version)):
        if value is not None and not isinstance(value, str):
            raise InvalidValueException(detail=f"'{name}' takes a text")
    if method.upper() == "POST" and not bulk_id:
        raise InvalidValueException(detail="A POST needs a bulkId, by which its answer and its resource are known")
    if method.upper() != "DELETE" and "data" not in members:
        raise InvalidValueException(detail=f"A {method.upper()} needs its body as 'data'")
    return Part(method.upper(), path, bulk_id, version, members.get("data"))


def _legible(sent: Any) -> Part:
    """Return as much of an operation of a wrong form as its answer repeats."""
    members = _folded(sent, "") if isinstance(sent, Mapping) else {}
    method, path, bulk_id = (
        value if isinstance(value, str) else ""
        for value in (members.get("method"), members.get("path"), members.get("bulkid"))
    )
    return Part(method[:20].upper(), path, bulk_id or None)


def _begun(given: Part | SCIMException, ends: float) -> Part:
    if isinstance(given, SCIMException):
        raise given
    if time.monotonic() > ends:
        raise BusyException(
            detail="The bulk request took too long for this operation to be begun. Send it again, in a smaller request"
        )
    return given


def _single(service: HubService, request: ScimRequest, part: Part) -> BulkPart:
    """Return an operation as a request of its own. Raises for a path that is no resource type's or resource's."""
    single = BulkPart(
        method=part.method,
        base_url=request.base_url,
        path=f"/{part.path.strip('/')}",
        headers={} if part.version is None else {"If-Match": part.version},
        subject=request.subject,
        data=part.data,
    )
    target = service.match(single)
    if target.me or target.operation not in _SINGLE:
        raise InvalidValueException(detail="An operation of a bulk request is on a resource type or on a resource")
    return single


def _done(response: ScimResponse) -> Outcome:
    done: Outcome = {"status": str(int(response.status))}
    if location := response.headers.get("Content-Location"):
        done["location"] = location
    if version := response.headers.get("ETag"):
        done["version"] = version
    return done


def _outcome(request: ScimRequest, part: Part, result: Outcome) -> Outcome:
    """Return what is said of an operation; its location always, but for a POST that failed (section 3.7)."""
    said: Outcome = {"method": part.method} if part.method else {}
    if part.bulk_id is not None:
        said["bulkId"] = part.bulk_id
    if part.method != "POST":
        said["location"] = f"{request.base_url.rstrip('/')}/{part.path.strip('/')}"
    return said | result
