"""What operators meet is documented: every setting with its default, every queue, every function, every code."""

import ast
import re
from pathlib import Path

import pytest

from provisioning.engine.planner import SKIPS
from provisioning.hub import QUEUES
from provisioning.settings import Settings
from provisioning.sources.errors import Reason

ROOT = Path(__file__).parents[2]
SETTINGS = (ROOT / "docs/settings.md").read_text()
REPORT = (ROOT / "docs/report.md").read_text()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    field = Settings.model_fields[name]
    variable = field.validation_alias or f"LOCKSTEP_{name.upper()}"
    (row,) = [line for line in SETTINGS.splitlines() if line.startswith(f"| `{variable}` |")]
    default = field.default
    assert row.split("|")[2].strip() == ("" if default in (None, "") else str(default))


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_is_documented(queue: str) -> None:
    assert f"`{queue}`" in SETTINGS


def test_every_timer_is_documented() -> None:
    source = (ROOT / "function_app.py").read_text()
    timers = re.findall(r'function_name\("(\w+)"\)\n@app.timer_trigger', source)
    assert timers
    assert [name for name in timers if f"function `{name}`" not in SETTINGS] == []


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_for_which_a_call_is_refused_is_documented(reason: Reason) -> None:
    assert re.search(rf"^\| `{reason}` \|", (ROOT / "docs/sources.md").read_text(), re.MULTILINE)


def codes() -> set[str]:
    """Every code of the hub's own that is written out; those of connectors are on their pages."""
    found = set(SKIPS)
    for path in (ROOT / "provisioning").rglob("*.py"):
        found |= written(ast.parse(path.read_text()))
    return found


def written(tree: ast.Module) -> set[str]:
    """The constant first words of ``code=`` and of ``Problem(``, also in the arms of a conditional."""
    values: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            values += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            if isinstance(node.func, ast.Name) and node.func.id == "Problem":
                values += node.args[:1]
    values += [arm for value in values if isinstance(value, ast.IfExp) for arm in (value.body, value.orelse)]
    return {value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)}


def test_every_code_is_documented() -> None:
    found = {code for code in codes() if code}
    assert len(found) > 20
    assert sorted(code for code in found if f"`{code}`" not in REPORT) == []
