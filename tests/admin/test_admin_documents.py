"""The operators' documents say what the code does: every kind, every setting, every route."""

from pathlib import Path

import pytest

from provisioning.admin.api import build
from provisioning.admin.document import DOCUMENTS, main, written
from provisioning.connections.connection import FEATURE_NAMES
from provisioning.connections.registry import KINDS, connector_class
from provisioning.hub import hub

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(autouse=True)
def only_real_kinds(monkeypatch: pytest.MonkeyPatch, memory_kind: None) -> None:
    """Leave out the kind that tests register."""
    monkeypatch.delitem(KINDS, "memory")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_not_stale(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert written(text) == text, "run: python -m provisioning.admin.document"


def test_every_kind_setting_feature_and_mapped_attribute_is_documented() -> None:
    text = (DOCS / "connections.md").read_text(encoding="utf-8")
    for kind in KINDS:
        connector = connector_class(kind)
        assert f"`{kind}`" in text
        for name, field in connector.settings_model.model_fields.items():
            assert f"| `{name}` |" in text
            assert field.title
            assert field.title in text
        for defaults in connector.defaults.values():
            assert all(f"| `{mapping.target}` |" in text for mapping in defaults.mappings)
    assert all(f"`{feature}`" in text for feature in FEATURE_NAMES)


def test_every_route_is_documented() -> None:
    text = (DOCS / "admin-api.md").read_text(encoding="utf-8")
    for path, operations in build(hub).openapi()["paths"].items():
        assert all(f"`{method.upper()} {path}`" in text for method in operations)


def test_the_documents_are_written_in_place_and_keep_the_words_around(tmp_path: Path) -> None:
    for name in DOCUMENTS:
        text = (DOCS / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            text.replace("| `GET /api/health` |", "| gone |").replace("`ldap`", "gone"), "utf-8"
        )
    main(tmp_path)
    for name in DOCUMENTS:
        again = (tmp_path / name).read_text(encoding="utf-8")
        assert "`GET /api/health`" in again or name != "admin-api.md"
        assert again.startswith((DOCS / name).read_text(encoding="utf-8").splitlines()[0])


def test_a_part_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(KeyError):
        written("<!-- generated: nonsense -->\n<!-- end -->")
