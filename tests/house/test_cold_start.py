"""Cold start is part of the product: importing the app brings along no connector's library and no web framework."""

import pytest

from benchmarks.import_time import UNWANTED, imported


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules of a fresh process that has imported ``function_app``."""
    return imported()


CONNECTORS = ("connectors.active_directory", "connectors.graph", "connectors.ldap")


@pytest.mark.parametrize("name", [*UNWANTED, *CONNECTORS, "scim2_models", "jwt"])
def test_importing_the_app_does_not_import(name: str, loaded: set[str]) -> None:
    assert name not in loaded


def test_importing_the_app_imports_the_hub(loaded: set[str]) -> None:
    assert "provisioning.hub" in loaded
