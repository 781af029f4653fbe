"""The admin API over a hub of its own, called as the Functions host calls it; targets are in memory."""

import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from connectors.memory import DIRECTORIES
from connectors.memory import Directory as Target
from provisioning.admin import connections as routes
from provisioning.admin.api import build
from provisioning.admin.guard import INVOCATION, Asgi, Guard, Receive, Scope, Send
from provisioning.connections import registry
from provisioning.engine.jobs import Job
from provisioning.hub import Hub
from provisioning.settings import Settings
from provisioning.storage.store import Storage


@dataclass(frozen=True, slots=True)
class Invoked:
    """An ASGI app as the function's middleware calls it: the scope is marked with the invocation."""

    app: Asgi

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Mark the scope."""
        await self.app({**scope, INVOCATION: "i-1"}, receive, send)


@dataclass(frozen=True, slots=True)
class Api:
    """The API's client, the hub behind it, and the in-memory target that connections of ``body`` point at."""

    client: httpx.AsyncClient
    hub: Hub
    directory: str

    @property
    def target(self) -> Target:
        """The external system."""
        return DIRECTORIES[self.directory]

    def body(self, connection_id: str = "target", **fields: Any) -> dict[str, Any]:
        """Return the body that creates a connection."""
        return {
            "id": connection_id,
            "name": connection_id.title(),
            "kind": "memory",
            "settings": {"directory": self.directory},
            **fields,
        }

    async def create(self, connection_id: str = "target", **fields: Any) -> dict[str, Any]:
        """Create a connection and return what the API says of it."""
        answer = await self.client.post("/api/connections", json=self.body(connection_id, **fields))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def jobs(self) -> list[Job]:
        """Take the jobs off the queue."""
        queue = self.hub.storage.queue("provisioning-jobs")._client
        jobs: list[Job] = []
        async for message in queue.receive_messages(messages_per_page=32):
            jobs.append(Job.parse(base64.b64decode(message.content)))
            await queue.delete_message(message)
        return jobs


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs appear on the queue at once, so that tests can take them."""
    monkeypatch.setattr(routes, "CONFIGURATION_DELAY", timedelta())
    monkeypatch.setattr(routes, "RETRY_DELAY", timedelta())


@pytest.fixture(autouse=True)
def memory_kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let administrators choose the kind ``memory``."""
    monkeypatch.setitem(registry.KINDS, "memory", "connectors.memory:MemoryConnector")
    registry.connector_class.cache_clear()
    yield
    registry.connector_class.cache_clear()


@pytest.fixture
async def hub(storage: Storage) -> AsyncIterator[Hub]:
    """A hub without connections."""
    opened = Hub.over(storage, Settings())
    yield opened
    await opened.connectors.close()


@pytest.fixture
async def api(hub: Hub) -> AsyncIterator[Api]:
    """The admin API with a key, over the hub."""

    async def provider() -> Hub:
        return hub

    directory = f"admin-{uuid4().hex}"
    DIRECTORIES[directory] = Target()
    transport = httpx.ASGITransport(Invoked(Guard(build(provider))), raise_app_exceptions=True)
    async with httpx.AsyncClient(
        transport=transport, base_url="https://hub.example", headers={"x-functions-key": "k"}
    ) as client:
        yield Api(client, hub, directory)
    del DIRECTORIES[directory]
