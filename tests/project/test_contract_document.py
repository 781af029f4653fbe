"""docs/contract.md lists the rules of the contract suite as they are, and each rule is a sentence with a reason."""

from collections import Counter
from pathlib import Path

import pytest

from connectors.testing import ConnectorContract
from connectors.testing.properties import Property, document, properties

ROOT = Path(__file__).parents[2]


def test_the_list_of_rules_is_what_the_suite_has() -> None:
    page = (ROOT / "docs/contract.md").read_text()
    assert page == "\n".join(document()) + "\n", "run python -m connectors.testing.properties > docs/contract.md"


def test_every_rule_of_the_suite_is_in_the_list() -> None:
    inherited = {name for name in dir(ConnectorContract) if name.startswith("test_")}
    listed = Counter(each.test for each in properties())
    assert set(listed) == inherited
    assert set(listed.values()) == {1}


@pytest.mark.parametrize("rule", properties(), ids=lambda rule: rule.test)
def test_every_rule_says_what_it_demands(rule: Property) -> None:
    assert rule.chapter
    assert rule.rule.endswith(".")


def test_chapters_are_not_mixed() -> None:
    chapters = [each.chapter for each in properties()]
    runs = [chapter for number, chapter in enumerate(chapters) if number == 0 or chapters[number - 1] != chapter]
    assert len(runs) == len(set(runs))
