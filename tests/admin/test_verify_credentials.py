"""Verify Credentials: what is told of a connection that is tried for real."""

import asyncio
from typing import ClassVar

import pytest

from connectors.contract import PROVISIONING, Check, Feature, Verification
from connectors.errors import Misconfigured, Unavailable
from connectors.memory import MemoryConnector
from provisioning.admin.verification import verify
from provisioning.connections import registry
from provisioning.connections.connection import Connection
from provisioning.connections.opening import OpenConnectors
from tests.admin.conftest import Api
from tests.connections.trait_connector import TraitConnector

CONNECTION = Connection("one", "One", "memory", settings={"directory": "verified"})


async def test_a_stored_connection_that_works_says_what_was_checked(api: Api) -> None:
    await api.create()
    answer = await api.client.post("/api/connections/target/verify")
    assert answer.status_code == 200
    assert answer.json()["ok"] is True
    assert [check["name"] for check in answer.json()["checks"]] == ["Settings and secrets", "Directory"]


async def test_what_is_wrong_is_told_with_what_to_do_and_is_still_an_answer(api: Api) -> None:
    await api.create()
    api.target.failure = Unavailable("The directory is away.", code="memory.away", fix="Start it.")
    answer = await api.client.post("/api/connections/target/verify")
    assert answer.status_code == 200
    assert answer.json()["ok"] is False
    assert answer.json()["checks"][-1] == {
        "name": "Directory",
        "ok": False,
        "detail": "The directory is away.",
        "fix": "Start it.",
    }


async def test_settings_are_verified_before_they_are_stored(api: Api) -> None:
    body = {"kind": "memory", "settings": {"directory": api.directory}}
    answer = await api.client.post("/api/connections/verify", json=body)
    assert answer.json()["ok"] is True
    assert (await api.client.get("/api/connections")).json() == {"connections": []}


async def test_a_secret_that_is_not_there_is_told_by_its_reference(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.KINDS, "trait", "tests.connections.trait_connector:TraitConnector")
    body = {"kind": "trait", "settings": {"host": "dc1", "password": "env:LOCKSTEP_SECRET_ABSENT"}}
    verification = (await api.client.post("/api/connections/verify", json=body)).json()
    assert verification["ok"] is False
    (check,) = verification["checks"]
    assert "env:LOCKSTEP_SECRET_ABSENT" in check["detail"]
    assert "LOCKSTEP_SECRET_ABSENT" in check["fix"]


async def test_a_secret_that_is_there_is_not_told(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_P", "s3cret")
    monkeypatch.setitem(registry.KINDS, "trait", "tests.connections.trait_connector:TraitConnector")
    body = {"kind": "trait", "settings": {"host": "dc1", "password": "env:LOCKSTEP_SECRET_P"}}
    answer = await api.client.post("/api/connections/verify", json=body)
    assert answer.json()["ok"] is False
    assert "s3cret" not in answer.text


class _Slow(MemoryConnector):
    closed: ClassVar[int] = 0

    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        await asyncio.sleep(30)
        raise AssertionError

    async def close(self) -> None:
        type(self).closed += 1


class _Raising(_Slow):
    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        raise Misconfigured("No permission.", code="x.permission", fix="Grant it.")


async def test_a_system_that_never_answers_ends_the_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.KINDS, "memory", f"{__name__}:_Slow")
    registry.connector_class.cache_clear()
    verification = await verify(OpenConnectors(), CONNECTION, seconds=0.05)
    assert not verification.ok
    assert "firewall" in verification.checks[-1].fix


async def test_a_connector_that_raises_is_told_like_one_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.KINDS, "memory", f"{__name__}:_Raising")
    registry.connector_class.cache_clear()
    verification = await verify(OpenConnectors(), CONNECTION)
    assert verification.checks[-1] == Check("Answer", ok=False, detail="No permission.", fix="Grant it.")


async def test_each_verification_opens_a_connector_of_its_own_and_closes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_P", "correct horse")
    monkeypatch.setitem(registry.KINDS, "trait", "tests.connections.trait_connector:TraitConnector")
    TraitConnector.opened.clear()
    connection = Connection("one", "One", "trait", settings={"host": "dc1", "password": "env:LOCKSTEP_SECRET_P"})
    for _ in range(2):
        assert (await verify(OpenConnectors(), connection)).ok
    assert [each.closed for each in TraitConnector.opened] == [True, True]


class _Telling(MemoryConnector):
    asked: ClassVar[list[tuple[frozenset[Feature], bool]]] = []

    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        self.asked.append((features, trial))
        return Verification((Check("Directory", ok=True),))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[frozenset[Feature], bool]]:
    """What connectors are asked to verify during the test."""
    monkeypatch.setitem(registry.KINDS, "memory", f"{__name__}:_Telling")
    registry.connector_class.cache_clear()
    _Telling.asked.clear()
    return _Telling.asked


async def test_the_rights_are_looked_at_that_the_connections_features_need(
    api: Api, asked: list[tuple[frozenset[Feature], bool]]
) -> None:
    await api.create(features={"delete_users": False, "delete_groups": False})
    await api.client.post("/api/connections/target/verify")
    assert asked == [(PROVISIONING - {Feature.DELETE_USERS, Feature.DELETE_GROUPS}, False)]


async def test_features_that_the_system_does_not_have_are_not_looked_at(
    asked: list[tuple[frozenset[Feature], bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Telling, "capabilities", TraitConnector.capabilities)
    await verify(OpenConnectors(), CONNECTION)
    assert asked == [({Feature.CREATE_USERS, Feature.UPDATE_USERS, Feature.DELETE_USERS}, False)]


async def test_a_trial_is_made_only_where_it_is_asked_for(
    api: Api, asked: list[tuple[frozenset[Feature], bool]]
) -> None:
    await api.create()
    for body in (None, {}, {"trial": False}, {"trial": True}):
        assert (await api.client.post("/api/connections/target/verify", json=body)).status_code == 200
    assert [trial for _, trial in asked] == [False, False, False, True]


async def test_settings_that_are_not_stored_are_verified_with_features_and_trial(
    api: Api, asked: list[tuple[frozenset[Feature], bool]]
) -> None:
    body = {"kind": "memory", "settings": {"directory": api.directory}}
    await api.client.post("/api/connections/verify", json=body)
    await api.client.post(
        "/api/connections/verify", json={**body, "features": {"manage_memberships": False}, "trial": True}
    )
    assert asked == [(PROVISIONING, False), (PROVISIONING - {Feature.MANAGE_MEMBERSHIPS}, True)]


async def test_a_wrong_word_in_the_body_is_named(api: Api) -> None:
    await api.create()
    answer = await api.client.post("/api/connections/target/verify", json={"try": True})
    assert answer.status_code == 422
    assert "try" in answer.text
