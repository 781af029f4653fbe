"""$batch: up to 20 requests in one, each with its own status (Graph: JSON batching).

Items without ``dependsOn`` run in no promised order and are answered in none; an item whose dependency failed is not
run and answered with 424. Each item is throttled and refused on its own; the batch itself is answered with 200.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.messages import Answer, Request, parse_url

MOST_ITEMS = 20
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def answer_batch(request: Request, perform: Callable[[Request], Answer]) -> Answer:
    """Answer a $batch; ``perform`` carries out one item and answers errors instead of raising them."""
    items = _items(request)
    order = _ordered(items)
    # All of it is read before any of it is done.
    requests = {key: _request(item, request) for key, item in items.items()}
    answers: dict[str, Answer] = {}
    for key in order:
        if any(answers[other].status >= 400 for other in items[key].get("dependsOn", ())):
            answers[key] = _failed_dependency()
        else:
            answers[key] = perform(requests[key])
    # Clients must go by the id: the order is turned round to make sure of it.
    responses = [_response(key, answers[key]) for key in reversed(items)]
    return Answer(200, {"responses": responses})


def _items(request: Request) -> dict[str, dict[str, Any]]:
    body = request.body
    items = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _refused("Invalid batch payload format.")
    if len(items) > MOST_ITEMS:
        raise _refused(f"Number of batch request steps exceeds the maximum value of {MOST_ITEMS}.")
    if not items:
        raise _refused("A batch needs at least one request.")
    keyed: dict[str, dict[str, Any]] = {}
    for item in items:
        _check(item)
        if item["id"] in keyed:
            raise _refused(f"Request Id {item['id']} has to be unique in a batch.")
        keyed[item["id"]] = item
    return keyed


def _check(item: dict[str, Any]) -> None:
    key, url = item.get("id"), item.get("url")
    if not isinstance(key, str) or not key:
        raise _refused("Request Id cannot be null or empty.")
    if item.get("method") not in METHODS:
        raise _refused(f"Request {key} has no valid method.")
    if not isinstance(url, str) or not url or urlsplit(url).scheme or urlsplit(url).netloc:
        raise _refused(f"Request {key} has no valid url: it must be relative, as in /users.")
    unknown = set(item) - {"id", "method", "url", "headers", "body", "dependsOn"}
    if unknown:
        raise _refused(f"Request {key} has an unknown property '{min(unknown)}'.")
    headers = item.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise _refused(f"The headers of request {key} must be an object of strings.")
    typed = any(name.casefold() == "content-type" for name in headers)
    if item["method"] in _WITH_BODY and ("body" not in item or not typed):
        raise _refused(f"Write request id : {key} does not contain Content-Type header or body.")
    depends = item.get("dependsOn", [])
    if not isinstance(depends, list) or not all(isinstance(other, str) for other in depends):
        raise _refused(f"The dependsOn of request {key} must be an array of ids.")


def _ordered(items: dict[str, dict[str, Any]]) -> list[str]:
    """Return the ids so that each comes behind what it depends on."""
    ordered: dict[str, None] = {}
    for item in items.values():
        for other in item.get("dependsOn", ()):
            if other not in items:
                raise _refused(f"Request {item['id']} depends on {other}, which is not in the batch.")
    while len(ordered) < len(items):
        ready = [
            k for k, item in items.items() if k not in ordered and ordered.keys() >= set(item.get("dependsOn", ()))
        ]
        if not ready:
            raise _refused("The dependencies of the batch are circular.")
        ordered |= dict.fromkeys(ready)
    return list(ordered)


def _request(item: dict[str, Any], outer: Request) -> Request:
    segments, query = parse_url(item["url"])
    if segments[:1] in (("v1.0",), ("beta",)):
        segments = segments[1:]
    headers = {name.casefold(): value for name, value in (item.get("headers") or {}).items()}
    return Request(item["method"], segments, outer.base, query, headers, item.get("body"))


def _response(key: str, answer: Answer) -> dict[str, Any]:
    response: dict[str, Any] = {"id": key, "status": answer.status, "headers": {"Cache-Control": "no-cache"}}
    response["headers"] |= answer.headers
    if answer.body is not None:
        response["headers"]["Content-Type"] = "application/json"
        response["body"] = answer.body
    return response


def _failed_dependency() -> Answer:
    message = "The request was not carried out because a request it depends on failed."
    return Answer(424, {"error": {"code": "FailedDependency", "message": message}})


def _refused(message: str) -> GraphError:
    return bad_request(message, code="BadRequest")
