"""The properties of the contract as a list: each rule of the suite as a sentence, with what its docstring says. Pure.

python -m connectors.testing.properties > docs/contract.md
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc, getdoc

from connectors.testing import ConnectorContract
from connectors.testing.samples import Rules

_RULES = "connectors.testing."


@dataclass(frozen=True, slots=True)
class Property:
    """One rule: the test's name, and in words its chapter, itself, and what it demands."""

    test: str
    chapter: str
    sentence: str
    rule: str


def properties(contract: type[Rules] = ConnectorContract) -> list[Property]:
    """Return every rule that a class inherits, chapter by chapter, in the order in which they are written."""
    chapters = [each for each in _bases(contract) if each.__module__.startswith(_RULES)]
    return [
        Property(name, chapter.chapter, sentence(name), " ".join(cleandoc(getdoc(rule) or "").split()))
        for chapter in chapters
        for name, rule in vars(chapter).items()
        if name.startswith("test_")
    ]


def _bases(contract: type[Rules]) -> list[type[Rules]]:
    """Return the classes that rules may stand in: bases as they are named, what they inherit before them."""
    found: list[type[Rules]] = []
    for base in contract.__bases__:
        if issubclass(base, Rules):
            found += [each for each in (*_bases(base), base) if each not in found]
    return found


def sentence(test: str) -> str:
    """Return a test's name as a sentence."""
    words = test.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]


def title_of(contract: type[Rules]) -> str:
    """Return the name of the system that a class tests: its ``title``, or what its own name says."""
    if contract.title:
        return contract.title
    name = contract.__name__.removeprefix("Test").replace("Contract", " ")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).strip() or contract.__name__


def document() -> Iterator[str]:
    """Write the list of properties as a page for people."""
    yield "# The contract of a connector"
    yield ""
    yield "Every connector passes the same suite against a live system: each line below is one test with that name."
    yield "`make contract` runs it for every connector and prints the properties as a table, with `-` where the system"
    yield "does not have what a rule is about. [write-a-connector.md](write-a-connector.md) tells how to get there."
    yield ""
    yield "This page is made by `python -m connectors.testing.properties > docs/contract.md`; a test keeps it right."
    chapter = ""
    for each in properties():
        if each.chapter != chapter:
            chapter = each.chapter
            yield from ("", f"## {chapter}", "", "| property | rule |", "| --- | --- |")
        yield f"| {each.sentence} | {each.rule.replace('``', '`').replace('|', '\\|')} |"


if __name__ == "__main__":
    print("\n".join(document()))  # noqa: T201 - a command that prints
