"""A queue trigger: receive, keep hidden, invoke, then delete, release or poison; and when to look again.

The rules are those of the storage extension's listener and processor (Azure/azure-sdk-for-net,
Microsoft.Azure.WebJobs.Extensions.Storage.Queues).
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from sandbox.host.messages import TypedData
from sandbox.host.settings import QueueSettings
from sandbox.host.storage import Queues, send

logger = logging.getLogger("host")

VISIBILITY = 600.0
"""Seconds for which a received message is hidden; renewed at half time. The real host has no setting for it."""

POISON = "-poison"
_MINIMUM_DELAY = 0.1

type Invoke = Callable[[TypedData, Mapping[str, TypedData]], Awaitable[bool]]
"""Runs the function on a message's body and metadata; tells whether it succeeded."""


@dataclass
class BackOff:
    """Seconds to wait after an empty poll: randomized, doubling from 100 ms up to the maximum."""

    maximum: float
    _exponent: int = field(default=0, init=False)

    def reset(self) -> None:
        """Begin again: a message was found."""
        self._exponent = 0

    def next(self) -> float:
        """Return the wait after one more empty poll."""
        grown = _MINIMUM_DELAY * 2.0**self._exponent * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        delay = _MINIMUM_DELAY + grown
        if delay >= self.maximum:
            return self.maximum
        self._exponent += 1
        return delay


class Listener:
    """Listens to one queue for one function.

    Up to ``batch_size`` messages are received at once, and again when no more than ``new_batch_threshold`` are in
    work; so at most the sum of both run at a time. A queue that is missing is looked for, never created.
    """

    def __init__(
        self,
        queue: QueueClient,
        poison: QueueClient | None,
        store: Queues,
        settings: QueueSettings,
        invoke: Invoke,
        visibility: float = VISIBILITY,
    ) -> None:
        self.name = queue.queue_name
        self._queue, self._poison, self._store = queue, poison, store
        self._settings, self._invoke, self._visibility = settings, invoke, visibility
        self._back_off = BackOff(settings.max_polling_interval.total_seconds())
        self._in_work: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stopping = False
        self._complaint = ""

    def wake(self) -> None:
        """Look at the queue now instead of at the end of the wait."""
        self._wake.set()

    def stop(self) -> None:
        """Receive no more. ``run`` returns when all messages in work are done with."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Listen until ``stop``."""
        while not self._stopping:
            if len(self._in_work) > self._settings.new_batch_threshold:
                await asyncio.wait(self._in_work, return_when=asyncio.FIRST_COMPLETED)
                continue
            # Cleared before looking: a message that is announced while this poll is under way causes another one.
            self._wake.clear()
            messages = await self._receive()
            for message in messages:
                task = asyncio.create_task(self._process(message))
                self._in_work.add(task)
                task.add_done_callback(self._in_work.discard)
            if messages:
                self._back_off.reset()
            elif not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._back_off.next())
        if self._in_work:
            await asyncio.wait(self._in_work)

    async def _receive(self) -> list[QueueMessage]:
        """Return the next batch; an empty one when there is none or the storage service does not answer."""
        pages = self._queue.receive_messages(
            messages_per_page=self._settings.batch_size,
            max_messages=self._settings.batch_size,
            visibility_timeout=round(self._visibility),
        ).by_page()
        try:
            batch = [message async for message in await anext(pages)]
        except StopAsyncIteration:
            batch = []
        except AzureError as error:
            missing = isinstance(error, ResourceNotFoundError)
            self._complain("the queue does not exist yet" if missing else f"receiving failed: {error}")
            return []
        self._complaint = ""
        return batch

    def _complain(self, complaint: str) -> None:
        # An outage is one line, however often it is polled.
        if complaint.partition("\n")[0] != self._complaint:
            self._complaint = complaint.partition("\n")[0]
            logger.warning(self._complaint, extra={"fields": {"queue": self.name}})

    async def _process(self, message: QueueMessage) -> None:
        try:
            await self._handle(message)
        except AzureError as error:
            # The message comes back when its visibility runs out.
            logger.warning("a message could not be completed: %s", error, extra={"fields": {"queue": self.name}})
        except Exception:
            logger.exception("a message could not be completed", extra={"fields": {"queue": self.name}})

    async def _handle(self, message: QueueMessage) -> None:
        count = message.dequeue_count or 0
        if count > self._settings.max_dequeue_count:
            await self._move_to_poison(message)
            return
        try:
            body = self._store.decode(message.content)
        except ValueError:
            logger.warning("a message is not base64: check messageEncoding", extra={"fields": {"queue": self.name}})
            await self._move_to_poison(message)
            return
        renewal = asyncio.create_task(self._keep_hidden(message))
        try:
            succeeded = await self._invoke(body, metadata(message, body))
        finally:
            renewal.cancel()
            # A renewal under way has to end first: it changes the pop receipt that deleting needs.
            await asyncio.wait([renewal])
        if succeeded:
            await self._delete(message)
        elif self._poison is None:
            pass  # a poison queue has none itself; its failures stay hidden for the rest of their visibility
        elif count >= self._settings.max_dequeue_count:
            await self._move_to_poison(message)
        else:
            await self._hide(message, self._settings.visibility_timeout.total_seconds())

    async def _keep_hidden(self, message: QueueMessage) -> None:
        while True:
            await asyncio.sleep(self._visibility / 2)
            update = asyncio.create_task(self._hide(message, self._visibility))
            try:
                await asyncio.shield(update)
            except asyncio.CancelledError:
                await asyncio.wait([update])
                raise
            except AzureError as error:
                logger.warning("hiding a message longer failed: %s", error, extra={"fields": {"queue": self.name}})

    async def _hide(self, message: QueueMessage, seconds: float) -> None:
        with _somebody_elses_now():
            updated = await self._queue.update_message(
                message.id, message.pop_receipt, visibility_timeout=round(seconds)
            )
            message.pop_receipt = updated.pop_receipt

    async def _delete(self, message: QueueMessage) -> None:
        with _somebody_elses_now():
            await self._queue.delete_message(message.id, message.pop_receipt)

    async def _move_to_poison(self, message: QueueMessage) -> None:
        if self._poison is None:
            return
        await send(self._poison, message.content)
        fields = {"queue": self.name, "message_id": message.id, "dequeue_count": message.dequeue_count}
        logger.warning("a message was moved to the poison queue", extra={"fields": fields})
        self._store.written(self._poison.queue_name)
        await self._delete(message)


@contextlib.contextmanager
def _somebody_elses_now() -> Iterator[None]:
    """Let pass that a message is gone, or was received by another once it had become visible again."""
    try:
        yield
    except ResourceNotFoundError:
        pass
    except HttpResponseError as error:
        if getattr(error, "error_code", None) != "PopReceiptMismatch":
            raise


def metadata(message: QueueMessage, body: TypedData) -> Mapping[str, TypedData]:
    """Return the trigger metadata that the worker makes a ``func.QueueMessage`` of; times as JSON strings."""
    found = {
        "Id": TypedData(string=message.id),
        "PopReceipt": TypedData(string=message.pop_receipt),
        "DequeueCount": TypedData(json=str(message.dequeue_count)),
        "QueueTrigger": body,
    }
    times = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    return found | {name: TypedData(json=f'"{time.isoformat()}"') for name, time in times.items() if time}
