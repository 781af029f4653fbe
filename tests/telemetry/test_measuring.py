"""The gauges of the timer ``measure``: what waits, what is behind and since when, what is stopped, what ends soon."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import NoReturn

import pytest

import function_app
from benchmarks.counting import RoundTrips
from connectors.errors import Misconfigured, Rejected, Unavailable
from provisioning.connections.connection import Connection
from provisioning.connections.key_vault import KeyVaultSecrets
from provisioning.connections.secrets import Secrets
from provisioning.engine.jobs import Job, JobType
from provisioning.engine.measuring import Measuring
from provisioning.storage.entities import StoreError, insert
from sandbox.key_vault.server import Served
from tests.engine.conftest import USER, World, empty_world, settings, world
from tests.key_vault_server import app_identity, key_vault, vault_certificates, vault_clock, vault_secrets
from tests.telemetry.conftest import Recorded

__all__ = [
    "app_identity",
    "empty_world",
    "key_vault",
    "settings",
    "vault_certificates",
    "vault_clock",
    "vault_secrets",
    "world",
]

MINUTE = datetime(2026, 11, 23, 12, 5, 30, tzinfo=UTC)
TENTH = datetime(2026, 11, 23, 12, 10, 30, tzinfo=UTC)


def told(recorded: Recorded) -> dict[tuple[str, ...], float]:
    """The values by name and attributes' values; each is told once."""
    values = {(name.removeprefix("lockstep."), *attributes.values()): value for name, value, attributes in recorded}
    assert len(values) == len(recorded)
    return values


async def test_where_all_is_well_ages_and_counts_are_zero(world: World, recorded: Recorded) -> None:
    await world.hub.measuring.measure(MINUTE)
    assert told(recorded) == {
        ("queue.waiting",): 0,
        ("queue.poison",): 0,
        ("queue.oldest",): 0,
        ("outbox.pending",): 0,
        ("outbox.oldest",): 0,
        ("links.oldest", "target"): 0,
    }


async def test_what_waits_is_told_with_the_age_of_the_oldest(world: World, recorded: Recorded) -> None:
    await world.user("mira")
    await world.user("noor")
    recorded.clear()
    await world.hub.measuring.measure(datetime.now(UTC) + timedelta(minutes=2))
    values = told(recorded)
    assert (values[("queue.waiting",)], values[("outbox.pending",)]) == (2, 2)
    assert 119 <= values[("queue.oldest",)] < 130
    assert 119 <= values[("outbox.oldest",)] < 130


async def test_a_link_is_behind_since_its_first_failure_however_often_it_is_tried(
    world: World, recorded: Recorded
) -> None:
    world.target.failure = Rejected("x", code="memory.refused")
    mira = await world.user("mira")
    await world.settle()
    first = await world.link(mira)
    assert first.since is not None
    await asyncio.sleep(0.05)
    await world.run([Job(JobType.CONVERGE, "target", USER, mira.id, due=True)])
    again = await world.link(mira)
    assert (again.attempts, again.since) == (first.attempts + 1, first.since)
    recorded.clear()
    await world.hub.measuring.measure(first.since + timedelta(hours=3))
    values = told(recorded)
    assert values[("links.behind", "target", "escrowed")] == 1
    assert values[("links.oldest", "target")] == pytest.approx(3 * 3600, abs=1)
    world.target.failure = None
    await world.run([Job(JobType.CONVERGE, "target", USER, mira.id, due=True)])
    assert (await world.link(mira)).since is None


async def test_a_stopped_connection_is_told_with_its_state(world: World, recorded: Recorded) -> None:
    connection = await world.hub.connections.get("target")
    await world.hub.circuits.quarantine(connection, Misconfigured("x", code="ldap.invalidCredentials"))
    await world.hub.measuring.measure(MINUTE)
    assert told(recorded)[("connections.stopped", "target", "quarantined")] == 1


async def test_a_system_that_nobody_asks_any_more_is_not_told_as_away(world: World, recorded: Recorded) -> None:
    """Who waited for it was deleted, say: its circuit stays open until the next change, and no alert may."""
    connection = await world.hub.connections.get("target")
    for _ in range(3):
        await world.hub.circuits.failed(connection, Unavailable("x", code="ldap.timeout"))
    now, stopped = datetime.now(UTC), ("connections.stopped", "target", "unavailable")
    for minutes, expected in ((0, 1), (10, 1), (30, 0)):
        recorded.clear()
        await world.hub.measuring.measure(now + timedelta(minutes=minutes))
        assert (stopped in told(recorded)) == expected, minutes
    world.target.failure = Rejected("x", code="memory.refused")
    await world.hub.circuits.free(connection)
    await world.user("mira")
    await world.settle()
    for _ in range(3):
        await world.hub.circuits.failed(connection, Unavailable("x", code="ldap.timeout"))
    recorded.clear()
    await world.hub.measuring.measure(now + timedelta(minutes=30))
    assert stopped in told(recorded), "somebody waits for it"


