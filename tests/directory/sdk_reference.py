"""What the store did when it was the SDK's: the other side of the tests that compare."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from provisioning.storage.entities import Changed, Exists, Missing, Operation, StoreError


class Reference:
    """A table by the SDK."""

    def __init__(self, client: TableClient) -> None:
        self._client = client

    async def get(self, partition: str, row: str) -> dict[str, Any] | None:
        """An entity, or ``None``."""
        try:
            return await self._client.get_entity(partition, row)
        except ResourceNotFoundError:
            return None

    async def etag(self, partition: str, row: str) -> str:
        """The ETag of an entity."""
        return str((await self._client.get_entity(partition, row)).metadata["etag"])

    async def transact(self, operations: Sequence[Operation]) -> list[str]:
        """All operations or none."""
        try:
            answers = await self._client.submit_transaction([_submission(operation) for operation in operations])
        except TableTransactionError as error:
            index = error.index or 0
            match error.status_code:
                case 409:
                    raise Exists("", index) from error
                case 412:
                    raise Changed("", index) from error
                case 404:
                    raise Missing("", index) from error
            raise StoreError from error
        return [str(answer.get("etag", "")) for answer in answers]

    async def rows(self, partition: str, condition: str = "", **options: Any) -> list[dict[str, Any]]:
        """The entities of a partition that meet an OData condition."""
        asked = "PartitionKey eq @partition" + (f" and {condition}" if condition else "")
        return [
            each async for each in self._client.query_entities(asked, parameters={"partition": partition}, **options)
        ]


def _submission(operation: Operation) -> tuple[Any, ...]:
    condition = {"etag": operation.etag, "match_condition": MatchConditions.IfNotModified} if operation.etag else {}
    match operation.verb:
        case "insert":
            return ("create", operation.entity)
        case "upsert":
            return ("upsert", operation.entity, {"mode": UpdateMode.REPLACE})
        case "delete":
            return ("delete", operation.entity, condition)
        case "replace":
            return ("update", operation.entity, {"mode": UpdateMode.REPLACE, **condition})
        case "merge":
            return ("update", operation.entity, {"mode": UpdateMode.MERGE, **condition})


@asynccontextmanager
async def reference(connection: str, table: str) -> AsyncIterator[Reference]:
    """Open a table by the SDK."""
    async with TableServiceClient.from_connection_string(connection) as service:
        yield Reference(service.get_table_client(table))
