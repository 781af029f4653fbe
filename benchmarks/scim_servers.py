"""The two servers of the SCIM benchmark, called in process: the hub's endpoint, and scim2-server over its own memory.

Both are called where their platform would call them, with a whole request, and give back a status and encoded JSON: no
HTTP server stands before either. The hub authenticates, logs and speaks HTTP to its storage in another process; the
peer does neither and keeps its resources in a dictionary.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import azure.functions as func
from aiohttp import TraceConfig
from scim2_models import ScimPolicy, ScimProvider
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage, InMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from benchmarks.scim_people import BASE, Sent, person
from connectors.memory import DIRECTORIES
from connectors.memory import Directory as Target
from provisioning.connections.connection import Connection
from provisioning.hub import QUEUES, TABLES, Hub
from provisioning.scim.endpoint import ScimEndpoint
from provisioning.settings import Settings
from provisioning.sources.rates import HIGHEST
from provisioning.storage.store import Storage

HEADERS = {"content-type": "application/scim+json", "user-agent": "benchmark"}


class Unexpected(AssertionError):
    """A server gave an answer that it must not give: nothing that is measured of it would mean anything."""


class Server(Protocol):
    """What is measured."""

    name: str

    async def send(self, sent: Sent) -> bytes:
        """Serve a request and return the body of its answer. Raises ``Unexpected``."""


class Ours:
    """The hub over one storage account, with one enabled connection: each write sends one job."""

    name = "Lockstep"

    def __init__(self, connection: str, prefix: str, traces: Sequence[TraceConfig] = ()) -> None:
        self.storage = Storage.from_connection_string(connection, prefix=prefix, traces=traces)
        self.hub = Hub.over(self.storage, Settings())
        self._endpoint = ScimEndpoint(self.hub.directory, self.hub.sources, self.hub.settings.scim_max_body_bytes)
        self._headers = dict(HEADERS)

    async def begin(self, token: str = "", connection: Connection | None = None) -> str:
        """Make what a deployment has: tables, a source, a connection. Returns the token; give it to a second hub.

        The connection leads into memory unless another one is given.
        """
        if not token:
            await self.storage.ensure(TABLES, QUEUES)
            DIRECTORIES["bench"] = Target()
            memory = Connection("target", "Target", "memory", enabled=True, settings={"directory": "bench"})
            await self.hub.connections.create(connection or memory)
            await self.hub.sources.create("entra", "Entra")
            await self.hub.sources.change("entra", lambda source: replace(source, rate=HIGHEST))
            _, token = await self.hub.sources.issue("entra")
        self._headers["authorization"] = f"Bearer {token}"
        return token

    async def send(self, sent: Sent) -> bytes:
        """Serve a request as ``function_app`` does."""
        request = func.HttpRequest(
            method=sent.method, url=sent.url, headers=self._headers, params=dict(sent.query), body=sent.body
        )
        answer = await self._endpoint.serve(request)
        if answer.status_code not in sent.expect:
            raise Unexpected(f"{sent.method} {sent.path}: {answer.status_code} {answer.get_body()[:300]!r}")
        return bytes(answer.get_body())

    async def close(self) -> None:
        """Give back what is open."""
        await self.hub.close()


class Peer:
    """scim2-server with its in-memory storage, tolerant of what the same requests hold."""

    name = "scim2-server, in memory"

    def __init__(self) -> None:
        policy = ScimPolicy(unknown=ScimPolicy.Unknown.ignore)
        provider = ScimProvider.from_discovery(
            load_default_schemas().values(),
            load_default_resource_types().values(),
            load_default_service_provider_config(),
            policy,
        )
        self._app = ASGIApplication(AsyncInMemoryStorage(InMemoryStorage()), provider)
        self.ids: list[str] = []

    async def grow(self, number: int) -> None:
        """Put in the person of that number, by the storage's own door."""
        service, storage = self._app.service, self._app.storage
        with service.provider:
            kind = service.resource_type_at("/Users")
            body = json.dumps(person(number)).encode()
            resource = await storage.create(kind, service.read_creation(kind, body, HEADERS["content-type"]))
        self.ids.append(str(resource.id))

    async def send(self, sent: Sent) -> bytes:
        """Serve a request as its ASGI application does."""
        response = await self._app.serve(
            ScimRequest(
                method=sent.method,
                base_url=BASE,
                path=sent.path,
                query=dict(sent.query),
                headers=HEADERS,
                body=sent.body,
            )
        )
        if int(response.status) not in sent.expect:
            raise Unexpected(f"{sent.method} {sent.path}: {response.status} {response.body}")
        return b"" if response.body is None else json.dumps(response.body).encode()


def logged_as_in_azure() -> None:
    """Log from INFO on, as the Functions worker does, formatted and thrown away."""

    class Nowhere(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            self.format(record)

    logging.basicConfig(level=logging.INFO, handlers=[Nowhere()], force=True)
