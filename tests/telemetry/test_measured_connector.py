"""A measured connector is the connector it measures, and tells each verb's time and outcome."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from connectors.contract import Account, Match, ObjectKind, Page, Reading
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from connectors.memory import DIRECTORIES, Directory, MemoryConnector
from connectors.memory.connector import MemorySettings
from provisioning.telemetry.measured import MeasuredConnector
from tests.telemetry.conftest import Recorded

USER = ObjectKind.USER


@pytest.fixture
def inner() -> MemoryConnector:
    """The connector inside."""
    DIRECTORIES["measured"] = Directory()
    return MemoryConnector.open(MemorySettings(directory="measured"))


@pytest.fixture
def measured(inner: MemoryConnector) -> MeasuredConnector:
    """The connector under test."""
    return MeasuredConnector(inner, "target")


def test_it_says_of_itself_what_the_other_one_says(inner: MemoryConnector, measured: MeasuredConnector) -> None:
    for name in ("kind", "title", "settings_model", "capabilities", "defaults", "keeps_memberships"):
        assert getattr(measured, name) == getattr(inner, name)


def test_every_verb_of_the_contract_is_measured() -> None:
    from connectors.contract import Connector

    verbs = {name for name, each in vars(Connector).items() if callable(each) and not name.startswith("_")}
    assert verbs - {"open_trusting"} <= set(vars(MeasuredConnector))


async def test_a_verb_is_recorded_with_its_outcome(measured: MeasuredConnector, recorded: Recorded) -> None:
    account = await measured.create(USER, {"login": "mira"}, active=True)
    await measured.find(Match(USER, "login", "mira"))
    with pytest.raises(NotFound):
        await measured.read(USER, "nobody")
    assert account.remote_id
    told = {"connection": "target", "kind": "memory"}
    assert [(name, attributes) for name, _, attributes in recorded] == [
        ("lockstep.connector.calls", told | {"verb": "create", "outcome": "ok"}),
        ("lockstep.connector.calls", told | {"verb": "find", "outcome": "ok"}),
        ("lockstep.connector.calls", told | {"verb": "read", "outcome": "missing"}),
    ]
    assert all(value > 0 for _, value, _ in recorded)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Unavailable("x", code="c"), "unavailable"),
        (Misconfigured("x", code="c"), "misconfigured"),
        (Rejected("x", code="c"), "rejected"),
        (NotFound("x", code="c"), "missing"),
        (AlreadyExists("x", code="c"), "exists"),
        (ConnectorError("x", code="c"), "failed"),
        (KeyError("x"), "failed"),
    ],
)
async def test_each_error_has_its_outcome(
    error: Exception,
    outcome: str,
    inner: MemoryConnector,
    measured: MeasuredConnector,
    recorded: Recorded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(*_: object) -> Account:
        raise error

    monkeypatch.setattr(inner, "read", broken)
    with pytest.raises(type(error)):
        await measured.read(USER, "x")
    assert [attributes["outcome"] for _, _, attributes in recorded] == [outcome]


async def test_a_call_that_took_longer_than_its_job_may_is_the_systems_and_no_fault_of_the_hub(
    inner: MemoryConnector, measured: MeasuredConnector, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: object) -> Account:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(inner, "read", slow)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await measured.read(USER, "x")
    assert [attributes["outcome"] for _, _, attributes in recorded] == ["unavailable"]


async def test_a_failure_is_a_line_with_its_code_and_without_its_text(
    inner: MemoryConnector,
    measured: MeasuredConnector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(*_: object) -> Account:
        raise Rejected("mira is refused", code="memory.refused")

    monkeypatch.setattr(inner, "read", broken)
    with pytest.raises(Rejected):
        await measured.read(USER, "x")
    (record,) = caplog.records
    line = json.loads(record.getMessage())
    assert (record.name, line["message"], line["code"]) == ("connectors.memory", "read failed", "memory.refused")
    assert "mira" not in record.getMessage()


async def test_changes_are_measured_page_by_page(
    inner: MemoryConnector, measured: MeasuredConnector, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []

    async def pages(_: str | None, __: Reading) -> AsyncIterator[Page]:
        try:
            for number in range(3):
                yield Page(str(number))
        finally:
            closed.append(True)

    monkeypatch.setattr(inner, "changes", pages)
    stream = measured.changes(None, Reading(frozenset({USER})))
    assert (await anext(stream)).cursor == "0"
    assert [attributes["verb"] for _, _, attributes in recorded] == ["changes"]
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert closed == [True]
