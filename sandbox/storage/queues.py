"""The messages of all queues: sent, received and hidden, given back, deleted. No protocol.

Each queue is a heap by the time at which a message is visible; a message that was hidden again or deleted leaves an
entry behind, which is known by its outdated receipt and passed over.
"""

import heapq
import itertools
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.storage.errors import Refused

LONGEST = 253_402_300_799.0
"""The end of the year 9999: a message that never expires."""


@dataclass(slots=True)
class Message:
    """One message. Times are seconds since 1970; whoever holds the ``receipt`` may delete it."""

    id: str
    text: str
    inserted: float
    expires: float
    visible: float
    receipt: str
    received: int = 0


@dataclass(slots=True)
class _Queue:
    messages: dict[str, Message] = field(default_factory=dict)
    heap: list[tuple[float, int, str, str]] = field(default_factory=list)


class Queues:
    """All queues of the account."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._order = itertools.count()

    def create(self, name: str) -> bool:
        """Make a queue; tell whether it was made now."""
        made = name not in self._queues
        self._queues.setdefault(name, _Queue())
        return made

    def drop(self, name: str) -> None:
        """Delete a queue with its messages."""
        self._queue(name)
        del self._queues[name]

    def clear(self, name: str) -> None:
        """Delete all messages of a queue."""
        self._queue(name)
        self._queues[name] = _Queue()

    def length(self, name: str) -> int:
        """Return how many messages there are, hidden ones among them."""
        return len(self._queue(name).messages)

    def send(self, name: str, text: str, hidden: float, lives: float) -> Message:
        """Put in a message that is visible after ``hidden`` seconds and expires after ``lives``, never if negative."""
        queue, now = self._queue(name), time.time()
        expires = now + lives if lives >= 0 else LONGEST
        message = Message(str(uuid.uuid4()), text, now, expires, now + hidden, "")
        queue.messages[message.id] = message
        self._hide(queue, message, now + hidden)
        return message

    def receive(self, name: str, count: int, hidden: float) -> Iterator[Message]:
        """Yield up to ``count`` visible messages, the longest visible first, and hide them for ``hidden`` seconds."""
        queue, now, found = self._queue(name), time.time(), 0
        while found < count and queue.heap and queue.heap[0][0] <= now:
            _, _, key, receipt = heapq.heappop(queue.heap)
            message = queue.messages.get(key)
            if message is None or message.receipt != receipt:
                continue
            if message.expires <= now:
                del queue.messages[key]
                continue
            message.received += 1
            found += 1
            self._hide(queue, message, now + hidden)
            yield message

    def peek(self, name: str, count: int) -> list[Message]:
        """Return up to ``count`` visible messages and change nothing."""
        now = time.time()
        visible = [each for each in self._queue(name).messages.values() if each.visible <= now < each.expires]
        return sorted(visible, key=lambda each: each.visible)[:count]

    def update(self, name: str, key: str, receipt: str, hidden: float, text: str | None) -> Message:
        """Hide a message for ``hidden`` seconds from now, with a new text where one is given."""
        queue, message = self._held(name, key, receipt)
        message.text = message.text if text is None else text
        self._hide(queue, message, time.time() + hidden)
        return message

    def delete(self, name: str, key: str, receipt: str) -> None:
        """Delete a message that somebody has received."""
        queue, message = self._held(name, key, receipt)
        del queue.messages[message.id]

    def _queue(self, name: str) -> _Queue:
        if name not in self._queues:
            raise Refused(404, "QueueNotFound", "The specified queue does not exist.")
        return self._queues[name]

    def _held(self, name: str, key: str, receipt: str) -> tuple[_Queue, Message]:
        queue = self._queue(name)
        message = queue.messages.get(key)
        if message is None:
            raise Refused(404, "MessageNotFound", "The specified message does not exist.")
        if message.receipt != receipt:
            words = "The specified pop receipt did not match the pop receipt for a dequeued message."
            raise Refused(400, "PopReceiptMismatch", words)
        return queue, message

    def _hide(self, queue: _Queue, message: Message, until: float) -> None:
        message.visible, message.receipt = until, uuid.uuid4().hex
        heapq.heappush(queue.heap, (until, next(self._order), message.id, message.receipt))
