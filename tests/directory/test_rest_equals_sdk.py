"""Rows that are written by our own REST calls and by Azure's SDK are the same, and so is what is read and refused."""

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from azure.data.tables import EdmType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.directory.keys import encode
from provisioning.storage.entities import (
    Changed,
    Condition,
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
from provisioning.storage.store import Storage, Table
from tests.directory.sdk_reference import Reference, reference

LENIENT = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
_numbers = itertools.count()


class Both:
    """One table, by both."""

    def __init__(self, ours: Table, sdk: Reference) -> None:
        self.ours = ours
        self.sdk = sdk


@pytest.fixture
async def both(storage: Storage, azurite_connection: str) -> AsyncIterator[Both]:
    """The table of one test."""
    ours = storage.table("directory")
    async with reference(azurite_connection, ours._name) as sdk:
        yield Both(ours, sdk)


TEXTS = st.text(max_size=30) | st.sampled_from(
    [
        *("", " ", "'", '"', "''", "\\", "}", "{", "{}", "\n", "\r\n", "\t", "\0", "\x1f", "\x7f", "\u2028", "\u2029"),
        *("--changeset_lockstep--", "\r\n--batch_lockstep--\r\n", "HTTP/1.1 409 Conflict\r\n\r\n", "https://x/y"),
        *("Ünïcödé", "日本語", "😀👩‍👩‍👧", "e\u0301", "\ufeff", "\u202e", "<a&b>", "%27", "+", "null", "true", "1"),
    ]
)
VALUES = (
    TEXTS
    | st.booleans()
    | st.integers(-(2**31), 2**31 - 1)
    | st.floats()
    | st.binary(max_size=50)
    | st.datetimes(datetime(1601, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
    | st.none()
)
PROPERTIES = st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True), VALUES, max_size=8)


def shown(row: dict[str, Any] | None) -> dict[str, str]:
    """Properties and their types, where NaN equals NaN and the SDK's own kinds of date and number are plain."""
    if row is None:
        return {}
    return {name: repr(_plain(value)) for name, value in row.items() if name != "PartitionKey"}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value[0] if isinstance(value, tuple) else value


@LENIENT
@given(PROPERTIES)
async def test_both_write_the_same_row_and_read_the_same_values(both: Both, properties: dict[str, Any]) -> None:
    properties = {name: value for name, value in properties.items() if name not in {"PartitionKey", "RowKey"}}
    keys = {"RowKey": f"r{next(_numbers)}"}
    ours, sdk = ({"PartitionKey": partition, **keys, **properties} for partition in ("ours", "sdk"))
    await both.ours.transact([insert(ours)])
    await both.sdk.transact([insert(sdk)])
    written = [shown(await both.sdk.get(partition, keys["RowKey"])) for partition in ("ours", "sdk")]
    assert written[0] == written[1]
    read = [shown(await both.ours.get(partition, keys["RowKey"])) for partition in ("ours", "sdk")]
    assert read == written


@pytest.mark.parametrize("value", ["x" * 32_767, "é" * 32_767, "😀" * 16_383, "\n" * 32_767, b"\0\xff" * 32_768])
async def test_the_largest_values_come_back_whole(both: Both, value: str | bytes) -> None:
    await both.ours.transact([insert({"PartitionKey": "p", "RowKey": "r", "value": value})])
    stored, reference_read = await both.ours.get("p", "r"), await both.sdk.get("p", "r")
    assert stored is not None
    assert reference_read is not None
    assert stored["value"] == reference_read["value"] == value


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**63 - 1, -(2**63)])
async def test_numbers_beyond_32_bits_are_the_sdks_int64(both: Both, value: int) -> None:
    await both.ours.transact([insert({"PartitionKey": "p", "RowKey": "ours", "value": value})])
    await both.sdk.transact([insert({"PartitionKey": "p", "RowKey": "sdk", "value": (value, EdmType.INT64)})])
    for row in ("ours", "sdk"):
        stored, other = await both.ours.get("p", row), await both.sdk.get("p", row)
        assert stored is not None
        assert other is not None
        assert stored["value"] == value
        assert other["value"] == (value, EdmType.INT64)


class Kind(StrEnum):
    """A kind."""

    ONE = "one"


async def test_enums_and_times_of_other_zones_are_stored_as_the_sdk_stores_them(both: Both) -> None:
    moment = datetime(2026, 11, 23, 1, 2, 3, 4, timezone(timedelta(hours=-5)))
    properties = {"kind": Kind.ONE, "at": moment, "whole": 3.0, "zero": -0.0}
    await both.ours.transact([insert({"PartitionKey": "p", "RowKey": "r", **properties})])
    await both.sdk.transact([insert({"PartitionKey": "q", "RowKey": "r", **properties})])
    assert shown(await both.sdk.get("p", "r")) == shown(await both.sdk.get("q", "r"))
    assert shown(await both.ours.get("p", "r")) == shown(await both.sdk.get("q", "r"))


KEYS = st.text(st.characters(exclude_categories=["C"], exclude_characters="/\\#?"), min_size=1, max_size=40).filter(
    lambda key: not key.startswith(",")  # the emulator finds no such key in a transaction, whoever sends it
)


