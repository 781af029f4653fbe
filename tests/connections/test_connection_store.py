"""Connections as they stand in the table."""

import asyncio
import secrets
from dataclasses import replace

import pytest

from connectors.contract import ObjectKind
from provisioning.connections.connection import Connection, Features
from provisioning.connections.store import (
    PARTITION,
    TABLE,
    ConnectionChanged,
    ConnectionExists,
    ConnectionMissing,
    ConnectionStore,
    TooManyConnections,
)
from provisioning.storage.entities import TooLarge, insert, merge
from provisioning.storage.store import Storage

ONE = Connection(
    id="one",
    name="Öffentliches Verzeichnis",
    kind="ldap",
    enabled=True,
    settings={"url": "ldaps://dc1", "password": "env:LOCKSTEP_SECRET_P", "nested": {"a": [1, None, True]}},
    features=Features(delete_users=False),
    matching={ObjectKind.USER: ("mail", "uid"), ObjectKind.GROUP: ()},
    deletion="deactivate",
)


async def test_a_connection_is_read_as_it_was_written(connections: ConnectionStore) -> None:
    stored = await connections.create(ONE)
    assert stored == replace(ONE, revision=stored.revision)
    assert await connections.get("one") == stored


async def test_connections_are_listed_by_id(connections: ConnectionStore) -> None:
    for connection_id in ("b-2", "a", "9", "-x"):
        await connections.create(replace(ONE, id=connection_id))
    assert [each.id for each in await connections.list()] == ["-x", "9", "a", "b-2"]


async def test_every_write_makes_a_new_revision(connections: ConnectionStore) -> None:
    first = await connections.create(ONE)
    second = await connections.update(replace(first, name="Two"))
    third = await connections.enable("one", enabled=False)
    assert len({first.revision, second.revision, third.revision}) == 3
    assert third == replace(second, enabled=False, revision=third.revision)


async def test_an_id_belongs_to_one_connection(connections: ConnectionStore) -> None:
    await connections.create(ONE)
    with pytest.raises(ConnectionExists, match="one"):
        await connections.create(ONE)


async def test_a_change_of_what_is_no_longer_there_as_it_was_read_is_refused(connections: ConnectionStore) -> None:
    first = await connections.create(ONE)
    second = await connections.update(replace(first, name="Two"))
    for outdated in (connections.update(replace(first, name="Three")), connections.delete(first)):
        with pytest.raises(ConnectionChanged):
            await outdated
    assert await connections.get("one") == second


async def test_of_changes_at_the_same_time_one_wins(connections: ConnectionStore) -> None:
    first = await connections.create(ONE)
    done = await asyncio.gather(
        *(connections.update(replace(first, name=f"Name {number}")) for number in range(8)), return_exceptions=True
    )
    winners = [each for each in done if isinstance(each, Connection)]
    assert [await connections.get("one")] == winners
    assert sum(isinstance(each, ConnectionChanged) for each in done) == 7


async def test_enabling_and_disabling_by_several_at_once_loses_to_nobody(connections: ConnectionStore) -> None:
    await connections.create(ONE)
    await asyncio.gather(*(connections.enable("one", enabled=False) for _ in range(4)))
    assert not (await connections.get("one")).enabled


async def test_what_is_not_there_is_missing(connections: ConnectionStore) -> None:
    for verb in (
        connections.get("one"), connections.update(ONE), connections.delete(ONE), connections.enable("one"),
    ):  # fmt: skip
        with pytest.raises(ConnectionMissing, match="one"):
            await verb


@pytest.mark.parametrize("connection_id", ["", "a/b", "a#b", "a?b", "\\", "a\x00b", "x" * 2000, "é", "A"])
async def test_what_cannot_be_an_id_is_missing_and_not_a_fault(
    connections: ConnectionStore, connection_id: str
) -> None:
    with pytest.raises(ConnectionMissing):
        await connections.get(connection_id)


async def test_a_deleted_connection_is_gone_but_for_its_id_and_name(
    connections: ConnectionStore, storage: Storage
) -> None:
    await connections.delete(await connections.create(ONE))
    with pytest.raises(ConnectionMissing):
        await connections.get("one")
    assert await connections.list() == []
    assert await connections.names() == {"one": ONE.name}
    with pytest.raises(ConnectionExists, match="cannot be used again"):
        await connections.create(ONE)
    row = await storage.table(TABLE).get(PARTITION, "one")
    assert row is not None
    assert "settings" not in row


async def test_active_connections_are_the_enabled_ones(connections: ConnectionStore) -> None:
    one = await connections.create(ONE)
    await connections.create(replace(ONE, id="two", enabled=False))
    assert list(await connections.active()) == [one]


async def test_a_process_sees_its_own_writes_at_once(connections: ConnectionStore) -> None:
    one = await connections.create(ONE)
    await connections.active()
    await connections.enable("one", enabled=False)
    assert list(await connections.active()) == []
    two = await connections.create(replace(ONE, id="two"))
    assert list(await connections.active()) == [two]
    await connections.delete(two)
    assert list(await connections.active()) == []
    assert one.enabled


async def test_another_process_sees_them_when_its_cache_has_run_out(storage: Storage) -> None:
    here, there = ConnectionStore(storage), ConnectionStore(storage, active_seconds=0.2)
    assert list(await there.active()) == []
    one = await here.create(ONE)
    assert list(await there.active()) == []
    await asyncio.sleep(0.25)
    assert list(await there.active()) == [one]


async def test_a_feature_that_the_row_does_not_know_has_its_default_and_a_strange_one_is_passed_over(
    connections: ConnectionStore, storage: Storage
) -> None:
    await connections.create(ONE)
    features = '{"create_users":false,"read_minds":true}'
    await storage.table(TABLE).transact([merge({"PartitionKey": PARTITION, "RowKey": "one", "features": features})])
    assert (await connections.get("one")).features == Features(create_users=False)


async def test_settings_may_hold_certificates(connections: ConnectionStore) -> None:
    stored = await connections.create(replace(ONE, settings={"ca": secrets.token_hex(100_000)}))
    assert await connections.get("one") == stored


async def test_settings_that_a_row_cannot_hold_are_refused_and_nothing_is_written(connections: ConnectionStore) -> None:
    with pytest.raises(TooLarge):
        await connections.create(replace(ONE, settings={"ca": secrets.token_hex(1_200_000)}))
    assert await connections.list() == []


async def test_there_is_an_end_to_connections(connections: ConnectionStore, storage: Storage) -> None:
    await connections.create(ONE)
    row = await storage.table(TABLE).get(PARTITION, "one")
    assert row is not None
    await storage.table(TABLE).transact([insert({**row, "RowKey": f"c-{number}"}) for number in range(99)])
    with pytest.raises(TooManyConnections, match="100"):
        await connections.create(replace(ONE, id="more"))
