"""Writes the tables of ``docs/admin-api.md`` and ``docs/connections.md`` from what the code says.

    python -m provisioning.admin.document [folder]

Only what stands between ``<!-- generated: NAME -->`` and ``<!-- end -->`` is written; the words around it are a
person's. A test fails when a table is stale.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provisioning.admin.api import build
from provisioning.admin.kinds import KindView, describe
from provisioning.connections.registry import KINDS, connector_class
from provisioning.hub import hub

DOCUMENTS = ("admin-api.md", "connections.md")

ABILITIES = {
    "passwords": "passwords can be set",
    "imports": "it can be read from",
    "delta": "only what changed since the last time is read",
    "restore": "deleted accounts are restored",
}
"""Capabilities that no feature shows, in words."""

_PART = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->)\n.*?(<!-- end -->)", re.DOTALL)


def written(text: str) -> str:
    """Return a document with its generated parts made anew. Raises ``KeyError`` for a part that nobody makes."""
    parts = {"routes": _routes, "kinds": _kinds}
    return _PART.sub(lambda match: f"{match[1]}\n\n{'\n'.join(parts[match['name']]())}\n\n{match[3]}", text)


def _routes() -> Iterator[str]:
    yield "| route | what it does |"
    yield "| --- | --- |"
    for path, operations in build(hub).openapi()["paths"].items():
        for method, operation in operations.items():
            told = [f"**{operation['summary']}.**", operation.get("description", "").replace("\n", " ")]
            parameters = [
                f"`{each['name']}`" for each in operation.get("parameters", ()) if each["in"] in {"query", "header"}
            ]
            if parameters:
                told.append(f"Parameters: {', '.join(parameters)}.")
            yield f"| `{method.upper()} {path}` | {_cell(' '.join(each for each in told if each))} |"


def _kinds() -> Iterator[str]:
    for number, kind in enumerate(sorted(KINDS)):
        if number:
            yield ""
        yield from _kind(describe(connector_class(kind)))


def _kind(kind: KindView) -> Iterator[str]:
    yield f"### `{kind.kind}`: {kind.title}"
    yield ""
    without = [name for name, possible in kind.features.items() if not possible]
    yield f"Features that it does not have: {', '.join(f'`{name}`' for name in without) or 'none'}."
    yield f"{_abilities(kind)}"
    yield ""
    yield "| setting | default | meaning |"
    yield "| --- | --- | --- |"
    required = kind.settings.get("required", ())
    for name, field in kind.settings["properties"].items():
        yield f"| `{name}` | {_default(name, field, required)} | {_meaning(field)} |"
    for object_kind, mappings in kind.mappings.items():
        yield ""
        matching = ", ".join(f"`{name}`" for name in kind.matching[object_kind])
        yield f"{object_kind}: matched by {matching or 'nothing'} unless set otherwise."
        yield ""
        yield "| target attribute | SCIM source, the first that has a value | |"
        yield "| --- | --- | --- |"
        for mapping in mappings:
            marks = [
                word
                for word, holds in (
                    (f"points at a {mapping.reference}", mapping.reference),
                    ("every value", mapping.multivalued),
                    ("at creation only", mapping.create_only),
                    ("never cleared", mapping.required),
                )
                if holds
            ]
            sources = ", ".join(f"`{_cell(source)}`" for source in mapping.sources)
            yield f"| `{mapping.target}` | {sources} | {', '.join(marks)} |"


def _abilities(kind: KindView) -> str:
    """Say what the system can do besides being provisioned."""
    can = [words for name, words in ABILITIES.items() if kind.capabilities[name]]
    return f"Besides: {', '.join(can) or 'nothing'}."


def _default(name: str, field: dict[str, Any], required: list[str] | tuple[str, ...]) -> str:
    if name in required:
        return "required"
    if field.get("default") in (None, "", [], ()):
        return ""
    shown = field["default"]
    if isinstance(shown, list):
        shown = ", ".join(map(str, shown))
    return f"`{str(shown).lower() if isinstance(shown, bool) else shown}`"


def _meaning(field: dict[str, Any]) -> str:
    told = f"{field['title']}. {field.get('description', '')}".strip()
    choices = field.get("enum") or ()
    if choices:
        told += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    if field.get("secret"):
        told += " **Secret:** takes a reference."
    return _cell(told)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def main(folder: Path) -> None:
    """Write the documents of a folder."""
    for name in DOCUMENTS:
        path = folder / name
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs"))
