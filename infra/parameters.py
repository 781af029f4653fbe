"""``python -m infra.parameters``: writes the table of parameters in docs/deploy.md from infra/bicep/main.bicep.

Terraform has the same ones in snake_case, with the same defaults and words; ``make infra-check`` holds them to that.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.checks.options import snake

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "infra/bicep/main.bicep"
PAGE = ROOT / "docs/deploy.md"
_PARAMETER = re.compile(
    r"@description\('(?P<words>(?:[^'\\]|\\.)*)'\)\n(?:@.*\n)*param (?P<name>\w+) [^=\n]*?(?:= (?P<default>.*))?\n"
)
_PLACE = re.compile(r"(<!-- parameters -->\n).*?(<!-- /parameters -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of both templates. ``default`` is as Bicep writes it; "" where it must be given."""

    name: str
    default: str
    words: str

    @property
    def variable(self) -> str:
        """Its name in Terraform."""
        return snake(self.name)


def read(template: str) -> list[Parameter]:
    """Return the parameters of a Bicep file, in its order."""
    return [
        Parameter(found["name"], (found["default"] or "").strip(), found["words"].replace("\\'", "'"))
        for found in _PARAMETER.finditer(template)
    ]


def table(parameters: list[Parameter]) -> Iterator[str]:
    """Make the table."""
    yield "| Bicep, Terraform | default | what it decides |"
    yield "| --- | --- | --- |"
    for each in parameters:
        names = f"`{each.name}`" if each.name == each.variable else f"`{each.name}`, `{each.variable}`"
        yield f"| {names} | {f'`{each.default}`' if each.default else 'must be given'} | {each.words} |"


def written(page: str, template: str) -> str:
    """Return the page with its table made anew."""
    return _PLACE.sub(lambda found: f"{found[1]}\n{'\n'.join(table(read(template)))}\n\n{found[2]}", page)


def main() -> int:
    """Write the page."""
    argparse.ArgumentParser(prog="python -m infra.parameters", description=__doc__).parse_args()
    PAGE.write_text(written(PAGE.read_text(), TEMPLATE.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
