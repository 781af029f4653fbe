"""Fixtures of the connections' tests: a store on Azurite, and secrets in a file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.connections import registry
from provisioning.connections.store import ConnectionStore
from provisioning.storage.store import Storage
from tests.connections.trait_connector import TraitConnector


@pytest.fixture
def connections(storage: Storage) -> ConnectionStore:
    """An empty connection store."""
    return ConnectionStore(storage)


@pytest.fixture
def secrets_file(tmp_path: Path) -> Path:
    """The deployment's secrets file, with one secret in it."""
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"ldap-password": "correct horse"}))
    return path


@pytest.fixture
def trait(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[TraitConnector]]:
    """The kind ``trait``, registered for one test."""
    monkeypatch.setitem(registry.KINDS, "trait", "tests.connections.trait_connector:TraitConnector")
    registry.connector_class.cache_clear()
    TraitConnector.opened.clear()
    yield TraitConnector
    registry.connector_class.cache_clear()
