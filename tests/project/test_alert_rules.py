"""Alert rules: what Azure takes, what reads right when nothing is there, and a paragraph for each in the runbook."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from provisioning.telemetry.catalogue import METRICS

ROOT = Path(__file__).parents[2]
RULES: list[dict[str, Any]] = json.loads((ROOT / "infra/common/alerts.json").read_text())["rules"]
RUNBOOK = (ROOT / "docs/operations.md").read_text()
KEYS = {
    *("name", "title", "description", "severity", "every", "window", "query", "measure", "aggregation"),
    *("dimensions", "operator", "threshold", "failing", "of", "autoMitigate", "runbook"),
}
MINUTES = {
    **{f"PT{number}M": number for number in (5, 10, 15, 30, 45)},
    **{f"PT{number}H": 60 * number for number in range(1, 7)},
    "P1D": 1440,
    "P2D": 2880,
}
"""What a scheduled query rule takes for its window; `every` may not be P2D."""
BRACKETS = {"(": ")", "[": "]", "{": "}"}

rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])


def text(rule: dict[str, Any]) -> str:
    return "\n".join(rule["query"])


def balanced(query: str) -> bool:
    """Whether brackets close in order and strings end on their line."""
    waiting: list[str] = []
    for line in query.splitlines():
        bare = re.sub(r'"[^"]*"', "", line)
        if '"' in bare:
            return False
        for sign in bare:
            if sign in BRACKETS:
                waiting.append(BRACKETS[sign])
            elif sign in BRACKETS.values() and (not waiting or waiting.pop() != sign):
                return False
    return not waiting


@rule
def test_a_rule_says_everything_that_both_templates_ask(rule: dict[str, Any]) -> None:
    assert set(rule) == KEYS
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule["name"])
    assert rule["severity"] in range(5)
    assert rule["operator"] in {"GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual", "Equal"}
    assert rule["aggregation"] in {"Average", "Minimum", "Maximum", "Total", "Count"}
    assert 1 <= rule["failing"] <= rule["of"] <= 6


def test_names_are_unique() -> None:
    assert len({rule["name"] for rule in RULES}) == len(RULES)


@rule
def test_a_rule_is_evaluated_at_intervals_that_azure_takes_and_not_more_often_than_every_five_minutes(
    rule: dict[str, Any],
) -> None:
    assert 5 <= MINUTES[rule["every"]] <= 1440
    assert MINUTES[rule["every"]] <= MINUTES[rule["window"]]
    assert MINUTES[rule["window"]] * rule["of"] <= 2880


@rule
def test_a_query_is_well_formed_and_yields_its_measure_and_dimensions(rule: dict[str, Any]) -> None:
    query = text(rule)
    assert balanced(query)
    last = rule["query"][-1]
    assert re.match(r"\| (project|summarize) ", last) or (last.startswith("| where ") and "summarize" in query)
    results = next(line for line in reversed(rule["query"]) if re.match(r"\| (project|summarize) ", line))
    for column in (rule["measure"], *rule["dimensions"]):
        assert re.search(rf"\b{column}\b", results), column


@rule
def test_a_query_bears_that_no_table_exists_yet(rule: dict[str, Any]) -> None:
    tables = re.findall(r"\b(App[A-Z]\w+|StorageQueueLogs|Operation)\b", re.sub(r'"[^"]*"', "", text(rule)))
    assert tables
    assert all(f"[]), {table};" in rule["query"][0] for table in tables)
    assert rule["query"][0].startswith("let ")
    assert "union isfuzzy=true" in rule["query"][0]


@rule
def test_the_rules_window_is_the_only_limit_of_time(rule: dict[str, Any]) -> None:
    # With ago() in the text Azure takes two days whatever the window says.
    assert "ago(" not in text(rule)


@rule
def test_a_metric_that_a_rule_reads_is_recorded_with_the_attributes_that_it_asks_for(rule: dict[str, Any]) -> None:
    recorded = {metric.name: set(metric.attributes) for metric in METRICS}
    names = re.findall(r'Name == "(lockstep\.[a-z_.]+)"', text(rule))
    asked = set(re.findall(r'Properties\["(\w+)"\]', text(rule)))
    for name in names:
        assert asked <= recorded[name]
    assert names or not asked


def silent(rule: dict[str, Any]) -> bool:
    return rule["operator"] in {"LessThan", "LessThanOrEqual"} and rule["threshold"] == 1


@pytest.mark.parametrize("rule", [each for each in RULES if silent(each)], ids=lambda rule: rule["name"])
def test_a_rule_about_silence_has_a_row_where_there_is_nothing(rule: dict[str, Any]) -> None:
    # `summarize` without `by` yields one row of zeros; a list of what is expected keeps those that nothing joins.
    last = rule["query"][-1]
    counted = last.startswith("| summarize") and " by " not in last
    expected = "datatable(timer: string)" in text(rule) and "kind=leftouter" in text(rule) and "coalesce(" in last
    assert counted or expected


@pytest.mark.parametrize("rule", [each for each in RULES if each["window"] == "P2D"], ids=lambda rule: rule["name"])
def test_a_rule_about_two_nights_says_nothing_before_there_were_two(rule: dict[str, Any]) -> None:
    # Without any row nothing has run yet, or nothing runs: the rules about silence tell that, within half an hour.
    assert "< now() - 47h" in text(rule)
    assert not re.search(r"\bisnull\(", text(rule))


def test_every_timer_is_watched() -> None:
    timers = json.loads((ROOT / "infra/common/hub.json").read_text())["functions"]["timer"]
    watched = {name for rule in RULES if silent(rule) for name in re.findall(r'"(\w+)"', text(rule))}
    assert set(timers) <= watched


def test_what_ops_asked_to_be_told_has_a_rule() -> None:
    names = {rule["name"] for rule in RULES}
    assert names >= {
        *("jobs-poisoned", "links-behind", "connection-quarantined", "imports-failed", "sign-in-failures"),
        *("timers-silent", "timers-silent-daily", "credentials-expire-in-a-month", "credentials-expire-in-a-week"),
        *("scim-errors", "jobs-waiting", "jobs-failing", "telemetry-silent", "log-cap-reached"),
    }


def test_every_rule_has_a_paragraph_in_the_runbook_and_every_paragraph_a_rule() -> None:
    chapter = RUNBOOK.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    told = re.findall(r"^### (.+)$", chapter, re.MULTILINE)
    assert told == [rule["name"] for rule in RULES]
    assert [rule["runbook"] for rule in RULES] == [f"operations.md#{name}" for name in told]
    assert all(len(part.split()) > 15 for part in re.split(r"^### .+$", chapter, flags=re.MULTILINE)[1:])


@pytest.mark.parametrize("query", ["a (b", "a ) b (", 'where x == "y', "f([)]"])
def test_the_check_for_brackets_finds_those_that_do_not_close(query: str) -> None:
    assert not balanced(query)
