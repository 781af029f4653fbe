"""Counts storage round trips where they leave the process: in the clients' transport, retries included."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from azure.core.pipeline.transport import AioHttpTransport


@dataclass(slots=True)
class Counted:
    """The requests of one measured stretch, as "METHOD path"."""

    requests: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.requests)


class RoundTrips:
    """Makes transports that note every request to tables and queues."""

    def __init__(self) -> None:
        self._open: list[Counted] = []

    def transport(self) -> AioHttpTransport:
        """Return the transport of one client."""
        return _Counting(self._note)

    @contextmanager
    def counted(self) -> Iterator[Counted]:
        """Count what is sent inside the block."""
        counted = Counted()
        self._open.append(counted)
        try:
            yield counted
        finally:
            self._open.remove(counted)

    def _note(self, request: str) -> None:
        for counted in self._open:
            counted.requests.append(request)


class _Counting(AioHttpTransport):  # type: ignore[misc]  # azure.core loads it lazily, untyped
    def __init__(self, note: Any) -> None:
        super().__init__()
        self._note = note

    async def send(self, request: Any, **config: Any) -> Any:
        self._note(f"{request.method} {str(request.url).partition('?')[0].rpartition('/')[2]}")
        return await super().send(request, **config)
