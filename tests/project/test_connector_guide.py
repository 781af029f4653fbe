"""docs/write-a-connector.md shows the template as it is run by the tests, every hook, and every verb."""

import re
from pathlib import Path

import pytest

from connectors.contract import Connector
from connectors.errors import ConnectorError
from connectors.testing.samples import Rules

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/write-a-connector.md").read_text()
TEMPLATE = ROOT / "tests/connectors/template"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def lines(text: str) -> list[str]:
    """The lines of code that are not empty."""
    return [line for line in text.splitlines() if line]


def test_the_guide_shows_the_template_whole_and_as_it_is() -> None:
    files = [TEMPLATE / "staff_desk.py", TEMPLATE / "test_staff_desk_contract.py"]
    assert lines("".join(BLOCKS)) == [line for file in files for line in lines(file.read_text())]


@pytest.mark.parametrize("verb", sorted(name for name in vars(Connector) if not name.startswith("_")))
def test_every_verb_is_explained(verb: str) -> None:
    assert f"`{verb}`" in GUIDE or verb in {"kind", "title", "settings_model"}


@pytest.mark.parametrize(
    "hook", sorted(name for name, value in vars(Rules).items() if "Hook:" in (value.__doc__ or ""))
)
def test_every_hook_is_explained(hook: str) -> None:
    assert f"`{hook}`" in GUIDE


@pytest.mark.parametrize("error", [each.__name__ for each in ConnectorError.__subclasses__()])
def test_every_error_is_explained(error: str) -> None:
    assert f"| `{error}` |" in GUIDE
