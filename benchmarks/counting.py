"""Counts storage round trips by a policy in the clients' pipelines."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy


@dataclass(slots=True)
class Counted:
    """The requests of one measured stretch, as "METHOD table"."""

    requests: list[str] = field(default_factory=list)


class RoundTrips(SansIOHTTPPolicy[Any, Any]):
    """Sees every request to tables and queues."""

    def __init__(self) -> None:
        self._open: list[Counted] = []

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Note a request that is about to be sent."""
        url = str(request.http_request.url).partition("?")[0]
        for counted in self._open:
            counted.requests.append(f"{request.http_request.method} {url.rpartition('/')[2]}")

    @contextmanager
    def counted(self) -> Iterator[Counted]:
        """Count what is sent inside the block."""
        counted = Counted()
        self._open.append(counted)
        try:
            yield counted
        finally:
            self._open.remove(counted)
