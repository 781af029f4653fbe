"""Fixtures of the connections' tests: a store on Azurite, and secrets in a file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.connections import registry
from provisioning.connections.store import ConnectionStore
from provisioning.settings import settings
from provisioning.storage.store import Storage
from tests.connections.trait_connector import TraitConnector


@pytest.fixture
def connections(storage: Storage) -> ConnectionStore:
    """An empty connection store."""
    return ConnectionStore(storage)


@pytest.fixture
def secrets_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The secrets file of the hub's settings, with one secret in it."""
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"ldap-password": "correct horse"}))
    monkeypatch.setenv("LOCKSTEP_SECRETS_FILE", str(path))
    settings.cache_clear()
    yield path
    settings.cache_clear()


@pytest.fixture
def trait(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[TraitConnector]]:
    """The kind ``trait``, registered for one test."""
    monkeypatch.setitem(registry.KINDS, "trait", "tests.connections.trait_connector:TraitConnector")
    registry.connector_class.cache_clear()
    TraitConnector.opened.clear()
    yield TraitConnector
    registry.connector_class.cache_clear()
