"""Storage that is busy, slow or gone is asked again, as far as that is safe; nobody is told what is not so."""

import socket
import time
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from provisioning.storage.entities import (
    Changed,
    Exists,
    Missing,
    Operation,
    StoreError,
    delete,
    etag_of,
    insert,
    merge,
    replace,
    upsert,
)
from provisioning.storage.store import Storage
from sandbox.azurite import Azurite
from tests.directory.faulty_account import FaultyAccount, faulty_account

PAUSES = (0.01, 0.01, 0.01)
BATCH = "POST $batch"


def row(key: str, **properties: Any) -> dict[str, Any]:
    """An entity of the partition ``p``."""
    return {"PartitionKey": "p", "RowKey": key, **properties}


@pytest.fixture
async def account(azurite: Azurite) -> AsyncIterator[FaultyAccount]:
    """A faulty way to the process's Azurite."""
    async with faulty_account(azurite) as running:
        yield running


@pytest.fixture
async def faulty(storage: Storage, account: FaultyAccount) -> AsyncIterator[Storage]:
    """The account of ``storage``, reached over the faulty way."""
    opened = Storage.from_connection_string(account.connection, prefix=storage._prefix, pauses=PAUSES)
    yield opened
    await opened.close()


@pytest.mark.parametrize("faults", [[503], [429], [500], [502], [504], [408], ["drop"], ["lose"], [503, "drop", 500]])
async def test_a_read_is_tried_again(
    storage: Storage, faulty: Storage, account: FaultyAccount, faults: list[str | int]
) -> None:
    await storage.table("directory").transact([insert(row("r", value=1))])
    account.faults = list(faults)
    assert await faulty.table("directory").get("p", "r") == row("r", value=1)
    account.faults = list(faults)
    assert await faulty.table("directory").query("p", "r", "s") == [row("r", value=1)]


@pytest.mark.parametrize("faults", [[503], [429], [500], ["drop"], ["drop", 503, "drop"]])
async def test_a_transaction_that_did_not_get_through_is_sent_again(
    faulty: Storage, account: FaultyAccount, faults: list[str | int]
) -> None:
    account.faults = faults
    (etag,) = await faulty.table("directory").transact([insert(row("r", value=1))])
    stored = await faulty.table("directory").get("p", "r")
    assert stored == row("r", value=1)
    assert etag_of(stored) == etag


@pytest.mark.parametrize("faults", [["lose"], ["lose", "drop"], ["lose", 503]])
async def test_a_create_whose_answer_was_lost_has_succeeded(
    faulty: Storage, account: FaultyAccount, faults: list[str | int]
) -> None:
    account.faults = faults
    table = faulty.table("directory")
    etags = await table.transact([insert(row("d:1", name="Mira", n=2.5)), upsert(row("h:1")), insert(row("o:1"))])
    stored = await table.query("p", "", "~")
    assert stored == [row("d:1", name="Mira", n=2.5), row("h:1"), row("o:1")]
    assert etags == [etag_of(each) for each in stored]


OWN = [insert(row("d:1", name="Mira"), own=True), upsert(row("h:1")), insert(row("n:1", change=1), own=True)]
OWN += [insert(row("o:1", members="[]"), own=True)]


@pytest.mark.parametrize(
    "others",
    [
        [delete("p", "n:1")],
        [merge(row("o:1", times=1))],
        [delete("p", "o:1"), delete("p", "n:1")],
        [merge(row("d:1", name="Mira Okafor")), delete("p", "n:1")],
    ],
    ids=["folded", "marked", "swept", "changed"],
)
async def test_a_create_whose_answer_was_lost_has_succeeded_whatever_others_did_since(
    storage: Storage, faulty: Storage, account: FaultyAccount, others: list[Operation]
) -> None:
    """The sweeper folds and marks, another request changes what was created."""
    account.faults = ["lose"]
    account.meanwhile = lambda: storage.table("directory").transact(others)
    etags = await faulty.table("directory").transact(OWN)
    assert len(etags) == len(OWN)


async def test_a_change_of_members_whose_answer_was_lost_has_succeeded_though_the_group_changed_since(
    storage: Storage, faulty: Storage, account: FaultyAccount
) -> None:
    await storage.table("directory").transact([insert(row("d:g", generation="1"))])
    account.faults = ["lose"]
    account.meanwhile = lambda: storage.table("directory").transact([merge(row("d:g", generation="3"))])
    touched = [merge(row("d:g", generation="2")), insert(row("o:2"), own=True), upsert(row("m:g:u"))]
    assert len(await faulty.table("directory").transact(touched)) == 3


async def test_an_etag_that_is_not_known_overwrites_nothing(storage: Storage) -> None:
    table = storage.table("directory")
    await table.transact([insert(row("r", value=1))])
    with pytest.raises(Changed):
        await table.transact([replace(row("r", value=2), "")])
    assert await table.get("p", "r") == row("r", value=1)


