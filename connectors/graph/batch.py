"""$batch, and nothing but its form: several requests as one JSON body, and each one's answer out of the reply. Pure.

Rules (Microsoft Graph, JSON batching): at most 20 items, ids unique, URLs relative, answers in any order; the whole is
200 even when items fail, and each item is throttled on its own with its own Retry-After.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.graph.reply import Reply
from connectors.graph.session import Call

MOST = 20

PRIORITY = "x-ms-throttle-priority"
"""What Graph throttles first (throttling limits, identity and access): Low, then Normal, which is the default."""


def batch_of(calls: Sequence[Call], base_url: str) -> Call:
    """Return the one request that carries the calls. What is packed is bulk work, and so has low priority."""
    items = [_item(str(number), call, base_url) for number, call in enumerate(calls)]
    return Call("POST", f"{base_url}/$batch", {"requests": items}, {PRIORITY: "Low"}, repeatable=False)


def _item(number: str, call: Call, base_url: str) -> dict[str, Any]:
    item: dict[str, Any] = {"id": number, "method": call.method, "url": call.url.removeprefix(base_url)}
    headers = {PRIORITY: "Low", **call.headers}
    if call.body is not None:
        headers["Content-Type"] = "application/json"
        item["body"] = call.body
    return item | {"headers": headers}


def replies_of(answer: Reply, calls: Sequence[Call]) -> list[Reply] | None:
    """Return the calls' answers in their order, or ``None`` where the answer is none of a $batch.

    A call without an answer is not known to have been carried out, or not: as with a 504.
    """
    given = answer.body.get("responses") if isinstance(answer.body, dict) else None
    if not isinstance(given, list):
        return None
    replies = {str(each.get("id")): _reply(each) for each in given if isinstance(each, dict)}
    return [replies.get(str(number), Reply(504)) for number in range(len(calls))]


def _reply(response: Mapping[str, Any]) -> Reply:
    status, headers = response.get("status"), response.get("headers")
    named = {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return Reply(status if isinstance(status, int) else 502, response.get("body"), named)
