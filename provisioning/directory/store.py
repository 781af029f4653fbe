"""The one seam to Azure Storage: entities in tables, transactions in one partition, messages in queues.

Everything that the hub stores goes through ``Table`` and ``Queue``; what goes through is made in ``entities``.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Self

from azure.core import MatchConditions
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables import TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from provisioning.directory.entities import (
    MAX_OPERATIONS,
    MAX_TRANSACTION_BYTES,
    Changed,
    Entity,
    Exists,
    Missing,
    Operation,
    StoreError,
    TooLarge,
    check_entity,
)

type Transports = Callable[[], AioHttpTransport]
"""Makes the transport of one client; the clients pass no policies of ours through, so what counts or fails is here."""


def _submission(operation: Operation) -> tuple[Any, ...]:
    match operation.verb:
        case "insert":
            return ("create", operation.entity)
        case "upsert":
            return ("upsert", operation.entity, {"mode": UpdateMode.REPLACE})
        case "delete":
            conditions = _conditions(operation.etag)
            return ("delete", operation.entity, conditions) if conditions else ("delete", operation.entity)
        case "replace" | "merge":
            mode = UpdateMode.REPLACE if operation.verb == "replace" else UpdateMode.MERGE
            return ("update", operation.entity, {"mode": mode, **_conditions(operation.etag)})


def _conditions(etag: str | None) -> dict[str, Any]:
    return {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def _error(error: HttpResponseError, index: int = 0) -> StoreError:
    code = str(getattr(error, "error_code", "") or "")
    if isinstance(error, ResourceExistsError) or error.status_code == 409 or "AlreadyExists" in code:
        return Exists("The entity exists.", index)
    if error.status_code == 412 or "ConditionNotSatisfied" in code:
        return Changed("The entity has changed.", index)
    if isinstance(error, ResourceNotFoundError) or error.status_code == 404:
        return Missing("The entity does not exist.", index)
    if error.status_code == 413 or "TooLarge" in code or "RequestBodyTooLarge" in code:
        return TooLarge("The record is too large to be stored.")
    return StoreError(f"Storage answered {error.status_code} {code}.")


class Table:
    """One table. A call is one round trip unless it says otherwise."""

    def __init__(self, client: TableClient) -> None:
        self._client = client

    async def ensure(self) -> None:
        """Create the table where it does not exist."""
        try:
            await self._client.create_table()
        except ResourceExistsError:
            return

    async def get(self, partition: str, row: str) -> Entity | None:
        """Return an entity, or ``None``."""
        try:
            return await self._client.get_entity(partition, row)
        except ResourceNotFoundError:
            return None

    async def transact(self, operations: Sequence[Operation]) -> list[str]:
        """Do all operations, of one partition, or none; return the new ETags in order ("" for a delete).

        Raises ``TooLarge``, ``Exists``, ``Missing``, ``Changed``.
        """
        if len(operations) > MAX_OPERATIONS:
            raise TooLarge(f"{len(operations)} operations are more than the {MAX_OPERATIONS} of one transaction.")
        if sum(check_entity(operation.entity) for operation in operations) > MAX_TRANSACTION_BYTES:
            raise TooLarge("The change is larger than the 4 MiB of one transaction.")
        try:
            answers = await self._client.submit_transaction([_submission(operation) for operation in operations])
        except TableTransactionError as error:
            raise _error(error, error.index or 0) from error
        except HttpResponseError as error:
            raise _error(error) from error
        return [str(answer.get("etag", "")) for answer in answers]

    async def query(
        self, partition: str, first: str, last: str, *, select: Sequence[str] | None = None, limit: int = 1000
    ) -> list[Entity]:
        """Return up to ``limit`` entities with ``first <= RowKey < last``, in key order.

        One round trip for each 1,000 rows, more where the service answers with short pages.
        """
        found: list[Entity] = []
        async for entity in self.scan(partition, first, last, select=select, page=min(limit, 1000)):
            found.append(entity)
            if len(found) == limit:
                break
        return found

    async def scan(
        self, partition: str, first: str, last: str, *, select: Sequence[str] | None = None, page: int = 1000
    ) -> AsyncIterator[Entity]:
        """Stream the entities with ``first <= RowKey < last`` in key order, ``page`` to a round trip."""
        pager = self._client.query_entities(
            "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last",
            parameters={"partition": partition, "first": first, "last": last},
            select=list(select) if select else None,
            results_per_page=page,
        )
        async for entity in pager:
            yield entity


class Queue:
    """One queue. Messages are JSON, in base64 as the Functions host expects them."""

    def __init__(self, client: QueueClient) -> None:
        self._client = client

    async def ensure(self) -> None:
        """Create the queue where it does not exist."""
        try:
            await self._client.create_queue()
        except ResourceExistsError:
            return

    async def send(self, body: Mapping[str, Any], *, delay: timedelta = timedelta()) -> None:
        """Send a message that appears after ``delay`` (at most 7 days)."""
        text = base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()
        seconds = min(max(0, round(delay.total_seconds())), 7 * 24 * 3600 - 1)
        await self._client.send_message(text, visibility_timeout=seconds, time_to_live=-1)

    async def length(self) -> int:
        """Return about how many messages wait or are being worked on; 0 when the queue does not exist."""
        try:
            properties = await self._client.get_queue_properties()
        except ResourceNotFoundError:
            return 0
        return properties.approximate_message_count or 0


class Storage:
    """The storage account: makes tables and queues by name, and closes what it opened."""

    def __init__(self, tables: TableServiceClient, queues: QueueServiceClient, prefix: str = "") -> None:
        self._tables = tables
        self._queues = queues
        self._prefix = prefix
        self._stack = AsyncExitStack()
        self._stack.push_async_exit(tables)
        self._stack.push_async_exit(queues)

    @classmethod
    def from_connection_string(cls, connection: str, *, prefix: str = "", transports: Transports | None = None) -> Self:
        """Open an account by its connection string. ``prefix`` goes before every name."""
        make = transports or _transport
        return cls(
            TableServiceClient.from_connection_string(connection, transport=make()),
            QueueServiceClient.from_connection_string(connection, transport=make()),
            prefix,
        )

    @classmethod
    def from_identity(cls, account: str, credential: AsyncTokenCredential) -> Self:
        """Open an account by the app's identity, without any key."""
        return cls(
            TableServiceClient(
                f"https://{account}.table.core.windows.net", credential=credential, transport=_transport()
            ),
            QueueServiceClient(
                f"https://{account}.queue.core.windows.net", credential=credential, transport=_transport()
            ),
        )

    def table(self, name: str) -> Table:
        """Return a table by name; it need not exist yet."""
        return Table(self._tables.get_table_client(self._prefix + name))

    def queue(self, name: str) -> Queue:
        """Return a queue by name; it need not exist yet."""
        return Queue(self._queues.get_queue_client(self._prefix + name))

    async def ensure(self, tables: Sequence[str], queues: Sequence[str]) -> None:
        """Create what is missing of the named tables and queues. In Azure the templates have made them."""
        await asyncio.gather(
            *(self.table(name).ensure() for name in tables), *(self.queue(name).ensure() for name in queues)
        )

    async def close(self) -> None:
        """Close every connection to the account."""
        await self._stack.aclose()


def _transport() -> AioHttpTransport:
    """Return a transport that does not wait for ever: storage answers in milliseconds or is asked again."""
    return AioHttpTransport(connection_timeout=10, read_timeout=30)
