"""Every connector has a page for operators, and all pages have the same chapters in the same order."""

import re
from pathlib import Path

import pytest

from provisioning.admin.document import page_of
from provisioning.connections.registry import KINDS

ROOT = Path(__file__).parents[2]
CHAPTERS = [
    "What it does",
    "Connect it in five steps",
    "Rights, exactly",
    "Settings",
    "Names, places, matching",
    "Deactivation, deletion, return",
    "Groups and members",
    "Passwords",
    "Imports",
    "Limits",
    "Error codes",
]
PAGES = [page_of(kind) for kind in sorted(KINDS) if kind != "memory"]


def chapters(page: str) -> dict[str, str]:
    """The chapters of a page by their headings."""
    parts = re.split(r"^## (.+)$", (ROOT / "docs" / page).read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_of_connectors_have_the_same_chapters_in_the_same_order(page: str) -> None:
    assert list(chapters(page)) == CHAPTERS


@pytest.mark.parametrize("page", PAGES)
def test_connecting_takes_five_steps_with_the_commands(page: str) -> None:
    steps = chapters(page)["Connect it in five steps"]
    assert re.findall(r"^(\d)\. \*\*", steps, re.MULTILINE) == ["1", "2", "3", "4", "5"]
    assert '$HUB/api/connections" -d' in steps
    assert re.search(r"\$HUB/api/connections/\w+/verify", steps)
    assert re.search(r"\$HUB/api/connections/\w+/enable", steps)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"memory"}))
def test_settings_mappings_and_codes_are_generated_in_their_chapters(kind: str) -> None:
    found = chapters(page_of(kind))
    assert f"<!-- generated: settings-{kind} -->" in found["Settings"]
    assert f"<!-- generated: mappings-{kind} -->" in found["Names, places, matching"]
    assert re.search(r"<!-- generated: codes-[a-z]+ -->", found["Error codes"])


@pytest.mark.parametrize("page", PAGES)
def test_the_readme_leads_to_every_page(page: str) -> None:
    assert f"(docs/{page})" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES)
def test_the_test_that_proves_the_rights_is_named_and_there(page: str) -> None:
    rights = chapters(page)["Rights, exactly"]
    (test,) = re.findall(r"`(tests/connectors/\w+/test_\w+\.py)`", rights)
    assert page in (ROOT / test).read_text()
