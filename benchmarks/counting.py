"""Counts storage round trips where they leave the process: in the clients' connections, retries included."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

from aiohttp import ClientSession, TraceConfig, TraceRequestStartParams


@dataclass(slots=True)
class Counted:
    """The requests of one measured stretch, as "METHOD path"."""

    requests: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.requests)


class RoundTrips:
    """Notes every request to tables and queues, as a trace of a storage account."""

    def __init__(self) -> None:
        self._open: list[Counted] = []

    def trace(self) -> TraceConfig:
        """Return what notes the requests of one storage account."""
        config = TraceConfig()
        config.on_request_start.append(self._note)
        return config

    @contextmanager
    def counted(self) -> Iterator[Counted]:
        """Count what is sent inside the block."""
        counted = Counted()
        self._open.append(counted)
        try:
            yield counted
        finally:
            self._open.remove(counted)

    async def _note(self, _: ClientSession, __: SimpleNamespace, request: TraceRequestStartParams) -> None:
        for counted in self._open:
            counted.requests.append(f"{request.method} {request.url.raw_path.rpartition('/')[2]}")
