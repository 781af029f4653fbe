"""The Queue service's REST protocol over ``Queues``."""

from email.utils import formatdate
from urllib.parse import unquote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from aiohttp import web

from sandbox.storage.errors import Refused, bad
from sandbox.storage.queues import LONGEST, Message, Queues
from sandbox.storage.replies import refusal, xml, xml_error

HIDDEN, LIVES = 30, 7 * 24 * 3600
"""Seconds for which a received message is hidden, and after which a sent one expires, unless a request says so."""


class QueueService:
    """Answers requests to queues."""

    def __init__(self, queues: Queues, account: str) -> None:
        self._queues = queues
        self._root = f"/{account}/"

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        content = await request.read()
        try:
            return self._serve(request, content)
        except Refused as refused:
            return refusal(refused, xml_error(refused), "application/xml")

    def _serve(self, request: web.BaseRequest, content: bytes) -> web.Response:
        path = request.rel_url.raw_path
        if not path.startswith(self._root):
            raise bad(f"The path begins with {self._root}.", "InvalidUri")
        match [unquote(part) for part in path.removeprefix(self._root).split("/")]:
            case [queue]:
                return self._queue(request.method, queue)
            case [queue, "messages"]:
                return self._messages(request, queue, content)
            case [queue, "messages", key]:
                return self._message(request, queue, key, content)
        raise bad("There is nothing at this path.", "InvalidUri")

    def _queue(self, method: str, queue: str) -> web.Response:
        match method:
            case "PUT":
                return web.Response(status=201 if self._queues.create(queue) else 204)
            case "DELETE":
                self._queues.drop(queue)
                return web.Response(status=204)
            case "GET" | "HEAD":
                return web.Response(headers={"x-ms-approximate-messages-count": str(self._queues.length(queue))})
        raise bad(f"{method} is not served here.", "UnsupportedHttpVerb")

    def _messages(self, request: web.BaseRequest, queue: str, content: bytes) -> web.Response:
        query = request.query
        match request.method:
            case "POST":
                hidden, lives = float(query.get("visibilitytimeout", 0)), float(query.get("messagettl", LIVES))
                return _listed([self._queues.send(queue, _text(content) or "", hidden, lives)], status=201)
            case "GET" if query.get("peekonly") == "true":
                return _listed(self._queues.peek(queue, int(query.get("numofmessages", 1))), body=True)
            case "GET":
                hidden = float(query.get("visibilitytimeout", HIDDEN))
                received = self._queues.receive(queue, int(query.get("numofmessages", 1)), hidden)
                return _listed(list(received), body=True, held=True)
            case "DELETE":
                self._queues.clear(queue)
                return web.Response(status=204)
        raise bad(f"{request.method} is not served here.", "UnsupportedHttpVerb")

    def _message(self, request: web.BaseRequest, queue: str, key: str, content: bytes) -> web.Response:
        receipt = request.query.get("popreceipt", "")
        match request.method:
            case "PUT":
                hidden = float(request.query.get("visibilitytimeout", 0))
                message = self._queues.update(queue, key, receipt, hidden, _text(content))
                headers = {"x-ms-popreceipt": message.receipt, "x-ms-time-next-visible": _date(message.visible)}
                return web.Response(status=204, headers=headers)
            case "DELETE":
                self._queues.delete(queue, key, receipt)
                return web.Response(status=204)
        raise bad(f"{request.method} is not served here.", "UnsupportedHttpVerb")


def _text(content: bytes) -> str | None:
    if not content:
        return None
    try:
        return ET.fromstring(content).findtext("MessageText")  # noqa: S314 - our own client's, on the loopback address
    except ET.ParseError as error:
        raise bad("The message is not XML.", "InvalidXmlDocument") from error


def _date(moment: float) -> str:
    return "Fri, 31 Dec 9999 23:59:59 GMT" if moment >= LONGEST else formatdate(moment, usegmt=True)


def _listed(messages: list[Message], *, status: int = 200, body: bool = False, held: bool = False) -> web.Response:
    """Return messages as an answer. Who peeks gets no receipt, and who sends not the text again."""
    found: list[str] = []
    for each in messages:
        fields = [
            ("MessageId", each.id),
            ("InsertionTime", _date(each.inserted)),
            ("ExpirationTime", _date(each.expires)),
        ]
        if held or not body:
            fields += [("PopReceipt", each.receipt), ("TimeNextVisible", _date(each.visible))]
        if body:
            fields += [("DequeueCount", str(each.received)), ("MessageText", escape(each.text))]
        found.append(f"<QueueMessage>{''.join(f'<{name}>{value}</{name}>' for name, value in fields)}</QueueMessage>")
    text = xml(f"<QueueMessagesList>{''.join(found)}</QueueMessagesList>")
    return web.Response(status=status, text=text, content_type="application/xml")
