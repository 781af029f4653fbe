"""The operators' page of Graph: its tables are what the code says, and no setting or code of ours is missing."""

import re
from pathlib import Path

import pytest

import connectors.graph
from connectors.contract import ObjectKind
from connectors.graph import GraphSettings
from connectors.graph.catalogue import REFUSED, WRITABLE
from connectors.graph.documenting import written
from connectors.graph.permissions import LEAST, SUFFICIENT, Operation

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs/graph.md").read_text("utf-8")
REPORT = (ROOT / "docs/report.md").read_text("utf-8")


def test_its_tables_are_what_the_code_says() -> None:
    assert written(DOCUMENT) == DOCUMENT, "run: python -m connectors.graph.documenting"
    for name in (*WRITABLE[ObjectKind.USER], *REFUSED[ObjectKind.GROUP]):
        assert f"`{name}`" in DOCUMENT or "extensionAttribute" in name


def test_a_stale_table_is_made_anew() -> None:
    assert written(re.sub(r"\| user \| `jobTitle`.*\n", "", DOCUMENT)) == DOCUMENT


@pytest.mark.parametrize("name", GraphSettings.model_fields)
def test_every_setting_is_explained(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


def codes() -> set[str]:
    source = "\n".join(path.read_text("utf-8") for path in Path(connectors.graph.__path__[0]).glob("*.py"))
    return set(re.findall(r'code="(graph\.[A-Za-z0-9]+)"', source))


def test_every_code_is_in_the_list_of_codes() -> None:
    assert len(codes()) > 25
    assert {code for code in codes() if f"`{code}`" not in REPORT} == set()


def test_the_least_privileged_permission_is_one_that_suffices() -> None:
    assert SUFFICIENT.keys() == set(Operation)
    for operation, least in LEAST.items():
        assert least in SUFFICIENT[operation][1:]
