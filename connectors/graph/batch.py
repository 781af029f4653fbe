"""Many small writes in one round trip: $batch, with what an HTTP client does for single requests done for its items.

Rules (Microsoft Graph, JSON batching): at most 20 items, ids unique, URLs relative, answers in any order; the whole is
200 even when items fail, and each item is throttled on its own with its own Retry-After.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.graph.client import BACKOFF, PATIENCE, GraphClient, unreadable
from connectors.graph.permissions import Operation
from connectors.graph.reply import Reply

MOST = 20


@dataclass(frozen=True, slots=True)
class Item:
    """One write of a batch; running it twice must do no harm. ``path`` stands behind the version, encoded."""

    method: str
    path: str
    body: Any = None


async def send_all(client: GraphClient, items: Sequence[Item], operation: Operation, subject: str) -> list[Reply]:
    """Send the items, twenty at a time, and return their answers in the same order; a single one goes without $batch.

    Items that are throttled or meet a 5xx are sent again, within the client's patience. Raises what befalls a batch
    as a whole.
    """
    if len(items) == 1:
        return [await client.send(items[0].method, items[0].path, body=items[0].body, repeatable=True)]
    replies: list[Reply] = []
    for start in range(0, len(items), MOST):
        replies += await _send_some(client, items[start : start + MOST], operation, subject)
    return replies


async def _send_some(client: GraphClient, items: Sequence[Item], operation: Operation, subject: str) -> list[Reply]:
    replies: dict[int, Reply] = {}
    waited = 0.0
    for attempt in range(len(BACKOFF) + 1):
        left = [n for n in range(len(items)) if n not in replies or _passing(replies[n])]
        if attempt:
            delay = max([BACKOFF[attempt - 1], *(replies[n].retry_after or 0.0 for n in left)])
            if waited + delay > PATIENCE:
                break
            await client.sleep(delay)
            waited += delay
        replies |= await _once(client, {n: items[n] for n in left}, operation, subject)
        if not any(_passing(reply) for reply in replies.values()):
            break
    return [replies[n] for n in range(len(items))]


def _passing(reply: Reply) -> bool:
    return reply.status == 429 or reply.status >= 500


async def _once(client: GraphClient, items: Mapping[int, Item], operation: Operation, subject: str) -> dict[int, Reply]:
    requests = [_request(str(n), item) for n, item in items.items()]
    answer = await client.send("POST", "/$batch", body={"requests": requests}, repeatable=True)
    await client.expect(answer, operation, subject, writes=True)
    given = answer.body.get("responses") if isinstance(answer.body, dict) else None
    if not isinstance(given, list):
        raise unreadable()
    replies = {str(each.get("id")): _reply(each) for each in given if isinstance(each, dict)}
    # An item without an answer is not known to have been carried out: like a 504, it is sent again.
    return {n: replies.get(str(n), Reply(504)) for n in items}


def _request(request_id: str, item: Item) -> dict[str, Any]:
    request: dict[str, Any] = {"id": request_id, "method": item.method, "url": item.path}
    if item.body is not None:
        request |= {"headers": {"Content-Type": "application/json"}, "body": item.body}
    return request


def _reply(response: Mapping[str, Any]) -> Reply:
    status, headers = response.get("status"), response.get("headers")
    named = {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return Reply(status if isinstance(status, int) else 502, response.get("body"), named)
