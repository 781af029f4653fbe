"""The one seam to Azure Storage: entities in tables, transactions in one partition, messages in queues.

Everything that the hub stores goes through ``Table`` and ``Queue``; what goes through is made in ``entities``. What
every change needs speaks the services' REST protocol itself (``edm``, ``batch``, ``wire``), because the SDK's encoding
costs ten times as much; all else is the SDK's, over the same connections.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self
from urllib.parse import quote

from aiohttp import TraceConfig
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from provisioning.storage import batch, edm
from provisioning.storage.blobs import Container
from provisioning.storage.entities import (
    MAX_OPERATIONS,
    MAX_TRANSACTION_BYTES,
    Changed,
    Condition,
    Entity,
    Exists,
    Missing,
    Operation,
    Stored,
    StoreError,
    TooLarge,
    check_entity,
)
from provisioning.storage.sdk import Account, by_connection_string, by_identity, told
from provisioning.storage.wire import PAUSES, Wire

_JSON = {"Accept": "application/json;odata=minimalmetadata", "DataServiceVersion": "3.0"}
_BATCH = {"Accept": "application/json", "DataServiceVersion": "3.0", "Content-Type": batch.CONTENT_TYPE}
_XML = {"Accept": "application/xml", "Content-Type": "application/xml"}


class Table:
    """One table. A call is one round trip unless it says otherwise.

    Whatever fails that has no error of its own, an account out of reach too, is ``StoreError``.
    """

    def __init__(self, name: str, wire: Wire, account: Account) -> None:
        self._name = name
        self._wire = wire
        self._endpoint = account.tables
        self._client = account.table_client

    async def ensure(self) -> None:
        """Create the table where it does not exist."""
        with told():
            await self._client.create_table_if_not_exists(self._name)

    async def get(self, partition: str, row: str) -> Stored | None:
        """Return an entity, or ``None``."""
        path = batch.address(self._name, partition, row)
        answer = await self._wire.send(self._endpoint, "GET", path, headers=_JSON)
        if answer.status == 404 and not batch.is_table_missing(answer.body, answer.code):
            return None
        if answer.status != 200:
            raise batch.refusal(answer.status, answer.body, answer.code)
        return edm.read(json.loads(answer.body), answer.headers.get("ETag", ""))

    async def transact(self, operations: Sequence[Operation]) -> list[str]:
        """Do all operations, of one partition, or none; return the new ETags in order ("" for a delete).

        Raises ``TooLarge``, ``Exists``, ``Missing``, ``Changed``. A transaction whose answer was lost is sent again
        when an insert, a delete or an ETag in it keeps it from being done twice. If it is refused then, the rows are
        read: where one stands that is this transaction's own, or each of the others is as it leaves them, it was done;
        so nobody is told that what they just created exists already. An ETag is then "" where the row was changed
        since. Any other is ``StoreError``: it may have been done.
        """
        if len(operations) > MAX_OPERATIONS:
            raise TooLarge(f"{len(operations)} operations are more than the {MAX_OPERATIONS} of one transaction.")
        if sum(check_entity(operation.entity) for operation in operations) > MAX_TRANSACTION_BYTES:
            raise TooLarge("The change is larger than the 4 MiB of one transaction.")
        unknown = next((index for index, each in enumerate(operations) if each.etag == ""), None)
        if unknown is not None:
            raise Changed("The entity was changed since it was written, by an answer that was lost.", unknown)
        answer = await self._wire.send(
            self._endpoint,
            "POST",
            "$batch",
            headers=_BATCH,
            body=batch.write(f"{self._endpoint.url}/{self._name}", operations),
            again=any(each.verb in {"insert", "delete"} or each.etag for each in operations),
            judge=batch.status,
        )
        if answer.status == 202:
            return batch.etags(answer.body, len(operations))
        refusal = batch.refusal(answer.status, answer.body, answer.code)
        if answer.doubtful and isinstance(refusal, Exists | Missing | Changed):
            left = [(each.own, await self._left(each)) for each in operations]
            shared = [etag for own, etag in left if not own]
            if any(own and etag is not None for own, etag in left) or (shared and None not in shared):
                return [etag or "" for _, etag in left]
        raise refusal

    async def _left(self, operation: Operation) -> str | None:
        """Return the ETag of an entity that is as an operation leaves it ("" for a deleted one), or else ``None``."""
        sent = edm.read(json.loads(edm.write(operation.entity)))
        stored = await self.get(sent["PartitionKey"], sent["RowKey"])
        if operation.verb == "delete" or stored is None:
            return "" if operation.verb == "delete" and stored is None else None
        partly = operation.verb == "merge" or operation.own
        same = sent.items() <= stored.items() if partly else sent == stored
        return stored.etag if same else None

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
        self,
        partition: str,
        first: str,
        last: str,
        *,
        select: Sequence[str] | None = None,
        page: int = 1000,
        where: Sequence[Condition] = (),
    ) -> AsyncIterator[Stored]:
        """Stream the entities with ``first <= RowKey < last`` in key order, ``page`` to a round trip.

        ``where`` leaves out what does not meet every condition. A page may then hold fewer rows, or none: the service
        reads a bounded number of rows for each.
        """
        keys = (
            Condition("PartitionKey", "eq", partition),
            Condition("RowKey", "ge", first),
            Condition("RowKey", "lt", last),
        )
        condition = " and ".join(f"{each.column} {each.operator} {edm.literal(each.value)}" for each in (*keys, *where))
        query = f"$filter={quote(condition, safe='')}&$top={page}"
        if select:
            query += f"&$select={quote(','.join(select), safe='')}"
        more: str | None = ""
        while more is not None:
            answer = await self._wire.send(self._endpoint, "GET", f"{self._name}()", query=query + more, headers=_JSON)
            if answer.status != 200:
                raise batch.refusal(answer.status, answer.body, answer.code)
            for document in json.loads(answer.body)["value"]:
                yield edm.read(document)
            more = _continuation(answer.headers)

    async def page(self, token: str = "") -> tuple[list[dict[str, Any]], str]:
        """Return up to 1,000 rows of the whole table as the service writes them (``edm.read`` reads them), and the
        token of the next page, "" after the last.
        """
        answer = await self._wire.send(self._endpoint, "GET", f"{self._name}()", query=token[1:], headers=_JSON)
        if answer.status != 200:
            raise batch.refusal(answer.status, answer.body, answer.code)
        rows = json.loads(answer.body)["value"]
        for row in rows:
            row.pop("odata.etag", None)
            row.pop("Timestamp", None)
        return rows, _continuation(answer.headers) or ""


def _continuation(headers: Mapping[str, str]) -> str | None:
    """Return what to add to the query for the next page; a page may be short, or empty, and not the last."""
    following = {name: headers.get(f"x-ms-continuation-{name}") for name in ("NextPartitionKey", "NextRowKey")}
    parts = [f"&{name}={quote(value, safe='')}" for name, value in following.items() if value]
    return "".join(parts) or None


class Queue:
    """One queue. Messages are JSON, in base64 as the Functions host expects them. Whatever fails is ``StoreError``."""

    def __init__(self, name: str, wire: Wire, account: Account) -> None:
        self._name = name
        self._wire = wire
        self._endpoint = account.queues
        self._client = account.queue_client.get_queue_client(name)

    async def ensure(self) -> None:
        """Create the queue where it does not exist."""
        with told():
            try:
                await self._client.create_queue()
            except ResourceExistsError:
                return

    async def send(self, body: Mapping[str, Any], *, delay: timedelta = timedelta()) -> None:
        """Send a message that appears after ``delay`` (at most 7 days). It may arrive twice."""
        text = base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()
        seconds = min(max(0, round(delay.total_seconds())), 7 * 24 * 3600 - 1)
        answer = await self._wire.send(
            self._endpoint,
            "POST",
            f"{self._name}/messages",
            query=f"visibilitytimeout={seconds}&messagettl=-1",
            headers=_XML,
            body=f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode(),
        )
        if answer.status != 201:
            raise StoreError(f"Storage answered {answer.status} {answer.code}.")

    async def waits_since(self) -> datetime | None:
        """Return when the first of the messages that can be seen now was sent, or ``None``; one round trip."""
        with told():
            try:
                first = await self._client.peek_messages(max_messages=1)
            except ResourceNotFoundError:
                return None
        return first[0].inserted_on if first else None

    async def length(self) -> int:
        """Return about how many messages wait or are being worked on; 0 when the queue does not exist."""
        with told():
            try:
                properties = await self._client.get_queue_properties()
            except ResourceNotFoundError:
                return 0
        return properties.approximate_message_count or 0


class Storage:
    """The storage account, for one event loop: makes tables and queues by name, and closes what it opened."""

    def __init__(self, wire: Wire, account: Account, prefix: str = "") -> None:
        self._wire = wire
        self._account = account
        self._prefix = prefix
        self._stack = AsyncExitStack()
        self._stack.push_async_callback(wire.close)
        self._stack.push_async_exit(account.table_client)
        self._stack.push_async_exit(account.queue_client)

    @classmethod
    def from_connection_string(
        cls,
        connection: str,
        *,
        prefix: str = "",
        traces: Sequence[TraceConfig] = (),
        pauses: Sequence[float] = PAUSES,
    ) -> Self:
        """Open an account by its connection string. ``prefix`` goes before every name.

        ``traces`` see every request, the SDK's too, so what counts or fails is there; ``pauses`` are between tries.
        """
        wire = Wire(traces, pauses)
        return cls(wire, by_connection_string(connection, wire), prefix)

    @classmethod
    def from_identity(cls, account: str, credential: AsyncTokenCredential) -> Self:
        """Open an account by the app's identity, without any key. The credential is closed with it."""
        wire = Wire()
        opened = cls(wire, by_identity(account, credential, wire))
        opened._stack.push_async_exit(credential)
        return opened

    def table(self, name: str) -> Table:
        """Return a table by name; it need not exist yet."""
        return Table(self._prefix + name, self._wire, self._account)

    def queue(self, name: str) -> Queue:
        """Return a queue by name; it need not exist yet."""
        return Queue(self._prefix + name, self._wire, self._account)

    def container(self, name: str) -> Container:
        """Return a container of blobs by name; it need not exist yet."""
        return Container(partial(self._account.container_client, self._prefix + name))

    async def ensure(self, tables: Sequence[str], queues: Sequence[str]) -> None:
        """Create what is missing of the named tables and queues. In Azure the templates have made them."""
        await asyncio.gather(
            *(self.table(name).ensure() for name in tables), *(self.queue(name).ensure() for name in queues)
        )

    async def close(self) -> None:
        """Close every connection to the account."""
        await self._stack.aclose()
