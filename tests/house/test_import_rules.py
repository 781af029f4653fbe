"""The house: imports point downwards only, as drawn in docs/architecture.md, and there are no circles."""

import ast
import re
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]

FLOORS = [
    {"function_app"},
    {"provisioning.hub", "provisioning.admin", "provisioning.entra"},
    {"provisioning.scim", "provisioning.engine"},
    {"provisioning.reports", "provisioning.connections", "provisioning.sources", "provisioning.backup"},
    {"provisioning.directory"},
    {"provisioning.storage"},
    {"provisioning.telemetry"},
    {"provisioning.settings", "provisioning.correlation", "provisioning.version"},
    {"provisioning.setting_rules"},
]
"""From the roof down. A room may use the rooms below it, and those beside it only where ``BESIDE`` says so."""

BESIDE = {("provisioning.admin", "provisioning.hub")}
"""The admin API shows every part of the hub, so it is given the hub whole."""

CONTRACT = {"connectors.contract", "connectors.errors"}
TRIAL = {"connectors.trial"}
"""What "Verify Credentials" tries out is tried out the same way in every system."""
CONTRACT_PARTS = {"connectors.values", "connectors.changes"}
"""What the contract is made of: it shows them itself, and nobody else needs to know."""


CLIENTS = {
    ("connectors.ldap", "connectors.ldap_client"),
    ("connectors.active_directory", "connectors.ldap_client"),
}
"""A client that connectors of one protocol share; it knows none of them."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Every import of the project, those inside functions included."""
    return grimp.build_graph("provisioning", "connectors", "sandbox", cache_dir=None)


def room(module: str) -> str:
    """The room of a module: ``provisioning.engine.jobs`` is in ``provisioning.engine``."""
    return ".".join(module.split(".")[:2])


def imports(graph: grimp.ImportGraph, of: str) -> set[tuple[str, str]]:
    """Every (importer, imported) whose importer is in a package."""
    return {
        (module, imported)
        for module in graph.modules
        if module == of or module.startswith(f"{of}.")
        for imported in graph.find_modules_directly_imported_by(module)
    }


def test_the_floors_are_drawn_in_the_architecture() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    drawn = page[page.index("`function_app` -> ") :].partition(";")[0].split("->")
    commands = {"provisioning.entra"}
    assert [set(re.findall(r"`(?:provisioning\.)?(\w+)`", floor)) for floor in drawn] == [
        {room.removeprefix("provisioning.") for room in floor - commands} for floor in FLOORS
    ]


def test_nothing_in_the_product_imports_the_sandbox(graph: grimp.ImportGraph) -> None:
    product = imports(graph, "provisioning") | imports(graph, "connectors")
    assert {pair for pair in product if pair[1].split(".")[0] in {"sandbox", "tests", "benchmarks"}} == set()


def test_connectors_know_nothing_of_the_hub(graph: grimp.ImportGraph) -> None:
    assert {pair for pair in imports(graph, "connectors") if pair[1].startswith("provisioning")} == set()


def test_a_connector_does_not_know_another(graph: grimp.ImportGraph) -> None:
    shared = CONTRACT | TRIAL | {"connectors"}
    assert {
        pair
        for pair in imports(graph, "connectors")
        if pair[1].startswith("connectors")
        and room(pair[0]) != room(pair[1])
        and pair[1] not in shared
        and (room(pair[0]), room(pair[1])) not in CLIENTS
        and not (pair[0] in CONTRACT | CONTRACT_PARTS and pair[1] in CONTRACT_PARTS)
    } == set()


def test_the_hub_knows_connectors_by_their_contract_only(graph: grimp.ImportGraph) -> None:
    assert {
        pair for pair in imports(graph, "provisioning") if pair[1].startswith("connectors") and pair[1] not in CONTRACT
    } == set()


def test_the_triggers_hand_over_to_provisioning() -> None:
    tree = ast.parse((ROOT / "function_app.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert {str(name).split(".")[0] for name in imported} == {"azure", "datetime", "json", "provisioning"}


def test_the_rooms_of_the_hub_use_only_rooms_below(graph: grimp.ImportGraph) -> None:
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    rooms = {room(module) for module in graph.modules if module.startswith("provisioning.")}
    assert rooms - floor.keys() - {"provisioning.imports"} == set(), "a new room needs a floor"
    wrong = {
        (importer, imported)
        for importer, imported in imports(graph, "provisioning")
        if imported.startswith("provisioning.")
        and room(importer) != room(imported)
        and floor.get(room(importer), 0) >= floor[room(imported)]
        and (room(importer), room(imported)) not in BESIDE
    }
    assert wrong == set()


def test_nothing_of_the_app_needs_the_command_for_entras_side(graph: grimp.ImportGraph) -> None:
    # It is not deployed, and neither is the YAML library that it reads files with.
    importers = {pair for pair in imports(graph, "provisioning") if pair[1].startswith("provisioning.entra")}
    assert {room(importer) for importer, _ in importers} == {"provisioning.entra"}


def test_the_command_for_entras_side_knows_the_hubs_schema_and_settings_and_no_more(graph: grimp.ImportGraph) -> None:
    known = {imported for _, imported in imports(graph, "provisioning.entra") if imported.startswith("provisioning.")}
    rooms = {each if room(each) == "provisioning.scim" else room(each) for each in known}
    assert rooms == {
        "provisioning.entra",
        "provisioning.scim.schema.schemas",
        "provisioning.scim.schema.shape",
        "provisioning.settings",
        "provisioning.version",
    }


def test_there_are_no_circles_between_modules(graph: grimp.ImportGraph) -> None:
    circles = {
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if graph.chain_exists(importer=imported, imported=importer)
    }
    assert circles == set()


def test_modules_stay_small() -> None:
    files = [path for room in ("provisioning", "connectors", "sandbox") for path in (ROOT / room).rglob("*.py")]
    long = {str(path.relative_to(ROOT)): n for path in files if (n := len(path.read_text().splitlines())) > 300}
    assert long == {}
