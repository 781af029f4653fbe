"""Figures are put into the docs by the run that found them."""

from pathlib import Path

import pytest

from benchmarks.pasting import DOCS, paste


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Before\n\n<!-- soak -->\nold\n<!-- /soak -->\n\nafter\n")
    for found in ("| first |", "| second |"):
        paste(page, "soak", "make soak", found)
    text = page.read_text()
    assert text.startswith("# Before\n\n<!-- soak -->\n")
    assert text.endswith("| second |\n\n<!-- /soak -->\n\nafter\n")
    assert "`make soak`, 20" in text
    assert "old" not in text
    assert "first" not in text


def test_a_page_without_the_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here")
    with pytest.raises(ValueError, match="no place for soak"):
        paste(page, "soak", "make soak", "x")
    assert page.read_text() == "nothing here"


@pytest.mark.parametrize(("page", "name"), [("benchmarks.md", "bench-scim"), ("soak.md", "soak")])
def test_the_docs_hold_a_run(page: str, name: str) -> None:
    text = (DOCS / page).read_text()
    found = text.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]
    assert f"`make {name}" in found
    assert found.count("\n|") > 20
    assert "NOT KEPT" not in found
    assert "Not clean" not in found
