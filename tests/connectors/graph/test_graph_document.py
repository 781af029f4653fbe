"""The operators' page of Graph: no attribute, setting or permission of ours is missing."""

from pathlib import Path

import pytest

from connectors.contract import ObjectKind
from connectors.graph import GraphSettings
from connectors.graph.catalogue import REFUSED, WRITABLE
from connectors.graph.permissions import LEAST, SUFFICIENT, Operation

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs/graph.md").read_text("utf-8")


def test_its_tables_name_what_can_be_written_and_what_cannot() -> None:
    for name in (*WRITABLE[ObjectKind.USER], *REFUSED[ObjectKind.GROUP]):
        assert f"`{name}`" in DOCUMENT or "extensionAttribute" in name


@pytest.mark.parametrize("name", GraphSettings.model_fields)
def test_every_setting_is_explained(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


def test_the_least_privileged_permission_is_one_that_suffices() -> None:
    assert SUFFICIENT.keys() == set(Operation)
    for operation, least in LEAST.items():
        assert least in SUFFICIENT[operation][1:]
