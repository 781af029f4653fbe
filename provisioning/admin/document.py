"""Writes the tables of the operators' documents from what the code says: settings, routes, each kind's page.

    python -m provisioning.admin.document [folder]

Only what stands between ``<!-- generated: NAME -->`` and ``<!-- end -->`` is written; the words around it are a
person's. A connector's page is called like its kind. What else its page shows comes from ``PARTS`` in the module
``documenting`` of its package, by name. A test fails when a table is stale.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from provisioning.admin.api import build
from provisioning.admin.codes import DOES, DOTS, told_by
from provisioning.admin.kinds import KindView, describe
from provisioning.connections.registry import KINDS, connector_class
from provisioning.hub import hub
from provisioning.settings import Settings, bounds, variable
from provisioning.telemetry import catalogue

ABILITIES = {
    "passwords": "passwords can be set",
    "imports": "it can be read from",
    "delta": "only what changed since the last time is read",
    "restore": "deleted accounts are restored",
}
"""Capabilities that no feature shows, in words."""

_CONNECTIONS = "provisioning.connections"
"""Besides connectors, what opens them raises errors of their tree: secrets that cannot be read."""

_PART = re.compile(r"(<!-- generated: (?P<name>[a-z_-]+) -->)\n.*?(<!-- end -->)", re.DOTALL)
type _Parts = Mapping[str, Callable[[], Iterator[str]]]


def page_of(kind: str) -> str:
    """Return the document of a kind of system."""
    return f"{kind.replace('_', '-')}.md"


def documents() -> list[str]:
    """Return the documents that have generated parts."""
    return ["admin-api.md", "connections.md", "operations.md", "settings.md", *map(page_of, sorted(KINDS))]


def package_of(kind: str) -> str:
    """Return the package of the connector of a kind."""
    return ".".join(connector_class(kind).__module__.split(".")[:2])


def written(text: str) -> str:
    """Return a document with its generated parts made anew. Raises ``KeyError`` for a part that nobody makes."""
    parts = _parts()
    return _PART.sub(lambda match: f"{match[1]}\n\n{'\n'.join(parts[match['name']]())}\n\n{match[3]}", text)


def _parts() -> _Parts:
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "routes": _routes,
        "kinds": _kinds,
        "app-settings": _app_settings,
        "codes-secret": partial(_codes, "secret"),
        "metrics": catalogue.table,
    }
    for kind in KINDS:
        package, view = package_of(kind), describe(connector_class(kind))
        parts |= {f"settings-{kind}": partial(_settings, view), f"mappings-{kind}": partial(_mappings, view)}
        for prefix in {told.code.partition(".")[0] for told in told_by(package)}:
            parts[f"codes-{prefix}"] = partial(_codes, prefix)
        if find_spec(f"{package}.documenting"):
            parts |= import_module(f"{package}.documenting").PARTS
    return parts


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


def _app_settings() -> Iterator[str]:
    yield "| setting | default | what it decides |"
    yield "| --- | --- | --- |"
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "") else str(field.default)
        limits = f" {bounds(field)}." if bounds(field) else ""
        yield f"| `{variable(name)}` | {default} | {_cell(f'{field.description}{limits}')} |"


def _kinds() -> Iterator[str]:
    yield "| kind | system | besides | does not have |"
    yield "| --- | --- | --- | --- |"
    for kind in (describe(connector_class(name)) for name in sorted(KINDS)):
        without = [f"`{name}`" for name, possible in kind.features.items() if not possible]
        page = f"[{_cell(kind.title)}]({page_of(kind.kind)})"
        yield f"| `{kind.kind}` | {page} | {_abilities(kind)} | {', '.join(without) or 'nothing'} |"


def _settings(kind: KindView) -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "| --- | --- | --- |"
    required = kind.settings.get("required", ())
    for name, field in kind.settings["properties"].items():
        yield f"| `{name}` | {_default(name, field, required)} | {_meaning(field)} |"


def _mappings(kind: KindView) -> Iterator[str]:
    for number, (object_kind, mappings) in enumerate(kind.mappings.items()):
        if number:
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


def _codes(prefix: str) -> Iterator[str]:
    """Yield the table of codes. What differs in its words only shares a row."""
    yield "| code | what happened | the hub | what to do |"
    yield "| --- | --- | --- | --- |"
    rows: dict[tuple[str, str, str], list[str]] = {}
    for told in {each for package in (_CONNECTIONS, *map(package_of, KINDS)) for each in told_by(package)}:
        if told.code.startswith(f"{prefix}."):
            fix = "what the report says" if told.fix == DOTS else told.fix
            rows.setdefault((told.code, DOES[told.error], fix), []).append(told.message)
    for (code, does, fix), messages in sorted(rows.items()):
        yield f"| `{code}` | {'<br>'.join(map(_cell, sorted(messages)))} | {does} | {_cell(fix) or 'nothing'} |"


def _abilities(kind: KindView) -> str:
    """Say what the system can do besides being provisioned."""
    can = [words for name, words in ABILITIES.items() if kind.capabilities[name]]
    return ", ".join(can)


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
    return " ".join(text.replace("|", "\\|").replace("<", "\\<").split())


def main(folder: Path) -> None:
    """Write the documents of a folder."""
    for name in documents():
        path = folder / name
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs"))
