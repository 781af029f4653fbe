"""Graph's errors: what raises them, and the body they are answered with.

Codes, messages and the place of details are the service's, as far as they are documented. Clients key on ``code`` and
on ``details[].code``; the messages are here because people read them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Detail:
    """One entry of ``error.details``: which property is concerned, and why."""

    code: str
    target: str
    message: str

    def body(self) -> dict[str, str]:
        """Return the JSON form."""
        return {"code": self.code, "message": self.message, "target": self.target}


@dataclass(slots=True)
class GraphError(Exception):
    """A request is refused: HTTP ``status`` and Graph's ``code``, ``message`` and ``details``."""

    status: int
    code: str
    message: str
    details: Sequence[Detail] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, *, date: str, request_id: str, client_request_id: str) -> dict[str, Any]:
        """Return the JSON body; ``date`` is UTC without an offset, as Graph writes it."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = [detail.body() for detail in self.details]
        error["innerError"] = {"date": date, "request-id": request_id, "client-request-id": client_request_id}
        return {"error": error}


def bad_request(message: str, *details: Detail, code: str = "Request_BadRequest") -> GraphError:
    """400: the request itself is wrong."""
    return GraphError(400, code, message, details)


def unsupported_query(message: str) -> GraphError:
    """400: the query options are well-formed, and not offered."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def invalid_value(name: str, resource: str) -> GraphError:
    """400: the property exists and may be written, but not with this value. ``resource`` is ``User`` or ``Group``."""
    message = f"Invalid value specified for property '{name}' of resource '{resource}'."
    return bad_request(message, Detail("InvalidValue", name, message))


def value_required(name: str, resource: str) -> GraphError:
    """400: a create came without a property it needs."""
    message = f"A value is required for property '{name}' of resource '{resource}'."
    return bad_request(message, Detail("PropertyRequired", name, message))


def conflict(name: str) -> GraphError:
    """400, and not 409: another object holds the value of a property that is unique in the tenant."""
    message = f"Another object with the same value for property {name} already exists."
    details = [Detail("ObjectConflict", name, message)]
    if name == "proxyAddresses":
        details.insert(0, Detail("ConflictingObjects", name, message))
    return bad_request(message, *details)


def extension_not_available(name: str) -> GraphError:
    """400: nobody has registered this directory extension, or not yet everywhere."""
    return bad_request(f"The following extension properties are not available: {name}.")


def not_found(key: str) -> GraphError:
    """404: the object is not there, or not there yet, or was deleted; or something that it refers to is not."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{key}' does not exist or one of its queried reference-property objects are not present.",
    )


def denied() -> GraphError:
    """403: the application lacks the permission."""
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def unauthenticated(message: str) -> GraphError:
    """401: no token, or not a valid one."""
    return GraphError(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": 'Bearer realm=""'})


def throttled(retry_after: float | None, scope: str = "", reason: str = "") -> GraphError:
    """429, with Retry-After in seconds where the service names one; ``scope`` and ``reason`` say which limit it was."""
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    if reason:
        headers |= {"x-ms-throttle-scope": scope, "x-ms-throttle-information": reason}
    return GraphError(429, "TooManyRequests", "Please retry again later.", headers=headers)


def failing(status: int, retry_after: float | None) -> GraphError:
    """Any status that a fault asks for: 429, or a 5xx as a gateway in front of Graph words it."""
    if status == 429:
        return throttled(retry_after)
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    code, message = {
        400: ("Request_BadRequest", "A bad request was asked for by a fault knob."),
        500: ("InternalServerError", "An internal server error occurred."),
        502: ("BadGateway", "An error occurred while the request was passed on."),
        503: ("serviceUnavailable", "The service is temporarily unavailable. Please retry again later."),
        504: ("GatewayTimeout", "The request timed out on its way."),
    }.get(status, ("UnknownError", "An error was asked for by a fault knob."))
    return GraphError(status, code, message, headers=headers)
