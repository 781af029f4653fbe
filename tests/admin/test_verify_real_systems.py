"""Verify Credentials against a real LDAP server and Graph's simulator: what is wrong is told in words."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from provisioning.hub import Hub
from provisioning.settings import Settings
from provisioning.storage.store import Storage
from sandbox.certificates import ensure_certificates
from sandbox.graph.server import Served
from sandbox.slapd import GROUPS, SERVICE_ACCOUNT, USERS, Slapd
from tests.admin.conftest import Api
from tests.graph_contract import ContractRecorder
from tests.graph_server import graph_certificates, graph_contract, graph_simulator
from tests.slapd_server import slapd

__all__ = ["graph_certificates", "graph_contract", "graph_simulator", "slapd"]


@pytest.fixture
def ldap(slapd: Slapd, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The settings of a connection that works."""
    monkeypatch.setenv("LOCKSTEP_SECRET_LDAP", slapd.service_password)
    return {
        "host": "localhost",
        "port": slapd.ldaps_port,
        "ca_file": str(slapd.certificates.ca),
        "bind_dn": SERVICE_ACCOUNT,
        "bind_password": "env:LOCKSTEP_SECRET_LDAP",
        "user_base": USERS,
        "group_base": GROUPS,
    }


@pytest.fixture
async def hub(storage: Storage, graph_simulator: Served, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    """A hub that trusts the simulator."""
    monkeypatch.setenv("LOCKSTEP_TRUSTED_HOSTS", graph_simulator.authority.removeprefix("https://"))
    opened = Hub.over(storage, Settings())
    yield opened
    await opened.connectors.close()


@pytest.fixture
async def graph(
    graph_simulator: Served, graph_contract: ContractRecorder, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """The settings of a connection that works."""
    monkeypatch.setenv("LOCKSTEP_SECRET_GRAPH", graph_simulator.client_secret)
    return {
        "tenant_id": graph_simulator.tenant_id,
        "client_id": graph_simulator.client_id,
        "credential": "client_secret",
        "client_secret": "env:LOCKSTEP_SECRET_GRAPH",
        "authority": graph_simulator.authority,
        "base_url": graph_simulator.base_url,
        "ca_file": str(graph_simulator.ca),
    }


async def failed(api: Api, kind: str, settings: dict[str, Any]) -> str:
    """Return what is wrong and what to do, as the first failed check tells it."""
    answer = await api.client.post("/api/connections/verify", json={"kind": kind, "settings": settings})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["ok"] is False
    wrong = next(check for check in told["checks"] if not check["ok"])
    assert wrong["detail"]
    assert wrong["fix"]
    return f"{wrong['name']}: {wrong['detail']} {wrong['fix']}"


async def test_an_ldap_connection_that_works_passes_every_check(api: Api, ldap: dict[str, Any]) -> None:
    answer = await api.client.post("/api/connections/verify", json={"kind": "ldap", "settings": ldap})
    assert answer.json()["ok"] is True, answer.text
    assert len(answer.json()["checks"]) > 3


async def test_a_wrong_ldap_password_is_told_and_not_repeated(
    api: Api, ldap: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_LDAP", "wr0ng-passw0rd")
    told = await failed(api, "ldap", ldap)
    assert "password" in told
    assert "wr0ng-passw0rd" not in told


async def test_a_wrong_ldap_authority_is_told(api: Api, ldap: dict[str, Any], tmp_path: Path) -> None:
    other = ensure_certificates(tmp_path / "other").ca
    told = await failed(api, "ldap", {**ldap, "ca_file": str(other)})
    assert "certificate" in told
    assert "not trusted" in told


async def test_an_unreachable_ldap_server_is_told(api: Api, ldap: dict[str, Any]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        told = await failed(api, "ldap", {**ldap, "port": port})
    assert f"{port}" in told


async def test_a_graph_connection_that_works_passes_every_check(api: Api, graph: dict[str, Any]) -> None:
    answer = await api.client.post("/api/connections/verify", json={"kind": "graph", "settings": graph})
    assert answer.json()["ok"] is True, answer.text


async def test_a_missing_graph_permission_is_told_by_its_name(
    api: Api, graph: dict[str, Any], graph_simulator: Served
) -> None:
    graph_simulator.knobs.permissions = frozenset({"Group.ReadWrite.All"})
    assert "User.ReadWrite.All" in await failed(api, "graph", graph)


async def test_a_wrong_graph_secret_is_told_and_not_repeated(
    api: Api, graph: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_GRAPH", "wr0ng-s3cret")
    told = await failed(api, "graph", graph)
    assert "secret" in told.lower()
    assert "wr0ng-s3cret" not in told


async def test_a_graph_host_that_the_deployment_does_not_trust_is_told_before_any_credential_is_sent(
    api: Api, graph: dict[str, Any]
) -> None:
    told = await failed(api, "graph", graph | {"authority": "https://localhost:1"})
    assert "LOCKSTEP_TRUSTED_HOSTS" in told