async def test_a_change_whose_answer_was_lost_has_succeeded(faulty: Storage, account: FaultyAccount) -> None:
    table = faulty.table("directory")
    old = await table.transact([insert(row("r", a=1, b=1)), insert(row("m", a=1, b=1)), insert(row("gone"))])
    account.faults = ["lose"]
    new = await table.transact([replace(row("r", a=2), old[0]), merge(row("m", a=2), old[1]), delete("p", "gone")])
    stored = await table.query("p", "", "~")
    assert stored == [row("m", a=2, b=1), row("r", a=2)]
    assert new == [etag_of(stored[1]), etag_of(stored[0]), ""]


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (insert(row("r", value=1)), Exists),
        (insert(row("r")), Exists),
        (replace(row("missing"), 'W/"x"'), Missing),
        (delete("p", "r", "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\""), Changed),
    ],
)
async def test_what_others_did_is_still_refused_after_a_lost_answer(
    storage: Storage, faulty: Storage, account: FaultyAccount, operation: Operation, error: type[Exception]
) -> None:
    await storage.table("directory").transact([insert(row("r", value=2))])
    account.faults = ["lose"]
    with pytest.raises(error) as caught:
        await faulty.table("directory").transact([insert(row("new")), operation])
    assert caught.value.index == 1  # type: ignore[attr-defined]
    assert await storage.table("directory").get("p", "new") is None


@pytest.mark.parametrize("fault", ["lose", "drop", 500])
async def test_a_write_that_could_be_done_twice_is_not_sent_again(
    faulty: Storage, account: FaultyAccount, fault: str | int
) -> None:
    account.faults = [fault]
    with pytest.raises(StoreError, match="may have been made"):
        await faulty.table("directory").transact([upsert(row("r"))])
    assert account.requests == [BATCH]


async def test_a_write_that_was_turned_away_is_sent_again_whatever_it_is(
    faulty: Storage, account: FaultyAccount
) -> None:
    account.faults = [503, 429]
    await faulty.table("directory").transact([upsert(row("r"))])
    assert account.requests == [BATCH] * 3


@pytest.mark.parametrize("fault", [503, 500, "drop", "lose"])
async def test_a_message_is_sent_again(
    storage: Storage, faulty: Storage, account: FaultyAccount, fault: str | int
) -> None:
    account.faults = [fault]
    await faulty.queue("provisioning-jobs").send({"v": 1}, delay=timedelta(hours=1))
    assert await storage.queue("provisioning-jobs").length() == (2 if fault == "lose" else 1), "a job may come twice"


@pytest.mark.parametrize("fault", [503, 429, 500])
async def test_there_is_an_end_to_trying(faulty: Storage, account: FaultyAccount, fault: str | int) -> None:
    account.faults = [fault] * 9
    with pytest.raises(StoreError, match="4 tries"):
        await faulty.table("directory").get("p", "r")
    assert len(account.requests) == 4


async def test_storage_is_asked_again_no_sooner_than_it_says(faulty: Storage, account: FaultyAccount) -> None:
    account.faults = [503]
    account.headers = {"Retry-After": "1"}
    began = time.monotonic()
    assert await faulty.table("directory").get("p", "r") is None
    assert time.monotonic() - began >= 1


async def test_a_page_that_is_empty_is_not_the_last(storage: Storage, faulty: Storage, account: FaultyAccount) -> None:
    await storage.table("directory").transact([insert(row("r1")), insert(row("r2"))])
    account.faults = ["empty", "empty"]
    assert await faulty.table("directory").query("p", "r", "s") == [row("r1"), row("r2")]


async def test_an_account_out_of_reach_is_a_store_error_without_the_signature() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    endpoints = "".join(f"{kind}Endpoint=http://127.0.0.1:{port}/a;" for kind in ("Table", "Queue"))
    storage = Storage.from_connection_string(f"AccountName=a;AccountKey=a2V5;{endpoints}", pauses=(0.01,))
    calls = [
        lambda: storage.table("directory").get("p", "r"),
        lambda: storage.table("directory").transact([insert(row("r"))]),
        lambda: storage.table("directory").transact([upsert(row("r"))]),
        lambda: storage.table("directory").query("p", "", "~"),
        lambda: storage.queue("provisioning-jobs").send({}),
    ]
    for call in calls:
        with pytest.raises(StoreError, match="does not answer") as caught:
            await call()
        assert "sig=" not in "".join(traceback.format_exception(caught.value))
        assert caught.value.__context__ is None
    await storage.close()


async def test_a_missing_table_or_queue_is_a_store_error(storage: Storage) -> None:
    """What a missing table held is not known: nobody may take it for deleted, and delete accounts for it."""
    nowhere = storage.table("nowhere")
    for read in (nowhere.get("p", "r"), nowhere.query("p", "", "~")):
        with pytest.raises(StoreError, match="restore the table"):
            await read
    with pytest.raises(StoreError):
        await nowhere.transact([insert(row("r"))])
    with pytest.raises(StoreError, match="404 QueueNotFound"):
        await storage.queue("nowhere").send({})
    assert await storage.queue("nowhere").length() == 0
