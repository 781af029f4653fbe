"""What becomes of a queue message: invoked, deleted, released, poisoned, left alone. On a real queue service."""

import asyncio
import base64
import contextlib
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from sandbox.host.messages import TypedData
from sandbox.host.queues import BackOff, Listener
from sandbox.host.settings import QueueSettings
from sandbox.host.storage import Queues
from sandbox.services import free_ports

pytestmark = pytest.mark.azurite

type Job = Callable[[str, int], Awaitable[bool]]


@dataclass
class Bench:
    """A queue with its poison queue, and a listener on it that runs ``job``."""

    store: Queues
    queue: QueueClient
    poison: QueueClient
    calls: list[tuple[str, int]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def send(self, *bodies: str) -> None:
        for body in bodies:
            await self.queue.send_message(self.store.encode(body))

    async def left(self, queue: QueueClient | None = None) -> int:
        """Return the number of messages, hidden ones included."""
        return (await (queue or self.queue).get_queue_properties()).approximate_message_count or 0

    @contextlib.asynccontextmanager
    async def listening(
        self, job: Job, settings: QueueSettings | None = None, *, visibility: float = 600, poison: bool = True
    ) -> AsyncIterator[Listener]:
        async def invoke(body: TypedData, metadata: Mapping[str, TypedData]) -> bool:
            call = (str(body.value), int(metadata["DequeueCount"].value))
            self.calls.append(call)
            self.times.append(time.monotonic())
            return await job(*call)

        settings = settings or QueueSettings(max_dequeue_count=3, max_polling_interval=timedelta(seconds=0.2))
        listener = Listener(self.queue, self.poison if poison else None, self.store, settings, invoke, visibility)
        running = asyncio.create_task(listener.run())
        try:
            yield listener
        finally:
            listener.stop()
            await asyncio.wait_for(running, 20)


async def succeed(_body: str, _count: int) -> bool:
    return True


async def fail(_body: str, _count: int) -> bool:
    return False


async def until(look: Callable[[], bool | Awaitable[bool]], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = look()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def bench(azurite_connection: str) -> AsyncIterator[Bench]:
    store = Queues({"AzureWebJobsStorage": azurite_connection}, base64_encoding=True)
    name = f"listener-{uuid.uuid4().hex}"
    made = Bench(store, store.client("", name), store.client("", f"{name}-poison"))
    await made.queue.create_queue()
    yield made
    await store.close()


async def test_a_message_that_was_handled_is_deleted(bench: Bench) -> None:
    await bench.send("first", "Zoë")
    async with bench.listening(succeed):
        await until(lambda: len(bench.calls) == 2)
    assert sorted(bench.calls) == [("Zoë", 1), ("first", 1)]
    assert await bench.left() == 0


async def test_a_message_that_failed_is_tried_again_and_then_moved_to_the_poison_queue(bench: Bench) -> None:
    await bench.send("bad")

    async def poisoned() -> bool:
        with contextlib.suppress(ResourceNotFoundError):
            return await bench.left(bench.poison) == 1
        return False

    async with bench.listening(fail):
        await until(poisoned)
        await until(lambda: bench.calls == [("bad", 1), ("bad", 2), ("bad", 3)])
    assert await bench.left() == 0
    (kept,) = [message async for message in bench.poison.receive_messages()]
    assert base64.b64decode(kept.content) == b"bad"


async def test_a_failed_message_stays_hidden_for_the_visibility_timeout(bench: Bench) -> None:
    await bench.send("later")
    settings = QueueSettings(
        visibility_timeout=timedelta(seconds=1), max_polling_interval=timedelta(seconds=0.1), max_dequeue_count=5
    )

    async def fail_once(_body: str, count: int) -> bool:
        return count > 1

    async with bench.listening(fail_once, settings):
        await until(lambda: len(bench.calls) == 2)
    assert 0.9 < bench.times[1] - bench.times[0] < 3


async def test_a_message_received_too_often_is_poisoned_without_being_invoked(bench: Bench) -> None:
    await bench.send("crasher")
    for _ in range(3):  # three times a host received it and died
        (message,) = [message async for message in bench.queue.receive_messages(max_messages=1)]
        await bench.queue.update_message(message.id, message.pop_receipt, visibility_timeout=0)

    async def poisoned() -> bool:
        return await bench.left() == 0

    async with bench.listening(succeed):
        await until(poisoned)
    assert bench.calls == []
    assert await bench.left(bench.poison) == 1


async def test_a_message_in_another_encoding_is_poisoned_as_it_is(bench: Bench) -> None:
    await bench.queue.send_message("not base64!")

    async def gone() -> bool:
        return await bench.left() == 0

    async with bench.listening(succeed):
        await until(gone)
    assert bench.calls == []
    (kept,) = [message async for message in bench.poison.receive_messages()]
    assert kept.content == "not base64!"


async def test_without_encoding_the_text_is_the_body(azurite_connection: str) -> None:
    store = Queues({"AzureWebJobsStorage": azurite_connection}, base64_encoding=False)
    assert store.encode("plain <&>") == "plain <&>"
    assert store.decode("plain <&>").string == "plain <&>"
    await store.close()


async def test_at_most_a_batch_and_the_threshold_run_at_once(bench: Bench) -> None:
    gate = asyncio.Semaphore(0)

    async def wait_at_gate(_body: str, _count: int) -> bool:
        await gate.acquire()
        return True

    await bench.send(*(str(number) for number in range(9)))
    settings = QueueSettings(batch_size=4, new_batch_threshold=2, max_polling_interval=timedelta(seconds=0.1))
    async with bench.listening(wait_at_gate, settings):
        await until(lambda: len(bench.calls) == 4)
        await asyncio.sleep(0.3)
        assert len(bench.calls) == 4, "a batch is in work: nothing more is received"
        gate.release()
        await asyncio.sleep(0.3)
        assert len(bench.calls) == 4, "three are in work: still above the threshold"
        gate.release()
        await until(lambda: len(bench.calls) == 8)
        await asyncio.sleep(0.3)
        assert len(bench.calls) == 8, "six are in work: a batch and the threshold"
        for _ in range(7):
            gate.release()
        await until(lambda: len(bench.calls) == 9)
    assert await bench.left() == 0


async def test_a_message_stays_hidden_as_long_as_its_function_runs(bench: Bench) -> None:
    await bench.send("long")

    async def slow(_body: str, _count: int) -> bool:
        await asyncio.sleep(3.2)
        return True

    async with bench.listening(slow, visibility=2):
        await until(lambda: len(bench.calls) == 1)
        await asyncio.sleep(3.4)
    assert bench.calls == [("long", 1)]
    assert await bench.left() == 0, "deleting needs the pop receipt of the last renewal"


async def test_a_message_that_somebody_else_took_over_is_left_to_them(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.send("shared")

    async def lose_it(_body: str, _count: int) -> bool:
        # Its time ran out, and another host received it.
        assert message_of_listener
        await bench.queue.update_message(*message_of_listener.pop(), visibility_timeout=0)
        await until(received_by_another)
        return True

    async def received_by_another() -> bool:
        return bool([message async for message in bench.queue.receive_messages(max_messages=1)])

    message_of_listener: list[tuple[str, str]] = []
    one_at_a_time = QueueSettings(batch_size=1, new_batch_threshold=0)
    async with bench.listening(lose_it, one_at_a_time) as listener:
        handle = listener._handle

        async def spy(message: object) -> None:
            message_of_listener.append((message.id, message.pop_receipt))  # type: ignore[attr-defined]
            await handle(message)  # type: ignore[arg-type]

        listener._handle = spy  # type: ignore[method-assign]
        await until(lambda: len(bench.calls) == 1)
    assert await bench.left() == 1
    assert caplog.records == []


async def test_a_message_that_is_gone_already_is_no_failure(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    await bench.send("cleared")

    async def clear(_body: str, _count: int) -> bool:
        await bench.queue.clear_messages()
        return True

    async with bench.listening(clear):
        await until(lambda: len(bench.calls) == 1)
    assert caplog.records == []


async def test_a_missing_queue_is_waited_for_and_never_created(bench: Bench) -> None:
    await bench.queue.delete_queue()
    async with bench.listening(succeed):
        await asyncio.sleep(0.5)
        with pytest.raises(ResourceNotFoundError):
            await bench.queue.get_queue_properties()
        await bench.queue.create_queue()
        await bench.send("at last")
        await until(lambda: bench.calls == [("at last", 1)])


async def test_a_poison_queue_has_no_poison_queue_and_its_failures_stay_hidden(bench: Bench) -> None:
    await bench.send("bad")
    async with bench.listening(fail, poison=False):
        await until(lambda: len(bench.calls) == 1)
        await asyncio.sleep(0.5)
    assert bench.calls == [("bad", 1)]
    assert await bench.left() == 1


async def test_waking_ends_the_wait_for_the_next_poll(bench: Bench) -> None:
    async with bench.listening(succeed, QueueSettings(max_polling_interval=timedelta(minutes=1))) as listener:
        listener._back_off.next = lambda: 60.0  # type: ignore[method-assign]
        await asyncio.sleep(0.6)  # the wait that began before is over
        await bench.send("hello")
        await asyncio.sleep(0.3)
        assert bench.calls == []
        listener.wake()
        await until(lambda: len(bench.calls) == 1, seconds=2)


async def test_stopping_finishes_what_is_in_work_and_takes_nothing_new(bench: Bench) -> None:
    await bench.send("one")

    async def slow(_body: str, _count: int) -> bool:
        await asyncio.sleep(0.5)
        return True

    async with bench.listening(slow) as listener:
        await until(lambda: len(bench.calls) == 1)
        listener.stop()
        await bench.send("two")
    assert bench.calls == [("one", 1)]
    assert await bench.left() == 1


async def test_a_storage_outage_is_reported_once_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    (port,) = free_ports(1)
    dead = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:{port}/a;"
    async with QueueClient.from_connection_string(dead, "jobs", retry_total=0) as queue:
        bench = Bench(Queues({}, base64_encoding=True), queue, queue)
        with caplog.at_level(logging.WARNING, "host"):
            async with bench.listening(succeed):
                await asyncio.sleep(0.7)
    assert len(caplog.records) == 1
    assert "receiving failed" in caplog.text


def test_the_wait_after_empty_polls_doubles_up_to_the_maximum_and_starts_again_after_a_message() -> None:
    back_off = BackOff(maximum=2.0)
    waits = [back_off.next() for _ in range(8)]
    for exponent, wait in enumerate(waits[:4]):
        assert 0.1 + 0.08 * 2**exponent <= wait <= 0.1 + 0.12 * 2**exponent
    assert waits[-2:] == [2.0, 2.0]
    back_off.reset()
    assert back_off.next() <= 0.22
