"""A pytest plugin that prints what the contract suite found: connectors by properties.

    pytest -p connectors.testing.table --contract-table ...

It collects from test reports, so that it works under pytest-xdist too: what a test is about travels in the report.
Without ``--contract-table`` it prints one line for each connector.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import pytest

from connectors.testing.properties import Property, properties, title_of
from connectors.testing.samples import Rules

_ABOUT = "contract"
_NOT_OFFERED = "the system has no "
_MARGIN = 2


class Result(IntEnum):
    """How a property does; of several tests of one property the gravest counts."""

    PASS = 0
    NOT_OFFERED = 1
    SKIPPED = 2
    FAIL = 3


WORDS: Mapping[Result, str] = {
    Result.PASS: "pass",
    Result.NOT_OFFERED: "not offered",
    Result.SKIPPED: "skipped",
    Result.FAIL: "FAIL",
}


@dataclass(slots=True)
class Table:
    """Results by connector and property; ``reasons`` says why one was skipped."""

    results: dict[str, dict[str, Result]] = field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, connector: str, test: str, result: Result, reason: str = "") -> None:
        """Take in one phase of one test."""
        column = self.results.setdefault(connector, {})
        if result >= column.get(test, Result.PASS):
            column[test] = result
            if reason:
                self.reasons[connector, test] = reason

    def counts(self) -> Iterator[str]:
        """Write one line for each connector."""
        for connector, column in sorted(self.results.items()):
            counted = Counter(column.values())
            told = ", ".join(f"{counted[result]} {word}" for result, word in WORDS.items() if counted[result])
            yield f"{connector}: {told}"

    def whole(self, rules: list[Property]) -> Iterator[str]:
        """Write the table: a row for each property, a column for each connector, and why what was skipped."""
        connectors = sorted(self.results)
        notes: dict[str, int] = {}
        width = max(len(rule.sentence) for rule in rules) + 2 * _MARGIN
        yield from (f"{number}  {connector}" for number, connector in enumerate(connectors, 1))
        chapter = ""
        for rule in rules:
            if rule.chapter != chapter:
                chapter = rule.chapter
                yield ""
                yield _row(chapter.upper(), width, [str(number + 1) for number in range(len(connectors))])
            cells = [self._cell(connector, rule.test, notes) for connector in connectors]
            yield _row(" " * _MARGIN + rule.sentence, width, cells)
        yield ""
        yield "pass: holds.  -: the system does not have this.  FAIL: does not hold.  [n]: was skipped:"
        yield from (f"[{number}] {reason}" for reason, number in notes.items())
        yield ""

    def _cell(self, connector: str, test: str, notes: dict[str, int]) -> str:
        result = self.results[connector].get(test)
        if result is None:
            return "not run"
        if result is Result.SKIPPED:
            return f"[{notes.setdefault(self.reasons[connector, test], len(notes) + 1)}]"
        return "-" if result is Result.NOT_OFFERED else WORDS[result]


def _row(first: str, width: int, cells: list[str]) -> str:
    return (first.ljust(width) + "".join(cell.ljust(6) for cell in cells)).rstrip()


class ContractReports:
    """Fills the table from the reports of this process or of its workers, and prints it at the end."""

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole
        self.table = Table()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a test about the contract came to."""
        about = dict(report.user_properties).get(_ABOUT)
        if not isinstance(about, str):
            return
        connector, _, test = about.rpartition(":")
        if report.failed:
            self.table.add(connector, test, Result.FAIL)
        elif report.skipped:
            reason = _reason(report)
            offered = not reason.startswith(_NOT_OFFERED)
            self.table.add(connector, test, Result.SKIPPED if offered else Result.NOT_OFFERED, reason)
        elif report.when == "call":
            self.table.add(connector, test, Result.PASS)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table, or a line for each connector."""
        if not self.table.results:
            return
        terminalreporter.section("the contract of connectors", sep="-")
        for line in self.table.whole(properties()) if self.whole else ():
            terminalreporter.write_line(line)
        for line in self.table.counts():
            terminalreporter.write_line(line)


def _reason(report: pytest.TestReport) -> str:
    """Return why a test was skipped, or is known to fail."""
    if known := getattr(report, "wasxfail", ""):
        return f"known: {known}"
    told = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return told.removeprefix("Skipped: ")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that asks for the whole table."""
    parser.addoption("--contract-table", action="store_true", help="print the table of connectors by properties")


def pytest_configure(config: pytest.Config) -> None:
    """Listen to reports, in the process that prints."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(ContractReports(whole=config.getoption("--contract-table")), "contract-reports")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Note on each test of the contract which connector and which property it is about."""
    contract = getattr(item, "cls", None)
    if isinstance(item, pytest.Function) and isinstance(contract, type) and issubclass(contract, Rules):
        test = item.function.__name__
        if test in {rule.test for rule in properties(contract)}:
            item.user_properties.append((_ABOUT, f"{title_of(contract)}:{test}"))