@LENIENT
@given(KEYS | st.text(max_size=80).map(encode).map(lambda key: f"x:{key}"), KEYS)
async def test_both_find_a_row_by_any_key(both: Both, row: str, partition: str) -> None:
    partition = f"{partition}{next(_numbers)}"
    (etag,) = await both.ours.transact([insert({"PartitionKey": partition, "RowKey": row, "value": 1})])
    stored = await both.ours.get(partition, row)
    assert stored == await both.sdk.get(partition, row) == {"PartitionKey": partition, "RowKey": row, "value": 1}
    assert etag == etag_of(stored) == await both.sdk.etag(partition, row)
    (scanned,) = await both.ours.query(partition, row, row + "\x20")
    assert scanned == stored
    assert etag_of(scanned) == etag
    await both.ours.transact([replace({**stored, "value": 2}, etag)])
    await both.sdk.transact([merge({"PartitionKey": partition, "RowKey": row, "more": 3})])
    assert await both.ours.get(partition, row) == {**stored, "value": 2, "more": 3}
    await both.ours.transact([delete(partition, row)])
    assert await both.sdk.get(partition, row) is None


STEPS = st.tuples(
    st.sampled_from(["insert", "upsert", "replace", "merge", "delete"]),
    st.sampled_from(["", "", "current", "stale"]),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 9) | TEXTS, max_size=3),
)
TRANSACTIONS = st.dictionaries(st.sampled_from(["r1", "r2", "r3", "r4"]), STEPS, min_size=1, max_size=4)
STALE = "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\""


@LENIENT
@given(st.lists(TRANSACTIONS, min_size=1, max_size=6))
async def test_any_transactions_end_alike_and_leave_the_same_rows(
    both: Both, history: list[dict[str, tuple[str, str, dict[str, Any]]]]
) -> None:
    number = next(_numbers)
    for steps in history:
        outcomes = [await _outcome(both.ours, f"ours{number}", steps), await _outcome(both.sdk, f"sdk{number}", steps)]
        assert outcomes[0] == outcomes[1]
    left = [await both.sdk.rows(f"{side}{number}") for side in ("ours", "sdk")]
    assert [shown(row) for row in left[0]] == [shown(row) for row in left[1]]
    scanned = [row async for row in both.ours.scan(f"ours{number}", "", "~")]
    assert scanned == left[0]


async def _outcome(side: Table | Reference, partition: str, steps: dict[str, tuple[str, str, dict[str, Any]]]) -> Any:
    """What a transaction answers: which of its operations have an ETag, or which error and where."""
    operations: list[Operation] = []
    for row, (verb, condition, properties) in steps.items():
        entity = {"PartitionKey": partition, "RowKey": row, **properties}
        etag: str | None = STALE if condition == "stale" else None
        if condition == "current" and (stored := await side.get(partition, row)) is not None:
            etag = etag_of(stored) if isinstance(side, Table) else await side.etag(partition, row)
        match verb:
            case "insert":
                operations.append(insert(entity))
            case "upsert":
                operations.append(upsert(entity))
            case "replace":
                operations.append(replace(entity, etag))
            case "merge":
                operations.append(merge(entity, etag))
            case _:
                operations.append(delete(partition, row, etag))
    try:
        return [bool(etag) for etag in await side.transact(operations)]
    except (Exists, Missing, Changed) as error:
        return type(error), error.index
    except StoreError:
        return StoreError


async def test_both_scan_the_same_rows_over_many_pages(both: Both) -> None:
    rows = [{"PartitionKey": "p", "RowKey": f"d:{n:03}", "n": n, "active": n % 3 == 0} for n in range(230)]
    for start in range(0, 230, 100):
        await both.ours.transact([insert(row) for row in rows[start : start + 100]])
    await both.ours.transact([insert({"PartitionKey": "other", "RowKey": "d:001"})])
    assert [row async for row in both.ours.scan("p", "d:", "d;", page=40)] == rows == await both.sdk.rows("p")
    assert await both.ours.query("p", "d:010", "d:200", limit=7) == rows[10:17]
    keys = [{"RowKey": row["RowKey"]} for row in rows]
    assert [row async for row in both.ours.scan("p", "d:", "d;", select=["RowKey"], page=100)] == keys
    assert await both.ours.query("p", "e", "f") == []


@pytest.mark.parametrize(
    ("condition", "odata"),
    [
        (Condition("active", "eq", True), "active eq true"),
        (Condition("name", "eq", "O'Hara"), "name eq 'O''Hara'"),
        (Condition("at", "ge", datetime(2026, 1, 3, tzinfo=UTC)), "at ge datetime'2026-01-03T00:00:00.000000Z'"),
        (Condition("name", "lt", "b"), "name lt 'b'"),
    ],
)
async def test_a_condition_leaves_out_what_the_sdks_filter_leaves_out(
    both: Both, condition: Condition, odata: str
) -> None:
    names = ["a", "O'Hara", "b", "Ünï"]
    rows = [
        {"name": name, "active": n % 2 == 0, "at": datetime(2026, 1, 1 + n, tzinfo=UTC)} for n, name in enumerate(names)
    ]
    await both.ours.transact([insert({"PartitionKey": "p", "RowKey": str(n), **row}) for n, row in enumerate(rows)])
    found = [row async for row in both.ours.scan("p", "", "~", where=[condition])]
    assert 0 < len(found) < len(rows)
    assert found == await both.sdk.rows("p", odata)