async def test_credentials_are_told_every_ten_minutes_by_the_one_that_ends_first(
    world: World, recorded: Recorded
) -> None:
    now = datetime.now(UTC)
    await world.hub.sources.create("hr", "HR")
    await world.hub.sources.issue("hr", "later", now + timedelta(days=100, hours=2))
    await world.hub.sources.issue("hr", "first", now + timedelta(days=45, hours=2))
    await world.hub.measuring.measure(now.replace(minute=5))
    assert not [name for name, _, _ in recorded if name == "lockstep.credentials.days_left"]
    recorded.clear()
    await world.hub.measuring.measure(now.replace(minute=10))
    assert told(recorded)[("credentials.days_left", "hr", "source")] in {44, 45}


async def test_a_secret_of_the_vault_is_read_where_nobody_has_and_told(
    world: World, key_vault: Served, vault_secrets: KeyVaultSecrets, recorded: Recorded
) -> None:
    now = datetime.now(UTC).replace(minute=10)
    key_vault.vault.put("ldap-password", "correct horse", expires=now + timedelta(days=200, hours=1))
    settings = {"directory": "vaulted", "note": "vault:ldap-password", "other": "vault:not-there"}
    connection = Connection("vaulted", "Vaulted", "memory", enabled=True, settings=settings)
    await world.hub.connections.create(connection)
    await Measuring(world.hub.health, Secrets(vault_secrets)).measure(now)
    assert told(recorded)[("credentials.days_left", "ldap-password", "vault")] == 200


async def test_of_a_secret_that_no_connection_names_any_more_nothing_is_told(
    world: World, key_vault: Served, vault_secrets: KeyVaultSecrets, recorded: Recorded
) -> None:
    now = datetime.now(UTC).replace(minute=10)
    key_vault.vault.put("former", "correct horse", expires=now - timedelta(days=1))
    secrets = Secrets(vault_secrets)
    await secrets.resolve("vault:former")
    await Measuring(world.hub.health, secrets).measure(now)
    assert not [name for name, _, _ in recorded if name == "lockstep.credentials.days_left"]


async def test_what_can_be_read_is_told_while_tables_cannot(
    world: World, recorded: Recorded, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> NoReturn:
        raise StoreError("Storage does not answer.")

    caplog.set_level("INFO")
    monkeypatch.setattr(world.hub.health.links.table, "query", lambda *_, **__: away())
    monkeypatch.setattr(world.hub.sources, "list", away)
    with pytest.raises(StoreError):
        await world.hub.measuring.measure(TENTH)
    values = told(recorded)
    assert {("queue.waiting",), ("queue.poison",), ("queue.oldest",), ("outbox.pending",)} <= set(values)
    (line,) = [json.loads(each.getMessage()) for each in caplog.records if "hub measured" in each.getMessage()]
    assert (line["poison"], line["failures"]) == (0, 2)


async def test_a_connection_whose_rows_cannot_be_read_does_not_hide_another(world: World, recorded: Recorded) -> None:
    """As a version does that was rolled back, of what a later one has written."""
    await world.connect("another")
    row = {"PartitionKey": "another", "RowKey": "d:0:l:u-x", "status": "ofALaterVersion"}
    await world.hub.links.write([insert(row)])
    with pytest.raises(ValueError, match="ofALaterVersion"):
        await world.hub.measuring.measure(MINUTE)
    assert ("links.oldest", "target") in told(recorded)


async def test_a_clock_of_an_earlier_version_is_counted_and_has_no_age(world: World, recorded: Recorded) -> None:
    row = {"PartitionKey": "target", "RowKey": "d:0:l:u-x", "status": "escrowed"}
    await world.hub.links.write([insert(row)])
    await world.hub.measuring.measure(MINUTE)
    values = told(recorded)
    assert (values[("links.behind", "target", "escrowed")], values[("links.oldest", "target")]) == (1, 0)


async def test_what_was_measured_is_sent_although_some_of_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = []

    async def broken() -> None:
        raise StoreError("Storage does not answer.")

    async def flush() -> None:
        flushed.append(True)

    opened = SimpleNamespace(measuring=SimpleNamespace(measure=broken), telemetry=SimpleNamespace(flush=flush))

    async def hub() -> SimpleNamespace:
        return opened

    monkeypatch.setattr(function_app, "hub", hub)
    run = function_app.measure._function.get_user_function()
    with pytest.raises(StoreError):
        await run(None, SimpleNamespace(trace_context=SimpleNamespace(trace_parent="")))
    assert flushed == [True]


async def test_a_line_in_the_log_has_the_counts(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    await world.user("mira")
    caplog.clear()
    await world.hub.measuring.measure(MINUTE)
    (line,) = [json.loads(each.getMessage()) for each in caplog.records if "hub measured" in each.getMessage()]
    assert {name: line[name] for name in ("waiting", "outbox", "poison", "behind", "stopped", "connections")} == {
        "waiting": 1,
        "outbox": 1,
        "poison": 0,
        "behind": 0,
        "stopped": 0,
        "connections": 1,
    }


async def test_measuring_costs_five_round_trips_and_two_for_each_connection(world: World, trips: RoundTrips) -> None:
    await world.connect("another")
    with trips.counted() as counted:
        await world.hub.measuring.measure(MINUTE)
    assert len(counted) == 5 + 2 * 2 + 1, "and the connections, which other tests do not keep either"
