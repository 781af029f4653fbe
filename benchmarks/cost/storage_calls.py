"""Counts what storage bills: requests to tables and queues, where they leave the process, retries included."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from aiohttp import ClientSession, TraceConfig, TraceRequestStartParams
from yarl import URL


def kind_of(method: str, url: URL, queues: int) -> str:
    """Return what storage bills a request as. ``queues`` is the port of the queue service.

    A transaction of one partition is one request: `$batch` is billed once, whatever is in it.
    """
    if url.port == queues:
        return "queue read" if method == "GET" else "queue write"
    return "table read" if method == "GET" else "table write"


class StorageCalls:
    """Notes every request of one storage account by its kind."""

    def __init__(self, queues: int) -> None:
        self._queues = queues
        self._counted: Counter[str] = Counter()

    def trace(self) -> TraceConfig:
        """Return what notes the requests of one storage account."""
        config = TraceConfig()
        config.on_request_start.append(self._note)
        return config

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Count what is sent inside the block; the counter is complete when it is left."""
        before = self._counted.copy()
        inside: Counter[str] = Counter()
        try:
            yield inside
        finally:
            inside.update(self._counted - before)

    async def _note(self, _: ClientSession, __: SimpleNamespace, request: TraceRequestStartParams) -> None:
        self._counted[kind_of(request.method, request.url, self._queues)] += 1
