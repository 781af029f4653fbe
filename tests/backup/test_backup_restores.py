"""A backup brings the hub's tables back as they were: every row, every type, every partition."""

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from provisioning.backup import restoring
from provisioning.backup.restoring import RefusedToRestore, Restore
from provisioning.backup.runs import ORDER, MalformedBackup, Manifest, Position
from provisioning.backup.saving import Backup
from provisioning.hub import TABLES
from provisioning.storage.entities import Exists, Operation, StoreError, delete, insert, upsert
from provisioning.storage.store import Storage, Table
from tests.telemetry.conftest import Recorded, recorded

__all__ = ["recorded"]

ROWS: list[dict[str, Any]] = [
    {
        "PartitionKey": "users",
        "RowKey": f"d:u-{number:05d}",
        "text": "Mira Łoś \u2028 \\ 'quoted' /#?",
        "whole": number,
        "large": 2**40 + number,
        "share": 0.5,
        "when": datetime(2026, 11, 23, 2, 47, 0, 123456, tzinfo=UTC),
        "octets": b"\x00\xff",
        "true": True,
    }
    for number in range(230)
] + [{"PartitionKey": "groups", "RowKey": "d:g-1", "text": ""}]


def progress(*_: object) -> None:
    """Nobody looks."""


def backup(storage: Storage, tables: tuple[str, ...] = ("links", "directory"), pages: int = 20) -> Backup:
    return Backup(storage, storage.container("backups"), tables, timedelta(days=30), pages)


async def saved(storage: Storage, tables: tuple[str, ...] = ("links", "directory")) -> Manifest:
    saving = backup(storage, tables)
    at: Position | None = saving.begin()
    assert at is not None
    run = at.run
    while at is not None:
        at = await saving.step(at)
    return await Restore(storage, storage.container("backups")).manifest(run)


