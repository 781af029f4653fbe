"""The queues of a host: one client each, the message encoding of host.json, and writing with creation on demand."""

import base64
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from sandbox.host.messages import TypedData
from sandbox.host.settings import HostError, connection_string


class Queues:
    """The storage queues that bindings name. ``written`` is called with a queue's name after a message went in."""

    def __init__(self, environment: Mapping[str, str], *, base64_encoding: bool) -> None:
        self._environment = environment
        self._base64 = base64_encoding
        self._clients: dict[tuple[str, str], QueueClient] = {}
        self.written: Callable[[str], None] = lambda _: None

    def client(self, connection: str, name: str) -> QueueClient:
        """Return the client of a queue; ``connection`` is the binding's setting name. The queue may be missing."""
        if "{" in name:
            raise HostError(f"queue {name!r}: the local host does not resolve binding expressions in braces.")
        found = self._clients.get((connection, name))
        if found is None:
            text = connection_string(connection, self._environment)
            try:
                # The SDK waits 15 seconds before it tries again; .NET's, the real host's, less than one.
                found = QueueClient.from_connection_string(
                    text, name.lower(), initial_backoff=1, increment_base=2, retry_total=3, random_jitter_range=1
                )
            except ValueError as error:
                # The SDK's message may quote the string, which holds the account key.
                raise HostError(f"The application setting {connection} is no storage connection string.") from error
            self._clients[connection, name] = found
        return found

    def encode(self, body: str | bytes) -> str:
        """Return the body as the text of a message."""
        raw = body.encode() if isinstance(body, str) else body
        return base64.b64encode(raw).decode() if self._base64 else raw.decode()

    def decode(self, content: str) -> TypedData:
        """Return the body of a message's text: a string, or bytes that are no UTF-8. Raises ``ValueError``."""
        if not self._base64:
            return TypedData(string=content)
        raw = base64.b64decode(content, validate=True)
        try:
            return TypedData(string=raw.decode())
        except UnicodeDecodeError:
            return TypedData(bytes=raw)

    async def write(self, binding: Mapping[str, Any], data: TypedData) -> None:
        """Write the data of an output binding, a list as one message for each element. A missing queue is created."""
        queue = self.client(binding.get("connection", ""), binding["queueName"])
        for body in bodies(data):
            await send(queue, self.encode(body))
        self.written(queue.queue_name)

    async def close(self) -> None:
        """Close all clients."""
        for client in self._clients.values():
            await client.close()


async def send(queue: QueueClient, content: str) -> None:
    """Send the text as it is; create the queue when it is missing."""
    try:
        await queue.send_message(content)
    except ResourceNotFoundError:
        with contextlib.suppress(ResourceExistsError):  # somebody else was faster
            await queue.create_queue()
        await queue.send_message(content)


def bodies(data: TypedData) -> list[str | bytes]:
    """Return the message bodies in the data of a queue output, as the worker encodes them."""
    if data.kind != "json":
        return [data.value]
    document = json.loads(data.value)
    return [_body(item) for item in (document if isinstance(document, list) else [document])]


def _body(item: Any) -> str:
    if isinstance(item, dict) and set(item) == {"id", "body"}:
        return str(item["body"])  # a QueueMessage: only its body is sent
    return item if isinstance(item, str) else json.dumps(item)
