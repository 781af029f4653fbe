"""Puts what a run has found into a page of docs, between ``<!-- name -->`` and ``<!-- /name -->``, with its date."""

from datetime import UTC, datetime
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"


def paste(page: Path, name: str, command: str, found: str) -> None:
    """Replace what stands between the marks. Raises ``ValueError`` where they are missing."""
    text = page.read_text()
    opening, closing = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, mark, rest = text.partition(opening)
    _, end, after = rest.partition(closing)
    if not mark or not end:
        raise ValueError(f"{page} has no place for {name}.")
    page.write_text(
        f"{before}{opening}\n`{command}`, {datetime.now(UTC):%Y-%m-%d}:\n\n{found.strip()}\n\n{closing}{after}"
    )