async def rows(storage: Storage, table: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Every row but the number of resources, which a restore counts anew."""
    found = {}
    for partition in ("users", "groups", "connections"):
        async for row in storage.table(table).scan(partition, "-", "~"):
            if row["RowKey"] != "n:!":
                found[row["PartitionKey"], row["RowKey"]] = dict(row)
    return found


@pytest.fixture
async def filled(storage: Storage) -> Storage:
    table = storage.table("directory")
    for start in range(0, len(ROWS) - 1, 100):
        await table.transact([insert(row) for row in ROWS[start : min(start + 100, len(ROWS) - 1)]])
    await table.transact([insert(ROWS[-1])])
    return storage


async def wipe(storage: Storage) -> None:
    for partition, row in await rows(storage, "directory"):
        await storage.table("directory").transact([delete(partition, row)])


def test_every_table_of_the_hub_is_backed_up() -> None:
    assert set(ORDER) == set(TABLES)


async def test_what_is_restored_is_what_was_saved(filled: Storage) -> None:
    before = await rows(filled, "directory")
    manifest = await saved(filled)
    await wipe(filled)
    assert await rows(filled, "directory") == {}
    await Restore(filled, filled.container("backups")).restore(manifest, ["directory"], over=False, progress=progress)
    assert await rows(filled, "directory") == before
    assert len(before) == manifest.rows("directory") == 231


async def test_the_newest_whole_backup_is_the_latest(filled: Storage) -> None:
    manifest = await saved(filled)
    restore = Restore(filled, filled.container("backups"))
    half = backup(filled)
    await half.step(Position("29991231T000000Z", "links"))
    assert await restore.manifest("latest") == manifest
    assert await restore.runs() == [manifest.run]


async def test_a_step_done_twice_ends_in_the_same_files(filled: Storage) -> None:
    saving = backup(filled, pages=1)
    first = saving.begin()
    second = await saving.step(first)
    assert second is not None
    before = await filled.container("backups").get(second.blob.replace("directory", "links"))
    await filled.table("links").transact([insert({"PartitionKey": "later", "RowKey": "x"})])
    assert await saving.step(first) == second
    assert await filled.container("backups").get(first.blob) == before
    assert await saving.step(second) is None
    assert await saving.step(second) is None
    manifest = await Restore(filled, filled.container("backups")).manifest(first.run)
    assert [part.rows for part in manifest.parts] == [231, 0]


async def test_a_table_of_several_parts_is_restored_whole(filled: Storage) -> None:
    table = filled.table("directory")
    for start in range(0, 2000, 100):
        await table.transact(
            [insert({"PartitionKey": "users", "RowKey": f"h:{number:05d}"}) for number in range(start, start + 100)]
        )
    before = await rows(filled, "directory")
    saving = backup(filled, ("directory",), pages=1)
    at: Position | None = saving.begin()
    run = at.run if at else ""
    while at is not None:
        at = await saving.step(Position.parse(str(at)))
    restore = Restore(filled, filled.container("backups"))
    manifest = await restore.manifest(run)
    assert len(manifest.parts) == 3
    await wipe(filled)
    await restore.restore(manifest, ["directory"], over=False, progress=progress)
    assert await rows(filled, "directory") == before


async def test_restoring_over_rows_is_refused_unless_asked_for(filled: Storage) -> None:
    manifest = await saved(filled)
    restore = Restore(filled, filled.container("backups"))
    await filled.table("directory").transact([upsert({**ROWS[0], "text": "changed since"})])
    await filled.table("directory").transact([insert({"PartitionKey": "users", "RowKey": "new"})])
    with pytest.raises(RefusedToRestore, match=r"directory is not empty.*--over"):
        await restore.restore(manifest, ["directory"], over=False, progress=progress)
    await restore.restore(manifest, ["directory"], over=True, progress=progress)
    now = await rows(filled, "directory")
    assert now["users", "d:u-00000"]["text"] == ROWS[0]["text"]
    assert ("users", "new") in now


@pytest.mark.parametrize("table", ["directory", "links"])
async def test_nothing_that_jobs_act_on_is_restored_while_a_connection_is_enabled(filled: Storage, table: str) -> None:
    manifest = await saved(filled)
    row = {"PartitionKey": "connections", "RowKey": "ad", "enabled": True}
    await filled.table("connections").transact([insert(row)])
    restore = Restore(filled, filled.container("backups"))
    with pytest.raises(RefusedToRestore, match=r"enabled: ad.*Disable every connection"):
        await restore.restore(manifest, [table], over=True, progress=progress)


async def test_the_directory_is_not_restored_while_a_source_writes_to_it(filled: Storage) -> None:
    manifest = await saved(filled)
    await filled.table("sources").transact([insert({"PartitionKey": "sources", "RowKey": "s:entra", "enabled": True})])
    restore = Restore(filled, filled.container("backups"))
    with pytest.raises(RefusedToRestore, match=r"enabled: entra\..*Disable every source"):
        await restore.restore(manifest, ["directory"], over=True, progress=progress)


@pytest.mark.parametrize(("table", "key"), [("connections", "ad"), ("sources", "s:entra")])
async def test_connections_and_sources_come_back_disabled(storage: Storage, table: str, key: str) -> None:
    row = {"PartitionKey": table, "RowKey": key, "enabled": True, "name": "AD"}
    await storage.table(table).transact([insert(row)])
    manifest = await saved(storage, (table,))
    await storage.table(table).transact([delete(table, key)])
    await Restore(storage, storage.container("backups")).restore(manifest, [table], over=False, progress=progress)
    assert await storage.table(table).get(table, key) == {**row, "enabled": False}


async def test_a_transaction_whose_answer_was_lost_is_written_again(
    filled: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = await saved(filled)
    before = await rows(filled, "directory")
    await wipe(filled)
    monkeypatch.setattr(restoring, "_PAUSES", (0.0,))
    transact, failures = Table.transact, iter([StoreError("Storage did not answer; the change may have been made.")])

    async def lost(self: Table, operations: Sequence[Operation]) -> list[str]:
        done = await transact(self, operations)
        for failure in failures:
            raise failure
        return done

    monkeypatch.setattr(Table, "transact", lost)
    await Restore(filled, filled.container("backups")).restore(manifest, ["directory"], over=False, progress=progress)
    assert (await rows(filled, "directory")).items() >= before.items()


async def test_a_backup_by_hand_removes_no_other(filled: Storage) -> None:
    container = filled.container("backups")
    await container.ensure()
    await container.put("20200101T000000Z/manifest.json", b"{}", {})
    saving = Backup(filled, container, ("links",), kept=None)
    assert await saving.step(saving.begin()) is None
    assert "20200101T000000Z/manifest.json" in [blob.name async for blob in container.list()]


async def test_a_value_that_no_encoding_has_is_saved(filled: Storage) -> None:
    at = Position("20261123T024700Z", "links")

    class Page:
        async def page(self, token: str) -> tuple[list[dict[str, str]], str]:
            return [{"PartitionKey": "p", "RowKey": "r", "text": "\ud800"}], token

    class Odd:
        def table(self, _: str) -> Page:
            return Page()

    saving = Backup(cast(Storage, Odd()), filled.container("backups"), ("links",), None)
    assert await saving.step(at) is None
    manifest = await Restore(filled, filled.container("backups")).manifest(at.run)
    assert manifest.rows("links") == 1


def test_the_place_where_a_run_goes_on_has_no_blank_at_its_end() -> None:
    # It stands beside the blob, in a header of HTTP.
    at = Position("20261123T024700Z", "links")
    assert str(at) == str(at).strip()
    assert Position.parse(str(at)) == at


async def test_a_damaged_part_is_found_before_anything_is_written(filled: Storage) -> None:
    manifest = await saved(filled)
    container = filled.container("backups")
    (part,) = manifest.of("directory")
    await container.delete(part.name)
    await container.put(part.name, gzip.compress(b'{"PartitionKey":"users","RowKey":"evil"}\n'), {})
    await wipe(filled)
    restore = Restore(filled, container)
    with pytest.raises(MalformedBackup, match="SHA-256 differs"):
        await restore.restore(manifest, ["directory"], over=False, progress=progress)
    await container.delete(part.name)
    with pytest.raises(MalformedBackup, match="is missing"):
        await restore.restore(manifest, ["directory"], over=False, progress=progress)
    assert await rows(filled, "directory") == {}


async def test_backups_past_their_time_are_removed_half_ones_too(filled: Storage) -> None:
    container = filled.container("backups")
    await container.ensure()
    for name in ("20200101T000000Z/manifest.json", "20200102T000000Z/links/00000.jsonl.gz", "notes.txt"):
        await container.put(name, b"{}", {})
    manifest = await saved(filled)
    left = [blob.name async for blob in container.list()]
    assert [name for name in left if not name.startswith(manifest.run)] == ["notes.txt"]


async def test_a_blob_is_written_once(storage: Storage) -> None:
    container = storage.container("backups")
    await container.ensure()
    await container.put("a", b"1", {})
    with pytest.raises(Exists):
        await container.put("a", b"2", {})
    assert await container.get("a") == b"1"


@pytest.mark.parametrize(
    "text", ["", "x", "20261123T024700Z ../x 0 ", "20261123T024700Z links -1 ", "20261123T024700Z links 0 &$filter=x"]
)
def test_a_message_that_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(MalformedBackup):
        Position.parse(text)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", json.dumps({"format": 2, "run": "x"}).encode()])
def test_a_manifest_that_cannot_be_read_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(MalformedBackup, match="cannot be read"):
        Manifest.parse(content)


@pytest.mark.parametrize(
    "changed",
    [
        {"run": "../releases"},
        {"version": "\x1b[2J"},
        {"tables": ["links", "("]},
        {"parts": [{"name": "part", "rows": 1, "sha256": ""}]},
        {"parts": [{"name": "20260101T000000Z/links/00000.jsonl.gz", "rows": 1, "sha256": ""}]},
        {"parts": [{"name": "20261123T024700Z/links/../../../releases/x.zip", "rows": 1, "sha256": ""}]},
    ],
)
def test_a_manifest_that_leads_elsewhere_is_refused(changed: Mapping[str, Any]) -> None:
    part = {"name": "20261123T024700Z/links/00000.jsonl.gz", "rows": 1, "sha256": ""}
    good = {"format": 1, "run": "20261123T024700Z", "version": "0.1.0", "tables": ["links"], "parts": [part]}
    assert Manifest.parse(json.dumps(good).encode()).rows("links") == 1
    with pytest.raises(MalformedBackup, match="somebody has changed it"):
        Manifest.parse(json.dumps({**good, **changed}).encode())


async def test_a_finished_backup_is_counted_once(storage: Storage, recorded: Recorded) -> None:
    saving = backup(storage, ("links",))
    at = saving.begin()
    assert await saving.step(at) is None
    assert await saving.step(at) is None
    assert [value for name, value, _ in recorded if name == "lockstep.backups"] == [1]
