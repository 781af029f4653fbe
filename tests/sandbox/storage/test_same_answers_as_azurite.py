"""The local storage service answers the SDK's requests as Azurite does: values, errors, codes, order and pages."""

import itertools
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.data.tables import EntityProperty, TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from provisioning.storage.entities import StoreError, delete, insert, merge, replace
from provisioning.storage.store import Storage

_numbers = itertools.count()

WHEN = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
EVERY_TYPE = {
    "text": 'O\'Brien, Zoë \U0001f600 \u2028 "quoted" \\ \r\n',
    "empty": "",
    "yes": True,
    "no": False,
    "small": -5,
    "large": EntityProperty(2**40, "Edm.Int64"),
    "half": 0.5,
    "whole": 2.0,
    "when": WHEN,
    "bytes": b"\x00\xff",
}
STALE = "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\""
UNCHANGED = {"etag": STALE, "match_condition": MatchConditions.IfNotModified}


async def told(work: Awaitable[Any]) -> Any:
    """What came of it, without what differs from call to call: ETags, dates, ids."""
    try:
        found = await work
    except TableTransactionError as error:
        return ("transaction", error.index, error.status_code, str(error.error_code))
    except HttpResponseError as error:
        return (type(error).__name__, error.status_code, str(getattr(error, "error_code", "")))
    if isinstance(found, list):
        return [sorted(each) if isinstance(each, dict) and "etag" in each else each for each in found]
    if hasattr(found, "metadata"):
        return dict(found)
    return None


async def listed(pages: Any) -> list[dict[str, Any]]:
    return [dict(each) async for each in pages]


type Story = Callable[[TableClient], Awaitable[list[Any]]]


async def of_single_entities(table: TableClient) -> list[Any]:
    entity = {"PartitionKey": "p", "RowKey": "it's 1%+&é", **EVERY_TYPE}
    key = ("p", entity["RowKey"])
    return [
        await told(table.create_entity(entity)),
        await told(table.create_entity(entity)),
        await told(table.create_entity({"PartitionKey": "p", "RowKey": "a/b"})),
        await told(table.get_entity(*key)),
        await told(table.get_entity("p", "nobody")),
        await told(table.get_entity(*key, select=["text", "when", "absent"])),
        await told(table.update_entity({**entity, "text": None, "yes": False}, mode=UpdateMode.MERGE)),
        await told(table.get_entity(*key)),
        await told(table.update_entity({"PartitionKey": "p", "RowKey": key[1], "a": 1}, mode=UpdateMode.REPLACE)),
        await told(table.get_entity(*key)),
        await told(table.update_entity({"PartitionKey": "p", "RowKey": key[1], "when": "now"}, mode=UpdateMode.MERGE)),
        await told(table.update_entity({"PartitionKey": "p", "RowKey": "nobody"}, mode=UpdateMode.MERGE)),
        await told(table.update_entity({"PartitionKey": "p", "RowKey": key[1]}, mode=UpdateMode.MERGE, **UNCHANGED)),
        await told(table.upsert_entity({"PartitionKey": "p", "RowKey": "fresh", "b": 1})),
        await told(table.upsert_entity({"PartitionKey": "p", "RowKey": "fresh", "c": 1})),
        await told(table.get_entity("p", "fresh")),
        await told(table.delete_entity("p", "fresh", **UNCHANGED)),
        await told(table.delete_entity("p", "fresh")),
        await told(table.get_entity("p", "fresh")),
    ]


async def of_transactions(table: TableClient) -> list[Any]:
    def row(name: str, **more: Any) -> dict[str, Any]:
        return {"PartitionKey": "p", "RowKey": name, **more}

    replace = {"mode": UpdateMode.REPLACE}
    stories: list[list[tuple[Any, ...]]] = [
        [("create", row("a", **EVERY_TYPE)), ("upsert", row("b"), replace), ("create", row("c'c é%", d="x"))],
        [("update", row("a", e=1), {"mode": UpdateMode.MERGE}), ("delete", row("b")), ("upsert", row("f", g=1))],
        [("create", row("h")), ("create", row("i")), ("create", row("a"))],
        [("create", row("h")), ("delete", row("nobody"))],
        [("create", row("h")), ("update", row("nobody"), replace)],
        [("create", row("h")), ("update", row("a", z=1), {**replace, **UNCHANGED})],
        [("create", row("h")), ("delete", row("a"), UNCHANGED)],
        [("create", row("h")), ("upsert", row("j")), ("create", row("h"))],
    ]
    found = [await told(table.submit_transaction(each)) for each in stories]
    found.append(await listed(table.query_entities("PartitionKey eq 'p'")))
    etag = (await table.get_entity("p", "a")).metadata["etag"]
    known = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
    found.append(await told(table.submit_transaction([("delete", row("a"), known)])))
    return found


