"""What the local storage service does beyond Azurite: a file to begin with, and transactions that must be right."""

from pathlib import Path

import pytest
from azure.data.tables import TableTransactionError
from azure.data.tables.aio import TableServiceClient

from sandbox.storage.process import LocalStorage
from sandbox.storage.tables import Change, Tables


async def test_it_begins_with_the_tables_of_a_file(tmp_path: Path) -> None:
    tables = Tables(tmp_path / "tables.sqlite")
    tables.create("directory")
    tables.load("directory", (Change("insert", "p", f"{number:04}", {"n": number}) for number in range(3000)))
    tables.close()
    with LocalStorage.start(tmp_path / "tables.sqlite", tmp_path / "log") as running:
        async with TableServiceClient.from_connection_string(running.connection_string) as service:
            found = [each["n"] async for each in service.get_table_client("directory").query_entities("n ge 10")]
    assert found == list(range(10, 3000))


async def test_a_transaction_of_two_partitions_is_refused_and_leaves_nothing(local_storage: LocalStorage) -> None:
    async with TableServiceClient.from_connection_string(local_storage.connection_string) as service:
        table = await service.create_table("partitions")
        rows = [{"PartitionKey": partition, "RowKey": "r"} for partition in "pq"]
        with pytest.raises((TableTransactionError, ValueError)):
            await table.submit_transaction([("create", row) for row in rows])
        assert [row async for row in table.list_entities()] == []
