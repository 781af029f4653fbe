"""How the admin API says no: RFC 9457 problem documents, in words, that never repeat a secret."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from provisioning.connections.store import (
    ConnectionChanged,
    ConnectionExists,
    ConnectionMissing,
    ConnectionStoreError,
    TooManyConnections,
)
from provisioning.connections.validation import InvalidConnection
from provisioning.correlation import correlation
from provisioning.directory.declared import (
    DeclarationChanged,
    DeclarationError,
    DeclarationMissing,
    DeclarationRefused,
)
from provisioning.scim.schema.declaring import NotDeclarable
from provisioning.scim.schema.extension_store import ExtensionChanged, ExtensionError, ExtensionMissing
from provisioning.scim.schema.extensions import InvalidSchema
from provisioning.settings import SettingsError
from provisioning.sources.errors import SourceError, SourceExists, SourceMissing, SourceRefused

MEDIA_TYPE = "application/problem+json"


class WrongField(BaseModel):
    """One field that is wrong."""

    field: str = Field(description="Where in the request, such as `settings.base_dn`.")
    message: str = Field(description="What is wrong, in words.")


class Problem(BaseModel):
    """Why a request was not served (RFC 9457)."""

    type: str = Field("about:blank", description="Always `about:blank`: `code` tells problems apart.")
    title: str = Field(description="What the HTTP status means.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened and what to do, in words.")
    code: str = Field("", description="A stable short name of the problem, such as `connection.changed`.")
    correlation: str = Field("", description="Finds the request in the hub's log.")
    errors: list[WrongField] = Field(default_factory=list, description="Every field that is wrong, for status 422.")


_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Precondition failed",
    413: "Content too large",
    422: "Not valid",
    428: "Precondition required",
    500: "Internal error",
    503: "Not available",
}


class Refused(Exception):
    """A request that cannot be served; becomes a problem document."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


def problem(status: int, code: str, detail: str, errors: Sequence[WrongField] = ()) -> JSONResponse:
    """Return a problem document as an answer."""
    body = Problem(
        title=_TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        code=code,
        correlation=correlation.get(),
        errors=list(errors),
    )
    return JSONResponse(body.model_dump(exclude_defaults=False), status, media_type=MEDIA_TYPE)


def register(app: FastAPI) -> None:
    """Make problem documents of everything that routes raise."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return problem(error.status, error.code, error.detail)

    @app.exception_handler(SettingsError)
    async def settings(_: Request, error: SettingsError) -> JSONResponse:
        return problem(503, "settings.wrong", str(error))

    @app.exception_handler(ConnectionStoreError)
    async def store(_: Request, error: ConnectionStoreError) -> JSONResponse:
        status, code = _STORE_ERRORS[type(error)]
        return problem(status, code, str(error))

    @app.exception_handler(SourceError)
    async def source(_: Request, error: SourceError) -> JSONResponse:
        status, code = _SOURCE_ERRORS[type(error)]
        return problem(status, code, str(error))

    @app.exception_handler(ExtensionError)
    async def extension(_: Request, error: ExtensionError) -> JSONResponse:
        status, code = _EXTENSION_ERRORS[type(error)]
        return problem(status, code, str(error))

    @app.exception_handler(DeclarationError)
    async def declaration(_: Request, error: DeclarationError) -> JSONResponse:
        status, code = _DECLARATION_ERRORS[type(error)]
        return problem(status, code, str(error))

    @app.exception_handler(InvalidSchema)
    async def schema(_: Request, error: InvalidSchema) -> JSONResponse:
        wrong = [WrongField(field=each.field, message=each.message) for each in error.errors]
        return problem(422, "schema.invalid", _counted(wrong), wrong)

    @app.exception_handler(NotDeclarable)
    async def not_declarable(_: Request, error: NotDeclarable) -> JSONResponse:
        return problem(422, "matching.notDeclarable", str(error), [WrongField(field="path", message=str(error))])

    @app.exception_handler(InvalidConnection)
    async def invalid(_: Request, error: InvalidConnection) -> JSONResponse:
        wrong = [WrongField(field=each.field, message=each.message) for each in error.errors]
        return problem(422, "connection.invalid", _counted(wrong), wrong)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        # Only place and words: "input" is what was given, and "ctx" may quote it.
        wrong = [WrongField(field=_place(each["loc"]), message=_words(each)) for each in error.errors()]
        return problem(422, "request.invalid", _counted(wrong), wrong)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        detail = {404: "There is no such route. See /api/openapi.json.", 405: "This route has no such method."}
        return problem(error.status_code, "", detail.get(error.status_code, str(error.detail)))

    @app.exception_handler(Exception)
    async def fault(_: Request, __: Exception) -> JSONResponse:
        # The guard logs it: it comes past there once more.
        detail = "The hub could not serve this. The correlation id finds the reason in its log."
        return problem(500, "internal", detail)


_STORE_ERRORS: dict[type[ConnectionStoreError], tuple[int, str]] = {
    ConnectionMissing: (404, "connection.missing"),
    ConnectionExists: (409, "connection.exists"),
    ConnectionChanged: (412, "connection.changed"),
    TooManyConnections: (409, "connection.tooMany"),
    ConnectionStoreError: (503, "storage.failed"),
}

_EXTENSION_ERRORS: dict[type[ExtensionError], tuple[int, str]] = {
    ExtensionMissing: (404, "schema.missing"),
    ExtensionChanged: (412, "schema.changed"),
}

_DECLARATION_ERRORS: dict[type[DeclarationError], tuple[int, str]] = {
    DeclarationMissing: (404, "matching.missing"),
    DeclarationRefused: (409, "matching.refused"),
    DeclarationChanged: (412, "matching.changed"),
}

_SOURCE_ERRORS: dict[type[SourceError], tuple[int, str]] = {
    SourceMissing: (404, "source.missing"),
    SourceExists: (409, "source.exists"),
    SourceRefused: (422, "source.refused"),
    SourceError: (503, "storage.failed"),
}


def _counted(wrong: Sequence[WrongField]) -> str:
    return f"{len(wrong)} field{'s are' if len(wrong) != 1 else ' is'} not valid: " + "; ".join(
        f"{each.field}: {each.message}" for each in wrong[:5]
    )


def _place(location: Sequence[Any]) -> str:
    """Return where a field is, without FastAPI's first part that says whether it is in the body or the query."""
    rest = location[1:] if location and location[0] in {"body", "query", "path", "header"} else location
    return ".".join(str(part) for part in rest) or "body"


def _words(error: dict[str, Any]) -> str:
    match error["type"]:
        case "missing":
            return "This field is required."
        case "extra_forbidden":
            return "There is no such field."
        case "json_invalid":
            return "The body is not JSON."
        case _:
            return str(error["msg"]).removeprefix("Value error, ")
