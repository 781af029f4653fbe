"""One reader of the environment: what a deployment can set is in one class, and nowhere else."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
READER = ROOT / "provisioning/settings.py"


def reads(path: Path) -> bool:
    """Whether a module names the environment, by ``os.environ``, ``getenv`` or an import, other than to add to it.

    Adding is for libraries that can be told what to do in no other way.
    """
    names = {"environ", "environb", "getenv", "getenvb"}
    nodes = list(ast.walk(ast.parse(path.read_text())))
    added = {id(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr == "update"}
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr in names and id(node) not in added:
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os" and names & {each.name for each in node.names}:
            return True
    return False


def test_nothing_but_the_settings_reads_the_environment() -> None:
    # Libraries read their own, as they document: aiohttp's proxies, azure-identity's endpoints.
    files = [ROOT / "function_app.py", *(ROOT / "provisioning").rglob("*.py"), *(ROOT / "connectors").rglob("*.py")]
    assert [str(path.relative_to(ROOT)) for path in files if path != READER and reads(path)] == []
    assert reads(READER)


def test_one_class_holds_all_settings() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in [*(ROOT / "provisioning").rglob("*.py"), *(ROOT / "connectors").rglob("*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and any("BaseSettings" in ast.unparse(base) for base in node.bases)
    ]
    assert found == ["provisioning/settings.py: Settings"]
