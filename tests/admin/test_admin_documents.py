"""The operators' documents say what the code does: every kind, every setting, every route."""

from pathlib import Path

import pytest

from provisioning.admin.api import build
from provisioning.admin.document import documents, main, page_of, written
from provisioning.connections.connection import FEATURE_NAMES
from provisioning.connections.registry import KINDS, connector_class
from provisioning.hub import hub

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(autouse=True)
def only_real_kinds(monkeypatch: pytest.MonkeyPatch, memory_kind: None) -> None:
    """Leave out the kind that tests register."""
    monkeypatch.delitem(KINDS, "memory")


@pytest.mark.parametrize("name", documents())
def test_a_document_is_not_stale(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert written(text) == text, "run: python -m provisioning.admin.document"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_setting_and_mapped_attribute_of_a_kind_is_on_its_page(kind: str) -> None:
    text, connector = (DOCS / page_of(kind)).read_text(encoding="utf-8"), connector_class(kind)
    for name, field in connector.settings_model.model_fields.items():
        assert f"| `{name}` |" in text
        assert field.title
        assert field.title in text
    for defaults in connector.defaults.values():
        assert all(f"| `{mapping.target}` |" in text for mapping in defaults.mappings)


def test_every_kind_and_feature_is_documented() -> None:
    text = (DOCS / "connections.md").read_text(encoding="utf-8")
    assert all(f"| `{kind}` |" in text for kind in KINDS)
    assert all(f"`{feature}`" in text for feature in FEATURE_NAMES)


def test_every_route_is_documented() -> None:
    text = (DOCS / "admin-api.md").read_text(encoding="utf-8")
    for path, operations in build(hub).openapi()["paths"].items():
        assert all(f"`{method.upper()} {path}`" in text for method in operations)


def test_stale_tables_are_written_anew_and_the_words_around_them_stay(tmp_path: Path) -> None:
    for name in documents():
        text = (DOCS / name).read_text(encoding="utf-8")
        made = ("| `GET ", "| `ldap", "| user |", "| `LOCKSTEP_REPORT", "| `lockstep.jobs")
        stale = "\n".join(line for line in text.splitlines() if not line.startswith(made))
        (tmp_path / name).write_text(stale + "\n", "utf-8")
        assert stale != text.rstrip("\n") or name == "active-directory.md"
    main(tmp_path)
    for name in documents():
        assert (tmp_path / name).read_text(encoding="utf-8") == (DOCS / name).read_text(encoding="utf-8")


def test_a_part_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(KeyError):
        written("<!-- generated: nonsense -->\n<!-- end -->")