async def of_queries(table: TableClient) -> list[Any]:
    names = ["a:1", "a:2", "a;", "b", "A", "é", "z z", "it's", "~", "-", "x_9"]
    for partition in ("p", "q"):
        for number, name in enumerate(names):
            more = {} if number % 3 == 0 else {"due": WHEN.replace(day=number), "count": number, "on": number % 2 == 0}
            await table.create_entity({"PartitionKey": partition, "RowKey": name, "name": name, **more})
    filters = [
        "",
        "PartitionKey eq 'p'",
        "PartitionKey eq 'p' and RowKey ge 'a' and RowKey lt 'b'",
        "PartitionKey eq 'p' and RowKey gt 'a:1' and RowKey le 'b'",
        "PartitionKey eq 'p' and RowKey eq 'it''s'",
        "RowKey eq 'b'",
        "PartitionKey eq 'p' and count ge 4",
        "PartitionKey eq 'p' and (count eq 1 or on eq true)",
        "PartitionKey eq 'p' and not (count lt 5)",
        "PartitionKey eq 'p' and due ge datetime'2026-01-05T00:00:00Z'",
        "PartitionKey eq 'nobody'",
        "(PartitionKey eq 'p' and RowKey eq 'a:1') or (PartitionKey eq 'q' and RowKey eq 'b')",
    ]
    found: list[Any] = [await listed(table.query_entities(each)) for each in filters]
    for size in (1, 2, 5, 22):
        pages = table.query_entities("PartitionKey ge 'p'", results_per_page=size, select=["RowKey"]).by_page()
        found.append([[dict(each) async for each in page] async for page in pages])
    return found


async def of_a_table_that_is_missing(table: TableClient) -> list[Any]:
    entity = {"PartitionKey": "p", "RowKey": "r"}
    await table.delete_table()
    return [
        await told(table.get_entity("p", "r")),
        await told(table.create_entity(entity)),
        await told(table.submit_transaction([("create", entity)])),
        await told(listed(table.query_entities("PartitionKey eq 'p'"))),
        await told(table.create_table()),
        await told(table.create_table()),
    ]


@pytest.mark.parametrize("story", [of_single_entities, of_transactions, of_queries, of_a_table_that_is_missing])
async def test_tables_answer_alike(both: tuple[str, str], story: Story) -> None:
    found: list[list[Any]] = []
    name = f"same{os.getpid()}x{next(_numbers)}"
    for connection in both:
        async with TableServiceClient.from_connection_string(connection) as service:
            found.append(await story(await service.create_table(name)))
    assert found[1] == found[0]


async def of_a_message(queue: QueueClient) -> list[Any]:
    def seen(message: Any) -> tuple[Any, ...]:
        return (message.content, message.dequeue_count, message.expires_on is not None)

    async def received(hidden: int) -> list[Any]:
        return [each async for each in queue.receive_messages(messages_per_page=16, visibility_timeout=hidden)]

    found: list[Any] = [await told(queue.get_queue_properties()), await told(queue.create_queue())]
    found.append(await told(queue.create_queue()))
    sent = await queue.send_message("<é&>", time_to_live=-1)
    found += [seen(sent), sent.expires_on]
    await queue.send_message("later", visibility_timeout=600)
    found.append([seen(each) for each in await queue.peek_messages(5)])
    (message,) = await received(600)
    found += [seen(message), [seen(each) for each in await received(600)]]
    found.append((await queue.get_queue_properties()).approximate_message_count)
    updated = await queue.update_message(message.id, message.pop_receipt, content="new", visibility_timeout=0)
    found.append(await told(queue.delete_message(message.id, message.pop_receipt)))
    found.append(await told(queue.delete_message(message.id, updated.pop_receipt)))
    found.append(await told(queue.delete_message(message.id, updated.pop_receipt)))
    await queue.clear_messages()
    found.append((await queue.get_queue_properties()).approximate_message_count)
    found.append(await told(queue.delete_queue()))
    found.append(await told(queue.send_message("x")))
    return found


async def test_queues_answer_alike(both: tuple[str, str]) -> None:
    found: list[list[Any]] = []
    for connection in both:
        async with QueueServiceClient.from_connection_string(connection) as service:
            found.append(await of_a_message(service.get_queue_client(f"same{os.getpid()}")))
    assert found[1] == found[0]


async def of_the_hub(storage: Storage) -> list[Any]:
    table, queue = storage.table("rows"), storage.queue("jobs")
    await storage.ensure(["rows"], ["jobs"])
    await storage.ensure(["rows"], ["jobs"])
    rows = [
        {"PartitionKey": "p", "RowKey": f"r:{number:03}", "n": number, "text": "Zoë", "when": WHEN}
        for number in range(60)
    ]
    found: list[Any] = [len(await table.transact([insert(row) for row in rows]))]
    for refused in (
        [insert({"PartitionKey": "p", "RowKey": "new"}), insert(rows[3])],
        [delete("p", "gone")],
        [replace(rows[0], STALE)],
    ):
        with pytest.raises(StoreError) as error:
            await table.transact(refused)
        found.append((type(error.value).__name__, getattr(error.value, "index", None)))
    await table.transact([merge({"PartitionKey": "p", "RowKey": "r:001", "text": ""}), delete("p", "r:002")])
    found.append([dict(each) async for each in table.scan("p", "r:", "r;", page=7)])
    found.append([dict(each) for each in await table.query("p", "r:005", "r:010", select=["RowKey", "when"], limit=3)])
    found += [await table.get("p", "r:002"), dict(await table.get("p", "r:001") or {})]
    await queue.send({"v": 1})
    await queue.send({"v": 2}, delay=timedelta(seconds=60))
    found.append(await queue.length())
    return found


async def test_the_hubs_own_client_finds_the_same(both: tuple[str, str]) -> None:
    found: list[list[Any]] = []
    for connection in both:
        storage = Storage.from_connection_string(connection, prefix=f"hub{os.getpid()}")
        found.append(await of_the_hub(storage))
        await storage.close()
    assert found[1] == found[0]
