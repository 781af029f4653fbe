"""What both services put around a refusal, and the queue service around everything: JSON errors and XML."""

from datetime import UTC, datetime
from http import HTTPStatus
from json import dumps
from uuid import uuid4
from xml.sax.saxutils import escape

from aiohttp import web

from sandbox.storage.errors import Refused


def http_status(status: int) -> str:
    """Return a status with its words: "409 Conflict"."""
    return f"{status} {HTTPStatus(status).phrase}"


def _said(refused: Refused) -> str:
    index = "" if refused.index is None else f"{refused.index}:"
    return f"{index}{refused.message}\nRequestId:{uuid4()}\nTime:{datetime.now(UTC).isoformat()}"


def odata_error(refused: Refused) -> str:
    """Return a refusal as tables word it. That of a transaction's operation begins with its index."""
    return dumps({"odata.error": {"code": refused.code, "message": {"lang": "en-US", "value": _said(refused)}}})


def xml_error(refused: Refused) -> str:
    """Return a refusal as queues word it."""
    return xml(f"<Error><Code>{refused.code}</Code><Message>{escape(_said(refused))}</Message></Error>")


def xml(inner: str) -> str:
    """Return an XML document."""
    return f'<?xml version="1.0" encoding="utf-8"?>{inner}'


def refusal(refused: Refused, body: str, content_type: str) -> web.Response:
    """Return the answer that refuses a request."""
    refused.index = None
    headers = {"x-ms-error-code": refused.code, "Content-Type": content_type}
    return web.Response(status=refused.status, text=body, headers=headers)
